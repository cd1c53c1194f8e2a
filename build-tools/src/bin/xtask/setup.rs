//! What the other stages need of the machine.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Result, bail};

use crate::project::PLAIN;
use crate::report::Mend;
use crate::step::{Context, Step};
use crate::wine;

/// A tool, a command that succeeds where it is there, and Debian's package of it.
struct Tool {
    name: &'static str,
    probe: &'static [&'static str],
    package: &'static str,
}

const TOOLS: [Tool; 5] = [
    Tool {
        name: "a C linker",
        probe: &["cc", "--version"],
        package: "build-essential",
    },
    Tool {
        name: "python3",
        probe: &["python3", "--version"],
        package: "python3",
    },
    Tool {
        name: "pip (fetches the header packs)",
        probe: &["python3", "-m", "pip", "--version"],
        package: "python3-pip",
    },
    Tool {
        name: "valgrind (counts instructions)",
        probe: &["valgrind", "--version"],
        package: "valgrind",
    },
    Tool {
        name: "strace (counts system calls)",
        probe: &["strace", "--version"],
        package: "strace",
    },
];

/// Compiler parts that rustup brings.
const COMPONENTS: [(&str, &[&str]); 2] = [
    ("rustfmt", &["cargo", "fmt", "--version"]),
    ("clippy", &["cargo", "clippy", "--version"]),
];

fn answers(probe: &[&str]) -> bool {
    Command::new(probe[0])
        .args(&probe[1..])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Whether packages can be installed here.
pub(crate) fn is_debian_root() -> bool {
    Path::new("/etc/debian_version").exists() && rustix::process::geteuid().is_root()
}

/// Sets up what is missing, or says how.
pub(crate) fn run(context: &mut Context<'_>) -> Result<()> {
    let mut lines = Vec::new();

    let missing: Vec<&Tool> = TOOLS.iter().filter(|tool| !answers(tool.probe)).collect();
    if !missing.is_empty() {
        let packages: Vec<&str> = missing.iter().map(|tool| tool.package).collect();
        let packages = packages.join(" ");
        for tool in &missing {
            context.say(&format!("missing: {}", tool.name))?;
        }
        if is_debian_root() {
            context.run(Step::new("apt-get").words("update").limit(600))?;
            context.run(
                Step::new("apt-get")
                    .words("install --yes --no-install-recommends")
                    .words(&packages)
                    .set("DEBIAN_FRONTEND", "noninteractive")
                    .limit(900),
            )?;
        } else {
            lines.push(format!("sudo apt-get install {packages}"));
        }
    }

    for (component, probe) in COMPONENTS {
        if !answers(probe) {
            context.say(&format!("missing: {component}"))?;
            let add = Step::new("rustup").words("component add").words(component);
            if context.run(add.limit(600)).is_err() {
                lines.push(format!("rustup component add {component}"));
            }
        }
    }

    // Only two stages need these, and say so.
    if let Err(error) = wine::install(context) {
        context.say(&format!("{error:#}"))?;
    }

    if !lines.is_empty() {
        bail!(Mend::new("tools are missing", lines.join(" && ")));
    }

    // One fetch here, so that a registry that cannot be reached is told once and clearly.
    for lock in [
        "",
        "build-tools/bench",
        "build-tools/loom",
        "build-tools/apps/tokio-smoke",
        "build-tools/apps/tokio-pipes",
        "build-tools/apps/api-upstream",
        "build-tools/apps/downstream",
    ] {
        let manifest = context.project.path(lock).join("Cargo.toml");
        if manifest.exists() {
            let fetch = Step::cargo(context.project, PLAIN, "fetch --locked --manifest-path")
                .argument(manifest);
            context.run(fetch.limit(900))?;
        }
    }
    prune(context)
}

/// How long test programs are kept that no run has written again.
const KEPT: Duration = Duration::from_secs(2 * 24 * 60 * 60);

/// Removes old test programs from the shared build folders: each new checkout writes all of them under new names. The
/// dependencies stay, and Cargo writes again what it misses.
fn prune(context: &mut Context<'_>) -> Result<()> {
    let Ok(targets) = fs::read_dir(context.project.cache.join("target")) else {
        // Nothing has been built yet.
        return Ok(());
    };
    let mut removed = 0;
    for target in targets {
        let target = target?.path();
        for profile in ["debug/deps", "release/deps"] {
            let Ok(files) = fs::read_dir(target.join(profile)) else {
                continue;
            };
            for file in files {
                let file = file?;
                // Programs have no extension; libraries and macros have.
                let is_program = file.path().extension().is_none();
                let age = file.metadata().and_then(|data| data.modified());
                let is_old = age.is_ok_and(|age| age.elapsed().is_ok_and(|age| age > KEPT));
                if is_program && is_old && fs::remove_file(file.path()).is_ok() {
                    removed += 1;
                }
            }
        }
    }
    context.say(&format!("{removed} old test programs removed"))
}
