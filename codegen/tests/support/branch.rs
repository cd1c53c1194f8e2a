//! A repository of git with a change of FreeBSD's tables, and the gate on it.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::support::{Repository, Result};

/// A constant of FreeBSD, and the same with other values.
const EV_ADD: [&str; 3] = [
    r#"{"name": "EV_ADD", "ty": "c_ushort", "value": 1}"#,
    r#"{"name": "EV_ADD", "ty": "c_ushort", "value": 2}"#,
    r#"{"name": "EV_ADD", "ty": "c_ushort", "value": 4}"#,
];
/// The tables that have it.
const FREEBSD: [&str; 3] = ["freebsd-lp64.json", "freebsd-x86.json", "freebsd-arm.json"];
#[allow(dead_code)] // not every test binary needs it
pub(crate) const TODAY: &str = "--today=2026-11-29";

/// A repository of git whose branch `main` has the inputs and tables of this repository, and whose
/// working tree is on another branch.
#[derive(Debug)]
pub(crate) struct Branch(pub(crate) Repository);

impl Branch {
    #[allow(dead_code)] // not every test binary needs it
    pub(crate) fn new() -> Result<Branch> {
        let branch = Branch(Repository::whole()?);
        branch.git(&["init", "--quiet", "--initial-branch", "main"])?;
        branch.commit("base")?;
        branch.git(&["checkout", "--quiet", "-b", "change"])?;
        Ok(branch)
    }

    #[allow(dead_code)] // not every test binary needs it
    pub(crate) fn git(&self, words: &[&str]) -> Result<String> {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=a", "-c", "user.email=a@example.org"])
            .args(words)
            .current_dir(self.0.path(""))
            .env("GIT_CONFIG_GLOBAL", self.0.path("none"))
            .env("GIT_CONFIG_SYSTEM", self.0.path("none"));
        let output = git.output()?;
        let printed = String::from_utf8(output.stdout)? + &String::from_utf8(output.stderr)?;
        assert!(output.status.success(), "git {words:?}: {printed}");
        Ok(printed)
    }

    #[allow(dead_code)] // not every test binary needs it
    pub(crate) fn commit(&self, subject: &str) -> Result<String> {
        self.git(&["add", "--all"])?;
        self.git(&["commit", "--quiet", "--message", subject])
    }

    /// Replaces one form of the constant by another.
    #[allow(dead_code)] // not every test binary needs it
    pub(crate) fn set(&self, old: usize, new: usize) -> Result {
        for file in FREEBSD {
            let name = format!("codegen/snapshots/{file}");
            self.0.edit(&name, EV_ADD[old], EV_ADD[new])?;
        }
        Ok(())
    }

    /// Status and output of the tool.
    #[allow(dead_code)] // not every test binary needs it
    pub(crate) fn run(&self, words: &[&str]) -> Result<(i32, String)> {
        let output = self
            .0
            .tool()
            .args(words)
            .env_remove("GITHUB_ACTIONS")
            .output()?;
        let printed = String::from_utf8(output.stdout)? + &String::from_utf8(output.stderr)?;
        Ok((output.status.code().ok_or("no status")?, printed))
    }

    /// Status and output of the gate.
    #[allow(dead_code)] // not every test binary needs it
    pub(crate) fn gate(&self, more: &[&str]) -> Result<(i32, String)> {
        self.run(&[&["diff", "--gate", TODAY], more].concat())
    }

    /// The report of the gate as JSON.
    #[allow(dead_code)] // not every test binary needs it
    pub(crate) fn json(&self) -> Result<Value> {
        let (_, printed) = self.gate(&["--format", "json"])?;
        Ok(serde_json::from_str(&printed)?)
    }

    /// The id of the only change.
    #[allow(dead_code)] // not every test binary needs it
    pub(crate) fn id(&self) -> Result<String> {
        let report = self.json()?;
        let rows = report["rows"].as_array().ok_or("no rows")?;
        assert_eq!(rows.len(), 1, "{report}");
        Ok(rows[0]["id"].as_str().ok_or("no id")?.to_owned())
    }

    /// Accepts changes until 2027-03-01.
    #[allow(dead_code)] // not every test binary needs it
    pub(crate) fn accept(&self, words: &[&str]) -> Result<(i32, String)> {
        let how = [
            "--reason",
            "why",
            "--by",
            "me",
            "--until",
            "2027-03-01",
            TODAY,
        ];
        self.run(&[&["accept"], words, &how[..]].concat())
    }

    #[allow(dead_code)] // not every test binary needs it
    pub(crate) fn file(&self) -> Result<String> {
        Ok(fs::read_to_string(self.0.path("codegen/accepted.toml"))?)
    }
}

/// Asserts that `text` contains all of `wanted`.
pub(crate) fn assert_contains(text: &str, wanted: &[&str]) {
    for wanted in wanted {
        assert!(text.contains(wanted), "{wanted:?} is not in {text}");
    }
}
