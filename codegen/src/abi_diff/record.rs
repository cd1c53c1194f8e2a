//! Compares two layouts of a record.

use crate::abi::{Field, Record};

use super::change::Severity;

/// The highest severity of the changes, and a line for each.
pub(crate) fn compare(old: &Record, new: &Record) -> (Severity, Vec<String>) {
    let mut worst = Severity::Cosmetic;
    let mut lines = Vec::new();
    let mut note = |severity: Severity, line: String| {
        worst = worst.min(severity);
        lines.push(line);
    };
    if old.union != new.union {
        let line = format!("{} → {}", old.keyword(), new.keyword());
        note(Severity::Breaking, line);
    }
    if old.size != new.size {
        note(
            Severity::Breaking,
            format!("size {} → {}", old.size, new.size),
        );
    }
    if old.align != new.align {
        note(
            Severity::Breaking,
            format!("align {} → {}", old.align, new.align),
        );
    }
    if old.repr != new.repr {
        // Its effects on the layout have lines of their own.
        note(
            Severity::Cosmetic,
            format!("repr({}) → repr({})", old.repr, new.repr),
        );
    }
    for field in &old.fields {
        match new.fields.iter().find(|other| other.name == field.name) {
            Some(other) => {
                for (severity, line) in changed(field, other) {
                    note(severity, line);
                }
            }
            None => match renamed(field, old, new) {
                Some(other) => note(
                    Severity::Breaking,
                    format!("field {} is called {}", field.name, other.name),
                ),
                None => note(
                    Severity::Breaking,
                    format!("field {}: {} removed", field.name, field.ty),
                ),
            },
        }
    }
    for field in &new.fields {
        let is_old = old.fields.iter().any(|other| other.name == field.name);
        if !is_old && renamed(field, new, old).is_none() {
            // A struct expression must name every field.
            let severity = if new.union {
                Severity::Widening
            } else {
                Severity::Breaking
            };
            note(
                severity,
                format!("field {}: {} new at {}", field.name, field.ty, field.offset),
            );
        }
    }
    let order = |record: &Record| {
        let names = record.fields.iter().map(|field| field.name.clone());
        names.collect::<Vec<_>>()
    };
    if lines.is_empty() && order(old) != order(new) {
        lines.push("the fields come in another order".to_owned());
    }
    (worst, lines)
}

/// The field of `new` with the offset and type of `field` of `old`, and with a name that `old` does
/// not have.
fn renamed<'a>(field: &Field, old: &Record, new: &'a Record) -> Option<&'a Field> {
    if old.union {
        return None;
    }
    new.fields.iter().find(|other| {
        (other.offset, &other.ty) == (field.offset, &field.ty)
            && !old.fields.iter().any(|known| known.name == other.name)
    })
}

/// What changed in one field.
fn changed(old: &Field, new: &Field) -> Vec<(Severity, String)> {
    let mut lines = Vec::new();
    let name = &old.name;
    if old.offset != new.offset {
        let line = format!("field {name}: offset {} → {}", old.offset, new.offset);
        lines.push((Severity::Breaking, line));
    }
    if old.ty != new.ty {
        let severity = if old.size == new.size && same_type(&old.ty, &new.ty) {
            Severity::Cosmetic
        } else {
            Severity::Breaking
        };
        lines.push((
            severity,
            format!("field {name}: type {} → {}", old.ty, new.ty),
        ));
    }
    if old.bits != new.bits {
        let line = format!("field {name}: bits {} → {}", old.bits, new.bits);
        lines.push((Severity::Breaking, line));
    }
    if old.size != new.size {
        let line = format!("field {name}: size {} → {}", old.size, new.size);
        lines.push((Severity::Breaking, line));
    }
    lines
}

/// Whether two texts spell the same types of Rust on every target. A text may hold several types,
/// as a signature does.
pub(crate) fn same_type(old: &str, new: &str) -> bool {
    fn plain(text: &str) -> String {
        let (mut plain, mut word) = (String::new(), String::new());
        for letter in text.chars().chain([' ']) {
            if letter.is_alphanumeric() || letter == '_' {
                word.push(letter);
                continue;
            }
            plain.push_str(match word.as_str() {
                "c_schar" => "i8",
                "c_uchar" => "u8",
                "c_short" => "i16",
                "c_ushort" => "u16",
                "c_int" => "i32",
                "c_uint" => "u32",
                "c_longlong" => "i64",
                "c_ulonglong" => "u64",
                other => other,
            });
            plain.push(letter);
            word.clear();
        }
        plain
    }
    plain(old) == plain(new)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A record of 4-byte fields with these names.
    fn record(names: &[&str]) -> Record {
        let fields = names
            .iter()
            .zip((0..).step_by(4))
            .map(|(name, offset)| Field {
                name: (*name).to_owned(),
                ty: "u32".to_owned(),
                offset,
                size: 4,
                bits: String::new(),
            });
        Record {
            name: "r".to_owned(),
            union: false,
            repr: "C".to_owned(),
            size: 4 * names.len() as u64,
            align: 4,
            fields: fields.collect(),
        }
    }

    #[test]
    fn each_kind_of_change_has_its_severity() {
        let old = record(&["a", "b"]);
        assert_eq!(compare(&old, &old), (Severity::Cosmetic, vec![]));

        let (severity, lines) = compare(&old, &record(&["a", "x", "b"]));
        assert_eq!(severity, Severity::Breaking);
        assert_eq!(
            lines,
            [
                "size 8 → 12",
                "field b: offset 4 → 8",
                "field x: u32 new at 4"
            ]
        );

        let (severity, lines) = compare(&old, &record(&["a", "c"]));
        assert_eq!(
            (severity, &lines[..]),
            (Severity::Breaking, &["field b is called c".to_owned()][..])
        );

        let mut same = old.clone();
        same.fields[0].ty = "c_uint".to_owned();
        assert_eq!(compare(&old, &same).0, Severity::Cosmetic);
        same.fields[0].ty = "c_int".to_owned();
        assert_eq!(
            compare(&old, &same).0,
            Severity::Breaking,
            "the sign changed"
        );

        let mut wider = old.clone();
        (wider.union, wider.fields[1].offset) = (true, 0);
        let mut member = wider.clone();
        member.fields.push(Field {
            name: "c".to_owned(),
            ..wider.fields[0].clone()
        });
        assert_eq!(compare(&wider, &member).0, Severity::Widening);
        assert_eq!(compare(&member, &wider).0, Severity::Breaking);
    }

    #[test]
    fn c_long_equals_no_other_type() {
        assert!(same_type("*mut c_int", "*mut i32"));
        assert!(!same_type("c_long", "i64"));
        assert!(!same_type("*const c_int", "*mut c_int"));
        assert!(same_type(
            "(c_uint, *mut [c_uchar; 4], ...) -> c_int",
            "(u32, *mut [u8; 4], ...) -> i32"
        ));
        assert!(!same_type("(c_uint) -> c_int", "(i32) -> i32"));
    }
}
