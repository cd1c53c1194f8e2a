//! Stages of `cargo xtask nightly`, which take too long for every change.

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::cross::{self, Compiler};
use crate::debian;
use crate::fetch;
use crate::project::PLAIN;
use crate::report::NotRun;
use crate::step::{Context, Step};

/// The target of this machine. Sanitizers need `--target`.
const HOST: &str = "x86_64-unknown-linux-gnu";

/// Linux on 32-bit ARM, in the QEMU without `epoll_pwait2`.
pub(crate) fn linux_armv7(context: &mut Context<'_>) -> Result<()> {
    let emulator = cross::old_qemu(context)?.join("usr/bin/qemu-arm-static");
    emulated(
        context,
        "armv7-unknown-linux-musleabihf",
        "arm-linux-musleabihf",
        emulator,
    )
}

/// Linux on 64-bit RISC-V, in the QEMU with `epoll_pwait2`.
pub(crate) fn linux_riscv64(context: &mut Context<'_>) -> Result<()> {
    let emulator = cross::new_qemu(context)?.join("usr/bin/qemu-riscv64");
    emulated(
        context,
        "riscv64gc-unknown-linux-musl",
        "riscv64-linux-musl",
        emulator,
    )
}

fn emulated(context: &mut Context<'_>, target: &str, zig: &str, emulator: PathBuf) -> Result<()> {
    let compiler = Compiler::fetched(context)?;
    let linker = cross::linker(context, zig)?;
    let programs = cross::programs(context)?;
    let step = cross::suite(&compiler, context, target, &programs)
        .set(cross::variable(target, "LINKER"), linker)
        .set(cross::variable(target, "RUNNER"), emulator);
    context.run(step).map(drop)
}

/// Builds and runs a program with a fault, which the sanitizer must report with this text and exit
/// status. Otherwise a pass of the tests would prove nothing.
fn control(
    context: &mut Context<'_>,
    name: &str,
    text: &str,
    flags: &str,
    report: &str,
    status: i32,
) -> Result<()> {
    let folder = context.project.target("controls");
    std::fs::create_dir_all(&folder)?;
    let source = folder.join(format!("{name}.rs"));
    std::fs::write(&source, text)?;
    let program = folder.join(name);
    let build = Step::new("rustc")
        .words("+nightly --edition 2024 --target")
        .words(HOST)
        .words(flags)
        .argument(&source)
        .words("-o")
        .argument(&program);
    context
        .run(build)
        .map_err(|error| NotRun(format!("no nightly toolchain with a sanitizer ({error:#})")))?;
    let output = context.run(Step::new(&program).status(status).limit(60))?;
    if !output.contains(report) {
        bail!("a seeded fault is not reported: {output}");
    }
    Ok(())
}

