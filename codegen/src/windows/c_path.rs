//! The C type that holds a record of the metadata: the record's own name, or an outer record of
//! which it is an unnamed member.

use std::collections::BTreeMap;

use crate::abi::Record;

/// The location of a record in C.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CPath {
    /// The C type that holds its members.
    pub(super) ty: String,
    /// The offset of the record in that type.
    pub(super) base: u64,
    /// Whether the type is the record itself. An anonymous member has no `sizeof` in C.
    pub(super) whole: bool,
}

/// The name of the record that contains the declaration of `name`. The metadata calls the unnamed
/// records in `OUTER` `OUTER_0`, `OUTER_1` and so on.
pub(super) fn outer(name: &str) -> Option<&str> {
    let (outer, number) = name.rsplit_once('_')?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some(outer)
}

/// The paths of all records.
pub(super) fn c_paths(records: &[Record]) -> BTreeMap<&str, CPath> {
    let known: BTreeMap<&str, &Record> = records
        .iter()
        .map(|record| (record.name.as_str(), record))
        .collect();
    let all = known.keys().map(|name| (*name, c_path(&known, name)));
    all.collect()
}

/// The path of one record.
fn c_path(known: &BTreeMap<&str, &Record>, name: &str) -> CPath {
    let by_name = || CPath {
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
    let through = c_path(known, &parent.name);
    if is_anonymous(&field.name) {
        return CPath {
            base: through.base + field.offset,
            whole: false,
            ..through
        };
    }
    CPath {
        ty: format!("__typeof__((({} *)0)->{})", through.ty, in_c(&field.name)),
        base: 0,
        whole: true,
    }
}

/// Whether the field has no name in C.
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
    fn unnamed_record_is_a_member_of_the_outer_one() {
        let records = [
            record("A", &[("x", "u32", 0), ("Anonymous", "A_0", 4)]),
            record("A_0", &[("Anonymous", "A_0_0", 8), ("s", "A_0_1", 0)]),
            record("A_0_0", &[]),
            record("A_0_1", &[]),
            record("SOCKADDR_IN6_LH", &[]),
        ];
        let paths = c_paths(&records);
        let path = |ty: &str, base, whole| CPath {
            ty: ty.to_owned(),
            base,
            whole,
        };
        assert_eq!(paths["A"], path("A", 0, true));
        assert_eq!(paths["A_0"], path("A", 4, false));
        assert_eq!(paths["A_0_0"], path("A", 12, false));
        assert_eq!(paths["A_0_1"], path("__typeof__(((A *)0)->s)", 0, true));
        assert_eq!(paths["SOCKADDR_IN6_LH"], path("SOCKADDR_IN6_LH", 0, true));
    }
}
