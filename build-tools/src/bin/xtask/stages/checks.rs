//! Stages that do not run the library: formatting, lints, documentation, generated files, the
//! package.

use anyhow::{Context as _, Result, bail};

use crate::project::{BACKENDS, PLAIN};
use crate::report::Help;
use crate::step::{Context, Step};

/// The sets of features for which the documentation is built.
const FEATURE_SETS: [&str; 6] = [
    "",
    "--no-default-features",
    "--no-default-features --features net",
    "--no-default-features --features os-poll",
    "--no-default-features --features os-ext",
    "--all-features",
];

pub(super) fn fmt(context: &mut Context<'_>) -> Result<()> {
    let root = Step::new("cargo").words("fmt --all --check");
    let mut outcome = context
        .run(root)
        .map(drop)
        .context(Help::new("the code is not formatted", "cargo fmt --all"));
    // Packages outside the workspace. The only file of api-upstream is a test of the library, and
    // the two servers of the bench have the same file.
    for folder in [
        "build-tools/bench",
        "build-tools/bench/server/ours",
        "build-tools/fuzz",
        "build-tools/loom",
        "build-tools/properties",
        "build-tools/soak",
        "build-tools/apps/tokio-smoke",
        "build-tools/apps/tokio-pipes",
        "build-tools/apps/linux-fds",
    ] {
        let manifest = format!("{folder}/Cargo.toml");
        let step = Step::new("cargo").words("fmt --all --check --manifest-path");
        if let Err(error) = context.run(step.argument(&manifest)) {
            let command = format!("cargo fmt --all --manifest-path {manifest}");
            outcome = Err(error.context(Help::new("the code is not formatted", command)));
        }
    }
    outcome
}

pub(super) fn clippy(context: &mut Context<'_>) -> Result<()> {
    let project = context.project;
    let all = "clippy --keep-going --workspace --all-targets --all-features -- -D warnings";
    let mut steps = vec![Step::cargo(project, PLAIN, all)];
    // The fallbacks are only compiled with their flags.
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
    let server = Step::cargo(project, PLAIN, "clippy --release --locked -- -D warnings");
    steps.push(
        server
            .folder(project.path("build-tools/bench/server/ours"))
            .set("CARGO_TARGET_DIR", project.target("bench/servers-epoll")),
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
    let properties = Step::cargo(
        project,
        PLAIN,
        "clippy --locked --workspace --all-targets -- -D warnings",
    );
    steps.push(
        properties
            .folder(project.path("build-tools/properties"))
            .set("CARGO_TARGET_DIR", project.target("properties")),
    );
    let soak = Step::cargo(
        project,
        PLAIN,
        "clippy --release --locked --all-targets -- -D warnings",
    );
    steps.push(
        soak.folder(project.path("build-tools/soak"))
            .set("CARGO_TARGET_DIR", project.target("soak").join(PLAIN.name)),
    );
    let targets = Step::cargo(project, PLAIN, "clippy --all-targets -- -D warnings");
    steps.push(
        targets
            .folder(project.path("build-tools/fuzz"))
            .set("CARGO_TARGET_DIR", project.target("fuzz")),
    );
    context.run_each(steps)
}

pub(super) fn docs(context: &mut Context<'_>) -> Result<()> {
    // The documentation of users, and with private items that of contributors.
    let step = |features: &str| {
        let arguments = format!("doc --no-deps {features}");
        Step::cargo(context.project, PLAIN, &arguments).set("RUSTDOCFLAGS", "-D warnings")
    };
    let private = ["--all-features --document-private-items"];
    let steps = FEATURE_SETS.into_iter().chain(private).map(step);
    context.run_each(steps.collect::<Vec<_>>())
}

pub(super) fn codegen(context: &mut Context<'_>) -> Result<()> {
    let step = Step::cargo(context.project, PLAIN, "codegen --check");
    let failure = "the generated files are out of date";
    context
        .run(step)
        .map(drop)
        .context(Help::new(failure, "cargo codegen"))?;
    let own = "--project build-tools/apps/linux-fds/bindings";
    let step = Step::cargo(context.project, PLAIN, &format!("codegen check {own}"));
    let help = Help::new(failure, format!("cargo codegen {own}"));
    context.run(step).map(drop).context(help)
}

/// A module that `src/lib.rs` names, so that the package has it.
const SHARED_MODULE: &str = "tests/support/not_run.rs";

pub(super) fn package(context: &mut Context<'_>) -> Result<()> {
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
        // The one file of tests/ is a module of the library's unit tests, too.
        let is_wrong = |file: &&&str| file.starts_with(folder) && **file != SHARED_MODULE;
        if let Some(file) = files.iter().find(is_wrong) {
            bail!("{file} is in the package, but tools are not published");
        }
    }
    let arguments = "package --package mio --allow-dirty --all-features";
    context
        .run(Step::cargo(context.project, PLAIN, arguments))
        .context("the package does not build outside the workspace")?;
    unpacked(context).context("the unpacked package fails its checks")
}

/// Runs the commands that a user may run in the published package.
fn unpacked(context: &mut Context<'_>) -> Result<()> {
    let id = context.run(Step::cargo(context.project, PLAIN, "pkgid --package mio"))?;
    let version = id.trim().rsplit(['#', '@']).next().unwrap_or_default();
    let packages = context.project.target(PLAIN.name).join("package");
    let archive = packages.join(format!("mio-{version}.crate"));
    // A temporary folder, because Cargo searches the parent folders of a package for a workspace,
    // and the cache may be in the checkout.
    let folder = tempfile::tempdir()?;
    // With the time of now (`m`). In the archive all files are of 2006, so Cargo would take the
    // programs of an earlier package for up to date.
    let unpack = Step::new("tar").words("xmf").argument(&archive).words("-C");
    context.run(unpack.argument(folder.path()))?;
    let here = folder.path().join(format!("mio-{version}"));
    let target = context.project.target("package");
    let step = |arguments: &str| {
        Step::cargo(context.project, PLAIN, arguments)
            .folder(&here)
            .set("CARGO_TARGET_DIR", &target)
            .set("RUSTDOCFLAGS", "-D warnings")
    };
    let mut steps = vec![
        step("fmt --check"),
        step("test"),
        step("test --all-features"),
    ];
    steps.extend(FEATURE_SETS.map(|features| step(&format!("doc --no-deps {features}"))));
    context.run_each(steps)
}
