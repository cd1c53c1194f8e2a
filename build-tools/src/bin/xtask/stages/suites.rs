//! The suites of this machine: the library's, those of the tools, and programs that stand on it.

use anyhow::{Result, bail};

use crate::project::{BACKENDS, Backend, PLAIN, Project};
use crate::report::Mend;
use crate::step::{Context, Step};

/// The library's own tests and all of `tests/`.
pub(super) fn tests(project: &Project, backend: Backend, options: &str) -> Step {
    Step::cargo(project, backend, "test --no-fail-fast --lib --tests").words(options)
}

/// The same for a sandbox that kills a process for newer system calls.
pub(super) fn upstream_calls(context: &mut Context<'_>) -> Result<()> {
    let backend = Backend {
        name: "upstream-calls",
        rustflags: "--cfg mio_unsupported_force_upstream_calls",
    };
    context
        .run(tests(context.project, backend, "--all-features"))
        .map(drop)
}

/// Sockets must work in full without a selector, and nothing may panic where there is none.
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
    // A table that is not what it should be fails; nothing is written beside it.
    let step = Step::cargo(
        context.project,
        PLAIN,
        "test --no-fail-fast --release --package mio-codegen --package mio-targets",
    );
    context.run(step.set("INSTA_UPDATE", "no")).map(drop)
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
    some_test(context)
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
        bail!("the registry's mio 1.2.5 is not what is compiled here: see `cargo tree -i mio`");
    }
    context.run(Step::cargo(context.project, PLAIN, "test --locked").folder(&folder))?;
    some_test(context)
}

/// Guards against a run that finds nothing to run.
fn some_test(context: &Context<'_>) -> Result<()> {
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
    // Cargo only warns of a patch that is not used, and builds the registry's crate.
    if !tree
        .lines()
        .any(|line| line.starts_with("mio v") && line.contains(&root))
    {
        let command = "cargo update --manifest-path build-tools/apps/tokio-smoke/Cargo.toml -p mio";
        bail!(Mend::new("tokio is not built on this library", command));
    }
    let steps = BACKENDS.map(|backend| {
        let step = Step::cargo(context.project, backend, "run --locked");
        step.folder(&folder).limit(600)
    });
    context.run_each(steps)
}
