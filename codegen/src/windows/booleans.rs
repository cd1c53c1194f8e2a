//! `BOOLEAN` as a byte.
//!
//! windows-bindgen declares it as `bool`. It is an `unsigned char`
//! (<https://learn.microsoft.com/windows/win32/winprog/windows-data-types>), and the system may
//! pass any byte to a callback; a `bool` that is neither 0 nor 1 is undefined behavior.

/// Writes `u8` for the type `bool`.
pub(super) fn as_bytes(text: &str) -> String {
    let is_of_name = |c: char| c.is_alphanumeric() || c == '_';
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("bool") {
        let (before, after) = (&rest[..at], &rest[at + "bool".len()..]);
        let is_word = !before.ends_with(is_of_name) && !after.starts_with(is_of_name);
        out.push_str(before);
        out.push_str(if is_word { "u8" } else { "bool" });
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::as_bytes;

    #[test]
    fn only_the_type_is_replaced() {
        let text = "pub type F = Option<fn(param0: *mut bool, param1: bool) -> bool>;\n\
            pub const boolean: i32 = is_bool;\n";
        let expected = "pub type F = Option<fn(param0: *mut u8, param1: u8) -> u8>;\n\
            pub const boolean: i32 = is_bool;\n";
        assert_eq!(as_bytes(text), expected);
    }
}
