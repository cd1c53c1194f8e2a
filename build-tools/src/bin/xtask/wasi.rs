//! The tests on WASI: preview 2 with sockets under wasmtime, preview 1 under wasmtime, Node and an
//! older wasmtime that can preopen a listener.
//!
//! To run them by hand: R is a folder with Debian's compiler, whose std is built from source. W has
//! lld-22 and sid's wasi-libc, T/bin has wasmtime-cli and wasm-component-ld, and S is
//! W/usr/lib/wasm32-wasip1 or W/usr/lib/wasm32-wasip2.
//!
//! ```text
//! export RUSTC=R/usr/bin/rustc RUSTC_BOOTSTRAP=1
//! export LD_LIBRARY_PATH=R/usr/lib/x86_64-linux-gnu:R/usr/lib
//! export RUSTFLAGS="-L S -Clink-self-contained=no -Clink-arg=S/crt1-command.o -Clink-arg=-lc"
//! preview 2:
//!   RUSTFLAGS="$RUSTFLAGS -Clinker=T/bin/wasm-component-ld"
//!   RUSTFLAGS="$RUSTFLAGS -Clink-arg=--wasm-ld-path=W/usr/bin/wasm-ld-22"
//!   export CARGO_TARGET_WASM32_WASIP2_RUNNER="python3 build-tools/wasi/peer.py T/bin/wasmtime run
//!     -Sinherit-network"
//! preview 1:
//!   RUSTFLAGS="$RUSTFLAGS -Clinker=W/usr/bin/wasm-ld-22"
//!   export CARGO_TARGET_WASM32_WASIP1_RUNNER="T/bin/wasmtime run", or
//!     "node build-tools/wasi/node.mjs", or
//!     "python3 build-tools/wasi/host.py --connect" (or --peer)
//! cargo test -Zbuild-std=std,panic_abort,test --target wasm32-wasip2 --all-features \
//!   --lib --tests -- --test-threads=1 --nocapture
//! ```

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::cross::{self, Compiler};
use crate::debian;
use crate::fetch::{self, once};
use crate::project::PLAIN;
use crate::report::NotRun;
use crate::step::{Context, Step};

/// The C library's folder in the cache.
pub(crate) const LIBC: &str = "wasi-libc";

/// A package of sid's C library. sid replaces packages; then the newer one is used, and logged.
const WASI_LIBC: &str = "wasi-libc_0.0~git20260423.161b319-2_all.deb";
const WASI_LIBC_HASH: &str = "1051dbb0a5e6d3f709de83b6afb423e07a8ab19a9e9f12ef20ff902131e7b8bc";

/// The newest wasmtime that builds with this toolchain.
const WASMTIME: &str = "48.0.8";
const COMPONENT_LD: &str = "0.5.31";

/// The newest Python package of wasmtime whose library can preopen a listener.
const WHEEL: &str = "17.0.1";
const WHEEL_HASH: &str = "5b6470d803db6a8c8f6ab1b6d39f50dcf0cca48d2918fba2a982331d35255113";

/// The folder of wasmtime-cli and wasm-component-ld in the cache.
pub(crate) fn wasmtime_folder() -> String {
    format!("wasmtime-{WASMTIME}")
}

/// The folder of the Python package in the cache.
pub(crate) fn wheel_folder() -> String {
    format!("wasmtime-wheel-{WHEEL}")
}

/// The stage `wasi-preview2`: sockets on loopback.
pub(crate) fn preview2(context: &mut Context<'_>) -> Result<()> {
    let tools = Tools::fetched(context)?;
    let wasmtime = tools.wasmtime.join("bin/wasmtime");
    let peer = context.project.path("build-tools/wasi/peer.py");
    let runner = format!(
        "python3 {} {} run -Sinherit-network",
        peer.display(),
        wasmtime.display()
    );
    let step = tools
        .test(context, "wasm32-wasip2", "--lib --tests")
        .set("CARGO_TARGET_WASM32_WASIP2_RUNNER", runner);
    context.run(with_options(step, "")).map(drop)
}

/// The stage `wasi-preview1`: on each host, the tests that it supports.
pub(crate) fn preview1(context: &mut Context<'_>) -> Result<()> {
    let tools = Tools::fetched(context)?;
    let own = context.project.path("build-tools/wasi");
    let wasmtime = format!("{} run", tools.wasmtime.join("bin/wasmtime").display());
    let python = format!("python3 {}", own.join("host.py").display());
    let node = format!("node --no-warnings {}", own.join("node.mjs").display());
    let has_node = context.run(Step::new("node").words("--version")).is_ok();
    if !has_node {
        context.log("not run: preview 1 under Node: Node is not installed")?;
    } else {
        context.log(
            "not run: closed_fd_leaves_others_working under Node: \
             it crashes when one of several fds is closed",
        )?;
    }
    let runs = [
        (wasmtime, "--lib --tests", ""),
        (python.clone(), "--lib --test timeouts --test wasi", ""),
        (
            format!("{python} --connect"),
            "--test wasi",
            "--ignored preopened_listener_and_connection_are_reported",
        ),
        (
            format!("{python} --peer"),
            "--test event_semantics",
            "--ignored events_match_the_recorded_table",
        ),
        (
            node,
            "--lib --test timeouts --test wasi",
            "--skip closed_fd_leaves_others_working",
        ),
    ];
    let count = if has_node { 5 } else { 4 };
    let mut steps = Vec::new();
    for (runner, programs, options) in runs.into_iter().take(count) {
        let step = tools
            .test(context, "wasm32-wasip1", programs)
            .set("CARGO_TARGET_WASM32_WASIP1_RUNNER", runner)
            .set("PYTHONPATH", &tools.wheel);
        steps.push(with_options(step, options));
    }
    context.run_each(steps)
}

