//! The stages of `cargo xtask test`, in their order.

use std::fs;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use indicatif::ProgressBar;

use crate::project::{BACKENDS, Backend, PLAIN, Project};
use crate::report::{self, Mend, Outcome, Row};
use crate::step::{Context, Step};
use crate::{
    bench, clients, examples, features, foreign, mutations, oldest, seldom, setup, targets, wasi,
    wine,
};

type Run = Box<dyn Fn(&mut Context<'_>) -> Result<()>>;

struct Stage {
    name: String,
    what: String,
    run: Run,
}

fn stages() -> Vec<Stage> {
    let mut stages = Vec::new();
    let mut add = |name: &str, what: &str, run: Run| {
        stages.push(Stage {
            name: name.to_owned(),
            what: what.to_owned(),
            run,
        });
    };
    add(
        "setup",
        "what the machine must have, and all dependencies",
        Box::new(setup::run),
    );
    add("fmt", "formatting of every package", Box::new(fmt));
    add(
        "clippy",
        "lints of every package, warnings are errors",
        Box::new(clippy),
    );
    add(
        "docs",
        "documentation without a broken link",
        Box::new(docs),
    );
    add(
        "features",
        "the library with every set of features",
        Box::new(features::run),
    );
    for backend in BACKENDS {
        for (profile, flag) in [("debug", ""), ("release", "--release")] {
            add(
                &format!("tests-{}-{profile}", backend.name),
                &format!("all tests on {} in {profile}", backend.name),
                Box::new(move |context| {
                    let options = ["--all-features", flag].join(" ");
                    context
                        .run(tests(context.project, backend, &options))
                        .map(drop)
                }),
            );
        }
    }
    for kernel in KERNELS {
        add(
            &format!("kqueue-double-{kernel}"),
            &format!("all tests on kqueue, over a double of {kernel}'s kernel"),
            Box::new(move |context| kqueue_double(context, kernel)),
        );
    }
    add(
        "event-ports-double",
        "all tests on event ports, over a double of Solaris' kernel",
        Box::new(event_ports_double),
    );
    add(
        "poll-oneoff-double",
        "what needs no waker on poll_oneoff, over a double of its host",
        Box::new(poll_oneoff_double),
    );
    add(
        "mutations",
        "each known mistake in the selectors over doubles is noticed by a test",
        Box::new(mutations::all),
    );
    add(
        "tests-reduced",
        "all tests with fewer features",
        Box::new(reduced),
    );
    add(
        "doctests",
        "the examples of the documentation",
        Box::new(doctests),
    );
    add(
        "codegen",
        "`cargo codegen --check`: generated files are what the headers say",
        Box::new(codegen),
    );
    add(
        "codegen-tests",
        "tests and ABI tables of the generator",
        Box::new(codegen_tests),
    );
    add("tools", "tests of this program", Box::new(tools));
    add("loom", "models of the wake protocols", Box::new(loom));
    add(
        "bench-gate",
        "instructions, system calls and allocations have not grown",
        Box::new(bench::gate),
    );
    add(
        "examples",
        "examples run, serve and refuse what is wrong",
        Box::new(examples::run),
    );
    add(
        "api-upstream",
        "tests/api.rs against the registry's mio 1.2.5",
        Box::new(api_upstream),
    );
    add(
        "tokio",
        "a tokio program on this library, on every backend",
        Box::new(tokio),
    );
    add(
        "clients-epoll-eventfd",
        "tests of tokio and of others that stand on mio",
        Box::new(|context| clients::run(context, BACKENDS[0])),
    );
    add(
        "package",
        "the published crate is complete and builds on its own",
        Box::new(package),
    );
    add(
        "linux-i686",
        "all tests on 32-bit x86",
        Box::new(foreign::linux_i686),
    );
    add(
        "linux-s390x",
        "all tests on a big-endian machine, emulated",
        Box::new(foreign::linux_s390x),
    );
    add(
        "linux-aarch64",
        "all tests on 64-bit ARM, emulated",
        Box::new(foreign::linux_aarch64),
    );
    for (profile, flag) in [("debug", ""), ("release", "--release")] {
        add(
            &format!("windows-wine-{profile}"),
            &format!("all tests and the examples on Windows in {profile}, under Wine"),
            Box::new(move |context| wine::suite(context, flag)),
        );
    }
    add(
        "targets",
        "one target for each selector and pointer width, checked or linked, and its witnesses",
        Box::new(targets::often),
    );
    add(
        "no-system",
        "one error, and what to do, where there is no operating system",
        Box::new(targets::one_error_without_a_system),
    );
    add(
        "oldest",
        "the oldest supported compiler",
        Box::new(oldest::run),
    );
    add(
        "wasi-preview2",
        "sockets on WASI preview 2, under wasmtime",
        Box::new(wasi::preview2),
    );
    add(
        "wasi-preview1",
        "WASI preview 1 under three hosts",
        Box::new(wasi::preview1),
    );
    stages
}

/// What only `--all` runs, or who asks for it by name.
fn seldom() -> Vec<Stage> {
    let stage = |name: &str, what: &str, run: Run| Stage {
        name: name.to_owned(),
        what: format!("{what} (with --all)"),
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
            Box::new(|context| clients::run(context, BACKENDS[3])),
        ),
        stage(
            "linux-armv7",
            "all tests on 32-bit ARM, emulated",
            Box::new(seldom::linux_armv7),
        ),
        stage(
            "linux-riscv64",
            "all tests on 64-bit RISC-V, emulated",
            Box::new(seldom::linux_riscv64),
        ),
        stage(
            "address-sanitizer",
            "all tests under AddressSanitizer, leaks included",
            Box::new(seldom::address_sanitizer),
        ),
        stage(
            "thread-sanitizer",
            "all tests under ThreadSanitizer",
            Box::new(seldom::thread_sanitizer),
        ),
        stage(
            "valgrind",
            "all tests under valgrind",
            Box::new(seldom::valgrind),
        ),
        stage(
            "all-targets",
            "every other target of the table, and its witnesses",
            Box::new(targets::rest),
        ),
    ]
}

