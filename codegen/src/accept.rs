//! `cargo codegen accept`: writes entries into `codegen/accepted.toml`, and prunes it.

use std::fs;

use jiff::civil::Date;

use crate::Outcome;
use crate::abi_diff::{Report, Row};
use crate::accepted::{self, Accepted, Entry, FILE, Problem};
use crate::cli::{Accept, Only};
use crate::commands::Operands;
use crate::error::{Error, near};
use crate::gate::{self, Gate, Reason};
use crate::generate::Generator;
use crate::write::{self, Single};

/// The text of a new file.
const HEAD: &str = include_str!("accepted/head.toml");

/// Runs the command.
pub(crate) fn run(generator: &Generator, options: &Accept) -> Result<Outcome, Error> {
    let root = &generator.root;
    let today = options.today.unwrap_or_else(accepted::today);
    let (old, new) = (options.old.as_deref(), options.new.as_deref());
    let operands = match Operands::parse(generator, old, new)? {
        Ok(operands) => operands,
        Err(code) => return Ok(Outcome::Child(code)),
    };
    let path = root.join(accepted::path());
    let text = if path.is_file() {
        fs::read_to_string(&path).map_err(Error::io("read", &path))?
    } else {
        HEAD.to_owned()
    };
    let known = Accepted::parse(&text)?;
    let report = operands.compare(generator, &Only::default())?;
    let base = operands.base(root);
    let (changed, closing) = if options.prune {
        prune(&text, &known, &base, &report, operands.are_whole())?
    } else {
        let verdict = gate::judge(&report, &known, &base, today);
        accept(text.clone(), options, &report, &verdict, today)?
    };
    if changed == text {
        return Ok(Outcome::Report(format!("{FILE}: unchanged\n{closing}")));
    }
    let single = Single {
        path: accepted::path(),
        text: changed,
    };
    write::all(&[], &[single], root)?;
    Ok(Outcome::Report(format!("{FILE}: written\n{closing}")))
}

/// The text with the entries of the changes, and a line for each.
fn accept(
    mut text: String,
    options: &Accept,
    report: &Report,
    verdict: &Gate,
    today: Date,
) -> Result<(String, String), Error> {
    let given = |option: &'static str, text: &Option<String>| match text.as_deref() {
        Some(text) if !text.trim().is_empty() => Ok(text.trim().to_owned()),
        _ => Err(Problem::Empty { option }),
    };
    let reason = given("--reason", &options.reason)?;
    let by = given("--by", &options.by)?;
    let until = options.until.unwrap_or(today);
    if until < today {
        return Err(Problem::Past { until, today }.into());
    }
    let ids: Vec<&str> = if options.all {
        let open = verdict.failures.iter();
        let open = open.filter(|failure| failure.reason == Reason::NotAccepted);
        open.map(|failure| failure.change.as_str()).collect()
    } else {
        options.changes.iter().map(String::as_str).collect()
    };
    let rows: Vec<Result<&Row, Error>> = ids.iter().map(|id| find(report, id)).collect();
    let (rows, errors): (Vec<_>, Vec<_>) = rows.into_iter().partition(Result::is_ok);
    Error::all(errors.into_iter().filter_map(Result::err).collect())?;
    let mut closing = String::new();
    for row in rows.into_iter().flatten() {
        let entry = Entry {
            line: 0,
            change: row.id.clone(),
            targets: targets(row, &options.target)?,
            reason: reason.clone(),
            by: by.clone(),
            until,
        };
        text = accepted::record(&text, &entry, row)?;
        closing.push_str(&format!(
            "accepted until {until}: {} on {}: {}\n",
            row.change.subject(),
            covered(&text, &row.id)?,
            row.change.summary()
        ));
    }
    if closing.is_empty() {
        closing.push_str("every breaking change is accepted already\n");
    }
    Ok((text, closing))
}

/// The targets of the entry of a change. An entry that was there keeps its targets and is renewed,
/// so they are more than those of the command.
fn covered(text: &str, id: &str) -> Result<String, Error> {
    let entries = Accepted::parse(text)?.entries;
    let entry = entries.iter().find(|entry| entry.change == id);
    let targets = entry.map_or(&[][..], |entry| &entry.targets);
    Ok(match targets {
        [] => "all targets".to_owned(),
        some => some.join(", "),
    })
}

/// The row with this id.
fn find<'a>(report: &'a Report, id: &str) -> Result<&'a Row, Error> {
    let found = report.rows.iter().find(|row| row.id == id);
    found.ok_or_else(|| {
        let ids = || report.rows.iter().map(|row| row.id.as_str());
        // The same symbol with another hash changed in another way.
        let (name, _) = id.rsplit_once('-').unwrap_or((id, ""));
        let same = ids().find(|other| other.rsplit_once('-').is_some_and(|(it, _)| it == name));
        Problem::UnknownChange {
            comparison: format!("{} → {}", report.old, report.new),
            id: id.to_owned(),
            near: same.or_else(|| near(id, ids())).map(str::to_owned),
        }
        .into()
    })
}

/// The names of the targets on which a change is accepted: all of its own, or the given ones.
fn targets(row: &Row, given: &[String]) -> Result<Vec<String>, Problem> {
    if given.is_empty() {
        return Ok(gate::names(row, |_, _| true));
    }
    for name in given {
        if !row
            .targets()
            .any(|(os, triple)| name == os || name == triple)
        {
            return Err(Problem::OtherTargets {
                id: row.id.clone(),
                target: name.clone(),
                targets: gate::names(row, |_, _| true).join(", "),
            });
        }
    }
    Ok(given.to_vec())
}

/// The text without the entries that are merged or match nothing, and a line for each. Unless the
/// operands are whole, an entry may match what they leave out.
fn prune(
    text: &str,
    known: &Accepted,
    base: &Accepted,
    report: &Report,
    are_whole: bool,
) -> Result<(String, String), Error> {
    let matches = |id: &str| report.rows.iter().any(|row| row.id == id);
    let is_in_base = |id: &str| base.entries.iter().any(|entry| entry.change == id);
    let is_merged = |id: &str| !matches(id) && is_in_base(id);
    let is_stale = |id: &str| are_whole && !matches(id) && !is_in_base(id);
    let mut closing = String::new();
    for entry in &known.entries {
        if is_merged(&entry.change) {
            closing.push_str(&format!("{}: moved to [[history]]\n", entry.change));
        } else if is_stale(&entry.change) {
            closing.push_str(&format!("{}: removed\n", entry.change));
        }
    }
    Ok((accepted::prune(text, is_merged, is_stale)?, closing))
}
