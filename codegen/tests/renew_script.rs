//! The script of the weekly workflow, in a repository of git with a remote. Programs of the test
//! stand in for `cargo codegen` and for `gh`; git and Python are the real ones.

#![cfg(unix)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use support::{Result, program};

/// The script.
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../.github/scripts/renew.py");

/// A repository, its remote, and programs.
struct Workspace {
    /// The folder of everything.
    folder: tempfile::TempDir,
}

impl Workspace {
    /// A repository with one commit on `main`. `cargo` is a shell script for the arguments behind
    /// `codegen`; `open` is what `gh` lists.
    fn new(cargo: &str, open: &str) -> Result<Workspace> {
        let workspace = Workspace {
            folder: tempfile::tempdir()?,
        };
        let programs = workspace.path("programs");
        fs::create_dir(&programs)?;
        program(&programs, "cargo", &format!("shift\n{cargo}"))?;
        // It writes down its arguments and the text of `--body-file`.
        let log = workspace.path("gh.log");
        let gh = format!(
            "echo \"$*\" >>'{0}'\n\
             case $2 in list) echo '{open}'; exit;; run) exit;; esac\n\
             for word; do :; done\n\
             cat \"$word\" >>'{0}'",
            log.display()
        );
        program(&programs, "gh", &gh)?;
        let remote = workspace.path("remote");
        workspace.git(
            &["init", "--quiet", "--bare", &remote.to_string_lossy()],
            "",
        )?;
        let tree = workspace.path("tree");
        workspace.git(&["clone", "--quiet", &remote.to_string_lossy(), "tree"], "")?;
        fs::write(tree.join("pin"), "old\n")?;
        for words in [
            &["checkout", "--quiet", "-b", "main"][..],
            &["add", "pin"],
            &["commit", "--quiet", "--message", "begin"],
            &["push", "--quiet", "origin", "main"],
        ] {
            workspace.git(words, "tree")?;
        }
        Ok(workspace)
    }

    /// A path in the folder.
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A command with the programs, without the configuration of the user.
    fn command(&self, program: &str) -> Result<Command> {
        let mut command = Command::new(program);
        let path = std::env::var("PATH")?;
        command
            .env(
                "PATH",
                format!("{}:{path}", self.path("programs").display()),
            )
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_SYSTEM", "/dev/null");
        for role in ["AUTHOR", "COMMITTER"] {
            command
                .env(format!("GIT_{role}_NAME"), "name")
                .env(format!("GIT_{role}_EMAIL"), "name@example.org");
        }
        Ok(command)
    }

