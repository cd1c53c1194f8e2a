//! Models of the wake protocols for the model checker loom. Run them with
//! `RUSTFLAGS="--cfg loom" cargo test --release --manifest-path build-tools/loom/Cargo.toml`.
//!
//! [`kernel_queue`] is the protocol of selectors whose events are queued by the kernel. It runs the
//! library's own `src/sys/wake_bits.rs`. [`table`] is a model of the protocol of poll(2)
//! (`src/sys/unix/posix_poll`). Both also run mutants, each with one mistake, which loom must
//! reject: a model that accepts everything proves nothing.
//!
//! If a wake is lost, the poller waits forever, which loom reports as a deadlock.
#![cfg(loom)]

mod sys;

pub mod kernel_queue;
pub mod table;

/// Explores a model. Three preemptions find every known mistake, in bounded time.
pub fn explore(model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(model);
}
