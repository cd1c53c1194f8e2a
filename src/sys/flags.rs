//! Names of flags, for `Debug`.

use std::fmt;

/// Writes the names of the flags that are set. Bits without a name are written as one number.
pub(crate) fn write(
    f: &mut fmt::Formatter<'_>,
    bits: u32,
    names: impl Iterator<Item = (&'static str, u32)>,
) -> fmt::Result {
    let mut rest = bits;
    let mut separator = "";
    for (name, bit) in names {
        if bit != 0 && rest & bit == bit {
            write!(f, "{separator}{name}")?;
            separator = "|";
            rest &= !bit;
        }
    }
    if rest != 0 || separator.is_empty() {
        write!(f, "{separator}{rest:#x}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Shown(u32);

    impl fmt::Display for Shown {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write(f, self.0, [("IN", 1), ("OUT", 4)].into_iter())
        }
    }

    #[test]
    fn bits_without_a_name_are_written_as_a_number() {
        assert_eq!(Shown(5).to_string(), "IN|OUT");
        assert_eq!(Shown(4 | 0x10).to_string(), "OUT|0x10");
        assert_eq!(Shown(0).to_string(), "0x0");
    }
}
