//! Reads records from bindgen's output: fields, layouts and bit-fields.

use std::collections::BTreeMap;

use super::query::Bits;
use super::reader::Reader;
use crate::abi::{Field, MAX_SIZE, Record};
use crate::error::Error;
use crate::symbols::Kind;

impl Reader<'_> {
    /// Whether the record is declared without fields: clang gives it no layout. A field of a
    /// header may have the name `_unused` of bindgen's own field.
    pub(super) fn is_opaque(&self, item: &syn::ItemStruct) -> bool {
        !self.layouts.size.contains_key(&item.ident.to_string())
    }

    /// Reads a struct or union.
    pub(super) fn record(
        &self,
        ident: &syn::Ident,
        union: bool,
        attrs: &[syn::Attribute],
        fields: &syn::Fields,
    ) -> Result<Record, Error> {
        let bindgens = ident.to_string();
        let known = |map: &BTreeMap<String, u64>, key: &str| {
            map.get(key).copied().ok_or_else(|| {
                self.request
                    .shape(format!("bindgen gives no layout for {key}"))
            })
        };
        let mut record = Record {
            union,
            repr: repr(attrs),
            size: known(&self.layouts.size, &bindgens)?,
            align: known(&self.layouts.align, &bindgens)?,
            fields: Vec::new(),
            name: self.name(&bindgens),
        };
        if let Some(error) = self.shadows(&record.name) {
            return Err(error);
        }
        if record.size > MAX_SIZE {
            return Err(self.request.unbindable(
                &record.name,
                &format!(
                    "it has {} bytes, and a table describes at most {MAX_SIZE}; \
                     write it in src/ by hand",
                    record.size
                ),
            ));
        }
        let mut end = 0_u64;
        for field in fields {
            let name = field
                .ident
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default();
            if name == "_bindgen_opaque_blob" {
                return Err(self.request.unbindable(
                    &record.name,
                    &format!(
                        "no Rust record has its packing and alignment ({} bytes, aligned to {}); \
                         write it in src/ by hand",
                        record.size, record.align
                    ),
                ));
            }
            if !name.is_empty() && record.fields.iter().any(|field| field.name == name) {
                return Err(self.request.unbindable(
                    &record.name,
                    &format!(
                        "two of its fields have the name `{name}` in Rust, because a keyword of \
                         Rust gets a `_` at its end; write it in src/ by hand"
                    ),
                ));
            }
            let unknown = |why: String| {
                let why = format!("field `{name}` of `{}`: {why}", record.name);
                self.request.shape(why)
            };
            let declared = self.ty(&field.ty).map_err(unknown)?;
            let (size, align) = self.measure(&declared).map_err(unknown)?;
            let ty = match self.retyped(&record.name, &name) {
                Some(ty) if self.measure(ty).map_err(unknown)?.0 != size => {
                    return Err(unknown(format!(
                        "the list gives it the type `{ty}`, which has not the size of `{declared}`"
                    )));
                }
                Some(ty) => ty.to_owned(),
                None => declared,
            };
            // bindgen asserts no offset of the fields that it adds: each follows the field before
            // it.
            let key = format!("{bindgens}::{name}");
            let own = [
                "_bitfield_",
                "_bindgen_align",
                "__bindgen_padding_",
                "__bindgen_anon_",
            ];
            let offsets = self.answer.anonymous.get(&record.name);
            let number = name.strip_prefix("__bindgen_anon_");
            let number = number.and_then(|number| number.parse::<usize>().ok());
            let anonymous = offsets.zip(number).and_then(|(offsets, number)| {
                let offset = offsets.get(number.checked_sub(1)?)?;
                Some(*offset)
            });
            let offset = match self.layouts.offset.get(&key) {
                Some(offset) => *offset,
                None if anonymous.is_some() => anonymous.unwrap_or_default(),
                None if own.iter().any(|prefix| name.starts_with(prefix)) => {
                    let packed = record.repr.contains("packed");
                    let start = if union { 0 } else { end };
                    start.next_multiple_of(if packed { 1 } else { align })
                }
                None => return Err(unknown("bindgen gives no offset".to_owned())),
            };
            if !union && offset < end {
                return Err(unknown("it overlaps the field before it".to_owned()));
            }
            end = offset + size;
            if end > record.size {
                return Err(unknown("it ends behind the record".to_owned()));
            }
            record.fields.push(Field {
                offset,
                size,
                ty,
                bits: String::new(),
                name,
            });
            if union {
                end = 0;
            }
        }
        self.bits(&mut record)?;
        if !self.has_rust_layout(&record) {
            return Err(self.request.unbindable(
                &record.name,
                &format!(
                    "Rust's repr({}) gives it another layout, and no repr has its packing and \
                     alignment; write it in src/ by hand",
                    record.repr
                ),
            ));
        }
        Ok(record)
    }

    /// The error for a record that has the name of a type of Rust's.
    pub(super) fn shadows(&self, name: &str) -> Option<Error> {
        is_rusts_own(name).then(|| {
            let why = "the bindings use this name for a type of Rust's; write it in src/ by hand";
            self.request.unbindable(name, why)
        })
    }

    /// The type that the list gives to a field.
    fn retyped(&self, record: &str, field: &str) -> Option<&str> {
        self.request.symbols.iter().find_map(|symbol| {
            let Kind::Field(ty) = &symbol.kind else {
                return None;
            };
            let (of, name) = symbol.name.split_once('.')?;
            (of == record && name == field).then_some(ty.as_str())
        })
    }

    /// Assigns the bit-fields of a record to the fields whose bytes hold them.
    fn bits(&self, record: &mut Record) -> Result<(), Error> {
        let all = self
            .answer
            .bits
            .get(&record.name)
            .map_or(&[][..], Vec::as_slice);
        let mut runs: Vec<Vec<&Bits>> = Vec::new();
        for bits in all {
            match runs.last_mut() {
                Some(run) if !bits.begins => run.push(bits),
                _ => runs.push(vec![bits]),
            }
        }
        let is_unit = |field: &Field| {
            field
                .name
                .strip_prefix("_bitfield_")
                .is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
        };
        let mut placed = 0;
        for field in record.fields.iter_mut().filter(|field| is_unit(field)) {
            let bytes = field.offset * 8..(field.offset + field.size) * 8;
            let inside =
                |bits: &&&Bits| bytes.start <= bits.offset && bits.offset + bits.width <= bytes.end;
            let mine: Vec<_> = runs.iter().flatten().filter(inside).collect();
            placed += mine.len();
            let names: Vec<String> = mine
                .iter()
                .filter(|bits| !bits.name.is_empty())
                .map(|bits| {
                    let start = bits.offset - bytes.start;
                    format!("{}: {}..{}", bits.name, start, start + bits.width)
                })
                .collect();
            field.bits = names.join(", ");
        }
        // Padding without a name may lie outside of bindgen's fields.
        let named = all
            .iter()
            .filter(|bits| !bits.name.is_empty() && bits.width > 0);
        if placed < named.count() {
            return Err(self.request.unbindable(
                &record.name,
                "its bit-fields share bytes with other fields; write it in src/ by hand",
            ));
        }
        Ok(())
    }
}

/// The arguments of all `#[repr(…)]`.
fn repr(attrs: &[syn::Attribute]) -> String {
    let mut parts: Vec<String> = Vec::new();
    for attribute in attrs {
        if let syn::Meta::List(list) = &attribute.meta {
            if list.path.is_ident("repr") {
                let text = list.tokens.to_string();
                parts.push(text.replace(" ,", ",").replace(" (", "("));
            }
        }
    }
    parts.join(", ")
}

/// Whether the bindings use this name for a type of Rust's. A record of that name would shadow it.
pub(super) fn is_rusts_own(name: &str) -> bool {
    #[rustfmt::skip]
    const NAMES: [&str; 32] = [
        "Option", "bool", "c_char", "c_double", "c_float", "c_int", "c_long", "c_longlong",
        "c_schar", "c_short", "c_uchar", "c_uint", "c_ulong", "c_ulonglong", "c_ushort", "c_void",
        "char", "f32", "f64", "i128", "i16", "i32", "i64", "i8", "isize", "str", "u128", "u16",
        "u32", "u64", "u8", "usize",
    ];
    NAMES.contains(&name)
}
