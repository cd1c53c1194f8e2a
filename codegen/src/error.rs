//! What can go wrong: what it is, where, and the command that mends it if there is one.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::help::Help;
use crate::wrap::wrap;

/// An error of the tool. Its text says what went wrong; [`Error::place`] where; [`Error::help`] which
/// command mends it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Several errors that do not depend on each other.
    #[error("{}", Lines(.0))]
    Many(Vec<Error>),
    /// The folder the tool was started in belongs to no checkout.
    #[error(
        "{0} and the folders above it hold no `codegen/sources.toml`; start in the repository, or name it with --root DIR"
    )]
    NoRoot(PathBuf),
    /// A file or folder could not be used.
    #[error("cannot {what} {path}: {source}{}", room(source))]
    Io {
        /// What was tried, as a verb.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The disk did not take what was to be written.
    #[error("cannot {what} {path}: {source}{}; nothing was written", room(source))]
    Unwritten {
        /// What was tried, as a verb.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// Standard output did not take what was to be printed.
    #[error("cannot print: {0}")]
    Print(std::io::Error),
    /// The user pressed Ctrl-C.
    #[error("interrupted; nothing was written")]
    Interrupted,
    /// Neither `XDG_CACHE_HOME` nor `HOME` says where packs are kept.
    #[error(
        "neither XDG_CACHE_HOME nor HOME holds an absolute path, so there is no place to keep header packs"
    )]
    NoCache,
    /// `sources.toml` does not read as it should.
    #[error("codegen/sources.toml: {0}")]
    Sources(String),
    /// No wheel of libclang is pinned for this machine.
    #[error(
        "codegen/sources.toml pins no libclang for {host}; add a [[{name}]] entry with the file and SHA-256 of the wheel of {package} for it"
    )]
    NoLibclang {
        /// Where it is looked for.
        name: &'static str,
        /// The machine, as `os-arch`.
        host: String,
        /// What to look for.
        package: String,
    },
    /// `pip` did not deliver.
    #[error("cannot fetch {package} {version}: {why}")]
    Fetch {
        /// The package.
        package: String,
        /// Its version.
        version: String,
        /// What `pip` said.
        why: String,
        /// What fetches it by hand, if anything does.
        help: Option<Box<Help>>,
    },
    /// `pip` does not know the newest version.
    #[error(
        "cannot ask for the newest version of {package}: {why}\nname the version: cargo codegen bump PACK VERSION"
    )]
    Newest {
        /// The package.
        package: String,
        /// What `pip` said.
        why: String,
    },
    /// A wheel is not the pinned one.
    #[error("{path} is not the pinned wheel\n  wanted sha256 {wanted}\n  found  sha256 {found}")]
    Hash {
        /// The wheel.
        path: PathBuf,
        /// The pinned hash.
        wanted: String,
        /// The file's.
        found: String,
    },
    /// A wheel cannot be unpacked.
    #[error("cannot unpack {path}: {why}")]
    Unpack {
        /// The wheel.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// The headers are of another version of the system than clang is told.
    #[error(
        "{pack} has the headers of {found}, but codegen/src/targets/{os}.rs tells clang that it reads {told}; change that flag with the pack, or keep the pack"
    )]
    OsVersion {
        /// The pack's package and its version.
        pack: String,
        /// The system, as the table calls it.
        os: &'static str,
        /// The system and its version in the pack.
        found: String,
        /// The same of the flag, and the flag.
        told: String,
    },
    /// A folder of headers is missing.
    #[error("{target}: the include folder {path} is missing (clang would pass over it in silence)")]
    IncludeDir {
        /// For which target.
        target: String,
        /// The folder.
        path: PathBuf,
    },
    /// A line of a symbol file does not read.
    #[error("{file}:{line}: {why}")]
    Symbols {
        /// The file, relative to the root.
        file: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        why: String,
    },
    /// A symbol file is not sorted.
    #[error("{file}:{line}: `{later}` stands after `{earlier}`; the file is sorted by byte")]
    Unsorted {
        /// The file, relative to the root.
        file: String,
        /// Where it is.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The symbol that comes too late.
        later: String,
        /// The one it should stand before.
        earlier: String,
    },
    /// A file among the inputs that no system reads.
    #[error("{file} is read by no system of codegen/src/targets{near}")]
    UnknownInput {
        /// The file, relative to the root.
        file: String,
        /// `; did you mean …?`
        near: String,
    },
    /// Inputs with the line endings of Windows.
    #[error(
        "{} with line endings of Windows (CRLF); the inputs have LF, as .gitattributes says",
        list(files, "is", "are")
    )]
    LineEndings {
        /// The files, relative to the root.
        files: Vec<String>,
        /// The repository.
        root: PathBuf,
    },
    /// Files of the user's among those that the tool writes.
    #[error(
        "{} in a folder that `cargo codegen` writes, but not written by it; nothing was written",
        list(files, "is", "are")
    )]
    NotOurs {
        /// The files, relative to the root.
        files: Vec<String>,
        /// The repository.
        root: PathBuf,
    },
    /// Symbols that the headers lack.
    #[error(
        "{target}: the headers lack {symbols}; mend codegen/symbols/{os}.txt or codegen/headers/{os}.h"
    )]
    MissingSymbol {
        /// The target.
        target: String,
        /// The symbols.
        symbols: String,
        /// Whose lists.
        os: &'static str,
    },
    /// Symbols that have no form in Rust, or none that this tool writes.
    #[error("{target}: {problems}\nstrike them from codegen/symbols/{os}.txt if they stand there")]
    Unbindable {
        /// The target.
        target: String,
        /// A line for each symbol: its name, its header and why.
        problems: String,
        /// Whose list.
        os: &'static str,
    },
    /// The metadata of Windows does not have what is asked for, or holds something the tool does not know.
    #[error(
        "the metadata of Windows: {0}; mend codegen/symbols/windows.txt or codegen/headers/windows.rdl"
    )]
    Metadata(String),
    /// The metadata of Windows and the headers of mingw-w64 say different things.
    #[error(
        "{target}: {what} is {metadata} by the metadata of Windows and {headers} by the headers of mingw-w64; find out who is right: codegen/headers/windows.h and windows.rdl are ours"
    )]
    Disagree {
        /// The target.
        target: String,
        /// About what.
        what: String,
        /// What the metadata says.
        metadata: i128,
        /// What the headers say.
        headers: i128,
    },
    /// clang or bindgen refuse the headers.
    #[error("{target}: clang cannot read the headers: {why}")]
    Clang {
        /// The target.
        target: String,
        /// What they said.
        why: String,
    },
    /// A record became opaque.
    #[error(
        "{target}: `{record}` is declared without fields, so its layout is unknown; declare it in codegen/headers/{os}.h or strike it from codegen/symbols/{os}.txt"
    )]
    Opaque {
        /// The target.
        target: String,
        /// The record.
        record: String,
        /// Whose lists.
        os: &'static str,
    },
    /// A line of an ABI table is of no known kind.
    #[error("{file}:{line}: `{text}` is no line of an ABI table; write the tables anew")]
    Table {
        /// The table.
        file: String,
        /// The line, from 1.
        line: usize,
        /// What stands there.
        text: String,
    },
    /// A side of a comparison cannot be found.
    #[error(
        "`{side}` is {why}; name a git revision, a folder with ABI tables, or a header pack and version such as ziglang@0.15.2"
    )]
    Side {
        /// As it was given.
        side: String,
        /// Why not.
        why: String,
    },
    /// `git` did not answer.
    #[error("{why}")]
    Git {
        /// What it said, and to what.
        why: String,
        /// What mends it.
        help: Option<Help>,
    },
    /// No pack of this name.
    #[error("codegen/sources.toml has no header pack `{name}`; it has {}", known.join(", "))]
    UnknownPack {
        /// As it was given.
        name: String,
        /// Those there are.
        known: Vec<String>,
    },
    /// A symbol that no table has.
    #[error("no ABI table has `{name}`{place}{}", did_you_mean(near.as_deref()))]
    UnknownSymbol {
        /// As it was given.
        name: String,
        /// As what and for which target it is looked for.
        place: String,
        /// A name that is nearly the same.
        near: Option<String>,
    },
    /// A system that the table of targets does not have.
    #[error("`{name}` is no system; there are {}", known.join(", "))]
    UnknownSystem {
        /// As it was given.
        name: String,
        /// Those there are.
        known: Vec<String>,
    },
    /// A new symbol cannot be added as it was asked for.
    #[error("{why}")]
    Add {
        /// Why not.
        why: String,
        /// The command that does it.
        help: Option<Help>,
    },
    /// A renewal cannot be finished.
    #[error("{report}\n{what} is not renewed, nothing was written: {why}")]
    Renewal {
        /// What changes, as far as it could be read.
        report: String,
        /// The pack and its version.
        what: String,
        /// What stands in the way.
        why: String,
    },
    /// bindgen's text holds something the tool does not know how to write.
    #[error("{target}: {why}")]
    Shape {
        /// The target.
        target: String,
        /// What it is.
        why: String,
    },
    /// The libclang that was loaded is not the pinned one.
    #[error("libclang is `{found}`, the pinned one is {wanted}")]
    WrongLibclang {
        /// The loaded one's version text.
        found: String,
        /// The pinned version.
        wanted: String,
    },
    /// Two members of a group differ, and no `cfg` tells them apart.
    #[error(
        "group {group}: {second} does not come out as {first} does, and neither architecture, byte order, system nor C library tells them apart\n{difference}leave one of them out in codegen/src/targets"
    )]
    GroupSplit {
        /// The group.
        group: String,
        /// Its first member.
        first: String,
        /// The one that differs.
        second: String,
        /// Lines of `-` and `+`.
        difference: String,
    },
    /// A target the table does not have.
    #[error("`{name}` is not a target of codegen/src/targets{}", did_you_mean(near.as_deref()))]
    UnknownTarget {
        /// As it was given.
        name: String,
        /// A name that is nearly the same.
        near: Option<String>,
    },
    /// A target that is left out by name.
    #[error("`{target}` is left out: {reason}")]
    LeftOut {
        /// The target.
        target: String,
        /// Why.
        reason: String,
    },
    /// `--check` found differences.
    #[error("what is in the tree is not what the inputs give:\n{differences}")]
    Stale {
        /// One line for each file.
        differences: String,
        /// The command.
        help: Help,
    },
}

