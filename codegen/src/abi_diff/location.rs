//! The lines of the new snapshots that a row is about, for annotations beside a diff.

use std::collections::BTreeMap;

use super::change::{Kind, Location, Row};
use crate::abi::{FOLDER, GroupAbi};
use crate::snapshot::AbiSnapshot;

/// Fills in the locations of all rows. An operand that is no set of snapshots has none.
pub(super) fn find(rows: &mut [Row], old: &AbiSnapshot, new: &AbiSnapshot) {
    if new.systems.is_some() {
        return;
    }
    let mut files: BTreeMap<String, Lines> = BTreeMap::new();
    for group in new.targets.values() {
        files
            .entry(file(group))
            .or_insert_with(|| Lines::of(&group.to_json()));
    }
    for row in rows {
        let mut found: Vec<Location> = Vec::new();
        for (os, triple) in row.targets() {
            let file = match (new.targets.get(triple), old.targets.get(triple)) {
                (Some(group), _) | (None, Some(group)) => file(group),
                (None, None) => continue,
            };
            if found.iter().any(|known| known.file == file) {
                continue;
            }
            found.push(match files.get(&file) {
                Some(lines) => Location {
                    line: lines.line(row),
                    file,
                },
                // The whole group is gone: the table of targets no longer lists its members.
                None => Location {
                    file: format!("codegen/targets/{os}.rs"),
                    line: 1,
                },
            });
        }
        found.dedup();
        row.locations = found;
    }
}

/// The snapshot of a group, relative to the repository.
fn file(group: &GroupAbi) -> String {
    format!("{FOLDER}/{}-{}.json", group.os, group.group)
}

/// The lines of one snapshot.
#[derive(Debug, Default)]
struct Lines {
    /// The line of the key `headers`.
    headers: usize,
    /// The line of the key `targets`.
    targets: usize,
    /// For each list of symbols: the line of each symbol, and of its fields.
    lists: BTreeMap<String, List>,
}

/// The lines of one list of symbols.
#[derive(Debug, Default)]
struct List {
    /// The symbols, each with its line and the lines of its fields.
    symbols: BTreeMap<String, (usize, BTreeMap<String, usize>)>,
    /// The last line.
    end: usize,
}

impl Lines {
    /// Finds the lines in the text of a snapshot, which has one fact in each line.
    fn of(text: &str) -> Lines {
        let mut lines = Lines::default();
        let mut list: Option<(String, List)> = None;
        let mut last_symbol = String::new();
        for (number, line) in (1..).zip(text.lines()) {
            let indent = line.len() - line.trim_start().len();
            let line = line.trim_start();
            match (indent, &mut list) {
                (2, _) if line.starts_with("\"headers\"") => lines.headers = number,
                (2, _) if line.starts_with("\"targets\"") => lines.targets = number,
                (4, None) => {
                    if let Some((name, _)) = line.split_once(": [") {
                        let name = name.trim_matches('"').to_owned();
                        let end = List {
                            end: number,
                            ..List::default()
                        };
                        if line.contains("[]") {
                            lines.lists.insert(name, end);
                        } else {
                            list = Some((name, end));
                        }
                    }
                }
                (4, Some(_)) => {
                    if let Some((name, mut ended)) = list.take() {
                        ended.end = number;
                        lines.lists.insert(name, ended);
                    }
                }
                (6, Some((_, list))) => {
                    if let Some(name) = name(line) {
                        name.clone_into(&mut last_symbol);
                        let symbol = (number, BTreeMap::new());
                        list.symbols.insert(name.to_owned(), symbol);
                    }
                }
                (8, Some((_, list))) => {
                    let symbol = list.symbols.get_mut(&last_symbol);
                    if let (Some(name), Some((_, fields))) = (name(line), symbol) {
                        fields.insert(name.to_owned(), number);
                    }
                }
                _ => {}
            }
        }
        lines
    }

    /// The line of a row: the field or the symbol that changed, or the line that follows a removed
    /// one.
    fn line(&self, row: &Row) -> usize {
        let change = &row.change;
        let list = match change.kind {
            Kind::Target => return self.targets,
            Kind::Headers => return self.headers,
            Kind::Struct | Kind::Union => "records",
            Kind::Fn => "functions",
            Kind::Const => "constants",
        };
        let Some(list) = self.lists.get(list) else {
            return 1;
        };
        let Some((line, fields)) = list.symbols.get(&change.symbol) else {
            let mut after = list.symbols.iter();
            let next = after.find(|(name, _)| **name > change.symbol);
            return next.map_or(list.end, |(_, (line, _))| *line);
        };
        let worst = change.facts.iter().min_by_key(|fact| fact.kind.severity());
        let field = worst.and_then(|fact| fields.get(&fact.field));
        *field.unwrap_or(line)
    }
}

/// The name at the start of an object.
fn name(line: &str) -> Option<&str> {
    let (name, _) = line.strip_prefix("{\"name\": \"")?.split_once('"')?;
    Some(name)
}
