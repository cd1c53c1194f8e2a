//! Suites over doubles of other kernels.

use anyhow::Result;

use crate::project::PLAIN;
use crate::step::{Context, Step};

/// Whose kqueue the double models.
pub(super) const KERNELS: [&str; 5] = ["apple", "dragonfly", "freebsd", "netbsd", "openbsd"];

/// The unmodified selector over a test double of the kernel.
pub(super) fn kqueue(context: &mut Context<'_>, kernel: &str) -> Result<()> {
    let step = Step::cargo(
        context.project,
        PLAIN,
        "test --all-features --no-fail-fast --lib --tests",
    )
    .set("RUSTFLAGS", format!("--cfg mio_fake_kernel=\"{kernel}\""))
    .set("CARGO_TARGET_DIR", context.project.target("kqueue-double"));
    context.run(step).map(drop)
}

/// The same for event ports; once more with every event beside an error, and ETIME without a count.
pub(super) fn event_ports(context: &mut Context<'_>) -> Result<()> {
    let step = |arguments: &str, faults| {
        Step::cargo(context.project, PLAIN, "test --all-features --no-fail-fast")
            .words(arguments)
            .set("RUSTFLAGS", "--cfg mio_fake_kernel=\"solaris\"")
            .set(
                "CARGO_TARGET_DIR",
                context.project.target("event-ports-double"),
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
        context.project.target("event-ports-double"),
    );
    let steps = [
        lints,
        step("--lib --tests", ""),
        step("--test=*", "etime,leave-count"),
        step("--test=*", "eintr"),
    ];
    context.run_each(steps)
}

/// Preview 1 of WASI: what a guest can do there that has neither wakers nor signals.
pub(super) fn poll_oneoff(context: &mut Context<'_>) -> Result<()> {
    let step = Step::cargo(
        context.project,
        PLAIN,
        "test --all-features --no-fail-fast --test event_semantics --test registration --test source_fd \
         --test hang_ups --test error_and_priority",
    )
    .set("RUSTFLAGS", "--cfg mio_fake_kernel=\"wasip1\"")
    .set(
        "CARGO_TARGET_DIR",
        context.project.target("poll-oneoff-double"),
    );
    context.run(step).map(drop)
}
