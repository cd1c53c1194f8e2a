//! Mutation tests: each patch adds a fault to a copy of the tree, and its test must fail there.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use crate::project::PLAIN;
use crate::step::{Context, Step};

/// A folder of `build-tools/mutations`, and the flags with which its tests run: over a fake kernel,
/// or with faults in system calls.
const LISTS: [(&str, &str); 3] = [
    ("fault_injection", "--cfg mio_fault_injection"),
    ("kqueue", "--cfg mio_fake_kernel=\"freebsd\""),
    ("event_ports", "--cfg mio_fake_kernel=\"solaris\""),
];

/// One line of a `list.txt`.
struct Mutation<'a> {
    patch: &'a str,
    /// The arguments of Cargo that select the test program.
    target: &'a str,
    test: &'a str,
}

/// The stage `mutations`: runs all lines of each `build-tools/mutations/*/list.txt`.
pub(crate) fn all(context: &mut Context<'_>) -> Result<()> {
    let mut missed = Vec::new();
    for (name, flags) in LISTS {
        list(context, name, flags, &mut missed)?;
    }
    if missed.is_empty() {
        return Ok(());
    }
    bail!("no test detects {}", missed.join(", "))
}

/// Runs one list with the flags.
fn list(
    context: &mut Context<'_>,
    name: &str,
    flags: &str,
    missed: &mut Vec<String>,
) -> Result<()> {
    let folder = context.project.path("build-tools/mutations").join(name);
    let list = fs::read_to_string(folder.join("list.txt"))?;
    let copy = context.project.target("mutants").join("tree");
    for mutation in mutations(&list) {
        let Mutation {
            patch,
            target,
            test,
        } = mutation?;
        context.log(patch)?;
        copy_tree(context, &copy)?;
        let apply = Step::new("git")
            .words("apply")
            .argument(folder.join(patch))
            .folder(&copy)
            // In a subfolder of a repository, git-apply(1) ignores paths outside the subfolder:
            // <https://git-scm.com/docs/git-apply>. So it must not find the repository.
            .set("GIT_CEILING_DIRECTORIES", copy.parent().unwrap_or(&copy));
        context
            .run(apply)
            .with_context(|| format!("{patch} does not apply; update the patch"))?;
        let run = Step::cargo(context.project, PLAIN, "test --all-features")
            .words(target)
            .words("--")
            .argument(test)
            .folder(&copy)
            .set("RUSTFLAGS", flags)
            .set(
                "CARGO_TARGET_DIR",
                context.project.target("mutants").join(name),
            )
            // Each mutation differs from the previous build in few files.
            .set("CARGO_INCREMENTAL", "1")
            .limit(400)
            .status(101);
        // The test must fail, so its failures are not counted.
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

/// The lines of a `list.txt`, without its comments.
fn mutations(list: &str) -> impl Iterator<Item = Result<Mutation<'_>>> {
    let lines = list.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| {
        let fields: Vec<&str> = line.split(" | ").map(str::trim).collect();
        let [patch, target, test] = fields[..] else {
            bail!("list.txt: `{line}` is not `patch | target | test`");
        };
        Ok(Mutation {
            patch,
            target,
            test,
        })
    })
}

/// Makes `to` a copy of the checkout without the files that Git ignores. Does not write a file that
/// is the same, so that Cargo only rebuilds packages that differ.
fn copy_tree(context: &mut Context<'_>, to: &Path) -> Result<()> {
    let names =
        context.run(Step::new("git").words("ls-files --cached --others --exclude-standard"))?;
    let names = names.lines().map(Path::new);
    let names: HashSet<&Path> = names
        .filter(|name| context.project.path(name).is_file())
        .collect();
    fs::create_dir_all(to).with_context(|| format!("{}", to.display()))?;
    remove_others(to, Path::new(""), &names)?;
    for name in names {
        let from = context.project.path(name);
        let file = to.join(name);
        let text = fs::read(&from).with_context(|| format!("{}", from.display()))?;
        if fs::read(&file).is_ok_and(|present| present == text) {
            continue;
        }
        fs::create_dir_all(file.parent().unwrap_or(to))?;
        fs::write(&file, text).with_context(|| format!("{}", file.display()))?;
    }
    Ok(())
}

/// Removes the files below `to` that are not among `names`.
fn remove_others(to: &Path, below: &Path, names: &HashSet<&Path>) -> Result<()> {
    for entry in fs::read_dir(to.join(below))? {
        let entry = entry?;
        let name = below.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            remove_others(to, &name, names)?;
        } else if !names.contains(&*name) {
            fs::remove_file(entry.path()).with_context(|| format!("{}", name.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::process::Command;

    use super::{LISTS, mutations};

    /// All text of the files below this folder.
    fn text_below(folder: &Path) -> String {
        let mut text = String::new();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                text += &text_below(&path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                text += &fs::read_to_string(path).unwrap();
            }
        }
        text
    }

    /// The stage takes minutes, so this test finds patches and names of tests that are out of date.
    #[test]
    fn patches_apply_and_their_tests_exist() {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
        let text = text_below(&root.join("src")) + &text_below(&root.join("tests"));
        for (name, _) in LISTS {
            let folder = root.join("build-tools/mutations").join(name);
            let list = fs::read_to_string(folder.join("list.txt")).unwrap();
            let mut listed = BTreeSet::new();
            for mutation in mutations(&list).map(Result::unwrap) {
                let patch = folder.join(mutation.patch);
                let mut git = Command::new("git");
                git.args(["apply", "--check"]).arg(&patch);
                assert!(git.current_dir(&root).status().unwrap().success());
                let test = mutation.test.rsplit("::").next().unwrap();
                assert!(text.contains(&format!("fn {test}(")), "{test}");
                listed.insert(patch);
            }
            let present = fs::read_dir(&folder).unwrap();
            let present: BTreeSet<PathBuf> = present
                .map(|entry| entry.unwrap().path())
                .filter(|path| {
                    path.extension()
                        .is_some_and(|extension| extension == "patch")
                })
                .collect();
            assert_eq!(listed, present);
        }
    }
}
