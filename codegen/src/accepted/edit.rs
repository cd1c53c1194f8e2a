//! Changes the text of `codegen/accepted.toml` and keeps its formatting and comments.

use jiff::civil::Date;
use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, Value, value};

use super::{Accepted, Entry, Problem};
use crate::abi_diff::Row;
use crate::error::Error;

/// The entry that accepts a change, as text. The comment above it states what changed.
pub(crate) fn entry_text(row: &Row, targets: &[String], until: Date) -> String {
    let entry = Entry {
        line: 0,
        change: row.id.clone(),
        targets: targets.to_vec(),
        reason: String::new(),
        by: String::new(),
        until,
    };
    let mut document = DocumentMut::new();
    let mut tables = ArrayOfTables::new();
    tables.push(table(&entry, row));
    document.insert("accepted", Item::ArrayOfTables(tables));
    document.to_string().trim_start().to_owned()
}

/// Writes an entry for a change into the text of the file. An entry of the same change is renewed,
/// and gets the targets of both.
pub(crate) fn record(text: &str, entry: &Entry, row: &Row) -> Result<String, Error> {
    let mut document = parse(text)?;
    // The comments of a file without tables follow everything; they are its head.
    let is_empty = document.as_table().is_empty();
    let head = match document.trailing().as_str() {
        Some(head) if is_empty => head.to_owned(),
        _ => String::new(),
    };
    if is_empty {
        document.set_trailing("");
    }
    let tables = tables(&mut document, "accepted")?;
    let mut entry = entry.clone();
    let old: Vec<usize> = (0..tables.len())
        .filter(|index| change(tables.get(*index)) == Some(&entry.change))
        .collect();
    for index in &old {
        let known = tables.get(*index).and_then(|table| table.get("targets"));
        match known.and_then(Item::as_array) {
            None => entry.targets.clear(),
            Some(_) if entry.targets.is_empty() => {}
            Some(names) => {
                let names = names.iter().filter_map(Value::as_str).map(str::to_owned);
                entry.targets.extend(names);
            }
        }
    }
    entry.targets.sort();
    entry.targets.dedup();
    match old.split_first() {
        None => {
            let mut new = table(&entry, row);
            if is_empty {
                put_before(&mut new, &head);
            }
            tables.push(new);
        }
        Some((first, others)) => {
            for index in others.iter().rev() {
                tables.remove(*index);
            }
            if let Some(known) = tables.get_mut(*first) {
                fill(known, &entry);
            }
        }
    }
    checked(document)
}

/// Moves the entries that `is_merged` selects to the history, and removes those that `is_stale`
/// selects.
pub(crate) fn prune(
    text: &str,
    is_merged: impl Fn(&str) -> bool,
    is_stale: impl Fn(&str) -> bool,
) -> Result<String, Error> {
    let mut document = parse(text)?;
    let accepted = tables(&mut document, "accepted")?;
    let (mut kept, mut merged) = (ArrayOfTables::new(), Vec::new());
    // The head of the file stays at its place when the first entry goes.
    let mut head = String::new();
    for mut table in accepted.iter().cloned() {
        match change(Some(&table)) {
            Some(id) if is_merged(id) => {
                head.push_str(&take_head(&mut table));
                table.set_position(isize::MAX);
                merged.push(table);
            }
            Some(id) if is_stale(id) => head.push_str(&take_head(&mut table)),
            _ => {
                if !head.is_empty() {
                    put_before(&mut table, &head);
                    head.clear();
                }
                kept.push(table);
            }
        }
    }
    if let Some(first) = merged.first_mut().filter(|_| !head.is_empty()) {
        put_before(first, &head);
        head.clear();
    }
    *accepted = kept;
    if accepted.is_empty() {
        document.remove("accepted");
    }
    if !merged.is_empty() {
        let history = tables(&mut document, "history")?;
        for table in merged {
            history.push(table);
        }
    }
    if !head.is_empty() {
        let trailing = document.trailing().as_str().unwrap_or_default().to_owned();
        document.set_trailing(head + &trailing);
    }
    checked(document)
}

