//! The bench: a workspace of its own, run from here.

use std::process::Command;

use anyhow::{Context as _, Result};

use crate::cli::Bench;
use crate::project::{PLAIN, Project};
use crate::step::{Context, Step};

/// `cargo xtask bench`; its output is the bench's own.
pub(crate) fn run(project: &Project, options: &Bench) -> Result<bool> {
    let status = Command::new("cargo")
        .args(["run", "--quiet", "--release", "--locked", "--"])
        .args(options.arguments())
        .current_dir(project.path("build-tools/bench"))
        .env("CARGO_TARGET_DIR", project.target("bench"))
        .status()
        .context("cargo")?;
    Ok(status.success())
}

/// The stage: the bench's own tests, and then the counts that do not depend on the clock.
pub(crate) fn gate(context: &mut Context<'_>) -> Result<()> {
    let step = |arguments| {
        Step::cargo(context.project, PLAIN, arguments)
            .folder(context.project.path("build-tools/bench"))
            .set("CARGO_TARGET_DIR", context.project.target("bench"))
    };
    let steps = [
        step("test --release --locked"),
        step("run --release --locked -- gate"),
    ];
    for step in steps {
        context.run(step)?;
    }
    Ok(())
}
