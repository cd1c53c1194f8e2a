//! `cargo xtask abi-play`: plays a pull request of a fork from end to end.
//!
//! `build-tools/abi-play/play.py` makes a scratch repository and its fork, changes a symbol there,
//! and runs the steps of the workflows `abi` and `abi-comment` as GitHub's runner does.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::project::{PLAIN, Project};
use crate::report;
use crate::step::{Context, Step};

/// The workflows, whose steps are taken from their files.
const WORKFLOWS: [&str; 2] = ["abi", "abi-comment"];

/// Runs the command. The reports, comments and annotations are kept in `output`.
pub(crate) fn run(project: &Project, output: &Path) -> Result<bool> {
    let output = std::path::absolute(output).with_context(|| output.display().to_string())?;
    let log = project.logs.join("abi-play.log");
    let bar = report::bar("abi-play");
    let mut context = Context::new(project, &log, bar.clone())?;
    let played = play(&mut context, &output);
    bar.finish_and_clear();
    match played {
        Ok(printed) => {
            print!("{printed}");
            Ok(true)
        }
        Err(error) => {
            report::show_log(&log, project);
            Err(error)
        }
    }
}

/// The stage `abi-play`: the tests of the script that posts the comment, then the play.
pub(crate) fn stage(context: &mut Context<'_>) -> Result<()> {
    let tests = context.project.path("build-tools/abi-play/test_comment.py");
    let tests = Step::new("python3").argument(tests);
    context.run(tests.limit(300))?;
    let output = tempfile::tempdir()?;
    play(context, &output.path().join("results")).map(drop)
}

/// Builds the tool and plays. Returns what the play prints.
fn play(context: &mut Context<'_>, output: &Path) -> Result<String> {
    let project = context.project;
    context.run(Step::cargo(
        project,
        PLAIN,
        "build --release --package mio-codegen",
    ))?;
    let scratch = tempfile::tempdir()?;
    let workflows = scratch.path().join("workflows.json");
    fs::write(&workflows, read_workflows(project)?.to_string())?;
    let tool = project.target(PLAIN.name).join("release/mio-codegen");
    let step = Step::new("python3")
        .argument(project.path("build-tools/abi-play/play.py"))
        .words("--tool")
        .argument(tool)
        .words("--workflows")
        .argument(&workflows)
        .words("--repository")
        .argument(&project.root)
        .words("--output")
        .argument(output)
        .set("TMPDIR", scratch.path());
    context.run(step.limit(600))
}

/// The workflows as JSON, by name.
fn read_workflows(project: &Project) -> Result<Value> {
    let mut all = serde_json::Map::new();
    for name in WORKFLOWS {
        let path = project.path(format!(".github/workflows/{name}.yml"));
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let workflow: Value =
            serde_norway::from_str(&text).with_context(|| path.display().to_string())?;
        all.insert(name.to_owned(), workflow);
    }
    Ok(Value::Object(all))
}
