//! Every error of the tool: what failed and where (its text), and the help that resolves it
//! ([`Error::help`]).

use std::io;
use std::path::PathBuf;

use crate::accepted::Problem;
use crate::error_report::Lines;
use crate::help::{Help, move_aside};
use crate::input_error::InputError;
use crate::project_error::ProjectError;
pub(crate) use crate::suggest::{did_you_mean, near};
use crate::version_error::VersionError;

/// An error of the tool.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Several independent errors.
    #[error("{}", Lines(.0))]
    Many(Vec<Error>),
    /// An error of a project, or of a folder of headers.
    #[error(transparent)]
    Project(Box<ProjectError>),
    /// The current folder is outside of a checkout.
    #[error("neither {0} nor a folder above it holds `codegen/sources.toml`")]
    NoRoot(PathBuf),
    /// A file or folder cannot be used.
    #[error("cannot {what} {path}: {source}")]
    Io {
        /// The attempted operation, as a verb.
        what: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// A file cannot be written, and no output file has changed.
    #[error("cannot {what} {path}: {source}; nothing was written")]
    Unwritten {
        /// The attempted operation, as a verb.
        what: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// Standard output cannot be written.
    #[error("cannot print: {0}")]
    Print(io::Error),
    /// SIGINT or SIGTERM arrived.
    #[error("interrupted; nothing was written")]
    Interrupted,
    /// The environment names no folder for the cache.
    #[error("neither XDG_CACHE_HOME nor HOME holds an absolute path, so packs cannot be cached")]
    NoCache,
    /// `sources.toml` is invalid.
    #[error("codegen/sources.toml: {0}")]
    Sources(String),
    /// No wheel of libclang is pinned for this host.
    #[error("codegen/sources.toml pins no libclang for {host}")]
    NoLibclang {
        /// The list of wheels: `libclang` or `second-libclang`.
        name: &'static str,
        /// The host, as `os-arch`.
        host: String,
        /// The package and version of the other hosts' wheels.
        package: String,
    },
    /// A folder holds no libclang.
    #[error("there is no libclang in {0}")]
    NoLibclangIn(PathBuf),
    /// `pip` did not download a wheel, or downloaded another one.
    #[error("cannot fetch {package} {version}: {why}")]
    Fetch {
        /// The package.
        package: String,
        /// Its version.
        version: String,
        /// The reason.
        why: String,
        /// The help.
        help: Box<Help>,
    },
    /// An error about versions of packs, crates and systems.
    #[error("{0}")]
    Version(VersionError),
    /// A wheel is not the pinned one.
    #[error("{path} is not the pinned wheel\n  wanted sha256 {wanted}\n  found  sha256 {found}")]
    Hash {
        /// The wheel.
        path: PathBuf,
        /// The pinned hash.
        wanted: String,
        /// The hash of the file.
        found: String,
    },
    /// A wheel cannot be unpacked.
    #[error("cannot unpack {path}: {why}")]
    Unpack {
        /// The wheel.
        path: PathBuf,
        /// The reason.
        why: String,
    },
    /// The headers are of another version of the system than clang's flags declare.
    #[error(
        "{pack} has the headers of {found}, \
         but codegen/targets/{os}.rs declares {declared} to clang"
    )]
    OsVersion {
        /// The pack's package and its version.
        pack: String,
        /// The system's name in the table of targets.
        os: &'static str,
        /// The system and its version in the pack.
        found: String,
        /// The system, the version that the flag declares, and the flag.
        declared: String,
    },
    /// An include folder is missing. clang would ignore it without a warning.
    #[error("{target}: the include folder {path} does not exist")]
    IncludeDir {
        /// The target.
        target: String,
        /// The folder.
        path: PathBuf,
    },
    /// A line of a symbol file is invalid.
    #[error("{file}:{line}: {why}")]
    Symbols {
        /// The file, relative to the root.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The reason.
        why: String,
    },
    /// A symbol file is not sorted.
    #[error("{file}:{line}: `{later}` follows `{earlier}`; the file is sorted by byte")]
    Unsorted {
        /// The file, relative to the root.
        file: String,
        /// The path of the file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The symbol on that line.
        later: String,
        /// The symbol before it, which sorts after it.
        earlier: String,
    },
    /// No system reads a file among the inputs.
    #[error("no system of codegen/targets reads {file}")]
    UnknownInput {
        /// The file, relative to the root.
        file: String,
        /// The most similar name that a system reads.
        near: Option<String>,
    },
    /// Inputs have CRLF line endings.
    #[error(
        "{} CRLF line endings; .gitattributes sets LF for the inputs",
        list(files, "has", "have")
    )]
    LineEndings {
        /// The files, relative to the root.
        files: Vec<String>,
        /// The repository.
        root: PathBuf,
    },
    /// An error of input files.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The output folders hold files that the tool did not write.
    #[error(
        "{} in a folder that `cargo codegen` manages, but without its header line; \
         nothing was written",
        list(files, "is", "are")
    )]
    NotOurs {
        /// The files, relative to the root.
        files: Vec<String>,
        /// The repository.
        root: PathBuf,
    },
    /// The headers lack symbols.
    #[error("{target}: the headers lack {symbols}")]
    MissingSymbol {
        /// The target.
        target: String,
        /// The symbols.
        symbols: String,
        /// The system.
        os: &'static str,
    },
    /// A symbol has no equivalent in Rust, or none that the tool writes.
    #[error("{target}: {problem}")]
    Unbindable {
        /// The target.
        target: String,
        /// The symbol's name, its header and the reason.
        problem: String,
        /// The system.
        os: &'static str,
    },
    /// The metadata of Windows lacks a symbol, or holds a form that the tool cannot read.
    #[error("the metadata of Windows: {0}")]
    Metadata(String),
    /// The metadata of Windows and the headers of mingw-w64 differ.
    #[error(
        "{target}: {what} is {metadata} in the metadata of Windows \
         and {headers} in the headers of mingw-w64"
    )]
    Disagree {
        /// The target.
        target: String,
        /// The compared property.
        what: String,
        /// Its value in the metadata.
        metadata: i128,
        /// Its value in the headers.
        headers: i128,
    },
    /// clang or bindgen rejects the headers.
    #[error("{target}: clang cannot read the headers: {why}")]
    Clang {
        /// The target.
        target: String,
        /// The message of clang or bindgen.
        why: String,
    },
    /// A record is declared without fields.
    #[error("{target}: `{record}` is declared without fields, so its layout is unknown")]
    Opaque {
        /// The target.
        target: String,
        /// The record.
        record: String,
        /// The system.
        os: &'static str,
    },
    /// A file of `codegen/snapshots/` cannot be read.
    #[error("{file}:{line}: this is no ABI snapshot: {text}")]
    Table {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The reason.
        text: String,
    },
    /// `codegen/accepted.toml` or an acceptance is invalid.
    #[error(transparent)]
    Accepted(#[from] Problem),
    /// An operand of a comparison cannot be found.
    #[error("`{operand}` is {why}")]
    Operand {
        /// The operand.
        operand: String,
        /// The reason.
        why: String,
    },
    /// `git` failed.
    #[error("{why}")]
    Git {
        /// The command and its message.
        why: String,
        /// The help.
        help: Help,
    },
    /// No header pack has this name.
    #[error("codegen/sources.toml has no header pack `{name}`")]
    UnknownPack {
        /// The name.
        name: String,
        /// The names of all header packs.
        known: Vec<String>,
    },
    /// No ABI table has this symbol.
    #[error("no ABI table has `{name}`{place}{}", did_you_mean(near.as_deref()))]
    UnknownSymbol {
        /// The name.
        name: String,
        /// The expected kind of symbol and the target.
        place: String,
        /// The most similar name.
        near: Option<String>,
    },
    /// The table of targets has no such system.
    #[error("`{name}` is no system of codegen/targets")]
    UnknownSystem {
        /// The name.
        name: String,
        /// The names of all systems.
        known: Vec<String>,
    },
    /// A symbol cannot be added.
    #[error("{why}")]
    Add {
        /// The reason.
        why: String,
        /// The help.
        help: Help,
    },
    /// A header pack cannot be renewed.
    #[error("{report}\n{what} is not renewed, nothing was written: {why}")]
    Renewal {
        /// The report, as far as the headers can be read.
        report: String,
        /// The pack and its version.
        what: String,
        /// The reason.
        why: String,
        /// The help.
        help: Box<Help>,
    },
    /// bindgen's output holds a form that the tool cannot write.
    #[error("{target}: {why}")]
    Shape {
        /// The target.
        target: String,
        /// The form.
        why: String,
    },
    /// The loaded libclang is not the pinned one.
    #[error("libclang is `{found}`, but {wanted} is pinned")]
    WrongLibclang {
        /// The version text of the loaded libclang.
        found: String,
        /// The pinned version.
        wanted: String,
    },
    /// Two members of a group differ, and no `cfg` distinguishes them.
    #[error(
        "group {group}: {second} differs from {first}, and neither architecture, byte order, \
         system nor C library distinguishes them\n{difference}"
    )]
    GroupSplit {
        /// The group.
        group: String,
        /// Its first member.
        first: String,
        /// The member that differs.
        second: String,
        /// Lines that begin with `-` and `+`.
        difference: String,
    },
    /// The table of targets has no such target.
    #[error("`{name}` is not a target of codegen/targets{}", did_you_mean(near.as_deref()))]
    UnknownTarget {
        /// The name.
        name: String,
        /// The most similar name.
        near: Option<String>,
    },
    /// The table of targets leaves the target out.
    #[error("`{target}` is left out: {reason}")]
    LeftOut {
        /// The target.
        target: String,
        /// The reason.
        reason: String,
    },
    /// The pages of a site cannot be written.
    #[error(transparent)]
    Site(#[from] crate::site::SiteError),
    /// The files differ from the generated ones.
    #[error("these files differ from what the inputs generate:\n{differences}")]
    Stale {
        /// One paragraph for each file.
        differences: String,
        /// The command that writes them.
        help: Help,
    },
}

