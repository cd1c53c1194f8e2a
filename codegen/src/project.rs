//! A project of its own: the folder that `--project` names, with `sources.toml`, `targets.toml`,
//! `symbols/` and `headers/`. The tool writes `generated/` and `snapshots/` into it. Without
//! `--project`, the inputs are in `codegen/` of the repository, and its targets in
//! `codegen/targets`.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::abi;
use crate::error::Error;
use crate::help::Help;
use crate::project_error::ProjectError;
use crate::target_table;
use crate::targets::Os;

/// The file with the targets of a project.
pub(crate) const TARGETS: &str = "targets.toml";

/// The project of this run.
#[derive(Debug)]
struct Project {
    /// Its folder.
    folder: PathBuf,
    /// The folder as the user gave it.
    given: String,
    /// Its systems.
    systems: &'static [Os],
}

/// The project of this run. A run has at most one, which [`open`] sets before anything is read.
static PROJECT: OnceLock<Project> = OnceLock::new();

/// Reads the targets of the project in `folder`, which becomes that of this run.
pub(crate) fn open(folder: PathBuf, given: &Path) -> Result<(), Error> {
    let given = given.to_string_lossy().into_owned();
    let missing: Vec<String> = ["sources.toml", TARGETS]
        .into_iter()
        .filter(|name| !folder.join(name).is_file())
        .map(str::to_owned)
        .collect();
    if !missing.is_empty() {
        let init = ["cargo", "codegen", "--project", &given, "init"];
        return Err(Error::project(ProjectError::NotOne {
            help: Help::run(init),
            folder,
            missing: missing.join(" and no "),
        }));
    }
    let path = folder.join(TARGETS);
    let text = fs::read_to_string(&path).map_err(Error::io("read", path))?;
    let systems = target_table::parse(&text)?;
    let project = Project {
        folder,
        given,
        systems: Box::leak(systems.into_boxed_slice()),
    };
    // A second call would be a fault of `main`; the first project stays.
    let _ = PROJECT.set(project);
    Ok(())
}

/// Whether this run has a project.
pub(crate) fn is_open() -> bool {
    PROJECT.get().is_some()
}

/// The systems of the project.
pub(crate) fn systems() -> Option<&'static [Os]> {
    PROJECT.get().map(|project| project.systems)
}

/// The folder of `sources.toml`: paths in it are relative to this folder.
pub(crate) fn folder_of_sources(root: &Path) -> PathBuf {
    match PROJECT.get() {
        Some(project) => project.folder.clone(),
        None => root.join("codegen"),
    }
}

/// The path of an input, relative to the root.
pub(crate) fn input(name: &str) -> String {
    match PROJECT.get() {
        Some(_) => name.to_owned(),
        None => format!("codegen/{name}"),
    }
}

/// The folders of the inputs, relative to the root.
pub(crate) fn input_folders() -> [&'static str; 3] {
    match PROJECT.get() {
        Some(_) => ["", "symbols", "headers"],
        None => ["codegen", "codegen/symbols", "codegen/headers"],
    }
}

/// The folder of the snapshots, relative to the root.
pub(crate) fn snapshots() -> &'static str {
    match PROJECT.get() {
        Some(_) => "snapshots",
        None => abi::FOLDER,
    }
}

/// Whether the folder is a checkout of the repository. `codegen` may also be the folder of a
/// project, which has a table of targets.
pub(crate) fn is_repository(folder: &Path) -> bool {
    let inputs = folder.join("codegen");
    inputs.join("sources.toml").is_file() && !inputs.join(TARGETS).is_file()
}

/// The command that starts the tool: the alias of the repository, or the program outside of it.
pub(crate) fn command() -> &'static str {
    static NAME: OnceLock<&str> = OnceLock::new();
    NAME.get_or_init(|| {
        let here = std::env::current_dir().unwrap_or_default();
        let is_inside = here.ancestors().any(is_repository);
        if is_inside {
            "cargo codegen"
        } else {
            "mio-codegen"
        }
    })
}

/// A message or report with the paths and the command of this run. Texts are written for the
/// repository: with `codegen/` before the inputs, and the alias as the command.
pub(crate) fn message(text: &str) -> String {
    let given = PROJECT.get().map(|project| project.given.as_str());
    let lines = text.split_inclusive('\n');
    lines
        .map(|line| localized(line, given, command()))
        .collect()
}

/// A line with the paths of a project, if there is one, and with `command` for the alias.
fn localized(line: &str, project: Option<&str>, command: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut rest = line;
    let has_option = line.contains("--project");
    while !rest.is_empty() {
        let begins_word = text
            .chars()
            .next_back()
            .is_none_or(|last| !last.is_alphanumeric() && !"/._-".contains(last));
        if let (Some(folder), true) = (project, begins_word) {
            if let Some(after) = table_of_targets(rest) {
                text.push_str(TARGETS);
                rest = after;
                continue;
            }
            // The page is that of the tool.
            if let Some(after) = rest.strip_prefix("codegen/") {
                if !after.starts_with("README.md") && !after.starts_with("src/") {
                    rest = after;
                    continue;
                }
            }
            if let Some(after) = alias(rest) {
                text.push_str(command);
                if !has_option {
                    let folder = shlex::try_quote(folder).unwrap_or_default();
                    text.push_str(&format!(" --project {folder}"));
                }
                rest = after;
                continue;
            }
        } else if begins_word {
            if let Some(after) = alias(rest) {
                text.push_str(command);
                rest = after;
                continue;
            }
        }
        let mut letters = rest.chars();
        text.extend(letters.next());
        rest = letters.as_str();
    }
    text
}

/// What follows the alias as a command. In backquotes it is the tool's name.
fn alias(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("cargo codegen")?;
    let ends = rest.is_empty() || rest.starts_with([' ', '\n']);
    ends.then_some(rest)
}

/// What follows the path of the repository's table of targets, or of one of its files.
fn table_of_targets(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("codegen/targets")?;
    let Some(file) = rest.strip_prefix('/') else {
        return Some(rest);
    };
    let end = file.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    let after = &file[end?..];
    after.strip_prefix(".rs")
}

#[cfg(test)]
mod tests {
    use super::localized;

    #[test]
    fn texts_name_the_paths_and_the_command_of_the_project() {
        for (line, wanted) in [
            (
                "error: codegen/symbols/linux.txt:3: no system of codegen/targets reads it\n",
                "error: symbols/linux.txt:3: no system of targets.toml reads it\n",
            ),
            (
                "but codegen/targets/netbsd.rs declares it, see codegen/README.md",
                "but targets.toml declares it, see codegen/README.md",
            ),
            (
                "cannot read /home/codegen/codegen/sources.toml",
                "cannot read /home/codegen/codegen/sources.toml",
            ),
            (
                "help: rm 'a b' && cargo codegen --os linux",
                "help: rm 'a b' && mio-codegen --project 'my dir' --os linux",
            ),
            (
                "help: cargo codegen add x --project 'my dir'",
                "help: mio-codegen add x --project 'my dir'",
            ),
            (
                "a folder that `cargo codegen` manages",
                "a folder that `cargo codegen` manages",
            ),
        ] {
            assert_eq!(localized(line, Some("my dir"), "mio-codegen"), wanted);
        }
        let line = "error: codegen/sources.toml; help: cargo codegen\n";
        assert_eq!(localized(line, None, "cargo codegen"), line);
    }
}
