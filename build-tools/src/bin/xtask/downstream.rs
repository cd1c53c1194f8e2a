//! The tests of crates that depend on mio, run with this library in place of mio.
//!
//! `build-tools/apps/downstream/Cargo.toml` names the crates. Their published sources are copied
//! from Cargo's cache into one workspace, which patches mio. `suites.lock` pins the dependencies.
//! If a test fails, its suite runs with upstream's newest mio, too, which `upstream.lock` pins.
//! Only a test that passes there counts as failed.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::project::{Backend, PLAIN, Project};
use crate::report::Help;
use crate::step::{Context, Step};

/// Upstream's crate under another name. Its examples and its documentation's examples then use this
/// library.
const UPSTREAM: &str = "upstream-docs";

/// Tests of a crate.
#[derive(Clone, Copy)]
struct Suite {
    /// The crate, with its version if another one is in the workspace.
    package: &'static str,
    /// The arguments of Cargo and of the tests that select those of I/O and timers.
    arguments: &'static str,
    /// Further flags of rustc.
    rustflags: &'static str,
}

const fn suite(package: &'static str, arguments: &'static str) -> Suite {
    Suite {
        package,
        arguments,
        rustflags: "",
    }
}

const SUITES: [Suite; 13] = [
    suite(
        "tokio",
        "--features full,test-util --test tcp* --test ud* --test un* --test net_* \
         --test io_async_fd* --test process* --test signal* --test rt_* --test time_* \
         --test no_rt --test buffered",
    ),
    // It registers the fd of its ring with `SourceFd`.
    Suite {
        package: "tokio",
        arguments: "--features full,test-util,io-uring --test fs_uring*",
        rustflags: "--cfg tokio_unstable",
    },
    suite("tokio-util", "--features full --test udp --test framed*"),
    suite("notify", "--lib"),
    suite("actix-server", "--lib --tests"),
    suite("inotify", ""),
    suite("mio-misc", ""),
    suite("mio-pidfd", ""),
    // It starts socat(1).
    suite("mio-serial", ""),
    suite("mio-signals", ""),
    suite(
        "netlink-sys@0.9.0",
        "--features mio_socket,tokio_socket --lib",
    ),
    suite(
        "signal-hook-mio",
        "--no-default-features --features support-v1_0 --test mio_1_0 -- --test-threads=1",
    ),
    suite("tokio-serial", "--tests"),
];

impl Suite {
    /// The name of its crate.
    fn name(&self) -> &'static str {
        self.package.split('@').next().unwrap_or(self.package)
    }
}

/// What is removed from a published crate before it can be tested: the file, the first and the last
/// line that go.
const REMOVED: [(&str, &str, &str); 2] = [
    // This function of a helper is in its repository only. The tests run on one thread instead.
    (
        "signal-hook-mio/tests/mio_1_0.rs",
        "    let _lock = serial_test::lock();",
        "    let _lock = serial_test::lock();",
    ),
    // Only an example uses it, and it needs a sound library.
    (
        "tokio-serial/Cargo.toml",
        "[dev-dependencies.cpal]",
        "version = \"0.15.3\"",
    ),
];

/// The manifest of that crate. Its library is built, but the examples do not use it.
const UPSTREAM_MANIFEST: &str = r#"[package]
name = "upstream-docs"
version = "0.0.0"
edition = "2021"
autoexamples = false

[lints.rust]
warnings = "allow"

[features]
default = ["log", "os-poll", "os-ext", "net"]
log = ["dep:log"]
os-poll = []
os-ext = []
net = []

[dependencies]
libc = "0.2"
log = { version = "0.4", optional = true }

[dev-dependencies]
env_logger = "0.11"
mio = { version = "1.2", features = ["os-poll", "os-ext", "net"] }

[[example]]
name = "tcp_server"

[[example]]
name = "udp_server"
"#;

/// The stages `downstream-*`: runs all suites on one backend.
pub(crate) fn run(context: &mut Context<'_>, backend: Backend) -> Result<()> {
    let folder = workspace(context, "downstream", true)?;
    let tree =
        Step::cargo(context.project, PLAIN, "tree --locked --invert mio@1.3.0").folder(&folder);
    let tree = context.run(tree)?;
    let root = format!("({})", context.project.root.display());
    // Cargo may print downloads before the tree.
    if !tree
        .lines()
        .any(|line| line.starts_with("mio v") && line.contains(&root))
    {
        bail!("the suites do not use this library: {tree}");
    }
    let upstream = [suite(UPSTREAM, "--doc"), suite(UPSTREAM, "--examples")];
    let mut outcome = Ok(());
    for suite in SUITES.into_iter().chain(upstream) {
        if let Err(error) = run_suite(context, &folder, backend, suite) {
            outcome = Err(error);
        }
    }
    outcome
}

