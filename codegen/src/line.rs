//! A macro for texts of several lines.

/// Appends a formatted line to a `String`.
macro_rules! line {
    ($text:expr, $($format:tt)*) => {{
        use std::fmt::Write as _;
        writeln!($text, $($format)*).expect("a string takes any text")
    }};
}
