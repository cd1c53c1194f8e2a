//! One macro over the optional `log` crate.

/// Logs at trace level; without feature `log` only the arguments are checked.
macro_rules! trace {
    ($($argument:tt)+) => {{
        #[cfg(feature = "log")]
        ::log::trace!($($argument)+);
        #[cfg(not(feature = "log"))]
        {
            let _ = || ::std::format_args!($($argument)+).to_string();
        }
    }};
}
