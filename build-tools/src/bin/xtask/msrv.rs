//! The oldest compiler that the library promises to build with, on this machine and for one target of
//! each selector and pointer width (`mio_targets::OFTEN`), whose std is built from source.

use std::env;
use std::fs;
use std::path::PathBuf;

use anyhow::{Result, bail};
use mio_targets::OFTEN;

use crate::cross::Compiler;
use crate::fetch;
use crate::project::PLAIN;
use crate::report::NotRun;
use crate::step::{Context, Step};

/// `rust-version` of Cargo.toml.
const VERSION: &str = "1.85";

/// Debian's packages of that compiler, and their version.
const DEBIAN: &str = "1.85.0+dfsg3-1~deb12u3";
const PACKAGES: [&str; 4] = [
    "rustc-web",
    "libstd-rust-web-dev",
    "libstd-rust-web-1.85",
    "rust-web-src",
];

/// What the compiler needs and that comes in a version of its own.
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
    let host = context.run(step).map(drop);
    context.counts.passed += u64::from(host.is_ok());
    host.and(elsewhere(context))
}

/// The library for other systems than this one.
fn elsewhere(context: &mut Context<'_>) -> Result<()> {
    let compiler = match fetched(context) {
        Ok(folder) => Compiler::unpacked(folder),
        Err(error) => {
            let reason = format!("Rust {VERSION} for other systems: not from Debian ({error:#})");
            context.reasons.push(reason);
            context.counts.skipped += OFTEN.len() as u64;
            return Ok(());
        }
    };
    let mut outcome = Ok(());
    for triple in OFTEN {
        let check = "check --lib --all-features --ignore-rust-version -Zbuild-std=std,panic_abort";
        let step = compiler
            .checker(context, check, triple)
            .set("CARGO_TARGET_DIR", context.project.target("oldest-checked"))
            .set("RUSTFLAGS", "");
        match context.run(step) {
            Ok(_) => context.counts.passed += 1,
            Err(error) => {
                context.counts.failed += 1;
                outcome = Err(error.context(format!("Rust {VERSION} for {triple}")));
            }
        }
    }
    outcome
}

/// The folder of Debian's compiler, fetched and unpacked once and not installed.
fn fetched(context: &mut Context<'_>) -> Result<PathBuf> {
    if cfg!(not(target_arch = "x86_64")) {
        bail!("they are known for x86-64 only");
    }
    fetch::once(context, &format!("rust-{VERSION}-std"), |context, parts| {
        fetch::packages(context, parts, (&PACKAGES, DEBIAN), &LIBRARIES)
    })
}
