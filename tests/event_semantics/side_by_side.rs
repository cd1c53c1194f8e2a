//! The page that has all backends side by side.
#![cfg(target_os = "linux")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::compare;

/// A table that is kept: the situations, and what is said of them for READABLE, WRITABLE and READABLE + PRIORITY.
type Table = Vec<(String, [String; 3])>;

fn read_table(name: &str) -> Table {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/snapshots")
        .join(format!("event-semantics@{name}.txt"));
    let text = fs::read_to_string(path).unwrap();
    let rows = text.lines().filter(|line| line.starts_with('|')).skip(2);
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [situation, readable, writable, priority] = cells[..] else {
            panic!("{name}: {row}");
        };
        let said = [readable, writable, priority].map(str::to_owned);
        (situation.to_owned(), said)
    })
    .collect()
}

/// Why situations are missing in tables.
fn reasons() -> Vec<(String, Vec<String>)> {
    names()
        .into_iter()
        .map(|name| {
            let text =
                fs::read_to_string(folder().join(format!("event-semantics@{name}.txt"))).unwrap();
            let reasons = text
                .lines()
                .filter_map(|line| line.strip_prefix("Not here: "));
            (name, reasons.map(str::to_owned).collect())
        })
        .collect()
}

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots")
}

/// The tables that are kept.
fn names() -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder())
        .unwrap()
        .filter_map(|entry| {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let name = name
                .strip_prefix("event-semantics@")?
                .strip_suffix(".txt")?;
            Some(name.to_owned())
        })
        .collect();
    names.sort();
    names
}

/// The page that has all backends side by side is what their tables say, and no table is left out.
#[test]
fn page_matches_all_tables() {
    // Kernels that say the same share a column.
    let mut columns: Vec<(String, Table)> = Vec::new();
    let (kqueues, others): (Vec<_>, Vec<_>) = names()
        .into_iter()
        .partition(|name| name.starts_with("kqueue-"));
    for name in others {
        let table = read_table(&name);
        match columns.iter_mut().find(|(_, other)| *other == table) {
            Some((title, _)) => title.push_str(&format!(", {name}")),
            None => columns.push((name, table)),
        }
    }
    let place = columns.partition_point(|(title, _)| title.as_str() < "kqueue");
    columns.insert(place, ("kqueue".to_owned(), merge_kqueues(&kqueues)));
    let mut text = String::from(
        "# What `Event` says in which situation\n\n\
         Written from `event-semantics@….txt` by tests/event_semantics.rs.\n\n\
         - Measured on the real kernel: epoll and poll, on Linux; kqueue-freebsd, on FreeBSD 13.1.\n\
         - Measured on the host itself: wasip1 under the wheel of wasmtime 17, wasip2 under wasmtime 48.\n\
         - Measured on Wine, which is not Windows: afd-wine, under Wine 8 and Wine 10.\n\
         - Measured on test doubles, not on those kernels: the other kqueues, event-ports, poll-oneoff (preview 1 of WASI as wasmtime 48 is).\n\
         - Not measured: afd, that is Windows itself; `event-semantics@afd.txt` names the sources.\n\n\
         R is_readable, W is_writable, rc is_read_closed, wc is_write_closed, e is_error, p is_priority; `-` no event; empty: the\n\
         situation cannot be brought about there, for the reasons at the end.\n",
    );
    for (index, interest) in ["READABLE", "WRITABLE", "READABLE + PRIORITY"]
        .into_iter()
        .enumerate()
    {
        let titles: Vec<&str> = columns.iter().map(|(title, _)| title.as_str()).collect();
        let line = "---|".repeat(titles.len() + 1);
        writeln!(
            text,
            "\n## Registered with {interest}\n\n| situation | {} |\n|{line}",
            titles.join(" | ")
        )
        .unwrap();
        // In the order of the table that has most.
        let longest = columns.iter().max_by_key(|(_, rows)| rows.len()).unwrap();
        for (situation, said) in &longest.1 {
            if said[index].is_empty() {
                continue;
            }
            write!(text, "| {situation} |").unwrap();
            for (_, rows) in &columns {
                let row = rows.iter().find(|(name, _)| name == situation);
                let cell = row.map_or("", |(_, said)| said[index].as_str());
                write!(text, " {cell} |").unwrap();
            }
            text.push('\n');
        }
    }
    text.push_str("\n## What is not here\n\n");
    for (name, reasons) in reasons() {
        for reason in reasons {
            writeln!(text, "- {name}: {reason}").unwrap();
        }
    }
    compare("event-semantics.md", &text).unwrap_or_else(|fault| panic!("{fault}"));
    check_documentation_quotes(&text);
}

/// One column for all kqueues. Where they differ a cell has what most say, and then who says
/// something else.
fn merge_kqueues(names: &[String]) -> Table {
    let tables: Vec<(&str, Table)> = names
        .iter()
        .map(|name| (name.trim_start_matches("kqueue-"), read_table(name)))
        .collect();
    let (_, first) = &tables[0];
    let merged = |row: usize, column: usize| {
        let mut cells: Vec<(&str, Vec<&str>)> = Vec::new();
        for (kernel, table) in &tables {
            let cell = table[row].1[column].as_str();
            match cells.iter_mut().find(|(other, _)| *other == cell) {
                Some((_, kernels)) => kernels.push(kernel),
                None => cells.push((cell, vec![kernel])),
            }
        }
        cells.sort_by_key(|(_, kernels)| std::cmp::Reverse(kernels.len()));
        let (most, rest) = cells.split_first().unwrap();
        let mut text = most.0.to_owned();
        for (cell, kernels) in rest {
            write!(text, "; {}: {cell}", kernels.join(", ")).unwrap();
        }
        text
    };
    (0..first.len())
        .map(|row| {
            (
                first[row].0.clone(),
                [0, 1, 2].map(|column| merged(row, column)),
            )
        })
        .collect()
}

/// Every row of a table in `Event`'s documentation stands in the page.
fn check_documentation_quotes(page: &str) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/event/event.rs");
    let source = fs::read_to_string(source).unwrap();
    let rows: Vec<&str> = source
        .lines()
        .filter_map(|line| line.strip_prefix("/// |"))
        .collect();
    assert!(rows.len() > 5, "the documentation quotes nothing");
    for row in rows {
        let row = format!("|{row}");
        assert!(page.lines().any(|line| line == row), "{row} is not so");
    }
}
