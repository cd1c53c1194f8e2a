//! `cargo codegen outdated`: compares the pinned packs, crates and targets with the newest ones.

mod changelog;
mod crates;
mod target_list;
mod text;

use clap::ValueEnum;
use jiff::civil::Date;
use serde::Serialize;

use self::crates::Crate;
use self::target_list::TargetList;
use crate::accepted;
use crate::error::Error;
use crate::generate::{Generator, say};
use crate::pip::{Index, Wheel};
use crate::sources::Pack;

/// The format of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// A table for the terminal
    Terminal,
    /// Tables for the text of a pull request
    Markdown,
    /// All facts for programs; the field `schema` counts the versions of the form
    Json,
}

/// How a pack compares with the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// It is the newest release.
    Current,
    /// It is not the newest release, for the reason in `sources.toml`.
    Held,
    /// There is a newer release.
    Behind,
    /// Its maintainers withdrew the pinned release.
    Withdrawn,
    /// The index has another file of the pinned name, or none.
    Changed,
}

impl State {
    /// Whether a maintainer must act.
    fn is_due(self) -> bool {
        matches!(self, State::Behind | State::Withdrawn | State::Changed)
    }

    /// The word in the tables.
    fn word(self) -> &'static str {
        match self {
            State::Current => "current",
            State::Held => "held",
            State::Behind => "behind",
            State::Withdrawn => "withdrawn",
            State::Changed => "changed",
        }
    }
}

/// A pinned wheel and the newest one.
#[derive(Debug, Serialize)]
struct Row {
    /// The name of the pack, or of the list in `sources.toml`.
    name: String,
    /// The package in the index.
    package: String,
    /// The host on which it runs; empty for any.
    #[serde(skip_serializing_if = "String::is_empty")]
    host: String,
    /// How the two compare.
    state: State,
    /// The reason why the pack is held; empty without one.
    #[serde(skip_serializing_if = "String::is_empty")]
    held: String,
    /// The pinned release.
    pinned: Release,
    /// The newest release.
    newest: Release,
    /// The days since the newest release, if it is not the pinned one and its date is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    days: Option<i32>,
}

/// A release in the index.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Release {
    /// Its version.
    version: String,
    /// The file name of its wheel.
    file: String,
    /// The SHA-256 of the wheel, as the index states it.
    sha256: String,
    /// The day of its upload; empty if the index has none.
    released: String,
}

impl Release {
    /// The release of a wheel.
    fn of(wheel: &Wheel) -> Release {
        Release {
            version: wheel.version.clone(),
            file: wheel.file.clone(),
            sha256: wheel.sha256.clone(),
            released: wheel.released.clone(),
        }
    }
}

/// Everything that the command reports.
#[derive(Debug, Serialize)]
pub(crate) struct Outdated {
    /// The version of this form.
    schema: u32,
    /// Whether a pack, a crate or a target is due.
    outdated: bool,
    /// The packs.
    packs: Vec<Row>,
    /// The crates.
    crates: Vec<Crate>,
    /// The list of targets.
    targets: TargetList,
}

impl Outdated {
    /// Whether a pack, a crate or a target is due.
    pub(crate) fn is_outdated(&self) -> bool {
        self.outdated
    }

    /// The report.
    pub(crate) fn write(&self, form: Form) -> String {
        match form {
            Form::Terminal => text::terminal(self),
            Form::Markdown => text::markdown(self),
            Form::Json => {
                let json = serde_json::to_string_pretty(self);
                json.expect("strings and numbers have a form in JSON") + "\n"
            }
        }
    }
}

/// Asks the package index, cargo and rustc.
pub(crate) fn read(generator: &Generator) -> Result<Outdated, Error> {
    let today = accepted::today();
    say("asking the package index, cargo and rustc".to_owned());
    let packs = rows(&generator.sources.all().collect::<Vec<_>>(), today)?;
    let crates = crates::read(&generator.root)?;
    let targets = target_list::read()?;
    let outdated = packs.iter().any(|row| row.state.is_due())
        || crates.iter().any(|found| found.pinned != found.newest)
        || targets.differs();
    Ok(Outdated {
        schema: 1,
        outdated,
        packs,
        crates,
        targets,
    })
}

/// A row for each pinned wheel. `packs` are the names of the lists with their wheels.
fn rows(packs: &[(&str, &Pack)], today: Date) -> Result<Vec<Row>, Error> {
    let mut packages: Vec<&str> = packs.iter().map(|(_, pack)| &*pack.package).collect();
    packages.sort_unstable();
    packages.dedup();
    let index = Index::of(&packages)?;
    packs
        .iter()
        .map(|(name, pack)| row(name, pack, &index, today))
        .collect()
}

/// The row of a pinned wheel.
fn row(name: &str, pack: &Pack, index: &Index, today: Date) -> Result<Row, Error> {
    let newest = index.newest(&pack.package, &pack.platform)?;
    let found = index.file(&pack.package, &pack.file);
    let same = found.filter(|wheel| wheel.sha256.is_empty() || wheel.sha256 == pack.sha256);
    let is_newest = newest.file == pack.file;
    let state = match same {
        None => State::Changed,
        Some(wheel) if wheel.yanked => State::Withdrawn,
        Some(_) if is_newest => State::Current,
        Some(_) if pack.held.is_empty() => State::Behind,
        Some(_) => State::Held,
    };
    let released: Option<Date> = newest.released.parse().ok();
    let days = released.filter(|_| !is_newest);
    Ok(Row {
        name: name.to_owned(),
        package: pack.package.clone(),
        host: pack.host.clone(),
        state,
        held: pack.held.clone(),
        pinned: Release {
            version: pack.version.clone(),
            file: pack.file.clone(),
            sha256: pack.sha256.clone(),
            released: found
                .map(|wheel| wheel.released.clone())
                .unwrap_or_default(),
        },
        newest: Release::of(newest),
        days: days.map(|date| (today - date).get_days()),
    })
}
