//! Stages that run tests on this machine: of the library, of the tools, and programs that use both.

use anyhow::{Result, bail};

use crate::project::{BACKENDS, Backend, PLAIN, Project};
use crate::report::Help;
use crate::step::{Context, Step};

/// The library's unit tests, and all programs of `tests/`.
pub(super) fn tests(project: &Project, backend: Backend, options: &str) -> Step {
    Step::cargo(project, backend, "test --no-fail-fast --lib --tests").words(options)
}

/// All tests in a build for sandboxes that kill a process for a newer system call.
pub(super) fn upstream_calls(context: &mut Context<'_>) -> Result<()> {
    let backend = Backend {
        name: "upstream-calls",
        rustflags: "--cfg mio_unsupported_force_upstream_calls",
    };
    context
        .run(tests(context.project, backend, "--all-features"))
        .map(drop)
}

/// `tests/fault_injection.rs` on the four selectors of Linux and on two fake kernels.
pub(super) fn fault_injection(context: &mut Context<'_>) -> Result<()> {
    let fakes = ["freebsd", "solaris"].map(|kernel| {
        let flags = format!("--cfg mio_fake_kernel=\"{kernel}\"");
        (kernel, flags)
    });
    let backends = BACKENDS.map(|backend| (backend.name, backend.rustflags.to_owned()));
    let project = context.project;
    let step = |(name, flags): (&str, String)| {
        let command = "test --all-features --test fault_injection";
        let folder = project.target(&format!("fault-injection-{name}"));
        Step::cargo(project, PLAIN, command)
            .set("RUSTFLAGS", format!("--cfg mio_fault_injection {flags}"))
            .set("CARGO_TARGET_DIR", folder)
    };
    let steps = backends.into_iter().chain(fakes).map(step);
    context.run_each(steps)?;
    require_tests(context)
}

/// All tests with fewer features: sockets work without a selector, and nothing panics.
pub(super) fn reduced(context: &mut Context<'_>) -> Result<()> {
    let step = |features| {
        let options = format!("--no-default-features --features={features}");
        tests(context.project, PLAIN, &options)
    };
    let steps = ["", "net", "os-poll", "os-ext", "os-poll,net"].map(step);
    context.run_each(steps)
}

pub(super) fn doctests(context: &mut Context<'_>) -> Result<()> {
    context.run(Step::cargo(
        context.project,
        PLAIN,
        "test --doc --all-features",
    ))?;
    Ok(())
}

pub(super) fn codegen_tests(context: &mut Context<'_>) -> Result<()> {
    // A snapshot that differs fails, and insta writes no file beside it.
    let step = Step::cargo(
        context.project,
        PLAIN,
        "test --no-fail-fast --release --package mio-codegen --package mio-targets",
    );
    context.run(step.set("INSTA_UPDATE", "no")).map(drop)
}

/// The crate with bindings of its own, without and with its wrapper.
pub(super) fn codegen_project(context: &mut Context<'_>) -> Result<()> {
    let folder = context.project.path("build-tools/apps/linux-fds");
    let steps = [
        "clippy --locked --no-default-features",
        "clippy --locked --all-targets",
        "test --locked --no-fail-fast",
    ];
    let steps = steps.map(|words| {
        Step::cargo(context.project, PLAIN, words)
            .folder(&folder)
            .set("CARGO_TARGET_DIR", context.project.target("linux-fds"))
    });
    context.run_each(steps)?;
    require_tests(context)
}

pub(super) fn tools(context: &mut Context<'_>) -> Result<()> {
    context.run(Step::cargo(
        context.project,
        PLAIN,
        "test --package mio-build-tools",
    ))?;
    Ok(())
}

pub(super) fn loom(context: &mut Context<'_>) -> Result<()> {
    let manifest = context.project.path("build-tools/loom/Cargo.toml");
    let step = Step::cargo(
        context.project,
        PLAIN,
        "test --no-fail-fast --release --manifest-path",
    )
    .argument(manifest)
    .set("RUSTFLAGS", "--cfg loom")
    .set("CARGO_TARGET_DIR", context.project.target("loom"));
    context.run(step)?;
    require_tests(context)
}

pub(super) fn api_upstream(context: &mut Context<'_>) -> Result<()> {
    let folder = context.project.path("build-tools/apps/api-upstream");
    let tree = Step::cargo(
        context.project,
        PLAIN,
        "tree --locked --edges all --invert mio",
    )
    .folder(&folder);
    let tree = context.run(tree)?;
    if !tree.lines().any(|line| line.trim() == "mio v1.2.5") {
        bail!("the tests do not use mio 1.2.5 of the registry; see `cargo tree -i mio`");
    }
    context.run(Step::cargo(context.project, PLAIN, "test --locked").folder(&folder))?;
    require_tests(context)
}

/// Fails if no test ran.
fn require_tests(context: &Context<'_>) -> Result<()> {
    if context.counts.passed == 0 {
        bail!("no test ran");
    }
    Ok(())
}

pub(super) fn tokio(context: &mut Context<'_>) -> Result<()> {
    let folder = context.project.path("build-tools/apps/tokio-smoke");
    let tree = Step::cargo(context.project, PLAIN, "tree --locked --invert mio").folder(&folder);
    let tree = context.run(tree)?;
    let root = format!("({})", context.project.root.display());
    // If a patch does not apply, Cargo warns and uses the crate of the registry.
    if !tree
        .lines()
        .any(|line| line.starts_with("mio v") && line.contains(&root))
    {
        let command = "cargo update --manifest-path build-tools/apps/tokio-smoke/Cargo.toml -p mio";
        bail!(Help::new("tokio does not use this library", command));
    }
    let steps = BACKENDS.map(|backend| {
        let step = Step::cargo(context.project, backend, "run --locked");
        step.folder(&folder).limit(600)
    });
    context.run_each(steps)
}
