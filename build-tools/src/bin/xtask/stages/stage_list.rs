//! The list of stages, in the order in which they run.

use super::queue::Needs;
use super::{Run, Stage, checks, fake_kernels, properties, suites};
use crate::project::{BACKENDS, PLAIN};
use crate::{
    abi_play, bench, cross, downstream, examples, features, fuzz, kernels, msrv, mutations,
    nightly, setup, site, soak, targets, wasi, wine, wine10, workflows,
};

/// The build folder of the default backend.
const BUILDS: Needs = Needs::Only(PLAIN.name);
/// The build folder for other Linux targets.
const CROSS: Needs = Needs::Only("cross");
const CHECKED: Needs = Needs::Only("checked");
/// The build folder for Windows, and Wine's prefix.
const WINDOWS: Needs = Needs::Only("windows");
const WASI: Needs = Needs::Only("wasi");

/// The stages of `cargo xtask check`.
pub(super) const CHECK: [&str; 6] = [
    "fmt",
    "clippy",
    "docs",
    "tests-epoll-eventfd-debug",
    "doctests",
    "tools",
];

/// All stages.
pub(super) fn stages() -> Vec<Stage> {
    let mut stages = test();
    stages.extend(nightly());
    stages
}

/// The stages of `cargo xtask test`.
fn test() -> Vec<Stage> {
    let mut stages = Vec::new();
    let mut add = |name: &str, about: &str, needs: Needs, run: Run| {
        stages.push(Stage {
            name: name.to_owned(),
            about: about.to_owned(),
            is_nightly: false,
            needs,
            run,
        });
    };
    add(
        "setup",
        "installs the tools, fetches the dependencies",
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
        "lints of every package, with warnings as errors",
        BUILDS,
        Box::new(checks::clippy),
    );
    add(
        "docs",
        "documentation with every set of features, no broken link",
        BUILDS,
        Box::new(checks::docs),
    );
    add(
        "features",
        "the library compiles with every set of features",
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
        "all tests with the system calls of mio 1.2 alone, one test under a seccomp filter",
        Needs::Machine,
        Box::new(suites::upstream_calls),
    );
    add(
        "fault-injection",
        "every system call fails with each error of its manual page",
        Needs::Only("fault-injection"),
        Box::new(suites::fault_injection),
    );
    for kernel in fake_kernels::KERNELS {
        add(
            &format!("fake-kqueue-{kernel}"),
            &format!("all tests on kqueue, over a fake kernel of {kernel}"),
            Needs::Only("fake-kqueue"),
            Box::new(move |context| fake_kernels::kqueue(context, kernel)),
        );
    }
    add(
        "fake-event-ports",
        "all tests on event ports, over a fake kernel of Solaris",
        Needs::Only("fake-event-ports"),
        Box::new(fake_kernels::event_ports),
    );
    add(
        "fake-poll-oneoff",
        "tests without wakers on poll_oneoff, over a fake WASI host",
        Needs::Only("fake-poll-oneoff"),
        Box::new(fake_kernels::poll_oneoff),
    );
    add(
        "mutations",
        "tests over fake kernels and with injected faults detect every seeded fault",
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
        "`cargo codegen --check`: the generated files and those of linux-fds are up to date",
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
        "codegen-project",
        "a crate with bindings of its own: timerfd, signalfd and inotify on this kernel",
        Needs::Only("linux-fds"),
        Box::new(suites::codegen_project),
    );
    add(
        "site",
        "the pages of `cargo codegen site`, in a browser on a desktop and on a phone",
        BUILDS,
        Box::new(site::run),
    );
    add(
        "abi-play",
        "a pull request of a fork: report, annotations, comment, gate",
        BUILDS,
        Box::new(abi_play::stage),
    );
    add("tools", "tests of xtask", BUILDS, Box::new(suites::tools));
    add(
        "workflows",
        "actionlint finds no fault in .github/workflows, and their commands exist",
        BUILDS,
        Box::new(workflows::run),
    );
    add(
        "loom",
        "protocols between threads in the library, explored by loom",
        Needs::Only("loom"),
        Box::new(suites::loom),
    );
    add(
        "properties",
        "random sequences of operations on every selector, and on upstream's mio",
        Needs::Machine,
        Box::new(properties::run),
    );
    add(
        "fuzz",
        "fuzz targets: their corpora, and new inputs from a fixed seed",
        Needs::Only("fuzz"),
        Box::new(fuzz::run),
    );
    add(
        "soak",
        "a mixed load for 20 seconds each on epoll and poll(2): no leak, no lost event",
        Needs::Machine,
        Box::new(soak::short),
    );
    add(
        "bench-gate",
        "no growth of instructions, system calls and allocations",
        Needs::Machine,
        Box::new(bench::gate),
    );
    add(
        "examples",
        "the examples run, and reject wrong arguments",
        Needs::Only("checkout"),
        Box::new(examples::run),
    );
    add(
        "api-upstream",
        "tests/api.rs compiles against mio 1.2.5",
        BUILDS,
        Box::new(suites::api_upstream),
    );
    add(
        "tokio",
        "a program that uses tokio, on every backend",
        BUILDS,
        Box::new(suites::tokio),
    );
    add(
        "downstream-epoll-eventfd",
        "tests of tokio and of other crates that depend on mio",
        Needs::Only("downstream"),
        Box::new(|context| downstream::run(context, BACKENDS[0])),
    );
    add(
        "package",
        "the published package is complete and builds alone",
        BUILDS,
        Box::new(checks::package),
    );
    add(
        "linux-i686",
        "all tests on 32-bit x86, and those of the crate with bindings of its own",
        CROSS,
        Box::new(cross::linux_i686),
    );
    add(
        "linux-s390x",
        "all tests on a big-endian machine, in QEMU",
        CROSS,
        Box::new(cross::linux_s390x),
    );
    add(
        "linux-aarch64",
        "all tests on 64-bit ARM, in QEMU",
        CROSS,
        Box::new(cross::linux_aarch64),
    );
    add(
        "linux-5.10",
        "all tests on Linux 5.10, which has no `epoll_pwait2`, in a virtual machine",
        BUILDS,
        Box::new(|context| kernels::suite(context, kernels::WITHOUT_EPOLL_PWAIT2)),
    );
    for (profile, flag) in [("debug", ""), ("release", "--release")] {
        add(
            &format!("windows-wine-{profile}"),
            &format!("all tests and the examples on Windows in {profile}, under Wine 8"),
            WINDOWS,
            Box::new(move |context| wine::suite(context, flag)),
        );
    }
    add(
        "windows-wine10",
        "all tests on Windows in debug, under Wine 10 in a chroot",
        WINDOWS,
        Box::new(wine10::suite),
    );
    add(
        "targets",
        "one target for each selector and pointer width, checked or linked, and its cross-check",
        CHECKED,
        Box::new(targets::default_set),
    );
    add(
        "no-system",
        "one helpful error on a target without an operating system",
        CHECKED,
        Box::new(targets::one_error_without_a_system),
    );
    add(
        "msrv",
        "the oldest supported compiler, here and for one target of each selector",
        Needs::Only("msrv"),
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

/// The stages of `cargo xtask nightly`.
fn nightly() -> Vec<Stage> {
    let stage = |name: &str, about: &str, run: Run| Stage {
        name: name.to_owned(),
        about: about.to_owned(),
        is_nightly: true,
        needs: Needs::Machine,
        run,
    };
    let mut stages = vec![
        stage(
            "features-cross",
            "the library compiles with every set of features on one target of each selector",
            Box::new(targets::powersets),
        ),
        stage(
            "downstream-poll-pipe",
            "tests of tokio and of other crates that depend on mio, on poll(2) with a pipe",
            Box::new(|context| downstream::run(context, BACKENDS[3])),
        ),
        stage(
            "linux-armv7",
            "all tests on 32-bit ARM, in QEMU",
            Box::new(nightly::linux_armv7),
        ),
        stage(
            "linux-riscv64",
            "all tests on 64-bit RISC-V, in QEMU",
            Box::new(nightly::linux_riscv64),
        ),
        stage(
            "address-sanitizer",
            "all tests under AddressSanitizer, which also detects leaks",
            Box::new(nightly::address_sanitizer),
        ),
        stage(
            "thread-sanitizer",
            "all tests under ThreadSanitizer",
            Box::new(nightly::thread_sanitizer),
        ),
        stage(
            "miri",
            "the state machines under Miri, which reports undefined behavior",
            Box::new(nightly::miri),
        ),
        stage(
            "miri-shims",
            "tests with epoll, eventfd and pipes under Miri, which has these itself",
            Box::new(nightly::miri_shims),
        ),
        stage(
            "nightly-fuzz",
            "fuzz targets on new inputs for MIO_FUZZ_SECONDS (60) each",
            Box::new(fuzz::run_long),
        ),
        stage(
            "valgrind",
            "all tests under valgrind",
            Box::new(nightly::valgrind),
        ),
        stage(
            "all-targets",
            "every other target of the table, and its cross-check",
            Box::new(targets::others),
        ),
    ];
    for backend in BACKENDS {
        stages.push(stage(
            &format!("endurance-{}", backend.name),
            "10,000 connections under a mixed load for ten minutes: no leak, no lost event",
            Box::new(move |context| soak::long(context, backend)),
        ));
    }
    stages.push(stage(
        "endurance-wine",
        "a mixed load on Windows for ten minutes, under Wine 8",
        Box::new(soak::long_under_wine),
    ));
    for kernel in kernels::NEWER {
        stages.push(stage(
            &format!("linux-{}", kernel.name),
            "all tests on another Linux kernel, in a virtual machine",
            Box::new(move |context| kernels::suite(context, kernel)),
        ));
    }
    stages
}
