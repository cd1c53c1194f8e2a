//! The library's protocols between threads, explored by the model checker loom. Run them with
//! `RUSTFLAGS="--cfg loom" cargo test --release --manifest-path build-tools/loom/Cargo.toml`.
//!
//! For poll(2) and AFD, everything in `src/sys` that decides which thread waits, wakes or cancels
//! is the library's own file. Only the locks, the atomics and the system calls are replaced: each
//! of them is an operation of loom, after which any other thread may run. Of selectors whose events
//! the kernel queues, `wake_bits.rs` is; the model makes the calls around it.
//!
//! - [`kernel_queue`]: merging of wakes (`wake_bits.rs`) on selectors whose events the kernel
//!   queues.
//! - [`posix_poll`]: the selector over poll(2) with its table, notifiers and wakers, on
//!   `fake_poll`.
//! - [`afd`]: the selector on AFD, on the fake kernel of the library's portable tests.
//!
//! If a wake or a change of a registration is lost, the poller waits forever, which loom reports
//! as a deadlock. Loom must also reject every mutant of `mutants.rs`: models that accept everything
//! prove nothing. `build.rs` makes a copy of the library's files in which each mutant can be
//! switched on, and the program `mutants` runs the models over the copy.
#![cfg(loom)]

macro_rules! cfg_eventfd {
    ($($item:item)*) => { $($item)* };
}
macro_rules! cfg_levels {
    ($($item:item)*) => { $($item)* };
}
macro_rules! cfg_not_epoll {
    ($($item:item)*) => { $($item)* };
}
macro_rules! cfg_drained {
    ($($item:item)*) => {};
}
macro_rules! cfg_waker_pipe {
    ($($item:item)*) => { $($item)* };
}
macro_rules! trace {
    ($($argument:tt)+) => {{
        let _ = || ::std::format_args!($($argument)+).to_string();
    }};
}

#[allow(dead_code, unreachable_pub)] // The models construct some interests only.
#[path = "../../../src/interest.rs"]
mod interest;
#[path = "../../../src/token.rs"]
mod token;

#[allow(dead_code)] // The models call a part of the platform layer.
mod sys;
#[allow(dead_code)] // The models use some of the fake kernel's quirks.
mod testing;

pub mod afd;
mod fake_poll;
pub mod kernel_queue;
pub mod models;
pub mod posix_poll;

pub(crate) use interest::Interest;
pub(crate) use token::Token;

/// Explores a model. Three preemptions find every known mistake, in bounded time.
pub fn explore(model: impl Fn() + Sync + Send + 'static) {
    explore_within(3, model);
}

/// Explores a model with at most this number of preemptions.
pub fn explore_within(preemptions: usize, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.max_branches = 10_000;
    builder.check(model);
}
