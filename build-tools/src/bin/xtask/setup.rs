//! The stage `setup`: installs the tools that the other stages need, and fetches the dependencies.

use std::fs;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::project::{PLAIN, Project};
use crate::report::Help;
use crate::step::{Context, Step, succeeds};
use crate::{cross, debian, kernels, msrv, nightly, site, wasi, wine, wine10, workflows};

/// A tool, a command that succeeds if the tool is installed, and Debian's package of it.
struct Tool {
    name: &'static str,
    probe: &'static [&'static str],
    package: &'static str,
}

const TOOLS: [Tool; 6] = [
    Tool {
        name: "a C linker",
        probe: &["cc", "--version"],
        package: "build-essential",
    },
    Tool {
        name: "python3",
        probe: &["python3", "--version"],
        package: "python3",
    },
    Tool {
        name: "pip (downloads the header packages)",
        probe: &["python3", "-m", "pip", "--version"],
        package: "python3-pip",
    },
    Tool {
        name: "valgrind (counts instructions)",
        probe: &["valgrind", "--version"],
        package: "valgrind",
    },
    Tool {
        name: "strace (counts system calls)",
        probe: &["strace", "--version"],
        package: "strace",
    },
    Tool {
        name: "socat (plays serial ports)",
        probe: &["socat", "-V"],
        package: "socat",
    },
];

/// Components of the toolchain that rustup installs.
const COMPONENTS: [(&str, &[&str]); 2] = [
    ("rustfmt", &["cargo", "fmt", "--version"]),
    ("clippy", &["cargo", "clippy", "--version"]),
];

/// Packages with a lock file of their own.
const LOCKED: [&str; 13] = [
    "",
    "build-tools/bench",
    "build-tools/bench/server/ours",
    "build-tools/bench/server/upstream",
    "build-tools/fuzz",
    "build-tools/loom",
    "build-tools/properties",
    "build-tools/soak",
    "build-tools/apps/tokio-smoke",
    "build-tools/apps/tokio-pipes",
    "build-tools/apps/linux-fds",
    "build-tools/apps/api-upstream",
    "build-tools/apps/downstream",
];

fn missing_tools() -> Vec<&'static Tool> {
    let is_missing = |tool: &&Tool| !succeeds(tool.probe);
    TOOLS.iter().filter(is_missing).collect()
}

fn missing_components() -> Vec<&'static str> {
    let is_missing = |(_, probe): &&(&str, &[&str])| !succeeds(probe);
    let missing = COMPONENTS.iter().filter(is_missing);
    missing.map(|(component, _)| *component).collect()
}

/// Folders of the cache that stages fill, with their contents.
fn downloads(with_nightly: bool) -> Vec<(String, &'static str)> {
    let mut downloads = vec![
        (
            cross::compiler_folder(),
            "a rustc whose std builds for every target, and lld",
        ),
        (cross::ZIG.to_owned(), "a linker for other systems"),
        (cross::OLD_QEMU.to_owned(), "QEMU without epoll_pwait2"),
        (cross::NEW_QEMU.to_owned(), "QEMU with epoll_pwait2"),
        (msrv::folder(), "the oldest supported rustc"),
        (wasi::LIBC.to_owned(), "the C library of WASI"),
        (wasi::wasmtime_folder(), "wasmtime, built from source"),
        (wasi::wheel_folder(), "an older wasmtime"),
        (wine::PREFIX.to_owned(), "a prefix of Wine 8"),
        (wine10::NAME.to_owned(), "a chroot with Wine 10"),
        (workflows::ACTIONLINT.to_owned(), "actionlint"),
        (workflows::SHELLCHECK.to_owned(), "shellcheck"),
        (site::axe_folder(), "axe-core, which examines web pages"),
    ];
    if with_nightly {
        let runtime = "the runtime of ThreadSanitizer";
        downloads.push((nightly::TSAN_RUNTIME.to_owned(), runtime));
    }
    downloads
}

/// The stages that fill folders of the cache.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Downloads {
    None,
    OfTest,
    OfNightly,
}

/// Prints the tools that are missing, and where a run of these stages installs them.
pub(crate) fn print_plan(project: &Project, downloads: Downloads) -> Result<()> {
    let mut lines = missing_packages();
    lines.extend(match downloads {
        Downloads::None => Vec::new(),
        Downloads::OfTest => missing_folders(project, false)?,
        Downloads::OfNightly => missing_folders(project, true)?,
    });
    if lines.is_empty() {
        println!("all tools are installed");
        return Ok(());
    }
    println!("tools that are missing, and where this run installs them:");
    for line in lines {
        println!("  {line}");
    }
    Ok(())
}

