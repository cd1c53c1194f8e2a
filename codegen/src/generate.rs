//! Everything a run needs, and the run itself: all systems read, all groups written as text, nothing put into the tree yet.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

use crate::abi::{FOLDER, WRITTEN_BY};
use crate::cache;
use crate::error::{Error, near};
use crate::group::{self, Group};
use crate::headers::Headers;
use crate::inputs::Inputs;
use crate::matrix;
use crate::os_version;
use crate::rust_modules;
use crate::sources::{self, Sources};
use crate::targets::{Os, SYSTEMS, Target};
use crate::windows;
use crate::write::{self, Folder, Tree};

/// The version of bindgen that Cargo.toml pins.
const BINDGEN: &str = "0.73.2";

/// A repository's inputs, and where packs are kept.
#[derive(Debug)]
pub(crate) struct Generator {
    /// The repository whose `codegen/` is read.
    pub(crate) root: PathBuf,
    /// Its header packs.
    pub(crate) sources: Sources,
    /// Where packs are kept.
    pub(crate) cache: PathBuf,
    /// Read with this libclang, not the pinned one.
    pub(crate) libclang: Option<PathBuf>,
}

impl Generator {
    /// Reads the inputs of all systems, so that what needs no clang is wrong before clang is started.
    pub(crate) fn open(root: &Path, libclang: Option<&Path>) -> Result<Generator, Error> {
        let toml = root.join("codegen/sources.toml");
        let text = fs::read_to_string(&toml).map_err(Error::io("read", &toml))?;
        let generator = Generator {
            root: root.to_owned(),
            sources: Sources::parse(&text)?,
            cache: cache::folder()?,
            libclang: libclang.map(Path::to_owned),
        };
        let mut wrong = unread_inputs(root)?;
        for os in SYSTEMS {
            match generator.inputs(os) {
                Ok(_) => {}
                Err(error) if error.is_local() => wrong.push(error.within(root)),
                Err(error) => return Err(error),
            }
        }
        Error::all(wrong)?;
        Ok(generator)
    }

    /// The inputs of a system.
    pub(crate) fn inputs(&self, os: &Os) -> Result<Inputs, Error> {
        Inputs::read(&self.root, os, &self.tools(os)?)
    }

