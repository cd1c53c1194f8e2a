//! Reads a symbol file: what is asked of the headers, and why.

use crate::error::Error;

/// What a symbol is to become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A struct or union.
    Record,
    /// A function.
    Function,
    /// A macro's or enumerator's value, as a constant of this C type, or of the type that C gives it.
    Constant(Option<String>),
    /// The field `NAME`, as `record.field`, has this C type in place of the header's, which is as large.
    Field(String),
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
    /// Whether targets whose headers lack it go without: `?` behind the kind.
    pub(crate) partial: bool,
}

impl Symbol {
    /// The kind as it stands in the list.
    pub(crate) fn kind_text(&self) -> String {
        let (kind, ty) = match &self.kind {
            Kind::Record => ("record", None),
            Kind::Function => ("fn", None),
            Kind::Constant(ty) => ("const", ty.as_ref()),
            Kind::Field(ty) => ("field", Some(ty)),
            Kind::Names(ty) => ("names", Some(ty)),
        };
        let mark = if self.partial { "?" } else { "" };
        match ty {
            Some(ty) => format!("{kind}{mark} {ty}"),
            None => format!("{kind}{mark}"),
        }
    }

    /// The names in a table of names: the prefix before its `*`.
    pub(crate) fn prefix(&self) -> &str {
        self.source.trim_end_matches('*')
    }
}

/// Parses `text`, the content of `file`. All lines that do not read are in the error.
pub(crate) fn parse(file: &str, text: &str) -> Result<Vec<Symbol>, Error> {
    let mut symbols: Vec<Symbol> = Vec::new();
    let (mut wrong, mut is_sorted) = (Vec::new(), true);
    for (index, line) in text.lines().enumerate() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let why = |why: String| Error::Symbols {
            file: file.to_owned(),
            line: index + 1,
            why,
        };
        let symbol = match read(line) {
            Ok(symbol) => symbol,
            Err(text) => {
                wrong.push(why(text));
                continue;
            }
        };
        if let Some(last) = symbols.last() {
            if last.name == symbol.name && last.kind == symbol.kind {
                wrong.push(why(format!("`{}` stands here twice", symbol.name)));
            }
            // The first is enough: one command sorts all.
            if last.name > symbol.name && is_sorted {
                is_sorted = false;
                wrong.push(Error::Unsorted {
                    file: file.to_owned(),
                    path: file.into(),
                    line: index + 1,
                    later: symbol.name.clone(),
                    earlier: last.name.clone(),
                });
            }
        }
        symbols.push(symbol);
    }
    if symbols.is_empty() && wrong.is_empty() {
        wrong.push(Error::Symbols {
            file: file.to_owned(),
            line: text.lines().count().max(1),
            why: "the list is empty, so nothing would be bound".to_owned(),
        });
    }
    Error::all(wrong)?;
    Ok(symbols)
}

/// Reads one line, or says why not.
fn read(line: &str) -> Result<Symbol, String> {
    let (left, why) = line.split_once('#').ok_or("`# why` is missing")?;
    let why = why.trim();
    if why.is_empty() {
        return Err("`# why` is empty".to_owned());
    }
    let words: Vec<&str> = left.split_whitespace().collect();
    let shape = || format!("`{}` is not NAME KIND SOURCE", left.trim());
    // The C type between kind and source may have several words.
    let [name, kind, ty @ .., source] = &words[..] else {
        return Err(shape());
    };
    let (kind, partial) = match kind.strip_suffix('?') {
        Some(kind) => (kind, true),
        None => (*kind, false),
    };
    let ty = ty.join(" ");
    let kind = match (kind, ty.is_empty(), partial) {
        ("record", true, _) => Kind::Record,
        ("fn", true, _) => Kind::Function,
        ("const", true, _) => Kind::Constant(None),
        ("const", false, _) => Kind::Constant(Some(ty)),
        ("field", false, false) => Kind::Field(ty),
        ("names", false, false) => Kind::Names(ty),
        _ => return Err(shape()),
    };
    let is_field = matches!(kind, Kind::Field(_));
    if is_field != name.contains('.') {
        return Err(format!("`{name}` is not RECORD.FIELD, or is no `field`"));
    }
    if source.starts_with('<') && !source.ends_with('>') {
        return Err(format!("`{source}` is no header such as <sys/event.h>"));
    }
    Ok(Symbol {
        name: (*name).to_owned(),
        kind,
        source: (*source).to_owned(),
        why: why.to_owned(),
        partial,
    })
}