/// Whose kqueue the double models.
const KERNELS: [&str; 5] = ["apple", "dragonfly", "freebsd", "netbsd", "openbsd"];

/// The unmodified selector over a test double of the kernel.
fn kqueue_double(context: &mut Context<'_>, kernel: &str) -> Result<()> {
    let step = Step::cargo(
        context.project,
        PLAIN,
        "test --all-features --no-fail-fast --lib --tests",
    )
    .set("RUSTFLAGS", format!("--cfg mio_kqueue_double=\"{kernel}\""))
    .set("CARGO_TARGET_DIR", context.project.target("kqueue-double"));
    context.run(step).map(drop)
}

/// The same for event ports; once more with every event beside an error, and ETIME without a count.
fn event_ports_double(context: &mut Context<'_>) -> Result<()> {
    let step = |arguments: &str, faults| {
        Step::cargo(context.project, PLAIN, "test --all-features --no-fail-fast")
            .words(arguments)
            .set("RUSTFLAGS", "--cfg mio_event_ports_double")
            .set(
                "CARGO_TARGET_DIR",
                context.project.target("event-ports-double"),
            )
            .set("MIO_EVENT_PORTS_DOUBLE", faults)
    };
    let lints = Step::cargo(
        context.project,
        PLAIN,
        "clippy --all-targets --all-features -- -D warnings",
    )
    .set("RUSTFLAGS", "--cfg mio_event_ports_double")
    .set(
        "CARGO_TARGET_DIR",
        context.project.target("event-ports-double"),
    );
    let steps = [
        lints,
        step("--lib --tests", ""),
        step("--test=*", "time-up,keep-count"),
        step("--test=*", "signal"),
    ];
    context.run_each(steps)
}