    /// The headers of a system, fetched and unpacked now if they are not there.
    pub(crate) fn headers(&self, os: &Os) -> Result<Headers<'_>, Error> {
        let Some(name) = os.pack else {
            return Ok(Headers::Ours);
        };
        let pack = self.sources.headers(name)?;
        let folder = pack.folder(&self.cache, &say)?;
        os_version::check(os, pack, &folder)?;
        Ok(Headers::Pack(pack, folder))
    }

    /// Everything that can change a system's output besides our own inputs. The same on every host.
    fn tools(&self, os: &Os) -> Result<String, Error> {
        let libclang = self.sources.libclang()?;
        let headers = match os.pack {
            Some(name) => {
                let pack = self.sources.headers(name)?;
                format!("{} {} {}", pack.package, pack.version, pack.sha256)
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

    /// Makes sure this process has the libclang that is wanted and nothing in its environment that bends clang: it starts itself
    /// again with a clean one and returns that process's exit code. Returns none in a process that is already so.
    pub(crate) fn with_libclang(&self) -> Result<Option<ExitCode>, Error> {
        let pinned = self.sources.libclang()?;
        let place = match &self.libclang {
            Some(folder) => folder.clone(),
            None => pinned.folder(&self.cache, &say)?,
        };
        let folder = sources::find_libclang(&place).ok_or_else(|| Error::IncludeDir {
            target: "libclang".to_owned(),
            path: place.clone(),
        })?;
        if let Some(code) = again(&folder)? {
            return Ok(Some(code));
        }
        let found = bindgen::clang_version().full;
        if self.libclang.is_none() && !found.contains(&pinned.version) {
            return Err(Error::WrongLibclang {
                found,
                wanted: pinned.version.clone(),
            });
        }
        Ok(None)
    }

    /// Reads one system.
    pub(crate) fn system(&self, os: &'static Os) -> Result<Vec<Group>, Error> {
        let targets: Vec<&'static Target> = os.targets.iter().collect();
        group::groups(os, &targets, &self.inputs(os)?, &self.headers(os)?, None)
    }

    /// Reads systems; with a table of what was read. What is wrong with one does not keep the others from being read.
    pub(crate) fn read(
        &self,
        systems: impl IntoIterator<Item = &'static Os>,
    ) -> Result<(Vec<Group>, String), Error> {
        let (mut all, mut report, mut wrong) = (Vec::new(), String::new(), Vec::new());
        for os in systems {
            let began = Instant::now();
            let groups = match self.system(os) {
                Ok(groups) => groups,
                Err(error) if error.is_local() => {
                    wrong.push(error);
                    continue;
                }
                Err(error) => return Err(error),
            };
            report.push_str(&group::summary(os, &groups, began));
            all.extend(groups);
        }
        Error::all(wrong)?;
        Ok((all, report))
    }
}

/// The systems of these names, each once, and what is wrong with other names.
pub(crate) fn systems(names: &[String]) -> (Vec<&'static Os>, Vec<Error>) {
    let (mut systems, mut wrong) = (Vec::<&Os>::new(), Vec::new());
    for name in names {
        match SYSTEMS.iter().find(|os| os.name == name) {
            Some(os) if systems.iter().any(|known| known.name == os.name) => {}
            Some(os) => systems.push(os),
            None => wrong.push(Error::UnknownSystem {
                name: name.clone(),
                known: SYSTEMS.iter().map(|os| os.name.to_owned()).collect(),
            }),
        }
    }
    (systems, wrong)
}

/// What is wrong with files among the inputs: those that no system reads, and those with other line endings.
fn unread_inputs(root: &Path) -> Result<Vec<Error>, Error> {
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
    let (mut wrong, mut endings) = (Vec::new(), Vec::new());
    for folder in ["headers", "symbols"] {
        let known = known(folder);
        let path = root.join("codegen").join(folder);
        let mut names = Vec::new();
        for entry in fs::read_dir(&path).map_err(Error::io("list", &path))? {
            let entry = entry.map_err(Error::io("list", &path))?;
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        for name in names {
            let file = format!("codegen/{folder}/{name}");
            if known.contains(&name) {
                let path = root.join(&file);
                let bytes = fs::read(&path).map_err(Error::io("read", path))?;
                if bytes.windows(2).any(|pair| pair == b"\r\n") {
                    endings.push(file);
                }
            } else if !(name.starts_with('.') || folder == "headers" && name.ends_with(".h")) {
                // A header of ours may be named by a list: it is looked for when that is read.
                let near = near(&name, known.iter().map(String::as_str));
                let near =
                    near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
                wrong.push(Error::UnknownInput { file, near });
            }
        }
    }
    if !endings.is_empty() {
        // Nothing else that is said about them would be of use.
        return Ok(vec![Error::LineEndings {
            files: endings,
            root: root.to_owned(),
        }]);
    }
    Ok(wrong)
}

/// Tells what takes long.
pub(crate) fn say(text: String) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// What the two folders are to hold.
pub(crate) fn folders(groups: Vec<Group>) -> Result<Vec<Folder>, Error> {
    let all: Vec<&str> = SYSTEMS.iter().map(|os| os.name).collect();
    filled(groups, &all, Tree::new(), Tree::new())
}

/// The same if only these systems were read: files of others are to stay as they are.
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
    let mut tables = all(FOLDER)?;
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

/// The folders with the files of these systems put to what is there.
fn filled(
    groups: Vec<Group>,
    read: &[&str],
    mut generated: Tree,
    mut tables: Tree,
) -> Result<Vec<Folder>, Error> {
    generated.insert("mod.rs".into(), rust_modules::root(SYSTEMS));
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
            path: FOLDER,
            prefixes: table_names().collect(),
            mark: WRITTEN_BY,
            files: tables,
        },
    ])
}

/// Does the variable bend what clang reads?
fn bends(name: &OsString) -> bool {
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

/// Starts this program again, with the libclang in `folder` and a clean environment, unless it has both.
fn again(folder: &Path) -> Result<Option<ExitCode>, Error> {
    let bending: Vec<OsString> = std::env::vars_os()
        .map(|(name, _)| name)
        .filter(bends)
        .collect();
    if bending.is_empty() && std::env::var_os("LIBCLANG_PATH").is_some_and(|path| path == *folder) {
        return Ok(None);
    }
    let program = std::env::current_exe().map_err(Error::io("find", "this program"))?;
    let mut command = Command::new(&program);
    command
        .args(std::env::args_os().skip(1))
        .env("LIBCLANG_PATH", folder);
    for name in bending {
        command.env_remove(name);
    }
    run(&mut command).map_err(Error::io("start", program))
}

/// Runs the command in the place of this process, so that signals reach the one that works.
#[cfg(unix)]
fn run(command: &mut Command) -> io::Result<Option<ExitCode>> {
    use std::os::unix::process::CommandExt;
    Err(command.exec())
}

/// Runs the command and returns how it ended.
#[cfg(not(unix))]
fn run(command: &mut Command) -> io::Result<Option<ExitCode>> {
    let status = command.status()?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(Some(code.map_or(ExitCode::FAILURE, ExitCode::from)))
}

#[cfg(test)]
mod tests {
    #[test]
    fn bindgen_is_the_pinned_one() {
        let pin = format!("bindgen = {{ version = \"={}\"", super::BINDGEN);
        assert!(include_str!("../Cargo.toml").contains(&pin), "{pin}");
    }
}
