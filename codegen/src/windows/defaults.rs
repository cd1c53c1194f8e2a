//! `Default` for records that hold raw pointers.
//!
//! windows-bindgen derives it. The derive needs `*mut T: Default`, which `core` has since Rust 1.88
//! (<https://github.com/rust-lang/rust/pull/139535>); with an older compiler it is E0277. Such a
//! record gets the `impl` that windows-bindgen writes where it does not derive.

use std::collections::BTreeSet;

use super::parsed::{Parsed, error};
use crate::error::Error;

/// Writes `impl Default` in place of the derive where a field is a raw pointer.
pub(super) fn without_pointer_derives(text: &str) -> Result<String, Error> {
    let parsed = Parsed::read(text)?;
    let holders: BTreeSet<&str> = parsed
        .records
        .iter()
        .filter(|(_, declared)| {
            let mut fields = declared.iter().flat_map(|record| &record.fields);
            fields.any(|field| holds_pointer(&parsed, &field.ty))
        })
        .map(|(name, _)| name.as_str())
        .collect();
    let mut out = String::with_capacity(text.len());
    let mut lines = text.lines().peekable();
    // The record whose end the `impl` has to follow.
    let mut open = None;
    let mut depends_on_target = false;
    while let Some(line) = lines.next() {
        let next = lines.peek().copied().unwrap_or_default();
        let name = next
            .strip_prefix("pub struct ")
            .and_then(|rest| rest.split([' ', '(', ';']).next())
            .filter(|name| holders.contains(name));
        match (line.strip_suffix(", Default)]"), name) {
            (Some(derive), Some(name)) if derive.starts_with("#[derive(") => {
                if depends_on_target || !next.ends_with('{') {
                    return Err(error(format!(
                        "{name}: cannot replace the derived `Default` of this form of record"
                    )));
                }
                out.push_str(&format!("{derive})]\n"));
                open = Some(name);
            }
            _ => out.push_str(&format!("{line}\n")),
        }
        depends_on_target =
            line.starts_with("#[cfg(") || depends_on_target && line.starts_with("#[");
        if line == "}" {
            if let Some(name) = open.take() {
                out.push_str(&format!(
                    "impl Default for {name} {{\n    fn default() -> Self {{\n        \
                     unsafe {{ core::mem::zeroed() }}\n    }}\n}}\n"
                ));
            }
        }
    }
    Ok(out)
}

/// Whether a value of this type is, or is an array of, raw pointers.
fn holds_pointer(parsed: &Parsed, ty: &syn::Type) -> bool {
    match ty {
        syn::Type::Ptr(_) => true,
        syn::Type::Array(array) => holds_pointer(parsed, &array.elem),
        syn::Type::Path(path) => path
            .path
            .get_ident()
            .and_then(|name| parsed.aliases.get(&name.to_string()))
            .is_some_and(|ty| holds_pointer(parsed, ty)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rust 1.85 has no `Default` for raw pointers: the derive stays only where it needs none.
    #[test]
    fn default_is_derived_only_without_raw_pointers() {
        let text = "pub type H = *mut core::ffi::c_void;\n\
            #[repr(C)]\n#[derive(Clone, Copy, Default)]\npub struct S {\n    pub a: H,\n}\n\
            #[repr(C)]\n#[derive(Clone, Copy, Default)]\npub struct N {\n    pub a: S,\n}\n";
        let out = without_pointer_derives(text).unwrap();
        let expected = "pub type H = *mut core::ffi::c_void;\n\
            #[repr(C)]\n#[derive(Clone, Copy)]\npub struct S {\n    pub a: H,\n}\n\
            impl Default for S {\n    fn default() -> Self {\n        \
            unsafe { core::mem::zeroed() }\n    }\n}\n\
            #[repr(C)]\n#[derive(Clone, Copy, Default)]\npub struct N {\n    pub a: S,\n}\n";
        assert_eq!(out, expected);
    }

    #[test]
    fn record_of_one_target_with_a_derive_is_an_error() {
        let text = "#[repr(C)]\n#[cfg(target_arch = \"x86\")]\n\
            #[derive(Clone, Copy, Default)]\npub struct S {\n    pub a: *mut u8,\n}\n";
        assert!(without_pointer_derives(text).is_err());
    }
}