/// Preview 1 of WASI: what a guest can do there that has neither wakers nor signals.
fn poll_oneoff_double(context: &mut Context<'_>) -> Result<()> {
    let step = Step::cargo(
        context.project,
        PLAIN,
        "test --all-features --no-fail-fast --test truth_table --test registering --test source_fd",
    )
    .set("RUSTFLAGS", "--cfg mio_poll_oneoff_double")
    .set(
        "CARGO_TARGET_DIR",
        context.project.target("poll-oneoff-double"),
    );
    context.run(step).map(drop)
}

/// Prints the stages.
pub(crate) fn list() {
    for stage in stages().into_iter().chain(seldom()) {
        println!("{:<28} {}", stage.name, stage.what);
    }
}

/// Runs the stages named, or all of them; `true` if none failed.
pub(crate) fn run(project: &Project, only: &[String], all: bool) -> Result<bool> {
    let mut stages = stages();
    let often = stages.len();
    stages.extend(seldom());
    let mut left = Vec::new();
    for name in only {
        if !stages.iter().any(|stage| is_meant(&stage.name, name)) {
            bail!("there is no stage `{name}`; see: cargo xtask test --list");
        }
    }
    if !only.is_empty() {
        stages.retain(|stage| only.iter().any(|name| is_meant(&stage.name, name)));
    } else if !all {
        left = stages.drain(often..).map(|stage| stage.name).collect();
    }

    let start = Instant::now();
    let mut rows = Vec::new();
    for stage in &stages {
        let bar = report::bar(&stage.name);
        let log = project.logs.join(format!("{}.log", stage.name));
        let row = run_stage(project, stage, &log, bar.clone())?;
        bar.finish_and_clear();
        report::line(&row, &log, project);
        rows.push(row);
    }
    Ok(report::summary(
        &rows,
        &left,
        start.elapsed(),
        behaviour(project),
    ))
}

/// A name means its stage and all that belong to it: `tests` means `tests-epoll-eventfd-debug`.
fn is_meant(stage: &str, name: &str) -> bool {
    stage
        .strip_prefix(name)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        && !(name == "codegen" && stage != name)
}

fn run_stage(
    project: &Project,
    stage: &Stage,
    log: &std::path::Path,
    bar: ProgressBar,
) -> Result<Row> {
    let start = Instant::now();
    let mut context = Context::new(project, log, bar)?;
    let outcome = Outcome::from((stage.run)(&mut context));
    Ok(Row {
        stage: stage.name.clone(),
        outcome,
        counts: context.counts,
        time: start.elapsed(),
    })
}

/// How many rows of `tests/behaviour.txt` are tested and how many are not run.
fn behaviour(project: &Project) -> Option<(usize, usize)> {
    let text = fs::read_to_string(project.path("tests/behaviour.txt")).ok()?;
    Some(behaviour_counts(&text))
}

fn behaviour_counts(text: &str) -> (usize, usize) {
    let (mut tested, mut not_run) = (0, 0);
    for line in text.lines() {
        let Some((_, rest)) = line.split_once(" | ") else {
            continue;
        };
        if line.starts_with('#') {
            continue;
        }
        if rest.trim_start().starts_with("not run:") {
            not_run += 1;
        } else {
            tested += 1;
        }
    }
    (tested, not_run)
}

fn fmt(context: &mut Context<'_>) -> Result<()> {
    let root = Step::new("cargo").words("fmt --all --check");
    let mut outcome = context
        .run(root)
        .map(drop)
        .context(Mend::new("the formatting is another", "cargo fmt --all"));
    // The packages with a workspace of their own. The one file of api-upstream is the library's and is among the above.
    for folder in [
        "build-tools/bench",
        "build-tools/loom",
        "build-tools/apps/tokio-smoke",
        "build-tools/apps/tokio-pipes",
    ] {
        let manifest = format!("{folder}/Cargo.toml");
        let step = Step::new("cargo").words("fmt --all --check --manifest-path");
        if let Err(error) = context.run(step.argument(&manifest)) {
            let command = format!("cargo fmt --all --manifest-path {manifest}");
            outcome = Err(error.context(Mend::new("the formatting is another", command)));
        }
    }
    outcome
}

