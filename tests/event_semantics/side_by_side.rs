//! The page with all backends side by side.
#![cfg(target_os = "linux")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::compare;

/// A recorded table: the situations, and their cells for READABLE, WRITABLE and READABLE +
/// PRIORITY.
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
        let cells = [readable, writable, priority].map(str::to_owned);
        (situation.to_owned(), cells)
    })
    .collect()
}

/// The reasons for situations that a table does not have.
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

/// The backends with a recorded table.
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

/// The page agrees with every recorded table, and `Event`'s documentation quotes the page.
#[test]
fn page_matches_all_tables() {
    // Backends with equal tables share a column.
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
        "# Event semantics\n\n\
         Which methods of `Event` return `true` in which situation, for each backend.\n\
         tests/event_semantics.rs writes this page from `event-semantics@BACKEND.txt`.\n\n\
         - Measured on the kernel: epoll and poll, on Linux; kqueue-freebsd, on FreeBSD 13.1.\n\
         - Measured on the host: wasip1 under wasmtime 17 (wheel), wasip2 under wasmtime 48.\n\
         - Measured on Wine, not on Windows: afd-wine, under Wine 8 and Wine 10.\n\
         - Measured on fake kernels: the other kqueues, event-ports, poll-oneoff (preview 1 of\n  \
           WASI as wasmtime 48 implements it).\n\
         - Not measured: afd, which is Windows; `event-semantics@afd.txt` names the sources.\n\n\
         R is_readable, W is_writable, rc is_read_closed, wc is_write_closed, e is_error,\n\
         p is_priority; `-` no event; empty: the situation does not exist there, for the reasons\n\
         at the end.\n",
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
        // The rows have the order of the longest table.
        let longest = columns.iter().max_by_key(|(_, rows)| rows.len()).unwrap();
        for (situation, cells) in &longest.1 {
            if cells[index].is_empty() {
                continue;
            }
            write!(text, "| {situation} |").unwrap();
            for (_, rows) in &columns {
                let row = rows.iter().find(|(name, _)| name == situation);
                let cell = row.map_or("", |(_, cells)| cells[index].as_str());
                write!(text, " {cell} |").unwrap();
            }
            text.push('\n');
        }
    }
    text.push_str(
        "\n## Registered with LEVEL or ONESHOT\n\n\
         The same. `modes_report_what_edges_report` measures every row on the backend of the\n\
         build: with `LEVEL` each poll reports the conditions of the cell, with `ONESHOT` one\n\
         event does. A registration for both directions has one such event on most backends,\n\
         and one for each direction on kqueue. Measured on epoll, poll, afd-wine (Wine 8),\n\
         the fake kqueues, event-ports and poll-oneoff.\n",
    );
    text.push_str("\n## Situations that do not exist\n\n");
    for (name, reasons) in reasons() {
        for reason in reasons {
            writeln!(text, "- {name}: {reason}").unwrap();
        }
    }
    compare("event-semantics.md", &text).unwrap_or_else(|fault| panic!("{fault}"));
    check_documentation_quotes(&text);
}

/// Merges the tables of all kqueues into one. Where they differ, a cell has the most frequent
/// value, and then the kernels with another one.
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

/// Asserts that the page has every row of a table in `Event`'s documentation.
fn check_documentation_quotes(page: &str) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/event/event.rs");
    let source = fs::read_to_string(source).unwrap();
    let rows: Vec<&str> = source
        .lines()
        .filter_map(|line| line.strip_prefix("/// "))
        .filter(|line| line.starts_with('|'))
        .collect();
    assert!(rows.len() > 5, "the documentation quotes no table");
    for row in rows {
        let has_row = page.lines().any(|line| cells(line) == cells(row));
        assert!(has_row, "the page lacks {row}");
    }
}

/// The cells of a row. The documentation has no spaces around them, to keep its lines short.
fn cells(row: &str) -> Vec<&str> {
    row.split('|').map(str::trim).collect()
}