impl Error {
    /// Turns an I/O error into ours: `.map_err(Error::io("read", path))`.
    pub(crate) fn io(
        what: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.into();
        move |source| Error::Io { what, path, source }
    }

    /// The same, where it left everything as it was.
    pub(crate) fn unwritten(self) -> Error {
        match self {
            Error::Io { what, path, source } => Error::Unwritten { what, path, source },
            other => other,
        }
    }

    /// All of them as one; none if there are none.
    pub(crate) fn all(mut errors: Vec<Error>) -> Result<(), Error> {
        match errors.len() {
            0 => Ok(()),
            1 => Err(errors.remove(0)),
            _ => Err(Error::Many(errors)),
        }
    }

    /// The same, with the place of a file of the repository `root`.
    pub(crate) fn within(self, root: &Path) -> Error {
        match self {
            Error::Many(all) => Error::Many(all.into_iter().map(|one| one.within(root)).collect()),
            Error::Unsorted {
                file,
                path,
                line,
                later,
                earlier,
            } => Error::Unsorted {
                file,
                path: root.join(path),
                line,
                later,
                earlier,
            },
            other => other,
        }
    }

    /// Those it is made of.
    fn parts(&self) -> Vec<&Error> {
        match self {
            Error::Many(all) => all.iter().flat_map(Error::parts).collect(),
            one => vec![one],
        }
    }

