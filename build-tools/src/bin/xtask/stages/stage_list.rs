//! The stages, in their order.

use super::queue::Needs;
use super::{Run, Stage, checks, fake_kernels, suites};
use crate::project::{BACKENDS, PLAIN};
use crate::{
    bench, cross, downstream, examples, features, msrv, mutations, nightly, setup, targets, wasi,
    wine, wine10,
};

/// The folder of whatever is built without flags.
const BUILDS: Needs = Needs::Only(PLAIN.name);
/// Builds for other systems, on the newer compiler.
const FOREIGN: Needs = Needs::Only("foreign");
const CHECKED: Needs = Needs::Only("checked");
/// Builds for Windows, and Wine's prefix.
const WINDOWS: Needs = Needs::Only("windows");
const WASI: Needs = Needs::Only("wasi");

pub(super) fn stages() -> Vec<Stage> {
    let mut stages = Vec::new();
    let mut add = |name: &str, what: &str, needs: Needs, run: Run| {
        stages.push(Stage {
            name: name.to_owned(),
            what: what.to_owned(),
            needs,
            run,
        });
    };
    add(
        "setup",
        "what the machine must have, and all dependencies",
        Needs::Machine,
        Box::new(setup::run),
    );
    add(
        "fmt",
        "formatting of every package",
        Needs::Only("rustfmt"),
        Box::new(checks::fmt),
    );
    add(
        "clippy",
        "lints of every package, warnings are errors",
        BUILDS,
        Box::new(checks::clippy),
    );
    add(
        "docs",
        "documentation without a broken link",
        BUILDS,
        Box::new(checks::docs),
    );
    add(
        "features",
        "the library with every set of features",
        Needs::Only("features"),
        Box::new(features::run),
    );
    for backend in BACKENDS {
        for (profile, flag) in [("debug", ""), ("release", "--release")] {
            add(
                &format!("tests-{}-{profile}", backend.name),
                &format!("all tests on {} in {profile}", backend.name),
                Needs::Machine,
                Box::new(move |context| {
                    let options = ["--all-features", flag].join(" ");
                    context
                        .run(suites::tests(context.project, backend, &options))
                        .map(drop)
                }),
            );
        }
    }
    add(
        "upstream-calls",
        "all tests with the system calls of mio 1.2 alone, one under a filter that kills",
        Needs::Machine,
        Box::new(suites::upstream_calls),
    );
    for kernel in fake_kernels::KERNELS {
        add(
            &format!("kqueue-double-{kernel}"),
            &format!("all tests on kqueue, over a double of {kernel}'s kernel"),
            Needs::Only("kqueue-double"),
            Box::new(move |context| fake_kernels::kqueue(context, kernel)),
        );
    }
    add(
        "event-ports-double",
        "all tests on event ports, over a double of Solaris' kernel",
        Needs::Only("event-ports-double"),
        Box::new(fake_kernels::event_ports),
    );
    add(
        "poll-oneoff-double",
        "what needs no waker on poll_oneoff, over a double of its host",
        Needs::Only("poll-oneoff-double"),
        Box::new(fake_kernels::poll_oneoff),
    );
    add(
        "mutations",
        "each known mistake in the selectors over doubles is noticed by a test",
        Needs::Only("mutants"),
        Box::new(mutations::all),
    );
    add(
        "tests-reduced",
        "all tests with fewer features",
        BUILDS,
        Box::new(suites::reduced),
    );
    add(
        "doctests",
        "the examples of the documentation",
        BUILDS,
        Box::new(suites::doctests),
    );
    add(
        "codegen",
        "`cargo codegen --check`: generated files are what the headers say",
        BUILDS,
        Box::new(checks::codegen),
    );
    add(
        "codegen-tests",
        "tests and ABI tables of the generator",
        BUILDS,
        Box::new(suites::codegen_tests),
    );
    add(
        "tools",
        "tests of this program",
        BUILDS,
        Box::new(suites::tools),
    );
    add(
        "loom",
        "models of the wake protocols",
        Needs::Only("loom"),
        Box::new(suites::loom),
    );
    add(
        "bench-gate",
        "instructions, system calls and allocations have not grown",
        Needs::Machine,
        Box::new(bench::gate),
    );
    add(
        "examples",
        "examples run, serve and refuse what is wrong",
        Needs::Only("checkout"),
        Box::new(examples::run),
    );
    add(
        "api-upstream",
        "tests/api.rs against the registry's mio 1.2.5",
        BUILDS,
        Box::new(suites::api_upstream),
    );
    add(
        "tokio",
        "a tokio program on this library, on every backend",
        BUILDS,
        Box::new(suites::tokio),
    );
    add(
        "clients-epoll-eventfd",
        "tests of tokio and of others that stand on mio",
        Needs::Only("clients"),
        Box::new(|context| downstream::run(context, BACKENDS[0])),
    );
    add(
        "package",
        "the published crate is complete and builds on its own",
        BUILDS,
        Box::new(checks::package),
    );
    add(
        "linux-i686",
        "all tests on 32-bit x86",
        FOREIGN,
        Box::new(cross::linux_i686),
    );
    add(
        "linux-s390x",
        "all tests on a big-endian machine, emulated",
        FOREIGN,
        Box::new(cross::linux_s390x),
    );
    add(
        "linux-aarch64",
        "all tests on 64-bit ARM, emulated",
        FOREIGN,
        Box::new(cross::linux_aarch64),
    );
    for (profile, flag) in [("debug", ""), ("release", "--release")] {
        add(
            &format!("windows-wine-{profile}"),
            &format!("all tests and the examples on Windows in {profile}, under Wine"),
            WINDOWS,
            Box::new(move |context| wine::suite(context, flag)),
        );
    }
    add(
        "windows-wine10",
        "all tests on Windows in debug, under sid's Wine in a chroot",
        WINDOWS,
        Box::new(wine10::suite),
    );
    add(
        "targets",
        "one target for each selector and pointer width, checked or linked, and its witnesses",
        CHECKED,
        Box::new(targets::often),
    );
    add(
        "no-system",
        "one error, and what to do, where there is no operating system",
        CHECKED,
        Box::new(targets::one_error_without_a_system),
    );
    add(
        "oldest",
        "the oldest supported compiler, here and for one target of each selector",
        Needs::Only("oldest"),
        Box::new(msrv::run),
    );
    add(
        "wasi-preview2",
        "sockets on WASI preview 2, under wasmtime",
        WASI,
        Box::new(wasi::preview2),
    );
    add(
        "wasi-preview1",
        "WASI preview 1 under three hosts",
        WASI,
        Box::new(wasi::preview1),
    );
    stages
}