/// The text as a document.
fn parse(text: &str) -> Result<DocumentMut, Error> {
    text.parse().map_err(|error: toml_edit::TomlError| {
        let at = error.span().map_or(0, |span| span.start);
        let line = text.get(..at).unwrap_or(text).matches('\n').count() + 1;
        let why = error.message().to_owned();
        Error::from(Problem::Invalid { line, why })
    })
}

/// The tables of this name.
fn tables<'a>(document: &'a mut DocumentMut, name: &str) -> Result<&'a mut ArrayOfTables, Error> {
    let item = document
        .entry(name)
        .or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
    item.as_array_of_tables_mut().ok_or_else(|| {
        let why = format!("`{name}` is no list of [[{name}]] tables");
        Error::from(Problem::Invalid { line: 1, why })
    })
}

/// The id in a table.
fn change(table: Option<&Table>) -> Option<&str> {
    table?.get("change")?.as_str()
}

/// A table with an entry, and a comment that states what changed.
fn table(entry: &Entry, row: &Row) -> Table {
    let mut table = Table::new();
    fill(&mut table, entry);
    let comment = format!("{}: {}", row.change.subject(), row.change.summary());
    let comment: String = comment.chars().filter(|sign| !sign.is_control()).collect();
    let lines = textwrap::wrap(&comment, 98);
    let lines: String = lines.iter().map(|line| format!("# {line}\n")).collect();
    table.decor_mut().set_prefix(format!("\n{lines}"));
    table
}

/// The comments and empty lines before a table.
fn prefix(table: &Table) -> String {
    let prefix = table.decor().prefix().and_then(|prefix| prefix.as_str());
    prefix.unwrap_or_default().to_owned()
}

/// Puts the head of a file before a table; without one, removes the empty line there.
fn put_before(table: &mut Table, head: &str) {
    let own = prefix(table);
    let own = own.trim_start_matches('\n');
    let gap = if head.is_empty() { "" } else { "\n" };
    table.decor_mut().set_prefix(format!("{head}{gap}{own}"));
}

/// Takes the comments before a table that an empty line parts from its own.
fn take_head(table: &mut Table) -> String {
    let all = prefix(table);
    match all.rsplit_once("\n\n") {
        Some((head, own)) => {
            table.decor_mut().set_prefix(format!("\n{own}"));
            format!("{head}\n")
        }
        None => String::new(),
    }
}

/// Sets the keys of an entry.
fn fill(table: &mut Table, entry: &Entry) {
    let mut set = |key: &str, text: Value| {
        let decor = table
            .get(key)
            .and_then(Item::as_value)
            .map(|old| old.decor().clone());
        table[key] = value(text);
        if let (Some(decor), Some(new)) = (decor, table[key].as_value_mut()) {
            *new.decor_mut() = decor;
        }
    };
    set("change", entry.change.as_str().into());
    if !entry.targets.is_empty() {
        set("targets", Value::Array(array(&entry.targets)));
    }
    set("reason", entry.reason.as_str().into());
    set("by", entry.by.as_str().into());
    if let Ok(date) = entry.until.to_string().parse::<toml_edit::Datetime>() {
        set("until", date.into());
    }
    if entry.targets.is_empty() {
        table.remove("targets");
    }
}

/// A list of names, one in each line if they are many.
fn array(names: &[String]) -> Array {
    let mut array: Array = names.iter().map(String::as_str).collect();
    if names.len() > 3 {
        for name in array.iter_mut() {
            name.decor_mut().set_prefix("\n    ");
        }
        array.set_trailing("\n");
        array.set_trailing_comma(true);
    }
    array
}

/// The text of a document. An error if it is not valid.
fn checked(document: DocumentMut) -> Result<String, Error> {
    let text = document.to_string();
    Accepted::parse(&text)?;
    Ok(text)
}
