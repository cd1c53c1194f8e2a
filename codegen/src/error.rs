//! What can go wrong: what it is, where, and the command that mends it if there is one.

use std::path::PathBuf;

use crate::help::Help;
use crate::place::{Lines, list, room};
pub(crate) use crate::place::{did_you_mean, near};

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
        "{pack} has the headers of {found}, but codegen/targets/{os}.rs tells clang that it reads {told}; change that flag with the pack, or keep the pack"
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
    #[error("{file} is read by no system of codegen/targets{near}")]
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
    #[error("{target}: {problem}\nstrike it from codegen/symbols/{os}.txt if it stands there")]
    Unbindable {
        /// The target.
        target: String,
        /// The symbol's name, its header and why.
        problem: String,
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
    /// A file of `codegen/snapshots/` cannot be read.
    #[error("{file}:{line}: this is no ABI snapshot: {text}; write the snapshots again")]
    Table {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        text: String,
    },
    /// An operand of a comparison cannot be found.
    #[error(
        "`{side}` is {why}; name a git revision, a folder with ABI tables, or a header pack and version such as ziglang@0.15.2"
    )]
    Operand {
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
        "group {group}: {second} does not come out as {first} does, and neither architecture, byte order, system nor C library tells them apart\n{difference}leave one of them out in codegen/targets"
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
    #[error("`{name}` is not a target of codegen/targets{}", did_you_mean(near.as_deref()))]
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
