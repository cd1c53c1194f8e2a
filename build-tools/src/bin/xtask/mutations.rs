//! Changes to the library that its tests must notice: each is applied to a copy of the tree, and its test must fail there.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use crate::project::PLAIN;
use crate::step::{Context, Step};

/// The stage: all lines of the two `build-tools/mutations/*/list.txt`.
pub(crate) fn all(context: &mut Context<'_>) -> Result<()> {
    let lists = [
        ("kqueue", "--cfg mio_fake_kernel=\"freebsd\""),
        ("event_ports", "--cfg mio_fake_kernel=\"solaris\""),
    ];
    let mut missed = Vec::new();
    for (name, flags) in lists {
        list(context, name, flags, &mut missed)?;
    }
    if missed.is_empty() {
        return Ok(());
    }
    bail!("no test notices {}", missed.join(", "))
}

/// One list, over the double that these flags choose.
fn list(
    context: &mut Context<'_>,
    name: &str,
    flags: &str,
    missed: &mut Vec<String>,
) -> Result<()> {
    let folder = context.project.path("build-tools/mutations").join(name);
    let list = fs::read_to_string(folder.join("list.txt"))?;
    for line in list.lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = line.split(" | ").map(str::trim).collect();
        let [patch, place, test] = fields[..] else {
            bail!("list.txt: `{line}` is not `patch | where | test`");
        };
        context.say(patch)?;
        let copy = context.project.target("mutants").join("tree");
        copy_tree(context, &copy)?;
        let apply = Step::new("git")
            .words("apply")
            .argument(folder.join(patch))
            .folder(&copy);
        context
            .run(apply)
            .with_context(|| format!("{patch} no longer applies; write it anew"))?;
        let run = Step::cargo(context.project, PLAIN, "test --all-features")
            .words(place)
            .words("--")
            .argument(test)
            .folder(&copy)
            .set("RUSTFLAGS", flags)
            .set("CARGO_TARGET_DIR", context.project.target("mutants"))
            .limit(400)
            .status(101);
        // Its failures are what is wanted, so they are not counted as such.
        let before = context.counts;
        let result = context.run(run);
        context.counts = before;
        match result {
            Ok(output) if output.contains("FAILED") => context.counts.passed += 1,
            _ => {
                context.counts.failed += 1;
                missed.push(format!("{name}/{patch}"));
            }
        }
    }
    Ok(())
}

/// The files of the checkout that Git knows, or would.
fn copy_tree(context: &mut Context<'_>, to: &Path) -> Result<()> {
    if to.exists() {
        fs::remove_dir_all(to)?;
    }
    let names =
        context.run(Step::new("git").words("ls-files --cached --others --exclude-standard"))?;
    for name in names.lines() {
        let from = context.project.path(name);
        if !from.is_file() {
            continue;
        }
        let file = to.join(name);
        fs::create_dir_all(file.parent().unwrap_or(to))?;
        fs::copy(&from, &file).with_context(|| name.to_owned())?;
    }
    Ok(())
}