const USE_AFTER_FREE: &str = "\
//! A use after free.
fn main() {
    let pointer = Box::into_raw(Box::new(7));
    unsafe {
        drop(Box::from_raw(pointer));
        println!(\"{}\", pointer.read_volatile());
    }
}
";

/// A flag of rustc for a selector over poll(2).
const POLL: &str = "--cfg mio_unsupported_force_poll_poll";

/// The random sequences of `build-tools/properties`, with this number of cases. `step` is a command
/// of Cargo without its arguments.
fn properties(context: &Context<'_>, step: Step, cases: &str) -> Step {
    step.words("--locked --test specification --test forks -- --nocapture --test-threads=1")
        .folder(context.project.path("build-tools/properties"))
        .set("MIO_PROPERTIES_CASES", cases)
}

/// The tests under AddressSanitizer, which also detects leaks.
pub(crate) fn address_sanitizer(context: &mut Context<'_>) -> Result<()> {
    control(
        context,
        "use_after_free",
        USE_AFTER_FREE,
        "-Zsanitizer=address",
        "heap-use-after-free",
        1,
    )?;
    let step = Step::cargo(
        context.project,
        PLAIN,
        "+nightly test --all-features --no-fail-fast --lib --tests --target",
    )
    .words(HOST)
    .set("RUSTFLAGS", "-Zsanitizer=address")
    .set("ASAN_OPTIONS", "detect_leaks=1")
    .set(
        "CARGO_TARGET_DIR",
        context.project.target("address-sanitizer"),
    );
    let sequences = |name: &str, flags: &str| {
        let step = Step::cargo(context.project, PLAIN, "+nightly test --target")
            .words(HOST)
            .set("RUSTFLAGS", format!("-Zsanitizer=address {flags}"))
            .set("ASAN_OPTIONS", "detect_leaks=1")
            .set("CARGO_TARGET_DIR", context.project.target(name));
        properties(context, step, "300")
    };
    let steps = [
        step,
        sequences("address-sanitizer", ""),
        sequences("address-sanitizer-poll", POLL),
    ];
    context.run_each(steps)
}

const RACE: &str = "\
//! A race.
static mut SHARED: u64 = 0;
fn main() {
    let other = std::thread::spawn(|| unsafe { (&raw mut SHARED).write(1) });
    unsafe { (&raw mut SHARED).write(2) };
    other.join().unwrap();
}
";

/// The runtime's folder in the cache.
pub(crate) const TSAN_RUNTIME: &str = "libclang-rt-22";

/// The tests under ThreadSanitizer, with std built from source. Any report fails the stage.
pub(crate) fn thread_sanitizer(context: &mut Context<'_>) -> Result<()> {
    let compiler = Compiler::fetched(context)?;
    let runtime = fetch::once(context, TSAN_RUNTIME, |context, parts| {
        debian::download(context, parts, ["libclang-rt-22-dev".to_owned()])
    });
    let runtime =
        runtime.map_err(|error| NotRun(format!("cannot download the runtime ({error:#})")))?;
    let runtime = runtime.join("usr/lib/llvm-22/lib/clang/22/lib/linux/libclang_rt.tsan-x86_64.a");
    let linker = compiler.lld(context)?;
    let flags = format!(
        "-Zsanitizer=thread -Zexternal-clangrt \
         -Clink-arg=-Wl,--whole-archive,{},--no-whole-archive -Clink-arg=-lm -Clink-arg=-lc",
        runtime.display()
    );
    let built = |context: &Context<'_>, words: &str| {
        compiler
            .cargo(context, words)
            .words("-Zbuild-std=std,panic_unwind,test --target")
            .words(HOST)
            .set(cross::variable(HOST, "LINKER"), &linker)
            .set("RUSTFLAGS", &flags)
            // Some tests fork a process with threads, and its child starts threads, as pre-fork
            // servers do. ThreadSanitizer exits there by default:
            // <https://github.com/google/sanitizers/wiki/ThreadSanitizerFlags>.
            .set(
                "TSAN_OPTIONS",
                "halt_on_error=0 exitcode=66 die_after_fork=0",
            )
            .set("MIO_TEST_CLONE", "0")
            .set(
                "CARGO_TARGET_DIR",
                context.project.target("thread-sanitizer"),
            )
    };
    let control = context.project.target("controls").join("race");
    std::fs::create_dir_all(control.join("src"))?;
    std::fs::write(
        control.join("Cargo.toml"),
        "[package]\nname = \"race\"\nedition = \"2024\"\n\n[workspace]\n",
    )?;
    std::fs::write(control.join("src/main.rs"), RACE)?;
    let run = built(context, "run").folder(&control).status(66);
    let output = context.run(run)?;
    if !output.contains("data race") {
        bail!("a seeded race is not reported");
    }
    let tests = "test --all-features --no-fail-fast --lib --tests";
    let sequences = |name: &str, more: &str| {
        let step = built(context, "test")
            .set("RUSTFLAGS", format!("{flags} {more}"))
            .set("CARGO_TARGET_DIR", context.project.target(name));
        properties(context, step, "200")
    };
    let steps = [
        built(context, tests),
        sequences("thread-sanitizer", ""),
        sequences("thread-sanitizer-poll", POLL),
    ];
    context.run_each(steps)
}

/// A read of uninitialized memory.
const UNINITIALIZED: &str = "\
//! A read of uninitialized memory.
fn main() {
    let value = std::mem::MaybeUninit::<u8>::uninit();
    std::process::exit(unsafe { i32::from(value.assume_init() & 1) })
}
";

/// The unit tests that Miri runs: those of the state machines, and of the selector on the fake AFD.
/// They make no system call.
const MIRI_TESTS: &str = "sys::slab sys::timeout sys::selector::tests sys::level_backoff \
                          sys::windows::ntstatus sys::windows::wait sys::windows::winsock \
                          base_provider socket_state named_pipe::ops named_pipe::state_tests \
                          portable_tests";

/// Those of them that are left out: tests, and one module of tests, that take minutes in an
/// interpreter.
const SLOW_UNDER_MIRI: [&str; 8] = [
    "draining_reader_is_never_probed",
    "large_buffers_are_freed",
    "persistent_condition_is_reported_with_delays",
    "random_schedules_lose_no_event",
    "register_and_deregister_leave_no_updates",
    "tasks_share_a_server_on_fake_npfs",
    "transfer_tests",
    "unserved_unowned_socket_is_suppressed",
];

/// The programs of `tests/` that Miri can run over its own epoll, eventfd and pipes. The others
/// need what it lacks: UDP, Unix sockets with names, child processes, signals, priority events.
/// mio's own suite leaves the same out:
/// <https://github.com/tokio-rs/mio/blob/7654f571f247/.github/workflows/ci.yml>.
const MIRI_PROGRAMS: &str = "--test timeouts --test waker --test pipes";

