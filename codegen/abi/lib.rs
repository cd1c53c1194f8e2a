//! The ABI of each target as data. `cargo codegen` reads it from headers, writes one file for each
//! group of equal targets to `codegen/snapshots/`, and compares such files. `cargo xtask
//! cross-check` compares them with rustc and the `libc` crate.

mod json;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// The folder of the snapshots, relative to the repository.
pub const FOLDER: &str = "codegen/snapshots";

/// The text in every file that `cargo codegen` writes.
pub const WRITTEN_BY: &str = "Written by `cargo codegen`; do not edit.";

/// The ABI of a group of targets: the content of one snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupAbi {
    /// [`WRITTEN_BY`].
    pub note: String,
    /// The operating system.
    pub os: String,
    /// The name of the group.
    pub group: String,
    /// The headers that the ABI was read from, with their version.
    pub headers: String,
    /// The triples of the group's targets.
    pub targets: Vec<String>,
    /// Their ABI.
    pub abi: TargetAbi,
}

impl GroupAbi {
    /// Reads a snapshot.
    pub fn from_json(text: &str) -> serde_json::Result<GroupAbi> {
        serde_json::from_str(text)
    }

    /// Checks what no header can declare, so that a report may rely on it. An error has the name of
    /// the symbol, and what is wrong with it.
    ///
    /// A snapshot may come from another revision or from a stranger's pull request. A picture of a
    /// record has a line for every eight bytes of it.
    pub fn check(&self) -> Result<(), (&str, String)> {
        let TargetAbi {
            records,
            functions,
            constants,
            ..
        } = &self.abi;
        // Of two with the same name, a comparison would see one.
        let mut names = BTreeSet::new();
        let records_have = records.iter().map(|record| &record.name);
        let functions_have = functions.iter().map(|function| &function.name);
        let constants_have = constants.iter().map(|constant| &constant.name);
        let mut all = records_have
            .map(|name| ("record", name))
            .chain(functions_have.map(|name| ("function", name)))
            .chain(constants_have.map(|name| ("constant", name)));
        if let Some((kind, name)) = all.find(|symbol| !names.insert(*symbol)) {
            return Err((name.as_str(), format!("the {kind} `{name}` is there twice")));
        }
        records.iter().try_for_each(|record| {
            let fault = record.fault();
            fault.map_or(Ok(()), |fault| Err((record.name.as_str(), fault)))
        })
    }

    /// The text of the snapshot.
    pub fn to_json(&self) -> String {
        json::write(self)
    }
}

/// The ABI of one target: what its headers declare of the symbols in `codegen/symbols/`. Each list
/// is sorted by name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetAbi {
    /// Structs and unions.
    pub records: Vec<Record>,
    /// Functions.
    pub functions: Vec<Function>,
    /// Constants.
    pub constants: Vec<Constant>,
    /// `LINUX_VERSION_CODE` of the headers, as `7.2`. Not part of the ABI.
    #[serde(skip)]
    pub headers: String,
    /// The records that are declared without fields. Empty unless the headers were read leniently.
    #[serde(skip)]
    pub opaque: Vec<String>,
}

/// A struct or union.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Its name.
    pub name: String,
    /// Whether it is a union.
    pub union: bool,
    /// The arguments of its `#[repr(…)]`.
    pub repr: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its alignment in bytes.
    pub align: u64,
    /// Its fields in order.
    pub fields: Vec<Field>,
}

/// The largest size of a record: 1 MiB. The largest one that is bound has less than 1 KiB.
pub const MAX_SIZE: u64 = 1 << 20;

impl Record {
    /// What is wrong with its layout.
    fn fault(&self) -> Option<String> {
        let Record {
            name, size, align, ..
        } = self;
        if *size > MAX_SIZE {
            return Some(format!("`{name}` has {size} bytes, more than {MAX_SIZE}"));
        }
        if !align.is_power_of_two() || size % align != 0 {
            return Some(format!(
                "`{name}` has {size} bytes and an alignment of {align}"
            ));
        }
        // Of two with the same name, a comparison would see one.
        let mut names = BTreeSet::new();
        if let Some(twice) = self.fields.iter().find(|field| !names.insert(&field.name)) {
            return Some(format!(
                "the field `{}` of `{name}` is there twice",
                twice.name
            ));
        }
        let is_outside = |field: &&Field| {
            let end = field.offset.checked_add(field.size);
            end.is_none_or(|end| end > *size)
        };
        let outside = self.fields.iter().find(is_outside)?;
        Some(format!(
            "the field `{}` ends outside of `{name}`, which has {size} bytes",
            outside.name
        ))
    }

    /// `struct` or `union`.
    pub fn keyword(&self) -> &'static str {
        if self.union { "union" } else { "struct" }
    }
}

/// A field of a record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its type in Rust.
    pub ty: String,
    /// Its offset in bytes.
    pub offset: u64,
    /// Its size in bytes.
    pub size: u64,
    /// The bit-fields in it, as `name: 0..4, other: 4..8`: bits from its start, in the order in
    /// which the target's C compiler allocates them.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub bits: String,
}

/// A function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// The symbol that the linker resolves.
    pub link_name: String,
    /// Its return type; empty for none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub returns: String,
    /// Whether it is variadic.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub variadic: bool,
    /// Names and types of its parameters. The names are not part of the ABI, so a snapshot does not
    /// hold them.
    #[serde(with = "json::types")]
    pub parameters: Vec<(String, String)>,
}

impl Function {
    /// `(c_int, …) -> c_int`, with the parameters' names if `named`.
    pub fn signature(&self, named: bool) -> String {
        let parameters = self.parameters.iter().map(|(name, ty)| match named {
            true => format!("{name}: {ty}"),
            false => ty.clone(),
        });
        let ellipsis = self.variadic.then(|| "...".to_owned());
        let parameters: Vec<String> = parameters.chain(ellipsis).collect();
        match &*self.returns {
            "" => format!("({})", parameters.join(", ")),
            returns => format!("({}) -> {returns}", parameters.join(", ")),
        }
    }
}

/// A constant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Constant {
    /// Its name.
    pub name: String,
    /// Its type in Rust.
    pub ty: String,
    /// Its value.
    pub value: i128,
}
