//! Reads ABI tables back: the inverse of `abi::table`. Facts of revisions and folders come from here, so no clang is needed.

use std::fs;
use std::path::Path;

use crate::abi::{Constant, Facts, Field, Function, Record};
use crate::error::Error;

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    /// Its operating system.
    pub(crate) os: String,
    /// Its group.
    pub(crate) group: String,
    /// The headers it was made from.
    pub(crate) headers: String,
    /// The triples it is for.
    pub(crate) serves: Vec<String>,
    /// What it says. Parameters have no names.
    pub(crate) facts: Facts,
}

/// Is this the file name of a table?
pub(crate) fn is_table(name: &str) -> bool {
    name.starts_with("abi@") && name.ends_with(".snap")
}

/// All tables in a folder, by name. None if there is no such folder.
pub(crate) fn in_folder(folder: &Path) -> Result<Vec<Table>, Error> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if is_table(&name) {
            files.push((name, entry.path()));
        }
    }
    files.sort();
    let read = |(name, path): &(String, std::path::PathBuf)| {
        let text = fs::read_to_string(path).map_err(Error::io("read", path))?;
        parse(name, &text)
    };
    files.iter().map(read).collect()
}

/// Reads the text of the file `name`, with or without insta's front matter.
pub(crate) fn parse(name: &str, text: &str) -> Result<Table, Error> {
    let mut table = Table {
        os: String::new(),
        group: String::new(),
        headers: String::new(),
        serves: Vec::new(),
        facts: Facts::default(),
    };
    let mut front = text.starts_with("---");
    for (index, line) in text.lines().enumerate() {
        if front {
            front = index == 0 || line != "---";
            continue;
        }
        if line.is_empty() {
            continue;
        }
        read_line(&mut table, line).ok_or_else(|| Error::Table {
            file: name.to_owned(),
            line: index + 1,
            text: line.to_owned(),
        })?;
    }
    if table.os.is_empty() {
        return Err(Error::Table {
            file: name.to_owned(),
            line: 1,
            text: "the title is missing".to_owned(),
        });
    }
    Ok(table)
}

/// Takes one line in. None if it is of no known kind.
fn read_line(table: &mut Table, line: &str) -> Option<()> {
    if let Some(rest) = line.strip_prefix("The ABI of ") {
        let (os, group) = rest.strip_suffix('.')?.split_once(", group ")?;
        (table.os, table.group) = (os.to_owned(), group.to_owned());
    } else if let Some(rest) = line.strip_prefix("headers: ") {
        rest.clone_into(&mut table.headers);
    } else if let Some(rest) = line.strip_prefix("    offset ") {
        let field = field(rest)?;
        table.facts.records.last_mut()?.fields.push(field);
    } else if let Some(triple) = line.strip_prefix("    ") {
        table.serves.push(triple.to_owned());
    } else if let Some(rest) = line.strip_prefix("fn ") {
        table.facts.functions.push(function(rest)?);
    } else if let Some(rest) = line.strip_prefix("const ") {
        table.facts.constants.push(constant(rest)?);
    } else if let Some(rest) = line.strip_prefix("struct ") {
        table.facts.records.push(record(rest, false)?);
    } else if let Some(rest) = line.strip_prefix("union ") {
        table.facts.records.push(record(rest, true)?);
    } else if line != "serves:" {
        return None;
    }
    Some(())
}

/// `kevent: size 40, align 8, repr(C)`
fn record(text: &str, union: bool) -> Option<Record> {
    let (name, rest) = text.split_once(": size ")?;
    let (size, rest) = rest.split_once(", align ")?;
    let (align, repr) = rest.split_once(", repr(")?;
    Some(Record {
        name: name.to_owned(),
        union,
        repr: repr.strip_suffix(')')?.to_owned(),
        size: size.parse().ok()?,
        align: align.parse().ok()?,
        fields: Vec::new(),
    })
}

