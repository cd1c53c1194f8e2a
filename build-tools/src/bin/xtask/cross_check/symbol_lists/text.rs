//! Lists of symbols in text files.

use std::collections::HashSet;

/// The symbols that an assembly file declares on every architecture, without the conditional ones.
pub(super) fn of_assembly(text: &str) -> HashSet<&str> {
    let mut symbols = HashSet::new();
    let mut depth = 0;
    for line in text.lines() {
        if line.starts_with("#if") {
            depth += 1;
        } else if line.starts_with("#endif") {
            depth -= 1;
        } else if depth == 0 {
            let name = [".globl ", ".weak "]
                .iter()
                .find_map(|word| line.strip_prefix(word));
            symbols.extend(name);
        }
    }
    symbols
}

/// The symbols of a module-definition file on every architecture: `poll`, `poll@12`, `poll DATA`,
/// `poll = _poll`.
pub(super) fn of_def(text: &str) -> HashSet<&str> {
    let mut symbols = HashSet::new();
    let mut depth = 0;
    let mut is_export = false;
    for line in text.lines() {
        if line.starts_with("#if") {
            depth += 1;
        } else if line.starts_with("#endif") {
            depth -= 1;
        } else if line.trim() == "EXPORTS" {
            is_export = true;
        } else if is_export && depth == 0 {
            let end = line.find(|letter: char| !letter.is_alphanumeric() && letter != '_');
            symbols.insert(&line[..end.unwrap_or(line.len())]);
        }
    }
    symbols.remove("");
    symbols
}

/// The symbols that Apple's text-based stubs export to a target, of all libraries in the file.
///
/// The format, version 4:
/// <https://github.com/llvm/llvm-project/blob/0e1ace0cb42f/llvm/lib/TextAPI/TextStub.cpp>.
pub(super) fn of_tbd<'a>(text: &'a str, target: &str) -> HashSet<&'a str> {
    let mut symbols = HashSet::new();
    let mut is_ours = false;
    let mut rest = text;
    // Each list follows its key in brackets and may span several lines.
    while let Some((before, after)) = rest.split_once('[') {
        let Some((list, after)) = after.split_once(']') else {
            break;
        };
        let key = before.trim_end().trim_end_matches(':');
        let key = key.rsplit([' ', '\n']).next().unwrap_or_default();
        let mut words = (list.split(','))
            .map(|word| word.trim().trim_matches('\''))
            .filter(|word| !word.is_empty());
        match key {
            "targets" => is_ours = words.any(|word| word == target),
            "symbols" | "weak-symbols" if is_ours => symbols.extend(words),
            _ => {}
        }
        rest = after;
    }
    symbols
}

#[cfg(test)]
mod tests {
    use super::{of_assembly, of_def, of_tbd};

    #[test]
    fn symbols_of_assembly() {
        let text = "\
#ifdef TIME32
.globl __poll_time64
#endif
.globl poll
.type poll, %function;
poll:
.weak read
";
        let symbols = of_assembly(text);
        assert_eq!(symbols.len(), 2);
        assert!(symbols.contains("poll") && symbols.contains("read"));
    }

    #[test]
    fn symbols_of_a_definition() {
        let text = "\
LIBRARY \"x.dll\"
EXPORTS
#ifdef __x86_64__
Other
#endif
bind@12
WSAPoll
_data DATA
";
        let mut symbols: Vec<&str> = of_def(text).into_iter().collect();
        symbols.sort_unstable();
        assert_eq!(symbols, ["WSAPoll", "_data", "bind"]);
    }

    #[test]
    fn symbols_of_a_text_based_stub() {
        let text = "\
--- !tapi-tbd
targets:         [ x86_64-macos, arm64e-macos ]
reexported-libraries:
  - targets:         [ x86_64-macos ]
    libraries:       [ '/usr/lib/a.dylib' ]
exports:
  - targets:         [ x86_64-macos ]
    symbols:         [ '_poll$UNIX2003', _old ]
  - targets:         [ x86_64-macos,
                       arm64e-macos ]
    symbols:         [ _kevent, 
                       _kqueue ]
    weak-symbols:    [ _weak ]
";
        let arm = of_tbd(text, "arm64e-macos");
        assert_eq!(arm.len(), 3);
        assert!(
            ["_kevent", "_kqueue", "_weak"]
                .iter()
                .all(|name| arm.contains(name))
        );
        let intel = of_tbd(text, "x86_64-macos");
        assert!(intel.contains("_poll$UNIX2003") && intel.contains("_kevent"));
        assert!(of_tbd(text, "i386-macos").is_empty());
    }
}