/// The part of the plan for the system and the toolchain.
fn missing_packages() -> Vec<String> {
    let mut packages: Vec<&str> = missing_tools().iter().map(|tool| tool.package).collect();
    packages.extend((!wine::is_installed()).then_some(wine::PACKAGES));
    packages.extend((!wine10::has_debootstrap()).then_some("debootstrap"));
    packages.extend((!kernels::is_installed()).then_some(kernels::PACKAGES));
    packages.extend((!site::is_installed()).then_some(site::PACKAGES));
    let packages = packages.join(" ");
    let mut lines = Vec::new();
    if !packages.is_empty() {
        lines.push(if debian::can_install() {
            format!("into the system, by apt-get: {packages}")
        } else {
            format!("not installed, for that takes root on Debian: {packages}")
        });
    }
    let components = missing_components().join(" ");
    if !components.is_empty() {
        lines.push(format!("into the toolchain, by rustup: {components}"));
    }
    lines
}

/// The part of the plan for the cache.
fn missing_folders(project: &Project, with_nightly: bool) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    let cache = project.cache.display();
    for (folder, contents) in downloads(with_nightly) {
        if !project.cache.join(&folder).exists() {
            lines.push(format!("into {cache}/{folder}: {contents}"));
        }
    }
    let sources = fs::read_to_string(project.path("codegen/sources.toml"))?;
    let mut files = sources
        .lines()
        .filter_map(|line| line.strip_prefix("file = \"")?.strip_suffix('"'));
    if files.any(|file| file.starts_with("ziglang-") && !project.cache.join(file).exists()) {
        lines.push(format!("into {cache}: the header packages of codegen"));
    }
    Ok(lines)
}

/// Installs the missing tools, or fails with the command that does.
pub(crate) fn run(context: &mut Context<'_>) -> Result<()> {
    let mut commands = Vec::new();

    let missing = missing_tools();
    if !missing.is_empty() {
        let packages: Vec<&str> = missing.iter().map(|tool| tool.package).collect();
        let packages = packages.join(" ");
        for tool in &missing {
            context.log(&format!("missing: {}", tool.name))?;
        }
        if debian::can_install() {
            debian::install(context, &packages)?;
        } else {
            commands.push(format!("sudo apt-get install {packages}"));
        }
    }

    for component in missing_components() {
        context.log(&format!("missing: {component}"))?;
        let add = Step::new("rustup").words("component add").words(component);
        if context.run(add.limit(600)).is_err() {
            commands.push(format!("rustup component add {component}"));
        }
    }

    // Only the stages of Windows need Wine. Without it they are not run, and report the reason.
    if let Err(error) = wine::install(context) {
        context.log(&format!("{error:#}"))?;
    }

    if !commands.is_empty() {
        bail!(Help::new("tools are missing", commands.join(" && ")));
    }

    // One place for all downloads, so that an unreachable registry is reported once.
    for package in LOCKED {
        let manifest = context.project.path(package).join("Cargo.toml");
        let fetch = Step::cargo(context.project, PLAIN, "fetch --locked --manifest-path");
        context.run(fetch.argument(manifest).limit(900))?;
    }
    prune(context)
}

/// The age at which a test program that no run has built again is removed.
const MAX_AGE: Duration = Duration::from_secs(2 * 24 * 60 * 60);

/// Removes old test programs from the shared build folders, because each checkout builds them under
/// names of its own. Dependencies stay, and Cargo builds a removed file again.
fn prune(context: &mut Context<'_>) -> Result<()> {
    let Ok(targets) = fs::read_dir(context.project.cache.join("target")) else {
        // No build folder exists yet.
        return Ok(());
    };
    let mut removed = 0;
    for target in targets {
        let target = target?.path();
        for profile in ["debug/deps", "release/deps"] {
            let Ok(files) = fs::read_dir(target.join(profile)) else {
                continue;
            };
            for file in files {
                let file = file?;
                // Programs have no extension. Libraries and macros have one.
                let is_program = file.path().extension().is_none();
                let age = file.metadata().and_then(|data| data.modified());
                let is_old = age.is_ok_and(|age| age.elapsed().is_ok_and(|age| age > MAX_AGE));
                if is_program && is_old && fs::remove_file(file.path()).is_ok() {
                    removed += 1;
                }
            }
        }
    }
    context.log(&format!("{removed} old test programs removed"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{downloads, missing_folders};
    use crate::project::Project;

    #[test]
    fn missing_folders_are_planned() {
        let cache = tempfile::tempdir().unwrap();
        let project = Project {
            cache: cache.path().to_owned(),
            ..Project::find().unwrap()
        };
        let is_planned = |folder: &str| {
            let path = format!("into {}/{folder}:", cache.path().display());
            let lines = missing_folders(&project, true).unwrap();
            lines.iter().any(|line| line.starts_with(&path))
        };
        for (folder, _) in downloads(true) {
            assert!(is_planned(&folder), "{folder}");
            fs::create_dir(cache.path().join(&folder)).unwrap();
            assert!(!is_planned(&folder), "{folder}");
        }
    }
}