/// Runs a suite. What fails with upstream's mio, too, does not count.
fn run_suite(
    context: &mut Context<'_>,
    folder: &Path,
    backend: Backend,
    suite: Suite,
) -> Result<()> {
    let counts = context.counts;
    let target = format!("downstream-{}", backend.name);
    let (output, passes) = context.run_either(step(context, folder, &target, backend, suite))?;
    if passes {
        return Ok(());
    }
    let failed = failures(&output);
    if failed.is_empty() || suite.package == UPSTREAM {
        bail!("the tests of {} failed", suite.package);
    }
    let ours = context.counts;
    let folder = workspace(context, "downstream-upstream", false)?;
    let step = step(context, &folder, "downstream-upstream", PLAIN, suite);
    let (output, _) = context.run_either(step)?;
    // Upstream's results do not count.
    context.counts = ours;
    let of_upstream = failures(&output);
    let new: Vec<&String> = failed.difference(&of_upstream).collect();
    if !new.is_empty() {
        bail!(
            "tests of {} fail that pass with upstream's mio: {new:?}",
            suite.package
        );
    }
    let tolerated = ours.failed - counts.failed;
    context.counts.failed -= tolerated;
    context.counts.skipped += tolerated;
    for test in failed {
        let reason = format!("{}: {test} fails with upstream's mio, too", suite.package);
        context.reasons.push(reason);
    }
    Ok(())
}

/// The command that runs a suite.
fn step(
    context: &Context<'_>,
    folder: &Path,
    target: &str,
    backend: Backend,
    suite: Suite,
) -> Step {
    // Cargo lets a dependency have warnings, but these are members of the workspace.
    let flags = format!(
        "--cap-lints allow {} {}",
        backend.rustflags, suite.rustflags
    );
    Step::cargo(
        context.project,
        backend,
        "test --locked --no-fail-fast --package",
    )
    .words(suite.package)
    .words(suite.arguments)
    .folder(folder)
    .set("RUSTFLAGS", flags.trim())
    // There are many large programs. A panic prints its line without debug information.
    .set("CARGO_PROFILE_DEV_DEBUG", "0")
    .set("CARGO_TARGET_DIR", context.project.target(target))
    .limit(40 * 60)
}

/// The tests that failed, with their programs, and the programs that ended without a result.
fn failures(output: &str) -> BTreeSet<String> {
    let mut failures = BTreeSet::new();
    let (mut program, mut is_running) = ("", false);
    for line in output.lines() {
        let line = line.trim_start();
        let next = line.strip_prefix("Running ");
        if let Some(next) = next.or_else(|| line.strip_prefix("Doc-tests ")) {
            if is_running {
                failures.insert(format!("{program} ended without a result"));
            }
            (program, is_running) = (next.split(" (").next().unwrap_or(next), false);
        } else if line.starts_with("running ") && line.ends_with(" tests")
            || line == "running 1 test"
        {
            is_running = true;
        } else if line.starts_with("test result:") {
            is_running = false;
        } else if let Some(name) = line.strip_prefix("test ") {
            if let Some(name) = name.strip_suffix(" ... FAILED") {
                failures.insert(format!("{program}: {name}"));
            }
        }
    }
    if is_running {
        failures.insert(format!("{program} ended without a result"));
    }
    failures
}

/// Writes the workspace and returns its folder.
fn workspace(context: &mut Context<'_>, name: &str, with_patch: bool) -> Result<PathBuf> {
    let folder = context.project.cache.join(name);
    let crates = metadata(context, "build-tools/apps/downstream/Cargo.toml")?;
    let names: BTreeSet<&str> = SUITES.iter().map(Suite::name).collect();
    for name in &names {
        copy_package(&crates, name, &folder.join(name))?;
    }
    for (file, first, last) in REMOVED {
        let path = folder.join(file);
        let text = fs::read_to_string(&path).with_context(|| format!("{}", path.display()))?;
        fs::write(&path, without(&text, first, last).context(file)?)?;
    }
    let mut members: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
    let mut patch = "tokio = { path = \"tokio\" }\n".to_owned();
    let mut lock = lock(context.project);
    if with_patch {
        let upstream = metadata(context, "build-tools/apps/api-upstream/Cargo.toml")?;
        copy_package(&upstream, "mio", &folder.join(UPSTREAM))?;
        fs::write(folder.join(UPSTREAM).join("Cargo.toml"), UPSTREAM_MANIFEST)?;
        members.push(format!("{UPSTREAM:?}"));
        let root = context.project.root.display();
        patch += &format!("mio = {{ path = \"{root}\" }}\n");
    } else {
        lock.set_file_name("upstream.lock");
    }
    let text = format!(
        "[workspace]\nresolver = \"2\"\nmembers = [{}]\n\n[patch.crates-io]\n{patch}",
        members.join(", ")
    );
    fs::write(folder.join("Cargo.toml"), text)?;
    fs::copy(lock, folder.join("Cargo.lock"))?;
    Ok(folder)
}