    /// Is it about one input among several, so that the others can still be read?
    pub(crate) fn is_local(&self) -> bool {
        matches!(
            self,
            Error::Symbols { .. }
                | Error::Unsorted { .. }
                | Error::MissingSymbol { .. }
                | Error::Unbindable { .. }
                | Error::Metadata(_)
                | Error::Disagree { .. }
                | Error::Clang { .. }
                | Error::Opaque { .. }
                | Error::Shape { .. }
                | Error::GroupSplit { .. }
                | Error::OsVersion { .. }
                | Error::IncludeDir { .. }
        ) || matches!(self, Error::Many(errors) if errors.iter().all(Error::is_local))
    }

    /// Where it is: a target, or a file with the line from 1 if it is about a line.
    pub(crate) fn place(&self) -> Option<Place<'_>> {
        match self {
            Error::Io { path, .. }
            | Error::Unwritten { path, .. }
            | Error::Hash { path, .. }
            | Error::Unpack { path, .. } => Some(Place::File(path, None)),
            Error::Sources(_) => Some(Place::File(Path::new("codegen/sources.toml"), None)),
            Error::Symbols { file, line, .. }
            | Error::Unsorted { file, line, .. }
            | Error::Table { file, line, .. } => Some(Place::File(Path::new(file), Some(*line))),
            Error::UnknownInput { file, .. } => Some(Place::File(Path::new(file), None)),
            Error::MissingSymbol { target, .. }
            | Error::Unbindable { target, .. }
            | Error::Disagree { target, .. }
            | Error::Clang { target, .. }
            | Error::Opaque { target, .. }
            | Error::Shape { target, .. }
            | Error::IncludeDir { target, .. }
            | Error::LeftOut { target, .. } => Some(Place::Target(target)),
            Error::GroupSplit { second, .. } => Some(Place::Target(second)),
            _ => None,
        }
    }

    /// The same for GitHub, which shows it beside the line of a pull request:
    /// <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#setting-an-error-message>
    fn annotation(&self) -> Option<String> {
        let text = self.to_string().replace('%', "%25").replace('\n', "%0A");
        let place = match self.place()? {
            Place::File(file, line) => {
                let line = line.map_or_else(String::new, |line| format!(",line={line}"));
                format!("file={}{line}", file.display())
            }
            Place::Target(target) => format!("title={target}"),
        };
        Some(format!("::error {place}::{text}\n"))
    }

    /// The command that mends it. None where a person has to decide or to edit first.
    pub(crate) fn help(&self) -> Option<Help> {
        match self {
            Error::Interrupted => Some(Help::Again),
            Error::NoCache => Some(Help::With("XDG_CACHE_HOME=/var/tmp/cache")),
            Error::Fetch { help, .. } => help.as_deref().cloned(),
            Error::Git { help, .. } | Error::Add { help, .. } => help.clone(),
            Error::Hash { path, .. } | Error::Unpack { path, .. } => {
                Some(Help::first(["rm", &path.to_string_lossy()]))
            }
            Error::Unsorted { path, .. } => {
                let path = &*path.to_string_lossy();
                Some(Help::first(["env", "LC_ALL=C", "sort", "-o", path, path]))
            }
            Error::LineEndings { files, root } => {
                let sed = ["sed", "-i", "s/\\r$//"].map(str::to_owned).into_iter();
                let files = files
                    .iter()
                    .map(|file| root.join(file).display().to_string());
                Some(Help::First(vec![sed.chain(files).collect()]))
            }
            Error::NotOurs { files, root } => Some(Help::First(
                files.iter().map(|file| aside(root, file)).collect(),
            )),
            Error::Table { .. } => Some(Help::Generate),
            Error::Stale { help, .. } => Some(help.clone()),
            Error::UnknownPack { name, known } | Error::UnknownSystem { name, known } => {
                let right = near(name, known.iter().map(String::as_str))?;
                Some(Help::instead(name, right))
            }
            Error::UnknownSymbol { name, near, .. } | Error::UnknownTarget { name, near } => {
                Some(Help::instead(name, near.as_deref()?))
            }
            _ => None,
        }
    }

    /// All there is to say, its last lines the commands that mend it. `given` are the arguments of
    /// this run. Commands are in one line each, so that they can be copied.
    pub(crate) fn told(&self, given: &[String], width: Option<usize>) -> String {
        let mut text = String::new();
        let mut helps = BTreeSet::new();
        for error in self.parts() {
            text.push_str(&format!("error: {}\n", error.to_string().trim_end()));
            helps.extend(error.help());
        }
        text = wrap(&text, width);
        if std::env::var_os("GITHUB_ACTIONS").is_some() {
            text.extend(self.parts().into_iter().filter_map(Error::annotation));
        }
        for command in Help::join(helps, given) {
            text.push_str(&format!("{command}\n"));
        }
        text
    }
}

