//! The report as SARIF 2.1.0, for code scanning:
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>

use serde_json::{Value, json};

use super::{level, targets_of, verdict};
use crate::abi_diff::{FactKind, Location, Report, Row, Severity};
use crate::accepted::{FILE, Level};

/// The rule of entries of `codegen/accepted.toml` that fail.
const ENTRY: &str = "accepted-entry";

/// The log.
pub(super) fn write(report: &Report) -> String {
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "cargo codegen diff",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": results(report),
        }],
    });
    // A value of serde_json has only strings for keys.
    serde_json::to_string_pretty(&log).unwrap_or_default() + "\n"
}

/// The rules: the kinds of changes, and that of entries.
fn rules() -> Vec<Value> {
    let kinds = FactKind::ALL.iter().map(|kind| {
        let level = match kind.severity() {
            Severity::Breaking => "error",
            Severity::Widening | Severity::Cosmetic => "note",
        };
        rule(kind.name(), kind.about(), level)
    });
    let about = "An entry of codegen/accepted.toml does not hold";
    kinds.chain([rule(ENTRY, about, "error")]).collect()
}

/// One rule.
fn rule(id: &str, about: &str, level: &str) -> Value {
    json!({
        "id": id,
        "shortDescription": {"text": about},
        "defaultConfiguration": {"level": level},
    })
}

/// A result for each row that is not ignored, and for each entry that fails.
fn results(report: &Report) -> Vec<Value> {
    let rows = report.rows.iter().filter_map(|row| result(report, row));
    let failures = report.gate.iter().flat_map(|gate| &gate.failures);
    let entries = failures.filter(|failure| failure.line > 0).map(|failure| {
        json!({
            "ruleId": ENTRY,
            "ruleIndex": FactKind::ALL.len(),
            "level": "error",
            "message": {"text": format!("{}; {}", failure.message, failure.help)},
            "locations": [place(&Location { file: FILE.to_owned(), line: failure.line })],
            "partialFingerprints": {"abiEntry/v1": failure.change},
        })
    });
    rows.chain(entries).collect()
}

/// The result of a row.
fn result(report: &Report, row: &Row) -> Option<Value> {
    let verdict = verdict(report, row);
    // An accepted change keeps its level, and is suppressed.
    let level = match verdict.map_or_else(|| level(report, row), |verdict| verdict.level) {
        Level::Breaking => "error",
        Level::Warning => "warning",
        Level::Notice => "note",
        Level::Ignored => return None,
    };
    let worst = row.change.facts.iter().map(|fact| fact.kind);
    let worst = worst.min_by_key(|kind| kind.severity())?;
    let index = FactKind::ALL.iter().position(|kind| *kind == worst);
    let mut text = format!(
        "{} on {}: {}",
        row.change.subject(),
        targets_of(row),
        row.change.summary()
    );
    if !row.advice.is_empty() {
        text.push_str(&format!("\n{}", row.advice));
    }
    let mut lines = row.locations.iter().map(place);
    let mut result = json!({
        "ruleId": worst.name(),
        "ruleIndex": index,
        "level": level,
        "message": {"text": text},
        "locations": lines.next().into_iter().collect::<Vec<Value>>(),
        "relatedLocations": lines.collect::<Vec<Value>>(),
        "partialFingerprints": {"abiChange/v1": row.id},
        "properties": {
            "change": row.id,
            "targets": row.targets().map(|(_, triple)| triple).collect::<Vec<&str>>(),
            "usedBy": row.used_by,
        },
    });
    if let Some(verdict) = verdict {
        // Only a change that is accepted on all its targets is suppressed.
        let accepted = verdict.accepted.iter().filter(|_| verdict.is_accepted());
        result["suppressions"] = accepted
            .map(|why| json!({"kind": "external", "status": "accepted", "justification": why}))
            .collect();
    }
    Some(result)
}

/// A line of a file.
fn place(location: &Location) -> Value {
    json!({"physicalLocation": {
        "artifactLocation": {"uri": location.file, "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": location.line},
    }})
}