/// The text without the parts that begin with the line `first` and end with the line `last`. An
/// error if there is none.
fn without(text: &str, first: &str, last: &str) -> Result<String> {
    let (mut kept, mut is_inside, mut has_any) = (String::new(), false, false);
    for line in text.lines() {
        is_inside |= line == first;
        if !is_inside {
            kept += line;
            kept.push('\n');
        }
        has_any |= is_inside;
        is_inside &= line != last;
    }
    if !has_any || is_inside {
        bail!("no part from {first:?} to {last:?}");
    }
    Ok(kept)
}

/// The output of `cargo metadata` for a package.
fn metadata(context: &mut Context<'_>, manifest: &str) -> Result<String> {
    let step = Step::cargo(
        context.project,
        PLAIN,
        "metadata --locked --format-version 1 --manifest-path",
    );
    let step = step.argument(context.project.path(manifest));
    context.run(step)
}

/// Replaces the folder `to` by the source of a package.
fn copy_package(metadata: &str, name: &str, to: &Path) -> Result<()> {
    let from = source(metadata, name).context(Help::new(
        "a downstream crate is not in its lock file",
        "cargo update --manifest-path build-tools/apps/downstream/Cargo.toml",
    ))?;
    if to.exists() {
        fs::remove_dir_all(to).with_context(|| format!("{}", to.display()))?;
    }
    copy(&from, to).with_context(|| format!("{}", from.display()))
}

fn lock(project: &Project) -> PathBuf {
    project.path("build-tools/apps/downstream/suites.lock")
}

/// The folder of a package's source in the output of `cargo metadata`.
fn source(metadata: &str, name: &str) -> Option<PathBuf> {
    // Cargo may print downloads before it.
    let metadata = metadata.lines().find(|line| line.starts_with('{'))?;
    let metadata: serde_json::Value = serde_json::from_str(metadata).ok()?;
    let packages = metadata.get("packages")?.as_array()?;
    let package = packages
        .iter()
        .find(|package| package.get("name").and_then(|found| found.as_str()) == Some(name))?;
    let manifest = Path::new(package.get("manifest_path")?.as_str()?);
    manifest.parent().map(Path::to_owned)
}

/// Copies a package without its lock file and its original manifest.
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        if name == "Cargo.lock" || name == "Cargo.toml.orig" {
            continue;
        }
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to.join(name))?;
        } else {
            fs::copy(entry.path(), to.join(name))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{failures, source, without};
    use std::path::Path;

    #[test]
    fn failed_tests_are_named() {
        let output = "     Running tests/one.rs (target/one)\nrunning 2 tests\n\
                      test a::b ... ok\ntest c ... FAILED\ntest result: FAILED. 1 passed\n\
                      \x20    Running tests/two.rs (target/two)\nrunning 1 test\n\
                      \x20  Doc-tests three\nrunning 1 test\n";
        let expected = [
            "tests/one.rs: c",
            "tests/two.rs ended without a result",
            "three ended without a result",
        ];
        assert_eq!(failures(output), expected.map(str::to_owned).into());
    }

    #[test]
    fn parts_of_a_file_are_removed() -> anyhow::Result<()> {
        let text = "a\n[x]\nversion\n\nb\n[x]\nversion\n";
        assert_eq!(without(text, "[x]", "version")?, "a\n\nb\n");
        assert!(without(text, "[y]", "version").is_err());
        assert!(without(text, "[x]", "end").is_err());
        Ok(())
    }

    #[test]
    fn package_is_found_in_metadata() {
        let metadata = "Downloading\n".to_owned()
            + r#"{"packages":[{"name":"a","manifest_path":"/x/a-1/Cargo.toml"},"#
            + r#"{"name":"b","manifest_path":"/x/b-2/Cargo.toml"}]}"#;
        assert_eq!(source(&metadata, "b").as_deref(), Some(Path::new("/x/b-2")));
        assert_eq!(source(&metadata, "c"), None);
    }
}
