//! The oldest compiler that the library promises to build with.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::project::PLAIN;
use crate::report::NotRun;
use crate::step::{Context, Step};

/// `rust-version` of Cargo.toml.
const VERSION: &str = "1.85";

/// Debian's packages of that compiler, and their version.
const DEBIAN: &str = "1.85.0+dfsg3-1~deb12u3";
const PACKAGES: [&str; 3] = ["rustc-web", "libstd-rust-web-dev", "libstd-rust-web-1.85"];

/// Packages that the compiler needs and that come in a version of their own.
const LIBRARIES: [&str; 1] = ["libllvm19"];

pub(crate) fn run(context: &mut Context<'_>) -> Result<()> {
    let manifest = fs::read_to_string(context.project.path("Cargo.toml"))?;
    if !manifest.contains(&format!("rust-version = \"{VERSION}\"")) {
        bail!("Cargo.toml names another rust-version than {VERSION}, which this stage checks with");
    }

    // Warnings are left to the current compiler: an old one has lints that were wrong.
    let step = Step::cargo(
        context.project,
        PLAIN,
        "check --lib --examples --all-features --ignore-rust-version",
    )
    .set("CARGO_TARGET_DIR", context.project.target("oldest"));

    // A toolchain that is there anyway is taken; nothing is installed through rustup.
    let present = context.run(
        Step::new("rustup")
            .words("which rustc --toolchain")
            .argument(VERSION)
            .set("RUSTUP_AUTO_INSTALL", "0")
            .remove("RUST_BACKTRACE"),
    );
    let step = match present {
        Ok(path) => step.set("RUSTC", path.trim()),
        Err(_) => {
            let folder = fetched(context).map_err(|error| {
                NotRun(format!(
                    "no Rust {VERSION} from rustup or Debian ({error:#})"
                ))
            })?;
            let mut libraries = folder.join("usr/lib/x86_64-linux-gnu").into_os_string();
            libraries.push(":");
            libraries.push(folder.join("usr/lib"));
            if let Some(before) = env::var_os("LD_LIBRARY_PATH") {
                libraries.push(":");
                libraries.push(before);
            }
            step.set("RUSTC", folder.join("usr/bin/rustc"))
                .set("LD_LIBRARY_PATH", libraries)
        }
    };
    context.run(step).map(drop)
}

/// The folder of Debian's compiler, fetched and unpacked once and not installed.
fn fetched(context: &mut Context<'_>) -> Result<PathBuf> {
    if cfg!(not(target_arch = "x86_64")) {
        bail!("they are known for x86-64 only");
    }
    let folder = context.project.cache.join(format!("rust-{VERSION}"));
    if folder.join("usr/bin/rustc").exists() {
        return Ok(folder);
    }
    // A folder of its own, renamed when it is whole: an interruption leaves nothing that looks done.
    let parts = context
        .project
        .cache
        .join(format!("rust-{VERSION}.{}", std::process::id()));
    fs::create_dir_all(&parts).with_context(|| format!("{}", parts.display()))?;
    let unpacked = unpack(context, &parts);
    let unpacked = unpacked.and_then(|()| {
        // Another run may have been quicker: its folder is as good.
        fs::rename(parts.join("root"), &folder)
            .or_else(|error| {
                if folder.join("usr/bin/rustc").exists() {
                    Ok(())
                } else {
                    Err(error)
                }
            })
            .with_context(|| format!("{}", folder.display()))
    });
    let _ = fs::remove_dir_all(&parts);
    unpacked.map(|()| folder)
}

fn unpack(context: &mut Context<'_>, parts: &Path) -> Result<()> {
    let download = || {
        let mut step = Step::new("apt-get")
            .words("download")
            .folder(parts)
            .limit(900);
        for package in PACKAGES {
            step = step.argument(format!("{package}={DEBIAN}"));
        }
        for package in LIBRARIES {
            step = step.argument(package);
        }
        step
    };
    if context.run(download()).is_err() {
        // The lists of packages are missing or old.
        context.run(Step::new("apt-get").words("update").limit(600))?;
        context.run(download())?;
    }
    let root = parts.join("root");
    for entry in fs::read_dir(parts)? {
        let file = entry?.path();
        if file.extension().is_some_and(|extension| extension == "deb") {
            context.run(
                Step::new("dpkg")
                    .words("-x")
                    .argument(&file)
                    .argument(&root),
            )?;
        }
    }
    Ok(())
}