/// Runs one test at a time, because WASI has no threads, and prints the output of each.
fn with_options(step: Step, options: &str) -> Step {
    step.words("-- --test-threads=1 --nocapture").words(options)
}

/// The folders of the tools, each downloaded or built once.
pub(crate) struct Tools {
    /// The compiler, and the linker of its LLVM.
    compiler: Compiler,
    /// The C library.
    libc: PathBuf,
    /// wasmtime-cli and wasm-component-ld.
    wasmtime: PathBuf,
    /// The Python package.
    wheel: PathBuf,
}

impl Tools {
    fn fetched(context: &mut Context<'_>) -> Result<Tools> {
        cross::check_host()?;
        let mut fetch = || {
            Ok(Tools {
                compiler: Compiler::fetched(context)?,
                libc: once(context, LIBC, libc)?,
                wasmtime: once(context, &wasmtime_folder(), wasmtime)?,
                wheel: once(context, &wheel_folder(), wheel)?,
            })
        };
        fetch().map_err(|error: anyhow::Error| {
            NotRun(format!("cannot download the tools ({error:#})")).into()
        })
    }

    /// The tools of the cache. Building them takes long, so only the stages of WASI do it.
    pub(crate) fn installed(context: &mut Context<'_>) -> Result<Tools> {
        for name in [cross::compiler_folder(), LIBC.to_owned(), wasmtime_folder()] {
            if !context.project.cache.join(&name).exists() {
                let reason = format!("the cache has no {name}; help: cargo xtask setup");
                return Err(NotRun(reason).into());
            }
        }
        Tools::fetched(context)
    }

    /// `cargo test` for a target, with std built from source.
    fn test(&self, context: &Context<'_>, target: &str, programs: &str) -> Step {
        self.cargo(context, "test --all-features --no-fail-fast", target)
            .words("-Zbuild-std=std,panic_abort,test --target")
            .argument(target)
            .words(programs)
            .set("CARGO_TARGET_DIR", context.project.target("wasi"))
    }

    /// A command of Cargo, with the linker of a target.
    pub(crate) fn cargo(&self, context: &Context<'_>, words: &str, target: &str) -> Step {
        let linker = self.compiler.program("wasm-ld-22");
        let libraries = self.libc.join("usr/lib").join(target);
        let mut flags = vec![
            format!("-L{}", libraries.display()),
            "-Clink-self-contained=no".to_owned(),
            format!("-Clink-arg={}/crt1-command.o", libraries.display()),
            "-Clink-arg=-lc".to_owned(),
        ];
        if target == "wasm32-wasip1" {
            flags.push(format!("-Clinker={}", linker.display()));
        } else {
            let component = self.wasmtime.join("bin/wasm-component-ld");
            flags.push(format!("-Clinker={}", component.display()));
            flags.push(format!("-Clink-arg=--wasm-ld-path={}", linker.display()));
        }
        self.compiler
            .cargo(context, words)
            .remove("RUSTFLAGS")
            .set("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"))
    }
}

fn libc(context: &mut Context<'_>, parts: &Path) -> Result<()> {
    debian::download_from_sid(context, parts, "wasi-libc")?;
    let pinned = parts.join(WASI_LIBC);
    if !pinned.exists() {
        context.log(&format!(
            "sid no longer has {WASI_LIBC}; the newer package is used"
        ))?;
    } else {
        fetch::verify(context, &pinned, WASI_LIBC_HASH)?;
    }
    debian::unpack(context, parts)
}

fn wasmtime(context: &mut Context<'_>, parts: &Path) -> Result<()> {
    context.log("building wasmtime, which takes about ten minutes")?;
    // A build continues where an interrupted one stopped.
    let target = context.project.target("wasmtime");
    let install = |words: &str| {
        Step::cargo(context.project, PLAIN, "install --locked --root")
            .argument(parts.join("root"))
            .words(words)
            .set("CARGO_TARGET_DIR", &target)
            // The tests are small: a faster wasmtime would take longer to build than it saves.
            .set("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
            .set("CARGO_PROFILE_RELEASE_LTO", "off")
            .set("CARGO_PROFILE_RELEASE_DEBUG", "0")
            .limit(45 * 60)
    };
    let cli = install("wasmtime-cli --no-default-features")
        .words("--features run,cranelift,component-model,parallel-compilation --version")
        .argument(WASMTIME);
    let linker = install("wasm-component-ld --version").argument(COMPONENT_LD);
    context.run(cli)?;
    context.run(linker)?;
    // A folder that cannot be removed only takes disk space.
    let _ = fs::remove_dir_all(target);
    Ok(())
}

fn wheel(context: &mut Context<'_>, parts: &Path) -> Result<()> {
    let step = Step::new("python3")
        .words("-m pip download --no-deps --only-binary :all: --platform manylinux1_x86_64")
        .argument(format!("wasmtime=={WHEEL}"))
        .folder(parts)
        .limit(600);
    context.run(step)?;
    for entry in fs::read_dir(parts)? {
        let file = entry?.path();
        if file.extension().is_some_and(|extension| extension == "whl") {
            fetch::verify(context, &file, WHEEL_HASH)?;
            fetch::unzip(context, &file, &parts.join("root"))?;
        }
    }
    Ok(())
}
