//! Compares two layouts of a record.

use std::fmt::Display;

use crate::abi::{Field, Record};

use super::fact::{Fact, FactKind};

/// What changed between two layouts.
pub(crate) fn compare(old: &Record, new: &Record) -> Vec<Fact> {
    let mut facts = Vec::new();
    let (before, after) = (old.keyword(), new.keyword());
    if old.union != new.union {
        let text = format!("{before} → {after}");
        facts.push(Fact::new(FactKind::KeywordChanged, before, after, text));
    }
    for (kind, word, before, after) in [
        (FactKind::SizeChanged, "size", old.size, new.size),
        (FactKind::AlignChanged, "align", old.align, new.align),
    ] {
        if before != after {
            let text = format!("{word} {before} → {after}");
            facts.push(Fact::new(kind, before, after, text));
        }
    }
    if old.repr != new.repr {
        // Its effects on the layout have lines of their own.
        let text = format!("repr({}) → repr({})", old.repr, new.repr);
        facts.push(Fact::new(FactKind::ReprChanged, &old.repr, &new.repr, text));
    }
    for field in &old.fields {
        let name = &field.name;
        match new.fields.iter().find(|other| other.name == *name) {
            Some(other) => facts.extend(changed(field, other)),
            None => facts.push(match renamed(field, old, new) {
                Some(other) => {
                    let text = format!("field {name} is called {}", other.name);
                    Fact::new(FactKind::FieldRenamed, name, &other.name, text).of_field(&other.name)
                }
                None => {
                    let text = format!("field {name}: {} removed", field.ty);
                    Fact::new(FactKind::FieldRemoved, &field.ty, "", text).of_field(name)
                }
            }),
        }
    }
    for field in &new.fields {
        let is_old = old.fields.iter().any(|other| other.name == field.name);
        if !is_old && renamed(field, new, old).is_none() {
            // A struct expression must name every field.
            let kind = if new.union {
                FactKind::MemberAdded
            } else {
                FactKind::FieldAdded
            };
            let text = format!("field {}: {} new at {}", field.name, field.ty, field.offset);
            let value = format!("{} at {}", field.ty, field.offset);
            facts.push(Fact::new(kind, "", value, text).of_field(&field.name));
        }
    }
    let order = |record: &Record| {
        let names = record.fields.iter().map(|field| field.name.clone());
        names.collect::<Vec<_>>().join(", ")
    };
    let (before, after) = (order(old), order(new));
    if facts.is_empty() && before != after {
        let text = "the fields come in another order";
        facts.push(Fact::new(FactKind::FieldsReordered, before, after, text));
    }
    facts
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
fn changed(old: &Field, new: &Field) -> Vec<Fact> {
    let mut facts = Vec::new();
    let name = &old.name;
    let mut note = |kind: FactKind, word: &str, old: &dyn Display, new: &dyn Display| {
        let text = format!("field {name}: {word} {old} → {new}");
        facts.push(Fact::new(kind, old, new, text).of_field(name));
    };
    if old.offset != new.offset {
        note(FactKind::FieldMoved, "offset", &old.offset, &new.offset);
    }
    if old.ty != new.ty {
        let kind = if old.size == new.size && same_type(&old.ty, &new.ty) {
            FactKind::FieldTypeRespelled
        } else {
            FactKind::FieldTypeChanged
        };
        note(kind, "type", &old.ty, &new.ty);
    }
    if old.bits != new.bits {
        note(FactKind::FieldBitsChanged, "bits", &old.bits, &new.bits);
    }
    if old.size != new.size {
        note(FactKind::FieldResized, "size", &old.size, &new.size);
    }
    facts
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
    use super::super::change::Severity;
    use super::super::fact::worst;
    use super::*;

    /// Severity and texts of what changed.
    fn compared(old: &Record, new: &Record) -> (Severity, Vec<String>) {
        let facts = compare(old, new);
        let severity = worst(&facts);
        (severity, facts.into_iter().map(|fact| fact.text).collect())
    }

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
        assert_eq!(compared(&old, &old), (Severity::Cosmetic, vec![]));

        let (severity, lines) = compared(&old, &record(&["a", "x", "b"]));
        assert_eq!(severity, Severity::Breaking);
        assert_eq!(
            lines,
            [
                "size 8 → 12",
                "field b: offset 4 → 8",
                "field x: u32 new at 4"
            ]
        );

        let (severity, lines) = compared(&old, &record(&["a", "c"]));
        assert_eq!(
            (severity, &lines[..]),
            (Severity::Breaking, &["field b is called c".to_owned()][..])
        );

        let mut same = old.clone();
        same.fields[0].ty = "c_uint".to_owned();
        assert_eq!(compared(&old, &same).0, Severity::Cosmetic);
        same.fields[0].ty = "c_int".to_owned();
        assert_eq!(
            compared(&old, &same).0,
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
        assert_eq!(compared(&wider, &member).0, Severity::Widening);
        assert_eq!(compared(&member, &wider).0, Severity::Breaking);
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
