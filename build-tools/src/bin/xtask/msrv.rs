//! The oldest supported compiler, `rust-version` in Cargo.toml: on this machine, and for one target
//! of each selector and pointer width (`mio_targets::OFTEN`), whose std is built from source.

use std::env;
use std::fs;
use std::path::PathBuf;

use anyhow::{Result, bail};
use mio_targets::OFTEN;

use crate::cross::Compiler;
use crate::debian;
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

/// The libraries of the compiler, which have versions of their own.
const LIBRARIES: [&str; 1] = ["libllvm19"];

pub(crate) fn run(context: &mut Context<'_>) -> Result<()> {
    let manifest = fs::read_to_string(context.project.path("Cargo.toml"))?;
    if !manifest.contains(&format!("rust-version = \"{VERSION}\"")) {
        bail!("rust-version in Cargo.toml is not {VERSION}, the version that this stage checks");
    }

    // Warnings are allowed: some lints of old compilers are wrong.
    let step = Step::cargo(
        context.project,
        PLAIN,
        "check --lib --examples --all-features --ignore-rust-version",
    )
    .set("CARGO_TARGET_DIR", context.project.target("msrv"));

    // Uses a toolchain of rustup if it is installed, and installs none.
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
                NotRun(format!("no Rust {VERSION} of rustup or Debian ({error:#})"))
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
    host.and(other_systems(context))
}

/// Checks the library for other systems.
fn other_systems(context: &mut Context<'_>) -> Result<()> {
    let compiler = match fetched(context) {
        Ok(folder) => Compiler::unpacked(folder),
        Err(error) => {
            let reason =
                format!("Rust {VERSION} for other systems: cannot download Debian's ({error:#})");
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
            .set("CARGO_TARGET_DIR", context.project.target("msrv-checked"))
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

/// The compiler's folder in the cache.
pub(crate) fn folder() -> String {
    format!("rust-{VERSION}-std")
}

/// Downloads and unpacks Debian's compiler, if it is not in the cache.
fn fetched(context: &mut Context<'_>) -> Result<PathBuf> {
    if cfg!(not(target_arch = "x86_64")) {
        bail!("they are known for x86-64 only");
    }
    fetch::once(context, &folder(), |context, parts| {
        let packages = PACKAGES.map(|name| format!("{name}={DEBIAN}"));
        let packages = packages.into_iter().chain(LIBRARIES.map(str::to_owned));
        debian::download(context, parts, packages)
    })
}
