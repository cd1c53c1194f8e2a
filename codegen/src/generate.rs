//! Reads the inputs of systems and generates the text of all files. [`write`] puts them into the
//! repository.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

use crate::abi::{TargetAbi, WRITTEN_BY};
use crate::cache;
use crate::error::{Error, near};
use crate::group::{self, Group};
use crate::headers::{COMPILER, Headers};
use crate::input_error::InputError;
use crate::inputs::Inputs;
use crate::matrix;
use crate::os_version;
use crate::own_libclang;
use crate::project;
use crate::ranges;
use crate::rust_modules;
use crate::sources::{self, Pack, Sources};
use crate::targets::{Os, SYSTEMS, Target};
use crate::unused;
use crate::windows;
use crate::write::{self, Folder, Tree};

/// The version of bindgen that Cargo.toml pins.
const BINDGEN: &str = "0.73.2";

/// The inputs of a repository, and the cache of packs.
#[derive(Debug)]
pub(crate) struct Generator {
    /// The repository whose `codegen/` is read.
    pub(crate) root: PathBuf,
    /// Its header packs.
    pub(crate) sources: Sources,
    /// The cache.
    pub(crate) cache: PathBuf,
    /// The folder of the libclang to use instead of the pinned one.
    pub(crate) libclang: Option<PathBuf>,
}

impl Generator {
    /// Reads the inputs of all systems, so that errors in them are found before clang starts.
    pub(crate) fn open(root: &Path, libclang: Option<&Path>) -> Result<Generator, Error> {
        let toml = root.join(project::input("sources.toml"));
        let text = fs::read_to_string(&toml).map_err(Error::io("read", &toml))?;
        let sources = Sources::parse(&text)?;
        let generator = Generator {
            root: root.to_owned(),
            libclang: libclang
                .map(Path::to_owned)
                .or_else(|| own_libclang::of_host(&sources)),
            sources,
            cache: cache::folder()?,
        };
        let mut errors = check_input_files(root)?;
        for os in SYSTEMS {
            match generator.inputs(os) {
                Ok(_) => {}
                Err(error) if error.is_local() => errors.push(error.within(root)),
                Err(error) => return Err(error),
            }
        }
        Error::all(errors)?;
        Ok(generator)
    }

    /// The inputs of a system.
    pub(crate) fn inputs(&self, os: &Os) -> Result<Inputs, Error> {
        Inputs::read(&self.root, os, &self.tools(os)?)
    }

    /// The headers of a system. The pack is downloaded and unpacked if the cache lacks it.
    pub(crate) fn headers(&self, os: &Os) -> Result<Headers<'_>, Error> {
        let Some(name) = os.pack else {
            return Ok(Headers::Ours);
        };
        if let Some(pin) = self.sources.tree(name) {
            let tree = pin.open(&project::folder_of_sources(&self.root))?;
            return Ok(Headers::Tree(tree, self.compiler_headers()?));
        }
        let pack = self.sources.headers(name)?;
        let folder = pack.folder(&self.cache, &say)?;
        os_version::check(os, pack, &folder)?;
        Ok(Headers::Pack(pack, folder))
    }

    /// The headers that belong to the compiler, such as `stddef.h`. A tree lacks them. None if no
    /// pack has them.
    pub(crate) fn compiler_headers(&self) -> Result<Option<PathBuf>, Error> {
        let has = |pack: &&Pack| pack.unpack.iter().any(|path| path.starts_with(COMPILER));
        let pack = self.sources.headers.iter().find(has);
        pack.map(|pack| Ok(pack.folder(&self.cache, &say)?.join(COMPILER)))
            .transpose()
    }

    /// The versions of all tools and packs that determine the output of a system. They are the same
    /// on every host.
    fn tools(&self, os: &Os) -> Result<String, Error> {
        // A libclang that is not pinned has to give the same output.
        let libclang = self.sources.any_libclang()?;
        let headers = match os.pack {
            Some(name) if self.sources.tree(name).is_some() => {
                let tree = self.sources.tree(name).map(|tree| tree.sha256.as_str());
                format!("tree {}", tree.unwrap_or_default())
            }
            Some(name) => {
                let pack = self.sources.headers(name)?;
                let mut text = format!("{} {} {}", pack.package, pack.version, pack.sha256);
                for name in &pack.also {
                    let pack = self.sources.headers(name)?;
                    text.push_str(&format!(", also {} {}", pack.version, pack.sha256));
                }
                text
            }
            None => "no pack".to_owned(),
        };
        let headers = if os.name == windows::NAME {
            format!("{headers}, {}", windows::TOOLS)
        } else {
            headers
        };
        Ok(format!(
            "bindgen {BINDGEN}, {} {}, {headers}, mio-codegen {}",
            libclang.package,
            libclang.version,
            env!("CARGO_PKG_VERSION")
        ))
    }

    /// Restarts the program with the requested libclang and without environment variables that
    /// change what clang reads. Returns the exit code of the new process, or none if this process
    /// has both.
    pub(crate) fn with_libclang(&self) -> Result<Option<ExitCode>, Error> {
        let pack = match &self.libclang {
            Some(folder) => folder.clone(),
            None => self.sources.libclang()?.folder(&self.cache, &say)?,
        };
        let folder = sources::find_libclang(&pack);
        let folder = folder.ok_or(Error::NoLibclangIn(pack))?;
        if let Some(code) = restart(&folder)? {
            return Ok(Some(code));
        }
        if self.libclang.is_some() {
            own_libclang::check_version()?;
            return Ok(None);
        }
        let (found, wanted) = (
            bindgen::clang_version().full,
            &self.sources.libclang()?.version,
        );
        if !found.contains(wanted) {
            let wanted = wanted.clone();
            return Err(Error::WrongLibclang { found, wanted });
        }
        Ok(None)
    }

    /// Reads a system.
    pub(crate) fn system(&self, os: &'static Os) -> Result<Vec<Group>, Error> {
        let targets: Vec<&'static Target> = os.targets.iter().collect();
        let inputs = self.inputs(os)?;
        let mut groups = group::groups(os, &targets, &inputs, &self.headers(os)?, None)?;
        let all: Vec<&TargetAbi> = groups.iter().map(|group| &group.abi.abi).collect();
        unused::check(os.name, &inputs.symbols_name, &inputs.symbols, &all)?;
        ranges::check(self, os, &inputs, &mut groups)?;
        Ok(groups)
    }

    /// Reads systems. Returns their groups and a summary. An error of one system does not prevent
    /// the others from being read.
    pub(crate) fn read(
        &self,
        systems: impl IntoIterator<Item = &'static Os>,
    ) -> Result<(Vec<Group>, String), Error> {
        let (mut all, mut report, mut errors) = (Vec::new(), String::new(), Vec::new());
        for os in systems {
            let began = Instant::now();
            let groups = match self.system(os) {
                Ok(groups) => groups,
                Err(error) if error.is_local() => {
                    errors.push(error);
                    continue;
                }
                Err(error) => return Err(error),
            };
            report.push_str(&group::summary(os, &groups, began));
            all.extend(groups);
        }
        Error::all(errors)?;
        Ok((all, report))
    }
}

