//! WASI preview 1. The selector is independent of the host, so Linux tests it, too.

pub(crate) mod poll_oneoff;
#[cfg(target_os = "wasi")]
pub(crate) mod syscall;
