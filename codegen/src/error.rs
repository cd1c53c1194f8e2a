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
        "codegen/sources.toml pins no libclang for {host}; add a [[libclang]] entry with the hash of its wheel, found by\npython3 -m pip download --no-deps --only-binary=:all: {package}"
    )]
    NoLibclang {
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
    /// Two members of a group differ.
    #[error(
        "group {group}: {second} does not come out as {first} does\n{difference}give it a group of its own in codegen/src/targets, then: cargo codegen"
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
    /// Two groups are equal.
    #[error(
        "groups {first} and {second} come out equal\nmake them one in codegen/src/targets, then: cargo codegen"
    )]
    GroupsEqual {
        /// One.
        first: String,
        /// The other.
        second: String,
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
}
