//! Reads a symbol file: the symbols to bind, with the purpose of each.

use std::mem::discriminant;

use crate::error::Error;

/// How a symbol is bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A struct or union.
    Record,
    /// A function.
    Function,
    /// The value of a macro or enumerator, as a constant of this C type, or of the type that C
    /// infers.
    Constant(Option<String>),
    /// The field `NAME`, as `record.field`, gets this C type, which has the size of the header's
    /// type.
    Field(String),
    /// A table `(name, value)` of the constants of this C type whose names begin as `source`
    /// states.
    Names(String),
}

/// One line of a symbol file.
#[derive(Debug, Clone)]
pub(crate) struct Symbol {
    /// Its name in C and in Rust.
    pub(crate) name: String,
    /// How it is bound.
    pub(crate) kind: Kind,
    /// Its header or manual page; for a table of names, the pattern.
    pub(crate) source: String,
    /// Its purpose in the library.
    pub(crate) why: String,
    /// Whether it is left out on targets whose headers lack it: `?` behind the kind.
    pub(crate) partial: bool,
    /// Its line in the file, from 1. 0 if it is not in a file yet.
    pub(crate) line: usize,
}

impl Symbol {
    /// The kind as the symbol file spells it.
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

    /// Whether it is a constant of a table of names, with this prefix and this C type.
    pub(crate) fn is_in_table(&self, prefix: &str, ty: &str) -> bool {
        let is_of_type = matches!(&self.kind, Kind::Constant(Some(own)) if own == ty);
        is_of_type && self.name.starts_with(prefix)
    }

    /// The pattern of a table of names without its `*`.
    pub(crate) fn prefix(&self) -> &str {
        self.source.trim_end_matches('*')
    }
}

/// Parses `text`, the content of `file`. The error names all invalid lines.
pub(crate) fn parse(file: &str, text: &str) -> Result<Vec<Symbol>, Error> {
    let mut symbols: Vec<Symbol> = Vec::new();
    let (mut errors, mut is_sorted) = (Vec::new(), true);
    // The generator names the mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (index, line) in text.lines().enumerate() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let why = |why: String| Error::Symbols {
            file: file.to_owned(),
            line: index + 1,
            why,
        };
        let symbol = match read(line, index + 1) {
            Ok(symbol) => symbol,
            Err(text) => {
                errors.push(why(text));
                continue;
            }
        };
        let same_name = |known: &&Symbol| known.name == symbol.name;
        let is_table = |symbol: &Symbol| matches!(symbol.kind, Kind::Names(_));
        // A table is a constant in Rust.
        let is_value = |symbol: &Symbol| !matches!(symbol.kind, Kind::Record | Kind::Field(_));
        for known in symbols.iter().filter(same_name) {
            if discriminant(&known.kind) == discriminant(&symbol.kind) {
                errors.push(why(format!("`{}` is listed twice", symbol.name)));
            } else if (is_table(known) || is_table(&symbol)) && is_value(known) && is_value(&symbol)
            {
                errors.push(why(format!(
                    "`{}` is the name of a table and of another symbol; \
                     give the table another name",
                    symbol.name
                )));
            }
        }
        if let Some(last) = symbols.last() {
            // One error is enough: the help sorts the whole file.
            if last.name > symbol.name && is_sorted {
                is_sorted = false;
                errors.push(Error::Unsorted {
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
    if symbols.is_empty() && errors.is_empty() {
        errors.push(Error::Symbols {
            file: file.to_owned(),
            line: text.lines().count().max(1),
            why: "the list has no symbol".to_owned(),
        });
    }
    Error::all(errors)?;
    Ok(symbols)
}

/// Parses the line of this number. The error is the reason.
fn read(line: &str, number: usize) -> Result<Symbol, String> {
    // The line becomes a comment, in which rustc refuses these.
    let is_refused = |letter: &char| {
        let is_direction = matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        is_direction || letter.is_control() && *letter != '\t'
    };
    if let Some(letter) = line.chars().find(is_refused) {
        return Err(format!(
            "the character U+{:04X} does not show in the text",
            u32::from(letter)
        ));
    }
    let (left, why) = line.split_once('#').ok_or("`# WHY` is missing")?;
    let why = why.trim();
    if why.is_empty() {
        return Err("`# WHY` is empty".to_owned());
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
        return Err(format!(
            "`{name}`: the kind `field`, and no other, takes RECORD.FIELD"
        ));
    }
    if source.starts_with('<') && !source.ends_with('>') {
        return Err(format!("`{source}` is not a header such as <sys/event.h>"));
    }
    Ok(Symbol {
        name: (*name).to_owned(),
        kind,
        source: (*source).to_owned(),
        why: why.to_owned(),
        partial,
        line: number,
    })
}

#[cfg(test)]
mod tests {
    use super::parse;

    /// The error of a list.
    fn error(list: &str) -> String {
        parse("s.txt", list).expect_err(list).to_string()
    }

    #[test]
    fn table_and_constant_of_one_name_are_an_error() {
        for other in ["A const? int x(2) # w", "A fn x(2) # w"] {
            let table = "A names int A_* # w";
            for list in [format!("{table}\n{other}\n"), format!("{other}\n{table}\n")] {
                let wanted = "s.txt:2: `A` is the name of a table and of another symbol";
                assert!(error(&list).contains(wanted), "{list}: {}", error(&list));
            }
        }
        let list = "A record <a.h> # w\nA names int A_* # w\nA.b field int x(2) # w\n";
        assert!(parse("s.txt", list).is_ok());
    }

    #[test]
    fn character_that_rustc_refuses_in_a_comment_is_an_error() {
        for (letter, code) in [
            ('\r', "U+000D"),
            ('\u{0}', "U+0000"),
            ('\u{202e}', "U+202E"),
        ] {
            let message = error(&format!("A fn x(2) # a{letter}b\n"));
            assert!(message.contains(code), "{message}");
        }
        assert!(parse("s.txt", "A\tfn x(2) # \u{e9}\n").is_ok());
    }
}
