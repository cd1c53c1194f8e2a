//! The files of `src/sys/unix`.

#[allow(unused_imports)] // Nothing here calls ppoll(2).
#[path = "../../../src/sys/unix/caps.rs"]
pub(crate) mod caps;
#[path = "../../../src/sys/unix/forks.rs"]
pub(crate) mod forks;
#[path = "../../../src/sys/unix/level_triggered/mod.rs"]
pub(crate) mod level_triggered;
#[path = "../../../src/sys/unix/notifier/mod.rs"]
pub(crate) mod notifier;
#[path = "../../../src/sys/unix/posix_poll/mod.rs"]
pub(crate) mod posix_poll;

pub(crate) use crate::fake_poll::syscalls;
