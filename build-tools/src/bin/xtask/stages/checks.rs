//! What is checked without running the library: formatting, lints, documentation, generated files, the package.

use anyhow::{Context as _, Result, bail};

use crate::project::{BACKENDS, PLAIN};
use crate::report::Mend;
use crate::step::{Context, Step};

/// The sets of features with which the documentation is read.
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

pub(super) fn clippy(context: &mut Context<'_>) -> Result<()> {
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

pub(super) fn docs(context: &mut Context<'_>) -> Result<()> {
    // As users build it, and with the private items for those who work on it.
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
    let what = "the generated files are not what the inputs give";
    context
        .run(step)
        .map(drop)
        .context(Mend::new(what, "cargo codegen"))
}

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
        if let Some(file) = files.iter().find(|file| file.starts_with(folder)) {
            bail!("{file} is in the package, and tools are not published");
        }
    }
    let arguments = "package --package mio --allow-dirty --all-features";
    context
        .run(Step::cargo(context.project, PLAIN, arguments))
        .context("the package does not build on its own")?;
    unpacked(context).context("what users unpack is not whole")
}

/// What users may run in the published package.
fn unpacked(context: &mut Context<'_>) -> Result<()> {
    let id = context.run(Step::cargo(context.project, PLAIN, "pkgid --package mio"))?;
    let version = id.trim().rsplit(['#', '@']).next().unwrap_or_default();
    let packages = context.project.target(PLAIN.name).join("package");
    let archive = packages.join(format!("mio-{version}.crate"));
    // Not where Cargo has unpacked it: a cache may lie in the checkout, and Cargo looks for a workspace above the package.
    let folder = tempfile::tempdir()?;
    let unpack = Step::new("tar").words("xf").argument(&archive).words("-C");
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