impl Error {
    /// What resolves the error: a sentence, or a command that does it. None for [`Error::Many`],
    /// whose parts have their own.
    pub(crate) fn help(&self) -> Option<Help> {
        Some(match self {
            Error::Many(_) => return None,
            Error::Project(error) => error.help(),
            Error::NoRoot(_) => {
                Help::text("start in the repository, or name a project: --project DIR")
            }
            Error::Io { path, source, .. } | Error::Unwritten { path, source, .. } => {
                Help::for_io(path, source.kind())
            }
            Error::Print(_) => Help::text("direct standard output to a file that can be written"),
            Error::Interrupted => Help::Retry,
            Error::NoCache => Help::WithEnv("XDG_CACHE_HOME=/var/tmp/cache"),
            Error::Sources(_) => Help::text("correct codegen/sources.toml"),
            Error::NoLibclang {
                name,
                host,
                package,
            } => Help::Text(format!(
                "add a [[{name}]] entry to it with file and SHA-256 of {package} for {host}, \
                 or set LIBCLANG_PATH to the folder of a libclang"
            )),
            Error::NoLibclangIn(_) => Help::text("name a folder with libclang: --libclang DIR"),
            Error::Fetch { help, .. } | Error::Renewal { help, .. } => (**help).clone(),
            Error::Version(error) => error.help(),
            Error::Hash { path, .. } | Error::Unpack { path, .. } => {
                Help::before(["rm", &path.to_string_lossy()])
            }
            Error::OsVersion { .. } => {
                Help::text("change that flag together with the pack, or keep the pack")
            }
            Error::IncludeDir { .. } => {
                Help::text("name another --sysroot, or correct the target in codegen/targets")
            }
            Error::Symbols { .. } => {
                Help::text("correct the line: it is NAME KIND SOURCE # WHY, see codegen/README.md")
            }
            Error::Unsorted { path, .. } => {
                let path = &*path.to_string_lossy();
                Help::before(["env", "LC_ALL=C", "sort", "-o", path, path])
            }
            Error::UnknownInput { near, .. } => match near {
                Some(near) => Help::Text(format!("rename it to `{near}`, or remove it")),
                None => Help::text("remove it, or add its system to codegen/targets"),
            },
            Error::LineEndings { files, root } => {
                let sed = ["sed", "-i", "s/\\r$//"].map(str::to_owned).into_iter();
                let files = files
                    .iter()
                    .map(|file| root.join(file).display().to_string());
                Help::Before(vec![sed.chain(files).collect()])
            }
            Error::Input(error) => error.help(),
            Error::NotOurs { files, root } => {
                Help::Before(files.iter().map(|file| move_aside(root, file)).collect())
            }
            Error::MissingSymbol { os, .. } => Help::Text(format!(
                "correct codegen/symbols/{os}.txt or codegen/headers/{os}.h"
            )),
            Error::Unbindable { os, .. } => {
                Help::Text(format!("remove it from codegen/symbols/{os}.txt"))
            }
            Error::Metadata(_) => {
                Help::text("correct codegen/symbols/windows.txt or codegen/headers/windows.rdl")
            }
            Error::Disagree { .. } => Help::text(
                "find out which one is right, then correct codegen/headers/windows.rdl \
                 (metadata) or codegen/headers/windows.h (headers)",
            ),
            Error::Clang { .. } => Help::text("correct the declaration that clang names"),
            Error::Opaque { os, .. } => Help::Text(format!(
                "declare its fields in codegen/headers/{os}.h, \
                 or remove it from codegen/symbols/{os}.txt"
            )),
            Error::Table { .. } => Help::Generate,
            Error::Accepted(problem) => problem.help(),
            Error::Operand { .. } => Help::text(
                "name a git revision, a folder with ABI snapshots, \
                 or a header pack and version such as ziglang@0.15.2",
            ),
            Error::Git { help, .. } | Error::Add { help, .. } | Error::Stale { help, .. } => {
                help.clone()
            }
            Error::UnknownPack { name, known } | Error::UnknownSystem { name, known } => {
                match near(name, known.iter().map(String::as_str)) {
                    Some(right) => Help::replace(name, right),
                    None => Help::Text(format!("name one of {}", known.join(", "))),
                }
            }
            Error::UnknownSymbol { name, near, .. } => match near {
                Some(near) => Help::replace(name, near),
                None => Help::run(["cargo", "codegen", "list", "symbols"]),
            },
            Error::UnknownTarget { name, near } => match near {
                Some(near) => Help::replace(name, near),
                None => Help::run(["cargo", "codegen", "list", "targets"]),
            },
            Error::LeftOut { .. } => Help::run(["cargo", "codegen", "list", "targets"]),
            Error::Shape { .. } => Help::text(
                "remove the symbol from its list in codegen/symbols, \
                 or extend codegen/src/unix, which reads bindgen's output",
            ),
            Error::WrongLibclang { .. } => {
                Help::text("correct `version` of [[libclang]] in codegen/sources.toml")
            }
            Error::Site(error) => error.help(),
            Error::GroupSplit { .. } => Help::text("leave one of them out in codegen/targets"),
        })
    }
}

/// The files with the verb for one or for several.
fn list(files: &[String], one: &str, more: &str) -> String {
    let verb = if files.len() == 1 { one } else { more };
    format!("{} {verb}", files.join(", "))
}
