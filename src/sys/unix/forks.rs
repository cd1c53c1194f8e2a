//! Whether this process was forked, and whether it is a copy: two words, read in one load each.
//!
//! `generation` changes with every fork(2), on both sides: a selector that was made before is
//! shared from then on. `process` changes in the copy only. Handlers of the C library,
//! [pthread_atfork(3)], change them: before the fork, so that no wake of the parent is merged while
//! the copy runs already, and after it on both sides, for the selector that another thread has made
//! in between, of which the copy has the fd.
//!
//! vfork(2) and posix_spawn(3) make no copy: their child runs in this memory until it starts
//! another program.
//!
//! [pthread_atfork(3)]: https://pubs.opengroup.org/onlinepubs/9699919799/functions/pthread_atfork.html

use crate::sys::platform::EVENTS;
use crate::sys::sync::{AtomicUsize, unchanging};
use crate::sys::unix::caps::ForkDetection;
use crate::sys::unix::syscalls::atfork;
use crate::sys::wake_bits::Generation;

/// How a fork is detected.
const FORKS: ForkDetection = EVENTS.forks;

/// The word that changes with every fork. It is not certain if a copy may be made that does not
/// change it.
#[allow(dead_code)] // A kqueue is not inherited, so it has no need to ask.
pub(crate) fn generation() -> Generation {
    match FORKS {
        ForkDetection::Unneeded => Generation {
            word: unchanging(),
            is_certain: true,
        },
        ForkDetection::Atfork(call) => atfork::generation(call),
        ForkDetection::WipeOnFork { generation, .. } => generation(),
    }
}

/// The word that changes in a copy only.
pub(crate) fn process() -> &'static AtomicUsize {
    match FORKS {
        ForkDetection::Unneeded => unchanging(),
        ForkDetection::Atfork(call) => atfork::process(call),
        ForkDetection::WipeOnFork { process, .. } => process(),
    }
}