fn clippy(context: &mut Context<'_>) -> Result<()> {
    let project = context.project;
    let all = "clippy --keep-going --workspace --all-targets --all-features -- -D warnings";
    let mut steps = vec![Step::cargo(project, PLAIN, all)];
    // The fallbacks are code that no build without their flags sees.
    for backend in &BACKENDS[1..] {
        let library = "clippy --keep-going --all-targets --all-features -- -D warnings";
        steps.push(Step::cargo(project, *backend, library));
    }
    let smoke = Step::cargo(project, PLAIN, "clippy --all-targets -- -D warnings");
    steps.push(smoke.folder(project.path("build-tools/apps/tokio-smoke")));
    let bench = "clippy --release --workspace --all-targets -- -D warnings";
    steps.push(
        Step::cargo(project, PLAIN, bench)
            .folder(project.path("build-tools/bench"))
            .set("CARGO_TARGET_DIR", project.target("bench")),
    );
    let models = Step::cargo(
        project,
        PLAIN,
        "clippy --release --all-targets -- -D warnings",
    );
    steps.push(
        models
            .folder(project.path("build-tools/loom"))
            .set("RUSTFLAGS", "--cfg loom")
            .set("CARGO_TARGET_DIR", project.target("loom")),
    );
    context.run_each(steps)
}

fn docs(context: &mut Context<'_>) -> Result<()> {
    // As it is published, and with what is private for who works on it.
    let step = |arguments| {
        Step::cargo(context.project, PLAIN, arguments).set("RUSTDOCFLAGS", "-D warnings")
    };
    let steps = [
        step("doc --all-features --no-deps"),
        step("doc --all-features --no-deps --document-private-items"),
    ];
    context.run_each(steps)
}

/// The library's own tests and all of `tests/`.
fn tests(project: &Project, backend: Backend, options: &str) -> Step {
    Step::cargo(project, backend, "test --no-fail-fast --lib --tests").words(options)
}

/// Sockets must work in full without a selector, and nothing may panic where there is none.
fn reduced(context: &mut Context<'_>) -> Result<()> {
    let step = |features| {
        let options = format!("--no-default-features --features={features}");
        tests(context.project, PLAIN, &options)
    };
    let steps = ["", "net", "os-poll", "os-ext", "os-poll,net"].map(step);
    context.run_each(steps)
}

fn doctests(context: &mut Context<'_>) -> Result<()> {
    context.run(Step::cargo(
        context.project,
        PLAIN,
        "test --doc --all-features",
    ))?;
    Ok(())
}

fn codegen(context: &mut Context<'_>) -> Result<()> {
    let step = Step::cargo(context.project, PLAIN, "codegen --check");
    let what = "the generated files are not what the inputs give";
    context
        .run(step)
        .map(drop)
        .context(Mend::new(what, "cargo codegen"))
}

fn codegen_tests(context: &mut Context<'_>) -> Result<()> {
    // A table that is not what it should be fails; nothing is written beside it.
    let step = Step::cargo(
        context.project,
        PLAIN,
        "test --no-fail-fast --release --package mio-codegen --package mio-targets",
    );
    context.run(step.set("INSTA_UPDATE", "no")).map(drop)
}

fn tools(context: &mut Context<'_>) -> Result<()> {
    context.run(Step::cargo(
        context.project,
        PLAIN,
        "test --package mio-build-tools",
    ))?;
    Ok(())
}

