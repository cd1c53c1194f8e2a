//! Reads which symbols statics point to from the compiler's LLVM IR.

/// The symbol whose address a static holds: of `@mio_ours_poll = constant ptr @"poll$UNIX2003",
/// align 4` it is `poll$UNIX2003`.
pub(super) fn pointee(ir: &str, name: &str) -> Option<String> {
    let rest = ir.lines().find_map(|line| {
        let rest = line.strip_prefix('@')?.strip_prefix(name)?;
        rest.strip_prefix(" = ")
    })?;
    let (_, symbol) = rest.split_once("ptr @")?;
    match symbol.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"').map(|(symbol, _)| symbol.to_owned()),
        None => {
            let is_plain = |letter: char| letter.is_alphanumeric() || "-$._".contains(letter);
            let end = symbol.find(|letter| !is_plain(letter));
            Some(symbol[..end.unwrap_or(symbol.len())].to_owned()).filter(|name| !name.is_empty())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::pointee;

    #[test]
    fn pointee_is_the_symbol_of_a_static() {
        let ir = "\
@a = constant ptr @\"fcntl$UNIX2003\", align 4
@ab = constant ptr @__kevent50, align 8
@c = constant <{ ptr }> <{ ptr @poll }>, align 8
@d = constant ptr @read
declare i32 @write(i32)
";
        assert_eq!(pointee(ir, "a").as_deref(), Some("fcntl$UNIX2003"));
        assert_eq!(pointee(ir, "ab").as_deref(), Some("__kevent50"));
        assert_eq!(pointee(ir, "c").as_deref(), Some("poll"));
        assert_eq!(pointee(ir, "d").as_deref(), Some("read"));
        assert_eq!(pointee(ir, "write"), None);
    }
}
