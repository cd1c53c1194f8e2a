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

/// Parses `text`, the content of `file`.
pub(crate) fn parse(file: &str, text: &str) -> Result<Vec<Symbol>, Error> {
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
        let shape = || wrong(format!("`{}` is not NAME KIND SOURCE", left.trim()));
        // The C type between kind and source may have several words.
        let [name, kind, ty @ .., source] = &words[..] else {
            return Err(shape());
        };
        let (name, source) = (*name, *source);
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
            return Err(wrong(format!(
                "`{name}` is not RECORD.FIELD, or is no `field`"
            )));
        }
        if source.starts_with('<') && !source.ends_with('>') {
            return Err(wrong(format!(
                "`{source}` is no header such as <sys/event.h>"
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
            partial,
        });
    }
    Ok(symbols)
}