fn loom(context: &mut Context<'_>) -> Result<()> {
    let manifest = context.project.path("build-tools/loom/Cargo.toml");
    let step = Step::cargo(
        context.project,
        PLAIN,
        "test --no-fail-fast --release --manifest-path",
    )
    .argument(manifest)
    .set("RUSTFLAGS", "--cfg loom")
    .set("CARGO_TARGET_DIR", context.project.target("loom"));
    context.run(step)?;
    some_test(context)
}

fn api_upstream(context: &mut Context<'_>) -> Result<()> {
    let folder = context.project.path("build-tools/apps/api-upstream");
    let tree = Step::cargo(
        context.project,
        PLAIN,
        "tree --locked --edges all --invert mio",
    )
    .folder(&folder);
    let tree = context.run(tree)?;
    if !tree.lines().any(|line| line.trim() == "mio v1.2.5") {
        bail!("the registry's mio 1.2.5 is not what is compiled here: see `cargo tree -i mio`");
    }
    context.run(Step::cargo(context.project, PLAIN, "test --locked").folder(&folder))?;
    some_test(context)
}

/// Guards against a run that finds nothing to run.
fn some_test(context: &Context<'_>) -> Result<()> {
    if context.counts.passed == 0 {
        bail!("no test ran");
    }
    Ok(())
}

fn tokio(context: &mut Context<'_>) -> Result<()> {
    let folder = context.project.path("build-tools/apps/tokio-smoke");
    let tree = Step::cargo(context.project, PLAIN, "tree --locked --invert mio").folder(&folder);
    let tree = context.run(tree)?;
    let root = format!("({})", context.project.root.display());
    // Cargo only warns of a patch that is not used, and builds the registry's crate.
    if !tree
        .lines()
        .next()
        .is_some_and(|line| line.starts_with("mio v") && line.contains(&root))
    {
        let command = "cargo update --manifest-path build-tools/apps/tokio-smoke/Cargo.toml -p mio";
        bail!(Mend::new("tokio is not built on this library", command));
    }
    let steps = BACKENDS.map(|backend| {
        let step = Step::cargo(context.project, backend, "run --locked");
        step.folder(&folder).limit(600)
    });
    context.run_each(steps)
}

fn package(context: &mut Context<'_>) -> Result<()> {
    let list = Step::cargo(
        context.project,
        PLAIN,
        "package --package mio --allow-dirty --list",
    );
    let list = context.run(list)?;
    let files: Vec<&str> = list.lines().collect();
    for wanted in [
        "generated/mod.rs",
        "generated/linux/x86_64.rs",
        "src/lib.rs",
        "README.md",
        "LICENSE",
    ] {
        if !files.contains(&wanted) {
            bail!("{wanted} is not in the package");
        }
    }
    for folder in ["tests/", "codegen/", "build-tools/", ".ci/", ".cargo/"] {
        if let Some(file) = files.iter().find(|file| file.starts_with(folder)) {
            bail!("{file} is in the package, and tools are not published");
        }
    }
    let arguments = "package --package mio --allow-dirty --all-features";
    context
        .run(Step::cargo(context.project, PLAIN, arguments))
        .context("the package does not build on its own")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{behaviour_counts, is_meant, seldom, stages};
    use std::collections::HashSet;

    #[test]
    fn names_of_stages_differ() {
        let all = stages().into_iter().chain(seldom());
        let names: Vec<String> = all.map(|stage| stage.name).collect();
        assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len());
    }

    #[test]
    fn a_name_means_its_group() {
        assert!(is_meant("tests-poll-pipe-debug", "tests"));
        assert!(is_meant("tests-poll-pipe-debug", "tests-poll-pipe"));
        assert!(is_meant("codegen", "codegen"));
        assert!(!is_meant("codegen-tests", "codegen"));
        assert!(!is_meant("tests-poll-pipe-debug", "test"));
    }

    #[test]
    fn rows_not_run_are_counted() {
        let text =
            "# ID | where | backends\nA-1 | tcp::echo | all\nA-2 | not run: needs Windows\n\n";
        assert_eq!(behaviour_counts(text), (1, 1));
    }
}
