//! How C reaches a record of the metadata: by its name, or as a member of another record that has
//! no name of its own there.

use std::collections::BTreeMap;

use crate::abi::Record;

/// Where a record is in C.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Way {
    /// The C type that holds its members.
    pub(super) ty: String,
    /// Where the record begins in that type.
    pub(super) base: u64,
    /// Whether the type is the record itself. Otherwise the record is an anonymous member, which
    /// has no size in C.
    pub(super) whole: bool,
}

/// The name of the record that `name` is declared inside: the metadata calls its unnamed records
/// `OUTER_0`, `OUTER_1`.
pub(super) fn outer(name: &str) -> Option<&str> {
    let (outer, number) = name.rsplit_once('_')?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some(outer)
}

/// The way to each record.
pub(super) fn ways(records: &[Record]) -> BTreeMap<&str, Way> {
    let known: BTreeMap<&str, &Record> = records
        .iter()
        .map(|record| (record.name.as_str(), record))
        .collect();
    let all = known.keys().map(|name| (*name, way(&known, name)));
    all.collect()
}

/// The way to one record.
fn way(known: &BTreeMap<&str, &Record>, name: &str) -> Way {
    let by_name = || Way {
        ty: name.to_owned(),
        base: 0,
        whole: true,
    };
    let Some(parent) = outer(name).and_then(|outer| known.get(outer)) else {
        return by_name();
    };
    let Some(field) = parent.fields.iter().find(|field| field.ty == name) else {
        return by_name();
    };
    let through = way(known, &parent.name);
    if is_anonymous(&field.name) {
        return Way {
            base: through.base + field.offset,
            whole: false,
            ..through
        };
    }
    Way {
        ty: format!("__typeof__((({} *)0)->{})", through.ty, in_c(&field.name)),
        base: 0,
        whole: true,
    }
}

/// Has the field no name in C?
pub(super) fn is_anonymous(name: &str) -> bool {
    name.starts_with("Anonymous")
}

/// The name of a field in C.
pub(super) fn in_c(name: &str) -> &str {
    name.trim_start_matches("r#")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::Field;

    fn record(name: &str, fields: &[(&str, &str, u64)]) -> Record {
        let field = |&(name, ty, offset): &(&str, &str, u64)| Field {
            name: name.to_owned(),
            ty: ty.to_owned(),
            offset,
            size: 4,
            bits: String::new(),
        };
        Record {
            name: name.to_owned(),
            union: false,
            repr: "C".to_owned(),
            size: 8,
            align: 4,
            fields: fields.iter().map(field).collect(),
        }
    }

    #[test]
    fn unnamed_records_are_reached_through_the_outer_one() {
        let records = [
            record("A", &[("x", "u32", 0), ("Anonymous", "A_0", 4)]),
            record("A_0", &[("Anonymous", "A_0_0", 8), ("s", "A_0_1", 0)]),
            record("A_0_0", &[]),
            record("A_0_1", &[]),
            record("SOCKADDR_IN6_LH", &[]),
        ];
        let ways = ways(&records);
        let way = |ty: &str, base, whole| Way {
            ty: ty.to_owned(),
            base,
            whole,
        };
        assert_eq!(ways["A"], way("A", 0, true));
        assert_eq!(ways["A_0"], way("A", 4, false));
        assert_eq!(ways["A_0_0"], way("A", 12, false));
        assert_eq!(ways["A_0_1"], way("__typeof__(((A *)0)->s)", 0, true));
        assert_eq!(ways["SOCKADDR_IN6_LH"], way("SOCKADDR_IN6_LH", 0, true));
    }
}