/// Where an error is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place<'a> {
    /// In a file, and in which line.
    File(&'a Path, Option<usize>),
    /// On a target.
    Target(&'a str),
}

/// Several errors, one a line.
struct Lines<'a>(&'a [Error]);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            let between = if index > 0 { "\n" } else { "" };
            write!(f, "{between}{error}")?;
        }
        Ok(())
    }
}

/// What to do about a full disk.
fn room(source: &std::io::Error) -> &'static str {
    match source.kind() {
        std::io::ErrorKind::StorageFull => "; make room there and run it again",
        _ => "",
    }
}

/// `a, b are`, or `a is`.
fn list(files: &[String], one: &str, more: &str) -> String {
    let verb = if files.len() == 1 { one } else { more };
    format!("{} {verb}", files.join(", "))
}

/// The command that moves a file of the user's to the root under a name that is free there.
fn aside(root: &Path, file: &str) -> Vec<String> {
    let name = Path::new(file)
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    let names =
        std::iter::once(name.to_string()).chain((1..).map(|number| format!("{name}.{number}")));
    let mut free = names.filter(|name| !root.join(name).exists());
    let to = root.join(free.next().unwrap_or_default());
    let from = root.join(file);
    ["mv", &from.to_string_lossy(), &to.to_string_lossy()]
        .map(str::to_owned)
        .to_vec()
}

