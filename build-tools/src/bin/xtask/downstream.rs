//! The tests of crates that depend on mio, run with this library in place of mio.
//!
//! `build-tools/apps/downstream/Cargo.toml` names the crates. Their published sources are copied
//! from Cargo's cache into one workspace, which patches mio. `suites.lock` pins the dependencies.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::project::{Backend, PLAIN, Project};
use crate::report::Help;
use crate::step::{Context, Step};

/// Upstream's crate under another name. Its examples and its documentation's examples then use this
/// library.
const UPSTREAM: &str = "upstream-docs";

/// Crates, and the arguments of Cargo that select their tests of I/O and timers.
const SUITES: [(&str, &str); 4] = [
    (
        "tokio",
        "--features full,test-util --test tcp* --test ud* --test un* --test net_* \
         --test io_async_fd* --test process* --test signal* --test rt_* --test time_* \
         --test no_rt --test buffered",
    ),
    ("tokio-util", "--features full --test udp --test framed*"),
    ("notify", "--lib"),
    ("actix-server", "--lib --tests"),
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
    let folder = workspace(context)?;
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
    let upstream = [(UPSTREAM, "--doc"), (UPSTREAM, "--examples")];
    let steps = SUITES.into_iter().chain(upstream).map(|(name, arguments)| {
        Step::cargo(
            context.project,
            backend,
            "test --locked --no-fail-fast --package",
        )
        .words(name)
        .words(arguments)
        .folder(&folder)
        // There are many large programs. A panic prints its line without debug information.
        .set("CARGO_PROFILE_DEV_DEBUG", "0")
        .set(
            "CARGO_TARGET_DIR",
            context
                .project
                .target(&format!("downstream-{}", backend.name)),
        )
        .limit(40 * 60)
    });
    context.run_each(steps)
}

/// Writes the workspace and returns its folder.
fn workspace(context: &mut Context<'_>) -> Result<PathBuf> {
    let folder = context.project.cache.join("downstream");
    let crates = metadata(context, "build-tools/apps/downstream/Cargo.toml")?;
    for (name, _) in SUITES {
        copy_package(&crates, name, &folder.join(name))?;
    }
    let upstream = metadata(context, "build-tools/apps/api-upstream/Cargo.toml")?;
    copy_package(&upstream, "mio", &folder.join(UPSTREAM))?;
    fs::write(folder.join(UPSTREAM).join("Cargo.toml"), UPSTREAM_MANIFEST)?;
    let members = SUITES.map(|(name, _)| format!("\"{name}\"")).join(", ");
    let text = format!(
        "[workspace]\nresolver = \"2\"\nmembers = [{members}, \"{UPSTREAM}\"]\n\n\
         [patch.crates-io]\ntokio = {{ path = \"tokio\" }}\nmio = {{ path = \"{}\" }}\n",
        context.project.root.display()
    );
    fs::write(folder.join("Cargo.toml"), text)?;
    fs::copy(lock(context.project), folder.join("Cargo.lock"))?;
    Ok(folder)
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
    use super::source;
    use std::path::Path;

    #[test]
    fn package_is_found_in_metadata() {
        let metadata = "Downloading\n".to_owned()
            + r#"{"packages":[{"name":"a","manifest_path":"/x/a-1/Cargo.toml"},"#
            + r#"{"name":"b","manifest_path":"/x/b-2/Cargo.toml"}]}"#;
        assert_eq!(source(&metadata, "b").as_deref(), Some(Path::new("/x/b-2")));
        assert_eq!(source(&metadata, "c"), None);
    }
}
