//! Models of the wake protocols for the model checker loom. Run them with
//! `RUSTFLAGS="--cfg loom" cargo test --release --manifest-path build-tools/loom/Cargo.toml`.
//!
//! [`queue`] is the protocol of queues in the kernel; it runs the library's own `src/sys/wake_bits.rs`. [`table`] is a model of
//! the protocol of poll(2) (`src/sys/unix/posix_poll`). Both also run mutants, each one mistake away, which loom must reject:
//! a model that accepts everything proves nothing.
//!
//! A lost wake shows as a poller that waits for ever, which loom reports as a deadlock.
#![cfg(loom)]

mod sys;

pub mod queue;
pub mod table;

/// Explores a model. Three preemptions find all that is known to go wrong, in bounded time.
pub fn explore(model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(model);
}