/// ` 8, size  4  filter: u32`, what follows `offset `.
fn field(text: &str) -> Option<Field> {
    let (offset, rest) = text.split_once(", size ")?;
    let (size, rest) = rest.trim_start().split_once("  ")?;
    let (name, ty) = rest.split_once(": ")?;
    let (ty, bits) = ty.split_once(" {").unwrap_or((ty, "}"));
    Some(Field {
        name: name.to_owned(),
        ty: ty.to_owned(),
        bits: bits.strip_suffix('}')?.to_owned(),
        offset: offset.trim().parse().ok()?,
        size: size.trim().parse().ok()?,
    })
}

/// `kevent(c_int, …) -> c_int [link __kevent50]`
fn function(text: &str) -> Option<Function> {
    let (name, rest) = text.split_once('(')?;
    let (signature, link) = rest.rsplit_once(" [link ")?;
    let close = closing(signature)?;
    let (inside, after) = (&signature[..close], &signature[close + 1..]);
    let mut types = split(inside);
    let variadic = types.last().is_some_and(|last| *last == "...");
    if variadic {
        types.pop();
    }
    Some(Function {
        name: name.to_owned(),
        parameters: types
            .into_iter()
            .map(|ty| (String::new(), ty.to_owned()))
            .collect(),
        variadic,
        returns: after.strip_prefix(" -> ").unwrap_or_default().to_owned(),
        link_name: link.strip_suffix(']')?.to_owned(),
    })
}

/// Where the bracket closes that was opened before `text`.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (index, letter) in text.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' if depth == 0 => return Some(index),
            ')' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Parts between commas, those inside brackets left alone.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut begin, mut depth) = (Vec::new(), 0, 0_i32);
    for (index, letter) in text.char_indices() {
        match letter {
            '(' | '[' | '<' => depth += 1,
            ')' | ']' => depth -= 1,
            // The arrow of a function pointer is no bracket.
            '>' if !text[..index].ends_with('-') => depth -= 1,
            ',' if depth == 0 => {
                parts.push(text[begin..index].trim());
                begin = index + 1;
            }
            _ => {}
        }
    }
    parts.push(text[begin..].trim());
    parts.retain(|part| !part.is_empty());
    parts
}

/// `EV_ADD: c_uint = 1 (0x1)`
fn constant(text: &str) -> Option<Constant> {
    let (name, rest) = text.split_once(": ")?;
    let (ty, rest) = rest.split_once(" = ")?;
    let value = rest.split_once(" (").map_or(rest, |(value, _)| value);
    Some(Constant {
        name: name.to_owned(),
        ty: ty.to_owned(),
        value: value.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi;

    #[test]
    fn every_table_reads_back_to_the_same_text() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/snapshots");
        let tables = in_folder(&folder).expect("all tables read");
        assert!(tables.len() >= 43, "only {} tables", tables.len());
        for table in tables {
            let path = folder.join(format!("abi@{}-{}.snap", table.os, table.group));
            let text = fs::read_to_string(&path).expect("the table is named by its title");
            let serves: Vec<&str> = table.serves.iter().map(String::as_str).collect();
            let title = format!("The ABI of {}, group {}.", table.os, table.group);
            let again = abi::table(&title, &table.headers, &serves, &table.facts);
            assert!(
                text.trim_end().ends_with(again.trim_end()),
                "{}",
                path.display()
            );
        }
    }

    #[test]
    fn what_is_no_table_is_refused_with_its_line() {
        let error = parse("abi@x.snap", "The ABI of x, group y.\nserves:\nnonsense\n");
        let said = error.expect_err("it is nonsense").to_string();
        assert!(said.contains("abi@x.snap:3: `nonsense`"), "{said}");
        assert!(parse("abi@x.snap", "").is_err());
    }

    #[test]
    fn function_pointers_are_one_parameter() {
        let read = function("f(fn(c_int, u8) -> u8, *mut T, ...) [link f]").expect("it reads");
        assert_eq!(read.parameters.len(), 2);
        assert!(read.variadic && read.returns.is_empty());
    }
}