/// The tests of these programs that are left out.
const NOT_UNDER_MIRI: [(&str, &str); 5] = [
    ("signals::", "Miri has no signals"),
    ("child_", "Miri has no processes"),
    ("fifo_", "Miri has no named pipes"),
    (
        "short_timeouts_end_promptly",
        "an interpreter is not prompt",
    ),
    (
        "registrations_do_not_extend_the_timeout",
        "Miri has no UDP sockets",
    ),
];

/// Tests with system calls under Miri, which has some of the kernel itself.
pub(crate) fn miri_shims(context: &mut Context<'_>) -> Result<()> {
    seeded_miri(context)?;
    let arguments = format!("+nightly miri test --all-features --no-fail-fast {MIRI_PROGRAMS} --");
    let mut step = Step::cargo(context.project, PLAIN, &arguments)
        .set(
            "MIRIFLAGS",
            "-Zmiri-disable-isolation -Zmiri-strict-provenance",
        )
        .set("CARGO_TARGET_DIR", context.project.target("miri"));
    for (skipped, reason) in NOT_UNDER_MIRI {
        context.log(&format!("not run: {skipped} under Miri: {reason}"))?;
        step = step.words("--skip").words(skipped);
    }
    context.run(step).map(drop)
}

/// The state machines under Miri, which reports undefined behavior.
pub(crate) fn miri(context: &mut Context<'_>) -> Result<()> {
    seeded_miri(context)?;
    let mut step = Step::cargo(
        context.project,
        PLAIN,
        "+nightly miri test --all-features --no-fail-fast --lib --",
    )
    .words(MIRI_TESTS)
    .set("CARGO_TARGET_DIR", context.project.target("miri"));
    for slow in SLOW_UNDER_MIRI {
        context.log(&format!("not run: {slow} under Miri: it takes minutes"))?;
        step = step.words("--skip").words(slow);
    }
    context.run(step).map(drop)
}

/// Runs a program with a fault, which Miri must report. Without a Miri, nothing runs.
fn seeded_miri(context: &mut Context<'_>) -> Result<()> {
    let sysroot = Step::new("cargo").words("+nightly miri setup --print-sysroot");
    let sysroot = context.run(sysroot).map_err(|_| {
        let add = "rustup component add --toolchain nightly miri rust-src";
        NotRun(format!("Miri is not installed; try `{add}`"))
    })?;
    let folder = context.project.target("controls");
    std::fs::create_dir_all(&folder)?;
    let source = folder.join("uninitialized.rs");
    std::fs::write(&source, UNINITIALIZED)?;
    let control = Step::new("rustup")
        .words("run nightly miri --edition 2024 --sysroot")
        .argument(sysroot.lines().last().unwrap_or_default())
        .argument(&source)
        .status(1)
        .limit(60);
    let output = context.run(control)?;
    if !output.contains("Undefined Behavior") {
        bail!("a seeded fault is not reported: {output}");
    }
    Ok(())
}

/// The tests under valgrind: no invalid access, no definite leak. It does not support
/// `epoll_pwait2`, so the fallback runs.
///
/// valgrind enforces RLIMIT_NOFILE itself. It lets socketpair(2) exceed the limit, but then reports
/// its descriptors as not open (`valgrind --trace-syscalls=yes` shows both). So the tests that
/// lower the limit are not run.
pub(crate) fn valgrind(context: &mut Context<'_>) -> Result<()> {
    if context
        .run(Step::new("valgrind").words("--version"))
        .is_err()
    {
        return Err(NotRun("valgrind is not installed".to_owned()).into());
    }
    // valgrind runs one thread at a time. Without fair scheduling, a thread that spins may keep the
    // others from running:
    // <https://valgrind.org/docs/manual/manual-core.html#manual-core.pthreads_perf_sched>.
    let runner = "valgrind -q --fair-sched=yes --error-exitcode=99 --leak-check=full \
                  --errors-for-leak-kinds=definite";
    let step = Step::cargo(
        context.project,
        PLAIN,
        "test --all-features --no-fail-fast --lib --tests --target",
    )
    .words(HOST)
    .set(cross::variable(HOST, "RUNNER"), runner)
    .set("MIO_NO_LIMITS", "1");
    context.log(
        "not run: failed_constructor_leaks_nothing and \
         dropped_sources_do_not_count_against_the_fd_limit under valgrind: \
         it does not enforce the limit in every call",
    )?;
    let sequences = Step::cargo(context.project, PLAIN, "test --target")
        .words(HOST)
        .set(cross::variable(HOST, "RUNNER"), runner)
        .set("CARGO_TARGET_DIR", context.project.target("properties"));
    let sequences = properties(context, sequences, "10");
    context.run_each([step, sequences])
}