    /// Runs git in a folder. Returns its output.
    fn git(&self, words: &[&str], folder: &str) -> Result<String> {
        let output = self
            .command("git")?
            .args(words)
            .current_dir(self.path(folder))
            .output()?;
        assert!(output.status.success(), "{words:?}: {output:?}");
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Runs the script.
    fn renew(&self) -> Result<Output> {
        let mut command = self.command("python3")?;
        Ok(command
            .arg(SCRIPT)
            .current_dir(self.path("tree"))
            .output()?)
    }

    /// What `gh` was started with.
    fn log(&self) -> String {
        fs::read_to_string(self.path("gh.log")).unwrap_or_default()
    }

    /// The commits of a branch of the remote, the newest first.
    fn remote_commits(&self, branch: &str) -> Result<String> {
        self.git(&["log", "--format=%s", branch], "remote")
    }
}

/// `cargo codegen` with one pack that is behind, a held one and a libclang; `bump` is a script.
fn one_behind(bump: &str) -> String {
    format!(
        "case \"$*\" in\n\
         'outdated --format json') echo '{{\"packs\":[\
         {{\"name\":\"one\",\"state\":\"behind\"}},{{\"name\":\"two\",\"state\":\"held\"}},\
         {{\"name\":\"libclang\",\"host\":\"linux-x86_64\",\"state\":\"behind\"}}]}}'; exit 1;;\n\
         'outdated --format markdown') echo '| one | behind |'; exit 1;;\n\
         'bump one --accept-breaking --format markdown') {bump};;\n\
         *) echo \"unexpected: $*\" >&2; exit 9;;\n\
         esac"
    )
}

#[test]
fn moved_pack_becomes_a_pull_request_with_the_report() -> Result {
    let bump = one_behind("echo new >pin; echo 'struct kevent grows'");
    let workspace = Workspace::new(&bump, "[]")?;
    let output = workspace.renew()?;
    assert!(output.status.success(), "{output:?}");
    assert_eq!(
        workspace.remote_commits("renew")?,
        "codegen: move one to its newest version\nbegin\n"
    );
    assert_eq!(workspace.remote_commits("main")?, "begin\n");
    let log = workspace.log();
    for wanted in [
        "pr list --state open --head renew --json number\n",
        "pr create --base main --head renew --title codegen: move outdated packs --body-file ",
        "The workflow `ci` was started for this branch.",
        "| one | behind |\n\n# one\n\nstruct kevent grows\n",
        "workflow run ci.yml --ref renew\n",
    ] {
        assert!(log.contains(wanted), "{wanted:?} is not in {log}");
    }
    Ok(())
}

#[test]
fn open_pull_request_is_updated() -> Result {
    let bump = one_behind("echo new >pin");
    let workspace = Workspace::new(&bump, "[{\"number\":7}]")?;
    for _ in 0..2 {
        // The second run starts at the commit of the first, as a new checkout would at `main`.
        workspace.git(&["checkout", "--quiet", "main"], "tree")?;
        let output = workspace.renew()?;
        assert!(output.status.success(), "{output:?}");
    }
    let log = workspace.log();
    assert_eq!(log.matches("pr edit 7 --title ").count(), 2, "{log}");
    assert!(!log.contains("create"), "{log}");
    Ok(())
}

#[test]
fn renewal_that_stops_becomes_an_issue() -> Result {
    let bump = one_behind("echo 'error: a breaking change' >&2; exit 1");
    let workspace = Workspace::new(&bump, "[]")?;
    let output = workspace.renew()?;
    assert!(output.status.success(), "{output:?}");
    let log = workspace.log();
    for wanted in [
        "issue list --state open --search in:title \"codegen: outdated pins\" --json number\n",
        "issue create --title codegen: outdated pins --body-file ",
        "# one\n\nIt was not moved:\n\n```\nerror: a breaking change\n```\n",
    ] {
        assert!(log.contains(wanted), "{wanted:?} is not in {log}");
    }
    let branches = workspace.git(&["branch", "--list"], "remote")?;
    assert!(!branches.contains("renew"), "{branches}");
    assert!(!log.contains("workflow"), "{log}");
    Ok(())
}

#[test]
fn report_that_is_too_long_is_cut() -> Result {
    let bump = one_behind("echo new >pin; yes 'ä long line' | head -n 9000");
    let workspace = Workspace::new(&bump, "[]")?;
    let output = workspace.renew()?;
    assert!(output.status.success(), "{output:?}");
    let log = workspace.log();
    assert!(log.chars().count() < 66_000, "{}", log.len());
    assert!(log.ends_with(
        "The rest does not fit: `cargo codegen outdated`.\nworkflow run ci.yml --ref renew\n"
    ));
    Ok(())
}

#[test]
fn nothing_is_published_if_all_is_current_or_unknown() -> Result {
    for (status, wanted) in [(0, 0), (2, 2), (101, 101)] {
        let workspace = Workspace::new(&format!("exit {status}"), "[]")?;
        let output = workspace.renew()?;
        assert_eq!(output.status.code(), Some(wanted), "{output:?}");
        assert_eq!(workspace.log(), "");
        let branches = workspace.git(&["branch", "--list"], "tree")?;
        assert_eq!(branches, "* main\n");
    }
    Ok(())
}

#[test]
fn workflow_runs_the_script() -> Result {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let workflow = fs::read_to_string(root.join(".github/workflows/outdated.yml"))?;
    for wanted in ["- run: .github/scripts/renew.py\n", "\n  actions: write\n"] {
        assert!(workflow.contains(wanted), "{wanted:?} is not in {workflow}");
    }
    let ci = fs::read_to_string(root.join(".github/workflows/ci.yml"))?;
    assert!(ci.contains("\n  workflow_dispatch:\n"), "{ci}");
    Ok(())
}
