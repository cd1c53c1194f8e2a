//! The stages of `cargo xtask test --all`: what takes too long for every time.

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::cross::{self, Compiler};
use crate::fetch;
use crate::project::PLAIN;
use crate::report::NotRun;
use crate::step::{Context, Step};

/// What rustc calls this machine; sanitizers want it named.
const HOST: &str = "x86_64-unknown-linux-gnu";

/// Linux on 32-bit ARM, under the emulator that lacks `epoll_pwait2`.
pub(crate) fn linux_armv7(context: &mut Context<'_>) -> Result<()> {
    let emulator = cross::old_qemu(context)?.join("usr/bin/qemu-arm-static");
    emulated(
        context,
        "armv7-unknown-linux-musleabihf",
        "arm-linux-musleabihf",
        emulator,
    )
}

/// Linux on 64-bit RISC-V, under the emulator that has all calls.
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

/// A program that must be reported, so that silence means something.
fn control(
    context: &mut Context<'_>,
    name: &str,
    text: &str,
    flags: &str,
    tells: &str,
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
        .map_err(|error| NotRun(format!("no nightly Rust with a sanitizer ({error:#})")))?;
    let output = context.run(Step::new(&program).status(status).limit(60))?;
    if !output.contains(tells) {
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

/// The suite under AddressSanitizer, which also looks for leaks.
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
    context.run(step).map(drop)
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

/// The suite under ThreadSanitizer, std rebuilt for it.
///
/// Every test passes as it is: a report of any kind fails this stage, a false one too.
pub(crate) fn thread_sanitizer(context: &mut Context<'_>) -> Result<()> {
    let compiler = Compiler::fetched(context)?;
    let runtime = fetch::once(context, "libclang-rt-22", |context, parts| {
        let step = Step::new("apt-get")
            .words("download libclang-rt-22-dev")
            .folder(parts)
            .limit(600);
        context.run(step)?;
        fetch::unpack(context, parts)
    });
    let runtime =
        runtime.map_err(|error| NotRun(format!("the runtime cannot be fetched ({error:#})")))?;
    let runtime = runtime.join("usr/lib/llvm-22/lib/clang/22/lib/linux/libclang_rt.tsan-x86_64.a");
    let linker = compiler.lld(context)?;
    let flags = format!(
        "-Zsanitizer=thread -Zexternal-clangrt -Clink-arg=-Wl,--whole-archive,{},--no-whole-archive -Clink-arg=-lm -Clink-arg=-lc",
        runtime.display()
    );
    let built = |context: &Context<'_>, words: &str| {
        compiler
            .cargo(context, words)
            .words("-Zbuild-std=std,panic_unwind,test --target")
            .words(HOST)
            .set(cross::variable(HOST, "LINKER"), &linker)
            .set("RUSTFLAGS", &flags)
            // Copies of a process with threads start threads, as pre-fork servers do.
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
    context.run(built(context, tests)).map(drop)
}

/// The suite under valgrind: no invalid access, no definite leak. It has no `epoll_pwait2`, so the fallback runs.
///
/// It plays the limit of descriptors itself and lets socketpair(2) go beyond it, but says of what that returned that it is not open
/// (`valgrind --trace-syscalls=yes` shows both). So the part of `descriptors` that lowers the limit is left out.
pub(crate) fn valgrind(context: &mut Context<'_>) -> Result<()> {
    if context
        .run(Step::new("valgrind").words("--version"))
        .is_err()
    {
        return Err(NotRun("there is no `valgrind`".to_owned()).into());
    }
    // Its threads take turns: by default one that spins may keep the others from ever running.
    let runner = "valgrind -q --fair-sched=yes --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite";
    let step = Step::cargo(
        context.project,
        PLAIN,
        "test --all-features --no-fail-fast --lib --tests --target",
    )
    .words(HOST)
    .set(cross::variable(HOST, "RUNNER"), runner)
    .set("MIO_NO_LIMITS", "1");
    context.say(
        "not run: failed_constructor_leaks_nothing and dropped_sources_do_not_count_against_the_fd_limit under valgrind: it enforces the limit itself, and not in every call",
    )?;
    context.run(step).map(drop)
}
