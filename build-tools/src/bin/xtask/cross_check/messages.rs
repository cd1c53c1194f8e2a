//! The result of comparing facts with `libc`, read from rustc's messages.

use super::facts::{Kind, described};

/// The result for one fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The bindings and `libc` have the same.
    Equal,
    /// `libc` does not have it.
    Absent,
    /// `libc` has something else: the difference.
    Differs(String),
}

/// The lines of `file` that do not compile, each with rustc's message.
pub(super) fn read(output: &str, file: &str) -> Vec<(usize, String)> {
    let mut failed = Vec::new();
    let mut message = "";
    for line in output.lines() {
        if line.starts_with("error") {
            message = line;
        } else if let Some(position) = line.trim_start().strip_prefix("--> ") {
            let mut parts = position.rsplitn(3, ':');
            let (_, number, path) = (parts.next(), parts.next(), parts.next());
            if message.starts_with("error") && path.is_some_and(|path| path.ends_with(file)) {
                if let Some(number) = number.and_then(|number| number.parse().ok()) {
                    failed.push((number, message.to_owned()));
                }
            }
            message = "";
        } else if let Some(last) = failed.last_mut() {
            // `expected an array with a size of 8, found one with a size of 16`
            if line.contains("expected ")
                && line.contains(", found ")
                && !last.1.contains(", found ")
            {
                let values = line.trim_matches([' ', '|', '^', '-']).trim();
                last.1 = format!("{}: {values}", last.1);
            }
        }
    }
    failed
}

/// The difference that a message reports: both types if the fact is a type, else the message.
pub(super) fn difference(kind: &Kind, message: &str) -> String {
    match lengths(message) {
        Some([ours, theirs]) if *kind == Kind::Type => {
            format!("{}, not {}", described(ours), described(theirs))
        }
        _ => message.to_owned(),
    }
}

/// The two lengths of a message about arrays.
fn lengths(message: &str) -> Option<[usize; 2]> {
    let (_, rest) = message.split_once("expected an array with a size of ")?;
    let (ours, theirs) = rest.split_once(", found one with a size of ")?;
    Some([ours.parse().ok()?, theirs.parse().ok()?])
}

/// Whether `libc` has no such name, field or import.
pub(super) fn is_absent(message: &str) -> bool {
    [
        "E0425", "E0412", "E0433", "E0609", "E0560", "E0616", "E0603",
    ]
    .iter()
    .any(|code| message.contains(&format!("[{code}]")))
}

#[cfg(test)]
mod tests {
    use super::{difference, is_absent, read};
    use crate::cross_check::facts::Kind;

    #[test]
    fn difference_of_types_names_both() {
        let message = "error[E0308]: mismatched types: expected an array with a size of 8, found \
                       one with a size of 9";
        assert_eq!(difference(&Kind::Type, message), "u32, not i32");
        assert_eq!(difference(&Kind::Plain, message), message);
        let other = "error[E0277]: the trait bound `libc::x: Kind` is not satisfied";
        assert_eq!(difference(&Kind::Type, other), other);
    }

    #[test]
    fn failed_lines_have_both_values() {
        let output = "\
error[E0425]: cannot find value `EV_X` in crate `libc`
   --> src/../t.rs:3:7
error[E0308]: mismatched types
 --> /w/t.rs:5:22
  |
5 | const _: [(); 8] = [(); 16];
  |          ------- ^ expected an array with a size of 8, found one with a size of 16
";
        let failed = read(output, "t.rs");
        assert_eq!(failed.len(), 2);
        assert!(is_absent(&failed[0].1) && failed[0].0 == 3);
        assert!(!is_absent(&failed[1].1) && failed[1].1.ends_with("found one with a size of 16"));
    }
}
