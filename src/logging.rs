//! The one macro that uses the optional `log` crate.

/// Logs at trace level. Without feature `log`, the compiler only checks the arguments.
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
