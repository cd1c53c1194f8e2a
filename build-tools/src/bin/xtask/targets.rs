//! `cargo xtask targets`: the library on every target, as far as this machine goes.
//!
//! *Checked* is `cargo check` with all features and the black-box tests, warnings being errors, std built from source. *Linked*
//! is every test program linked against a C library of that system, so that link names are proven. *Run* is a stage of
//! `cargo xtask test`.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::cli;
use crate::foreign::{self, Compiler};
use crate::project::Project;
use crate::report::{self, NotRun};
use crate::step::{Context, Step};

/// How far this machine takes a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    Check,
    /// Linked by zig for its target of this name; the symbol of `kevent` that must be bound.
    Link(&'static str, &'static str),
    /// Run by this stage of `cargo xtask test`.
    Run(&'static str),
    /// Not even checked.
    Not(&'static str),
}

use How::{Check, Link, Not, Run};

/// A row: the triple, how, and whether it is one of the few that `cargo xtask test` takes.
type Row = (&'static str, How, bool);

const NO_STD: &str = "std of rustc 1.96 does not compile for it";

/// Sorted by system. `cargo codegen --list` has every triple whose bindings are generated; here is at least one for each system,
/// architecture family and C library that upstream checks.
#[rustfmt::skip]
const TARGETS: &[Row] = &[
    ("x86_64-unknown-linux-gnu", Run("tests-epoll-eventfd-debug"), false),
    ("i686-unknown-linux-musl", Run("linux-i686"), false),
    ("aarch64-unknown-linux-musl", Run("linux-aarch64"), false),
    ("s390x-unknown-linux-musl", Run("linux-s390x"), false),
    ("aarch64-unknown-linux-gnu", Check, false),
    ("aarch64-unknown-linux-ohos", Check, false),
    ("arm-unknown-linux-gnueabi", Check, false),
    ("arm-unknown-linux-gnueabihf", Check, false),
    ("armv7-unknown-linux-gnueabihf", Check, false),
    ("csky-unknown-linux-gnuabiv2", Not("the compiler has no such backend"), false),
    ("i686-unknown-linux-gnu", Check, false),
    ("loongarch64-unknown-linux-gnu", Check, false),
    ("mips64-unknown-linux-gnuabi64", Check, false),
    ("powerpc-unknown-linux-gnu", Check, false),
    ("powerpc64-unknown-linux-gnu", Check, false),
    ("riscv64gc-unknown-linux-gnu", Check, false),
    ("s390x-unknown-linux-gnu", Check, false),
    ("sparc64-unknown-linux-gnu", Check, false),
    ("x86_64-unknown-linux-gnux32", Check, false),
    ("x86_64-unknown-linux-musl", Check, false),
    ("aarch64-linux-android", Check, false),
    ("arm-linux-androideabi", Check, false),
    ("armv7-linux-androideabi", Check, true),
    ("i686-linux-android", Check, false),
    ("x86_64-linux-android", Check, false),
    ("aarch64-apple-darwin", Link("aarch64-macos", "_kevent"), true),
    ("x86_64-apple-darwin", Link("x86_64-macos", "_kevent"), false),
    ("aarch64-apple-ios", Check, false),
    ("aarch64-apple-ios-sim", Check, false),
    ("x86_64-apple-ios", Check, false),
    ("aarch64-apple-tvos", Check, false),
    ("aarch64-apple-visionos", Check, false),
    ("aarch64-apple-watchos", Check, false),
    ("arm64_32-apple-watchos", Check, false),
    ("x86_64-unknown-freebsd", Link("x86_64-freebsd", "kevent@FBSD_1.5"), true),
    ("aarch64-unknown-freebsd", Check, false),
    ("i686-unknown-freebsd", Check, false),
    ("x86_64-unknown-netbsd", Link("x86_64-netbsd", "__kevent50"), true),
    ("i686-unknown-netbsd", Check, true),
    ("x86_64-unknown-openbsd", Link("x86_64-openbsd", "kevent"), true),
    ("i686-unknown-openbsd", Check, false),
    ("x86_64-unknown-dragonfly", Check, false),
    ("x86_64-unknown-illumos", Check, false),
    ("sparcv9-sun-solaris", Check, false),
    ("x86_64-pc-solaris", Check, true),
    ("powerpc64-ibm-aix", Not(NO_STD), false),
    ("x86_64-unknown-haiku", Check, false),
    ("i686-unknown-haiku", Check, false),
    ("aarch64-unknown-nto-qnx710", Check, false),
    ("x86_64-pc-nto-qnx710", Check, false),
    ("i686-unknown-hurd-gnu", Check, false),
    ("x86_64-unknown-hurd-gnu", Check, false),
    ("x86_64-pc-cygwin", Check, false),
    ("x86_64-unknown-redox", Check, false),
    ("aarch64-unknown-fuchsia", Check, false),
    ("x86_64-unknown-fuchsia", Check, false),
    ("x86_64-unknown-hermit", Check, true),
    ("riscv32imc-esp-espidf", Check, true),
    ("armv7-sony-vita-newlibeabihf", Check, false),
    ("armv6k-nintendo-3ds", Not(NO_STD), false),
    ("riscv64gc-unknown-nuttx-elf", Not(NO_STD), false),
    ("wasm32-unknown-emscripten", Check, false),
    ("wasm32-wasip1", Run("wasi-preview1"), false),
    ("wasm32-wasip2", Run("wasi-preview2"), false),
    ("x86_64-pc-windows-msvc", Check, true),
    ("i686-pc-windows-msvc", Check, false),
    ("aarch64-pc-windows-msvc", Check, false),
    ("x86_64-pc-windows-gnu", Check, false),
];

/// What became of a target.
struct Done {
    triple: &'static str,
    state: &'static str,
    time: Duration,
    reason: String,
    failed: bool,
}

/// The subcommand; `true` if nothing failed.
pub(crate) fn run(project: &Project, options: &cli::Targets) -> Result<bool> {
    for name in &options.only {
        if !TARGETS.iter().any(|(triple, ..)| triple == name) {
            bail!("`{name}` is not one of the targets; see: cargo xtask targets --list");
        }
    }
    if options.list {
        for (triple, how, _) in TARGETS {
            println!("{triple:<34} {}", word(*how));
        }
        return Ok(true);
    }
    let chosen = |row: &&Row| {
        let named = options.only.iter().any(|name| name == row.0);
        named || options.only.is_empty() && (options.all || row.2)
    };
    let log = project.logs.join("targets.log");
    let bar = report::bar("targets");
    let mut context = Context::new(project, &log, bar.clone())?;
    let rows: Vec<&Row> = TARGETS.iter().filter(chosen).collect();
    let done = all(&mut context, &rows, options.clean)?;
    bar.finish_and_clear();
    let mut table = report::table(&["target", "state", "time", "reason"], &[2]);
    for row in &done {
        table.add_row([
            row.triple.to_owned(),
            row.state.to_owned(),
            report::seconds(row.time),
            row.reason.clone(),
        ]);
    }
    println!("{table}");
    let failed = done.iter().filter(|row| row.failed).count();
    println!("{} targets, {failed} failed", done.len());
    Ok(failed == 0)
}

/// The stage of `cargo xtask test`: one target for each backend and pointer width.
pub(crate) fn stage(context: &mut Context<'_>) -> Result<()> {
    let rows: Vec<&Row> = TARGETS.iter().filter(|row| row.2).collect();
    let done = all(context, &rows, false)?;
    for row in &done {
        context.say(&format!("{}: {} {}", row.triple, row.state, row.reason))?;
        if row.failed {
            context.counts.failed += 1;
        } else {
            context.counts.passed += 1;
        }
    }
    match done.iter().find(|row| row.failed) {
        Some(row) => bail!("{}: {}", row.triple, row.reason),
        None => Ok(()),
    }
}

fn word(how: How) -> String {
    match how {
        Check => "checked".to_owned(),
        Link(..) => "linked".to_owned(),
        Run(stage) => format!("run by `cargo xtask test --only {stage}`"),
        Not(reason) => format!("not checked: {reason}"),
    }
}

fn all(context: &mut Context<'_>, rows: &[&Row], clean: bool) -> Result<Vec<Done>> {
    let compiler = Compiler::fetched(context)?;
    let mut done = Vec::new();
    for (triple, how, _) in rows {
        context.say(triple)?;
        let began = Instant::now();
        let (state, result) = match how {
            Not(reason) => ("not checked", Err(NotRun((*reason).to_owned()).into())),
            Run(_) => ("run", check(context, &compiler, triple)),
            Check => ("checked", check(context, &compiler, triple)),
            Link(zig, symbol) => {
                let checked = check(context, &compiler, triple);
                let linked = checked.and_then(|()| link(context, &compiler, triple, zig, symbol));
                ("linked", linked)
            }
        };
        if clean {
            let _ = std::fs::remove_dir_all(context.project.target("foreign").join(triple));
        }
        let (state, reason, failed) = match result {
            Ok(()) => (state, word(*how), false),
            Err(error) => match error.downcast::<NotRun>() {
                Ok(NotRun(reason)) => ("not checked", reason, false),
                Err(error) => ("FAILED", format!("{error:#}"), true),
            },
        };
        let reason = if state == reason {
            String::new()
        } else {
            reason
        };
        done.push(Done {
            triple,
            state,
            time: began.elapsed(),
            reason,
            failed,
        });
    }
    Ok(done)
}

fn check(context: &mut Context<'_>, compiler: &Compiler, triple: &str) -> Result<()> {
    let step = compiler
        .cargo(
            context,
            "check --all-features --lib --tests -Zbuild-std=std,panic_abort,test",
        )
        .words("--target")
        .argument(triple)
        .set("RUSTFLAGS", "-Dwarnings");
    context.run(step).map(drop)
}

/// Links every test program and looks for the symbol in one of them.
fn link(
    context: &mut Context<'_>,
    compiler: &Compiler,
    triple: &str,
    zig: &str,
    symbol: &str,
) -> Result<()> {
    let linker = foreign::linker(context, zig)?;
    let name = match triple {
        "aarch64-apple-darwin" => "CARGO_TARGET_AARCH64_APPLE_DARWIN_LINKER",
        "x86_64-apple-darwin" => "CARGO_TARGET_X86_64_APPLE_DARWIN_LINKER",
        "x86_64-unknown-freebsd" => "CARGO_TARGET_X86_64_UNKNOWN_FREEBSD_LINKER",
        "x86_64-unknown-netbsd" => "CARGO_TARGET_X86_64_UNKNOWN_NETBSD_LINKER",
        "x86_64-unknown-openbsd" => "CARGO_TARGET_X86_64_UNKNOWN_OPENBSD_LINKER",
        other => bail!("no linker is known for {other}"),
    };
    let step = compiler
        .cargo(
            context,
            "test --no-run --all-features --lib --tests -Zbuild-std=std,panic_unwind,test",
        )
        .words("--target")
        .argument(triple)
        .set(name, linker)
        .set("SDKROOT", foreign::apple_root(context));
    let output = context.run(step)?;
    // `Executable tests/waker.rs (…/waker-0123456789abcdef)`
    let program = output
        .lines()
        .filter(|line| line.contains("Executable") && line.contains("waker"))
        .find_map(|line| line.rsplit_once('(')?.1.strip_suffix(')'));
    let Some(program) = program else {
        bail!("the linked programs are not named in Cargo's output");
    };
    let symbols = if triple.contains("apple") {
        Step::new("python3").words("-c").argument(
            "import sys; sys.stdout.write('\\n'.join(s for s in ['_kevent','_kqueue'] if (b'\\0'+s.encode()+b'\\0') in open(sys.argv[1],'rb').read()))",
        )
    } else {
        Step::new("nm").words("-D --with-symbol-versions")
    };
    let symbols = context.run(symbols.argument(program))?;
    let bound = symbols
        .lines()
        .any(|line| line.split_whitespace().last() == Some(symbol));
    if !bound {
        bail!("{program} does not bind `{symbol}`");
    }
    Ok(())
}
