//! Stages that run tests over fake kernels.

use anyhow::Result;

use crate::project::PLAIN;
use crate::step::{Context, Step};

/// The kernels whose kqueue the fake kernel models.
pub(super) const KERNELS: [&str; 5] = ["apple", "dragonfly", "freebsd", "netbsd", "openbsd"];

/// All tests with the kqueue selector, over a fake kernel.
pub(super) fn kqueue(context: &mut Context<'_>, kernel: &str) -> Result<()> {
    let step = Step::cargo(
        context.project,
        PLAIN,
        "test --all-features --no-fail-fast --lib --tests",
    )
    .set("RUSTFLAGS", format!("--cfg mio_fake_kernel=\"{kernel}\""))
    .set("CARGO_TARGET_DIR", context.project.target("fake-kqueue"));
    context.run(step).map(drop)
}

/// All tests with event ports, and again with injected errors: ETIME or EINTR with events, and
/// ETIME without a count.
pub(super) fn event_ports(context: &mut Context<'_>) -> Result<()> {
    let step = |arguments: &str, faults| {
        Step::cargo(context.project, PLAIN, "test --all-features --no-fail-fast")
            .words(arguments)
            .set("RUSTFLAGS", "--cfg mio_fake_kernel=\"solaris\"")
            .set(
                "CARGO_TARGET_DIR",
                context.project.target("fake-event-ports"),
            )
            .set("MIO_FAKE_KERNEL_FAULTS", faults)
    };
    let lints = Step::cargo(
        context.project,
        PLAIN,
        "clippy --all-targets --all-features -- -D warnings",
    )
    .set("RUSTFLAGS", "--cfg mio_fake_kernel=\"solaris\"")
    .set(
        "CARGO_TARGET_DIR",
        context.project.target("fake-event-ports"),
    );
    let steps = [
        lints,
        step("--lib --tests", ""),
        step("--test=*", "etime,leave-count"),
        step("--test=*", "eintr"),
    ];
    context.run_each(steps)
}

/// The tests with `poll_oneoff` of WASI preview 1 that need no wakers and no signals.
pub(super) fn poll_oneoff(context: &mut Context<'_>) -> Result<()> {
    let step = Step::cargo(
        context.project,
        PLAIN,
        "test --all-features --no-fail-fast --test event_semantics --test registration \
         --test source_fd --test hang_ups --test error_and_priority",
    )
    .set("RUSTFLAGS", "--cfg mio_fake_kernel=\"wasip1\"")
    .set(
        "CARGO_TARGET_DIR",
        context.project.target("fake-poll-oneoff"),
    );
    context.run(step).map(drop)
}
