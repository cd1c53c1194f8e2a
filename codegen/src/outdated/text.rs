//! The report as tables.

use comfy_table::{Table, presets};

use super::{Outdated, Row, State};

/// The columns of the table of packs.
const COLUMNS: [&str; 6] = ["pack", "pinned", "released", "newest", "released", "state"];

/// The cells of a row.
fn cells(row: &Row) -> [String; 6] {
    let day = |day: &str| if day.is_empty() { "unknown" } else { day }.to_owned();
    let mut name = row.name.clone();
    if !row.host.is_empty() {
        name.push_str(&format!(" for {}", row.host));
    }
    let mut state = row.state.word().to_owned();
    if let Some(days) = row.days {
        let unit = if days == 1 { "day" } else { "days" };
        state.push_str(&format!(", newest is {days} {unit} old"));
    }
    [
        name,
        row.pinned.version.clone(),
        day(&row.pinned.released),
        row.newest.version.clone(),
        day(&row.newest.released),
        state,
    ]
}

/// The remarks about a row: why it is held, and what to do.
fn remark(row: &Row) -> Option<String> {
    let name = &row.name;
    // `bump` knows header packs only.
    let is_headers = !["libclang", "second-libclang"].contains(&name.as_str());
    Some(match row.state {
        State::Current => return None,
        State::Held => format!("{name} is held: {}", row.held),
        State::Withdrawn => format!(
            "the release of {name} is withdrawn: cargo codegen bump {name} {}",
            row.newest.version
        ),
        State::Changed => format!(
            "the index does not have {} with the pinned SHA-256; find out why before another step",
            row.pinned.file
        ),
        State::Behind if is_headers => format!("cargo codegen bump {name}"),
        State::Behind => format!(
            "set version, file and sha256 of [[{name}]]{} in codegen/sources.toml to {}, {}, {}",
            if row.host.is_empty() {
                String::new()
            } else {
                format!(" for {}", row.host)
            },
            row.newest.version,
            row.newest.file,
            row.newest.sha256
        ),
    })
}

/// The lines about crates and targets.
fn others(outdated: &Outdated) -> Vec<String> {
    let mut lines = Vec::new();
    for found in &outdated.crates {
        lines.push(if found.pinned == found.newest {
            format!("crate {} {} is the newest", found.name, found.pinned)
        } else {
            format!(
                "crate {}: {} pins {}, the newest is {}",
                found.name, found.file, found.pinned, found.newest
            )
        });
    }
    let targets = &outdated.targets;
    if !targets.differs() {
        lines.push(format!(
            "codegen/targets has all targets of rustc {}",
            targets.rustc
        ));
    }
    for new in &targets.new {
        lines.push(format!(
            "codegen/targets/{}.rs lacks {} of rustc {}",
            new.system, new.triple, targets.rustc
        ));
    }
    for gone in &targets.gone {
        lines.push(format!(
            "rustc {} does not have {gone} any more",
            targets.rustc
        ));
    }
    lines
}

/// For the terminal.
pub(super) fn terminal(outdated: &Outdated) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(COLUMNS);
    for row in &outdated.packs {
        table.add_row(cells(row));
    }
    let mut text = String::new();
    for row in table.lines() {
        line!(text, "{}", row.trim());
    }
    text.push('\n');
    for remark in outdated.packs.iter().filter_map(remark) {
        line!(text, "{remark}");
    }
    for other in others(outdated) {
        line!(text, "{other}");
    }
    for found in outdated
        .crates
        .iter()
        .filter(|found| !found.changes.is_empty())
    {
        line!(
            text,
            "\nChangelog of {} after {}:\n",
            found.name,
            found.pinned
        );
        line!(text, "{}", found.changes);
    }
    text
}

/// For a pull request.
pub(super) fn markdown(outdated: &Outdated) -> String {
    let mut text = "## Header packs\n\n".to_owned();
    line!(text, "| {} |", COLUMNS.join(" | "));
    line!(text, "|{}", "---|".repeat(COLUMNS.len()));
    for row in &outdated.packs {
        line!(text, "| {} |", cells(row).join(" | "));
    }
    text.push('\n');
    for remark in outdated.packs.iter().filter_map(remark) {
        line!(text, "- {remark}");
    }
    line!(text, "\n## Crates and targets\n");
    for other in others(outdated) {
        line!(text, "- {other}");
    }
    for found in outdated
        .crates
        .iter()
        .filter(|found| !found.changes.is_empty())
    {
        line!(
            text,
            "\n<details><summary>Changelog of {} after {}</summary>\n",
            found.name,
            found.pinned
        );
        line!(text, "{}\n\n</details>", found.changes);
    }
    text
}