/// The systems of these names, each once, and an error for each unknown name.
pub(crate) fn systems(names: &[String]) -> (Vec<&'static Os>, Vec<Error>) {
    let (mut systems, mut errors) = (Vec::<&Os>::new(), Vec::new());
    for name in names {
        match SYSTEMS.iter().find(|os| os.name == name) {
            Some(os) if systems.iter().any(|known| known.name == os.name) => {}
            Some(os) => systems.push(os),
            None => errors.push(Error::UnknownSystem {
                name: name.clone(),
                known: SYSTEMS.iter().map(|os| os.name.to_owned()).collect(),
            }),
        }
    }
    (systems, errors)
}

/// Errors for input files that no system reads, that have CRLF line endings or, as a list, a
/// byte-order mark.
fn check_input_files(root: &Path) -> Result<Vec<Error>, Error> {
    let known = |folder: &str| -> Vec<String> {
        let ending = if folder == "symbols" { "txt" } else { "h" };
        let mut names: Vec<String> = SYSTEMS
            .iter()
            .map(|os| format!("{}.{ending}", os.name))
            .collect();
        if folder == "headers" {
            names.push(format!("{}.rdl", windows::NAME));
        }
        names
    };
    let (mut errors, mut crlf, mut marked) = (Vec::new(), Vec::new(), Vec::new());
    for folder in ["headers", "symbols"] {
        let known = known(folder);
        let path = root.join(project::input(folder));
        let mut names = Vec::new();
        for entry in fs::read_dir(&path).map_err(Error::io("list", &path))? {
            let entry = entry.map_err(Error::io("list", &path))?;
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        for name in names {
            let file = project::input(&format!("{folder}/{name}"));
            if known.contains(&name) {
                let path = root.join(&file);
                let bytes = fs::read(&path).map_err(Error::io("read", path))?;
                // clang ignores it in a header.
                if folder == "symbols" && bytes.starts_with("\u{feff}".as_bytes()) {
                    marked.push(file.clone());
                }
                if bytes.windows(2).any(|pair| pair == b"\r\n") {
                    crlf.push(file);
                }
            } else if !(name.starts_with('.') || folder == "headers" && name.ends_with(".h")) {
                // The project's header may include further headers beside it.
                let near = near(&name, known.iter().map(String::as_str));
                let near = near.map(str::to_owned);
                errors.push(Error::UnknownInput { file, near });
            }
        }
    }
    // They cause further errors, which would distract from these.
    let mut first = Vec::new();
    let root = root.to_owned();
    if !marked.is_empty() {
        first.push(Error::Input(InputError::ByteOrderMark {
            files: marked,
            root: root.clone(),
        }));
    }
    if !crlf.is_empty() {
        first.push(Error::LineEndings { files: crlf, root });
    }
    Ok(if first.is_empty() { errors } else { first })
}

/// Prints a line about progress to standard error.
pub(crate) fn say(text: String) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// The output folders with the files of all systems.
pub(crate) fn folders(groups: Vec<Group>) -> Result<Vec<Folder>, Error> {
    let all: Vec<&str> = SYSTEMS.iter().map(|os| os.name).collect();
    filled(groups, &all, Tree::new(), Tree::new())
}

/// The output folders if only these systems were read. The files of other systems stay as they are.
pub(crate) fn some_folders(
    root: &Path,
    groups: Vec<Group>,
    read: &[&Os],
) -> Result<Vec<Folder>, Error> {
    let read: Vec<&str> = read.iter().map(|os| os.name).collect();
    let text = |(path, bytes): (PathBuf, Vec<u8>)| {
        let text = String::from_utf8(bytes).ok()?;
        Some((path, text))
    };
    let all = |folder: &str| -> Result<Tree, Error> {
        let files = write::read_tree(&root.join(folder))?;
        Ok(files.into_iter().filter_map(text).collect())
    };
    let mut generated = all("generated")?;
    generated.retain(|path, _| !read.iter().any(|name| path.starts_with(name)));
    let mut tables = all(project::snapshots())?;
    tables.retain(|path, _| {
        let name = path.to_string_lossy();
        let is_of = |os: &str| name.starts_with(&format!("{os}-"));
        SYSTEMS.iter().any(|os| is_of(os.name)) && !read.iter().any(|os| is_of(os))
    });
    filled(groups, &read, generated, tables)
}

/// How the names of the files in the folder of tables begin.
fn table_names() -> impl Iterator<Item = String> {
    let systems = SYSTEMS.iter().map(|os| format!("{}-", os.name));
    systems.chain([matrix::NAME.to_owned()])
}

/// The output folders: the given files, and those of the systems in `read`.
fn filled(
    groups: Vec<Group>,
    read: &[&str],
    mut generated: Tree,
    mut tables: Tree,
) -> Result<Vec<Folder>, Error> {
    generated.insert("mod.rs".into(), rust_modules::root(&SYSTEMS));
    for os in SYSTEMS.iter().filter(|os| read.contains(&os.name)) {
        let mine: Vec<&Group> = groups
            .iter()
            .filter(|group| group.abi.os == os.name)
            .collect();
        generated.insert(
            Path::new(os.name).join("mod.rs"),
            rust_modules::switch(os, &mine),
        );
    }
    for group in groups {
        tables.extend(group.snapshots());
        generated.insert(group.path(), group.rust);
    }
    tables.insert(matrix::NAME.into(), matrix::page(&tables)?);
    Ok(vec![
        Folder {
            path: "generated",
            prefixes: vec![String::new()],
            mark: WRITTEN_BY,
            files: generated,
        },
        Folder {
            path: project::snapshots(),
            prefixes: table_names().collect(),
            mark: WRITTEN_BY,
            files: tables,
        },
    ])
}

/// Whether the environment variable changes what clang reads.
fn affects_clang(name: &OsString) -> bool {
    let name = name.to_string_lossy();
    name.starts_with("BINDGEN_EXTRA_CLANG_ARGS")
        || [
            "TARGET",
            "LLVM_CONFIG_PATH",
            "CLANG_PATH",
            "CPATH",
            "C_INCLUDE_PATH",
        ]
        .contains(&&*name)
}

/// Restarts this program with the libclang in `folder` and a clean environment. None if it has
/// both.
fn restart(folder: &Path) -> Result<Option<ExitCode>, Error> {
    let removed: Vec<OsString> = std::env::vars_os()
        .map(|(name, _)| name)
        .filter(affects_clang)
        .collect();
    if removed.is_empty() && std::env::var_os("LIBCLANG_PATH").is_some_and(|path| path == *folder) {
        return Ok(None);
    }
    let program = std::env::current_exe().map_err(Error::io("find", "this program"))?;
    let mut command = Command::new(&program);
    command
        .args(std::env::args_os().skip(1))
        .env("LIBCLANG_PATH", folder);
    for name in removed {
        command.env_remove(name);
    }
    run(&mut command).map_err(Error::io("start", program))
}

/// Replaces this process by the command, so that signals reach it.
#[cfg(unix)]
fn run(command: &mut Command) -> io::Result<Option<ExitCode>> {
    use std::os::unix::process::CommandExt;
    Err(command.exec())
}

/// Runs the command and returns its exit code.
#[cfg(not(unix))]
fn run(command: &mut Command) -> io::Result<Option<ExitCode>> {
    let status = command.status()?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(Some(code.map_or(ExitCode::FAILURE, ExitCode::from)))
}

#[cfg(test)]
mod tests {
    #[test]
    fn version_of_bindgen_is_that_of_cargo_toml() {
        let pin = format!("bindgen = {{ version = \"={}\"", super::BINDGEN);
        assert!(include_str!("../Cargo.toml").contains(&pin), "{pin}");
    }
}