/// What only `--all` runs, or who asks for it by name.
pub(super) fn seldom() -> Vec<Stage> {
    let stage = |name: &str, what: &str, run: Run| Stage {
        name: name.to_owned(),
        what: format!("{what} (with --all)"),
        needs: Needs::Machine,
        run,
    };
    vec![
        stage(
            "features-elsewhere",
            "every set of features on one target of each selector",
            Box::new(targets::powersets),
        ),
        stage(
            "clients-poll-pipe",
            "tests of tokio and of others that stand on mio, on poll(2) with a pipe",
            Box::new(|context| downstream::run(context, BACKENDS[3])),
        ),
        stage(
            "linux-armv7",
            "all tests on 32-bit ARM, emulated",
            Box::new(nightly::linux_armv7),
        ),
        stage(
            "linux-riscv64",
            "all tests on 64-bit RISC-V, emulated",
            Box::new(nightly::linux_riscv64),
        ),
        stage(
            "address-sanitizer",
            "all tests under AddressSanitizer, leaks included",
            Box::new(nightly::address_sanitizer),
        ),
        stage(
            "thread-sanitizer",
            "all tests under ThreadSanitizer",
            Box::new(nightly::thread_sanitizer),
        ),
        stage(
            "valgrind",
            "all tests under valgrind",
            Box::new(nightly::valgrind),
        ),
        stage(
            "all-targets",
            "every other target of the table, and its witnesses",
            Box::new(targets::rest),
        ),
    ]
}
