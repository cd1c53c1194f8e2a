//! A copy of the tool's inputs in a temporary folder, and runs of the tool on it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The result of a test.
pub(crate) type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

/// A repository with the inputs of the tool. It is removed when dropped.
#[derive(Debug)]
pub(crate) struct Repository {
    /// Its folder.
    folder: tempfile::TempDir,
}

impl Repository {
    /// Copies the inputs of this repository.
    pub(crate) fn new() -> Result<Repository> {
        let folder = tempfile::tempdir()?;
        let codegen = Path::new(env!("CARGO_MANIFEST_DIR"));
        let inputs = folder.path().join("codegen");
        fs::create_dir_all(&inputs)?;
        for name in ["sources.toml", "ranges.toml"] {
            fs::copy(codegen.join(name), inputs.join(name))?;
        }
        for name in ["symbols", "headers"] {
            fs::create_dir_all(inputs.join(name))?;
            for entry in fs::read_dir(codegen.join(name))? {
                let entry = entry?;
                fs::copy(entry.path(), inputs.join(name).join(entry.file_name()))?;
            }
        }
        Ok(Repository { folder })
    }

    /// Copies the inputs, bindings and tables of this repository.
    #[allow(dead_code)] // not every test binary needs them
    pub(crate) fn whole() -> Result<Repository> {
        let repository = Repository::new()?;
        let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        for (path, bytes) in tree(&ours.join("generated"))? {
            repository.put(&Path::new("generated").join(path), &bytes)?;
        }
        for (path, bytes) in tree(&ours.join("codegen/snapshots"))? {
            // `cargo xtask cross-check` writes it.
            if path != Path::new("cross-check.txt") {
                repository.put(&Path::new("codegen/snapshots").join(path), &bytes)?;
            }
        }
        Ok(repository)
    }

    /// Writes a file.
    #[allow(dead_code)] // for `whole`
    fn put(&self, name: &Path, bytes: &[u8]) -> Result {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().ok_or("no parent")?)?;
        Ok(fs::write(path, bytes)?)
    }

    /// All its files.
    #[allow(dead_code)] // not every test binary compares trees
    pub(crate) fn tree(&self) -> Result<BTreeMap<PathBuf, Vec<u8>>> {
        tree(self.folder.path())
    }

    /// The path of a file in it.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A command that runs the tool in it.
    pub(crate) fn tool(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mio-codegen"));
        command.current_dir(self.folder.path());
        command
    }

    /// Runs the tool, which must succeed.
    #[allow(dead_code)] // not every test binary has runs that succeed
    pub(crate) fn succeed(&self, args: &[&str]) -> Result<String> {
        let output = self.tool().args(args).output()?;
        assert!(
            output.status.success(),
            "{args:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Runs the tool, which must fail with status 1. Returns its message.
    #[allow(dead_code)] // not every test binary has failing runs
    pub(crate) fn fail(&self, args: &[&str]) -> Result<String> {
        failure(self.tool().args(args).output()?)
    }

    /// Replaces `old`, which must be there, by `new` in a file.
    #[allow(dead_code)] // not every test binary edits
    pub(crate) fn edit(&self, name: &str, old: &str, new: &str) -> Result {
        let text = fs::read_to_string(self.path(name))?;
        assert!(text.contains(old), "{name} does not hold {old}");
        Ok(fs::write(self.path(name), text.replacen(old, new, 1))?)
    }
}

/// The message of a run that must have failed with status 1.
#[allow(dead_code)] // not every test binary has failing runs
pub(crate) fn failure(output: Output) -> Result<String> {
    let message = String::from_utf8(output.stderr)?;
    assert_eq!(output.status.code(), Some(1), "{message}");
    Ok(message)
}

/// All files below a folder, by their path in the folder.
#[allow(dead_code)] // not every test binary compares trees
pub(crate) fn tree(folder: &Path) -> Result<BTreeMap<PathBuf, Vec<u8>>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(relative) = folders.pop() {
        for entry in fs::read_dir(folder.join(&relative))? {
            let entry = entry?;
            let relative = relative.join(entry.file_name());
            if entry.path().is_dir() {
                folders.push(relative);
            } else {
                files.insert(relative, fs::read(entry.path())?);
            }
        }
    }
    Ok(files)
}

/// The tool's cache on this machine, with all packs.
#[allow(dead_code)] // not every test binary needs it
pub(crate) fn real_cache() -> Result<PathBuf> {
    Repository::new()?.succeed(&["--target", "x86_64-unknown-netbsd"])?;
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let base = match set("XDG_CACHE_HOME") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(set("HOME").ok_or("no HOME")?).join(".cache"),
    };
    Ok(base.join("mio-build"))
}

/// The last help of a message, which is a command if there is one.
#[allow(dead_code)] // not every test binary needs it
pub(crate) fn help(message: &str) -> &str {
    let last = message.trim_end().lines().last().unwrap_or_default();
    last.strip_prefix("help: ").unwrap_or_default()
}

/// Writes a shell script into a folder, as a program.
#[cfg(unix)]
#[allow(dead_code)] // not every test binary needs it
pub(crate) fn program(folder: &Path, name: &str, script: &str) -> Result {
    use std::os::unix::fs::PermissionsExt;
    let path = folder.join(name);
    fs::write(&path, format!("#!/bin/sh\n{script}\n"))?;
    Ok(fs::set_permissions(
        &path,
        fs::Permissions::from_mode(0o755),
    )?)
}

/// `PATH` that begins with `folder`, in which `cargo codegen` runs the tool under test.
#[cfg(unix)]
#[allow(dead_code)] // not every test binary needs it
pub(crate) fn path_with_cargo(folder: &Path) -> Result<String> {
    let tool = env!("CARGO_BIN_EXE_mio-codegen");
    program(folder, "cargo", &format!("shift; exec '{tool}' \"$@\""))?;
    Ok(format!("{}:{}", folder.display(), std::env::var("PATH")?))
}
