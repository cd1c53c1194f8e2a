//! Types in our spelling, and how large they are.

use std::fmt::Write;

use quote::ToTokens;

use super::reader::Reader;
use crate::abi::Facts;
use crate::error::Error;

impl Reader<'_> {
    /// A type in our spelling: aliases resolved, C types without a path.
    pub(super) fn ty(&self, ty: &syn::Type) -> Result<String, Error> {
        self.spell(&ty.to_token_stream().to_string(), 0)
    }

    /// The same for a type's tokens.
    fn spell(&self, tokens: &str, depth: usize) -> Result<String, Error> {
        if depth > 16 {
            return Err(self
                .request
                .shape(format!("the type `{tokens}` has no end")));
        }
        let mut text = String::new();
        let mut apart = tokens.replace(":: core :: ffi :: ", "");
        for sign in ["[", "]", ";"] {
            apart = apart.replace(sign, &format!(" {sign} "));
        }
        for word in apart.split_whitespace() {
            let word = word
                .strip_suffix("usize")
                .filter(|number| !number.is_empty())
                .unwrap_or(word);
            match word {
                "*" | "[" | "]" => text.push_str(word),
                "mut" | "const" => write!(text, "{word} ").expect("a string takes any text"),
                ";" => text.push_str("; "),
                word if word
                    .chars()
                    .all(|letter| letter.is_ascii_alphanumeric() || letter == '_') =>
                {
                    match self.aliases.get(word) {
                        Some(meaning) => text.push_str(&self.spell(meaning, depth + 1)?),
                        None => text.push_str(word),
                    }
                }
                _ => {
                    return Err(self
                        .request
                        .shape(format!("the type `{tokens}` is of an unknown kind")));
                }
            }
        }
        Ok(text)
    }

    /// A probe's value.
    pub(super) fn probe(&self, name: &str) -> Result<i128, Error> {
        self.probes
            .get(name)
            .copied()
            .ok_or_else(|| self.request.shape(format!("{name} did not come out")))
    }

    /// Fills in the fields' sizes and holds them against the offsets.
    pub(super) fn field_sizes(&self, facts: &mut Facts) -> Result<(), Error> {
        let pointer = self.probe("probe_pointer")?;
        let long = self.probe("probe_long")?;
        let size = |ty: &str| -> Option<u64> {
            let (ty, count) = match ty.strip_prefix('[').and_then(|ty| ty.strip_suffix(']')) {
                Some(array) => {
                    let (ty, count) = array.split_once("; ")?;
                    (ty, count.parse().ok()?)
                }
                None => (ty, 1_u64),
            };
            let bytes = match ty {
                "u8" | "i8" | "c_char" | "c_schar" | "c_uchar" => 1,
                "u16" | "i16" | "c_short" | "c_ushort" => 2,
                "u32" | "i32" | "c_int" | "c_uint" => 4,
                "u64" | "i64" | "c_longlong" | "c_ulonglong" => 8,
                "c_long" | "c_ulong" => long,
                "usize" | "isize" => pointer,
                _ if ty.starts_with('*') => pointer,
                _ => return self.layouts.size.get(ty)?.checked_mul(count),
            };
            u64::try_from(bytes).ok()?.checked_mul(count)
        };
        for record in &mut facts.records {
            let mut end = 0;
            for field in &mut record.fields {
                field.size = size(&field.ty).ok_or_else(|| {
                    self.request.shape(format!(
                        "the size of {}.{} is unknown",
                        record.name, field.name
                    ))
                })?;
                if !record.union && field.offset < end {
                    return Err(self.request.shape(format!(
                        "{}.{} overlaps the field before it",
                        record.name, field.name
                    )));
                }
                end = field.offset + field.size;
                if end > record.size {
                    return Err(self.request.shape(format!(
                        "{}.{} reaches beyond the record",
                        record.name, field.name
                    )));
                }
            }
        }
        Ok(())
    }
}
