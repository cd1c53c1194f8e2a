//! Reads a symbol file: what is asked of the headers, and why.

use crate::error::Error;

/// What a symbol is to become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A struct or union.
    Record,
    /// A function.
    Function,
    /// A macro's value, as a constant of this C type.
    Constant(String),
    /// A table `(name, value)` of the constants of this C type whose name has the prefix in `source`.
    Names(String),
}

/// One line of a symbol file.
#[derive(Debug, Clone)]
pub(crate) struct Symbol {
    /// Its name in C and in Rust.
    pub(crate) name: String,
    /// What it is.
    pub(crate) kind: Kind,
    /// The header or manual page; the pattern of a name table.
    pub(crate) source: String,
    /// What the library wants it for.
    pub(crate) why: String,
}

impl Symbol {
    /// The names in a table of names: the prefix before its `*`.
    pub(crate) fn prefix(&self) -> &str {
        self.source.trim_end_matches('*')
    }
}

/// Parses `text`, the content of `file`; header sources must be among the `#include`s of `header`.
pub(crate) fn parse(file: &str, text: &str, header: &str) -> Result<Vec<Symbol>, Error> {
    let mut symbols: Vec<Symbol> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line_number = index + 1;
        let wrong = |why: String| Error::Symbols {
            file: file.to_owned(),
            line: line_number,
            why,
        };
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (left, why) = line
            .split_once('#')
            .ok_or_else(|| wrong("`# why` is missing".to_owned()))?;
        let why = why.trim();
        if why.is_empty() {
            return Err(wrong("`# why` is empty".to_owned()));
        }
        let words: Vec<&str> = left.split_whitespace().collect();
        let (name, kind, source) = match words[..] {
            [name, "record", source] => (name, Kind::Record, source),
            [name, "fn", source] => (name, Kind::Function, source),
            [name, "const", ty, source] => (name, Kind::Constant(ty.to_owned()), source),
            [name, "names", ty, source] => (name, Kind::Names(ty.to_owned()), source),
            _ => return Err(wrong(format!("`{}` is not NAME KIND SOURCE", left.trim()))),
        };
        if source.starts_with('<')
            && !header
                .lines()
                .any(|line| line.trim() == format!("#include {source}"))
        {
            return Err(wrong(format!(
                "{source} is not included by codegen/headers"
            )));
        }
        if let Some(last) = symbols.last() {
            if last.name == name && last.kind == kind {
                return Err(wrong(format!("`{name}` stands here twice")));
            }
            if last.name.as_str() > name {
                return Err(Error::Unsorted {
                    file: file.to_owned(),
                    line: line_number,
                    later: name.to_owned(),
                    earlier: last.name.clone(),
                });
            }
        }
        symbols.push(Symbol {
            name: name.to_owned(),
            kind,
            source: source.to_owned(),
            why: why.to_owned(),
        });
    }
    Ok(symbols)
}