/// `; did you mean …?`
pub(crate) fn did_you_mean(near: Option<&str>) -> String {
    near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
}

/// The name most like `name` that is not very different from it.
pub(crate) fn near<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let distance = |known: &str| strsim::damerau_levenshtein(known, name);
    let best = known
        .into_iter()
        .map(|known| (distance(known), known))
        .min();
    let (distance, best) = best?;
    let most = 2.max(name.chars().count() / 6);
    (distance <= most && best != name).then_some(best)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_has_a_place_and_the_commands_come_last() {
        let symbols = |line| Error::Symbols {
            file: "codegen/symbols/linux.txt".to_owned(),
            line,
            why: "`# why` is missing".to_owned(),
        };
        let file = Path::new("codegen/symbols/linux.txt");
        assert_eq!(symbols(3).place(), Some(Place::File(file, Some(3))));
        let hash = Error::Hash {
            path: "/a/it's.whl".into(),
            wanted: "1".to_owned(),
            found: "2".to_owned(),
        };
        let told = Error::Many(vec![symbols(3), symbols(5), hash]).told(&[], None);
        let lines: Vec<&str> = told.lines().collect();
        assert!(lines[0].starts_with("error: codegen/symbols/linux.txt:3: "));
        assert!(lines[1].starts_with("error: codegen/symbols/linux.txt:5: "));
        assert_eq!(lines.last(), Some(&"rm \"/a/it's.whl\" && cargo codegen"));
    }

    #[test]
    fn names_that_are_nearly_the_same_are_found() {
        let known = ["EPOLLEXCLUSIVE", "EPOLLIN"];
        assert_eq!(near("EPOLLEXCLUSIV", known), Some("EPOLLEXCLUSIVE"));
        assert_eq!(near("EPOLLNI", known), Some("EPOLLIN"));
        assert_eq!(near("kevent", known), None);
        assert_eq!(near("EPOLLIN", ["EPOLLIN"]), None);
    }
}
