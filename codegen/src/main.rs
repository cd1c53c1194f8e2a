//! Builds the bindings in `generated/` from pinned header packs.
//!
//! The way of a symbol: [`symbols`] reads what is asked for, [`sources`] brings the headers, [`unix`] has clang read them for
//! one target of [`targets`] and returns facts ([`abi`]), [`group`] holds the targets of a group against each other, [`rust`]
//! writes the text, [`write`] puts it into the tree or compares it.

mod abi;
mod cli;
mod error;
mod group;
mod rust;
mod sources;
mod symbols;
mod targets;
mod unix;
mod write;

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

use clap::Parser;

use crate::cli::Cli;
use crate::error::Error;
use crate::group::{Group, Headers, Inputs};
use crate::sources::{Pack, Sources};
use crate::targets::{Os, SYSTEMS, Target};
use crate::write::Folder;

fn main() -> ExitCode {
    // A reader that has seen enough (`| head`) is no error.
    match run(&Cli::parse()) {
        Ok(Outcome::Report(text)) => {
            let _ = io::stdout().write_all(text.as_bytes());
            ExitCode::SUCCESS
        }
        Ok(Outcome::Child(code)) => code,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// How a run ended.
enum Outcome {
    /// Well, with this to say.
    Report(String),
    /// As the process ended that was started in its place.
    Child(ExitCode),
}

/// Everything.
fn run(cli: &Cli) -> Result<Outcome, Error> {
    if cli.list {
        return Ok(Outcome::Report(list()));
    }
    let began = Instant::now();
    let root = root(cli)?;
    let toml = root.join("codegen/sources.toml");
    let sources = Sources::parse(&fs::read_to_string(&toml).map_err(Error::io("read", &toml))?)?;
    let one = cli.target.as_deref().map(find_target).transpose()?;
    // What needs no clang is looked at first.
    let libclang = sources.libclang()?;
    for os in SYSTEMS {
        Inputs::read(&root, os, &tools(&sources, libclang, os)?)?;
    }
    let cache = sources::cache()?;
    let say = |text: String| {
        let _ = writeln!(io::stderr(), "{text}");
    };
    if let Some(code) = with_libclang(&libclang.folder(&cache, &say)?)? {
        return Ok(Outcome::Child(code));
    }
    let found = bindgen::clang_version().full;
    if !found.contains(&libclang.version) {
        return Err(Error::WrongLibclang {
            found,
            wanted: libclang.version.clone(),
        });
    }
    let headers = |os: &Os| {
        Ok(match (&cli.sysroot, os.pack) {
            (Some(folder), _) => Headers::Sysroot(folder),
            (None, None) => Headers::Ours,
            (None, Some(name)) => {
                let pack = sources.headers(name)?;
                Headers::Pack(pack, pack.folder(&cache, &say)?)
            }
        })
    };
    if let Some((os, target)) = one {
        let inputs = Inputs::read(&root, os, &tools(&sources, libclang, os)?)?;
        return Ok(Outcome::Report(single(
            cli,
            &root,
            os,
            target,
            &inputs,
            &headers(os)?,
        )?));
    }
    let (mut all, mut report) = (Vec::new(), String::new());
    for os in SYSTEMS {
        let targets: Vec<&Target> = os.targets.iter().collect();
        let began = Instant::now();
        let inputs = Inputs::read(&root, os, &tools(&sources, libclang, os)?)?;
        let groups = group::groups(os, &targets, &inputs, &headers(os)?)?;
        report.push_str(&group::summary(os, &groups, began));
        all.extend(groups);
    }
    let folders = folders(all);
    if cli.check {
        compare(&folders, &root, "cargo codegen")?;
        report.push_str("everything is as the inputs give it");
    } else {
        for folder in &folders {
            let word = if folder.write(&root)? {
                "written"
            } else {
                "unchanged"
            };
            report.push_str(&format!("{}: {word}, ", folder.path));
        }
        report.push_str("done");
    }
    report.push_str(&format!(
        "; {:.1} s in all\n",
        began.elapsed().as_secs_f64()
    ));
    Ok(Outcome::Report(report))
}

/// One target: its table on standard output, or with `--sysroot` its group in the tree.
fn single(
    cli: &Cli,
    root: &Path,
    os: &Os,
    target: &Target,
    inputs: &Inputs,
    headers: &Headers<'_>,
) -> Result<String, Error> {
    let groups = group::groups(os, &[target], inputs, headers)?;
    if !matches!(headers, Headers::Sysroot(_)) {
        return Ok(groups.iter().map(|group| group.table.as_str()).collect());
    }
    // Only what the headers say counts here, not the files' heads.
    let mut report = String::new();
    for group in groups {
        for (path, name, text) in [
            ("generated", group.path.display().to_string(), group.rust),
            ("tests/snapshots", group.table_name, group.table),
        ] {
            let old = fs::read_to_string(root.join(path).join(&name)).unwrap_or_default();
            if body(&old) == body(&text) {
                report.push_str(&format!("{path}/{name}: these headers give the same\n"));
                continue;
            }
            let difference = group::difference(body(&old), body(&text));
            if cli.check {
                let differences = format!("  changed: {path}/{name}\n{difference}");
                return Err(Error::Stale {
                    differences,
                    mend: format!("cargo codegen --sysroot DIR --target {}", target.triple),
                });
            }
            report.push_str(&format!("{path}/{name}: written\n{difference}"));
            Folder {
                path,
                files: [(name.clone().into(), text)].into(),
                prefix: name,
            }
            .write(root)?;
        }
    }
    Ok(report)
}

/// A file without its head: what follows the list of triples.
fn body(text: &str) -> &str {
    text.split_once("\n\n").map_or(text, |(_, body)| body)
}

/// What the two folders are to hold.
fn folders(groups: Vec<Group>) -> Vec<Folder> {
    let mut generated = write::Tree::new();
    let mut tables = write::Tree::new();
    generated.insert("mod.rs".into(), rust::root(SYSTEMS));
    for os in SYSTEMS {
        generated.insert(Path::new(os.name).join("mod.rs"), rust::switch(os));
    }
    for group in groups {
        generated.insert(group.path, group.rust);
        tables.insert(group.table_name.into(), group.table);
    }
    vec![
        Folder {
            path: "generated",
            prefix: String::new(),
            files: generated,
        },
        Folder {
            path: "tests/snapshots",
            prefix: "abi@".to_owned(),
            files: tables,
        },
    ]
}

/// Fails if the tree is not as it should be.
fn compare(folders: &[Folder], root: &Path, mend: &str) -> Result<(), Error> {
    let mut differences = String::new();
    for folder in folders {
        differences.push_str(&folder.differences(root)?);
    }
    if differences.is_empty() {
        return Ok(());
    }
    Err(Error::Stale {
        differences,
        mend: mend.to_owned(),
    })
}

/// The repository: as told, or the first folder from here upwards that has our sources.
fn root(cli: &Cli) -> Result<PathBuf, Error> {
    let here = std::env::current_dir().map_err(Error::io("find", "the current folder"))?;
    if let Some(root) = &cli.root {
        return Ok(here.join(root));
    }
    let holds = |folder: &&Path| folder.join("codegen/sources.toml").is_file();
    here.ancestors()
        .find(holds)
        .map(Path::to_owned)
        .ok_or(Error::NoRoot(here))
}

/// The version of bindgen that Cargo.toml pins.
const BINDGEN: &str = "0.73.2";

/// Everything that can change a system's output besides our own inputs. The same on every host.
fn tools(sources: &Sources, libclang: &Pack, os: &Os) -> Result<String, Error> {
    let headers = match os.pack {
        Some(name) => {
            let pack = sources.headers(name)?;
            format!("{} {} {}", pack.package, pack.version, pack.sha256)
        }
        None => "no pack".to_owned(),
    };
    Ok(format!(
        "bindgen {BINDGEN}, {} {}, {headers}, mio-codegen {}",
        libclang.package,
        libclang.version,
        env!("CARGO_PKG_VERSION")
    ))
}

/// Makes sure this process has the pinned libclang and nothing in its environment that bends clang: it starts itself again with
/// a clean one and returns that process's exit code. Returns none in a process that is already so.
fn with_libclang(pack: &Path) -> Result<Option<ExitCode>, Error> {
    let folder = sources::find_libclang(pack).ok_or_else(|| Error::IncludeDir {
        target: "libclang".to_owned(),
        path: pack.to_owned(),
        mend: format!("rm -r '{}' && cargo codegen", pack.display()),
    })?;
    let bends = |name: &OsString| {
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
    };
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
        .env("LIBCLANG_PATH", &folder);
    for name in bending {
        command.env_remove(name);
    }
    let status = command.status().map_err(Error::io("start", program))?;
    Ok(Some(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }))
}

/// A target by name.
fn find_target(triple: &str) -> Result<(&'static Os, &'static Target), Error> {
    for os in SYSTEMS {
        if let Some(target) = os.targets.iter().find(|target| target.triple == triple) {
            return Ok((os, target));
        }
        if let Some(left) = os.left_out.iter().find(|left| left.name == triple) {
            return Err(Error::LeftOut {
                target: triple.to_owned(),
                reason: left.reason.to_owned(),
            });
        }
    }
    Err(Error::UnknownTarget(triple.to_owned()))
}

/// `--list`.
fn list() -> String {
    let mut text = String::new();
    for os in SYSTEMS {
        for target in os.targets {
            let group = format!("{}/{}", os.name, target.group);
            text.push_str(&format!(
                "{:<40} {group:<16} {}\n",
                target.triple,
                target.proof.word()
            ));
        }
        for left in os.left_out {
            text.push_str(&format!("left out: {}: {}\n", left.name, left.reason));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn bindgen_is_the_pinned_one() {
        let pin = format!("bindgen = {{ version = \"={}\"", super::BINDGEN);
        assert!(include_str!("../Cargo.toml").contains(&pin), "{pin}");
    }
}
