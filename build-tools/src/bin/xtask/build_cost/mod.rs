//! `cargo xtask build-cost`: compares builds of the library and of mio 1.2.5: the cost of a clean
//! build for this machine and for Windows, and the size of a small program for several systems.
//!
//! `builds` has the first part, `sizes` the second. What this machine cannot build is printed as
//! not run, with the reason.

mod builds;
mod sizes;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::cross::{self, Compiler};
use crate::project::{PLAIN, Project};
use crate::report::{self, NotRun};
use crate::step::{Context, Step};
use crate::wine::{self, LINKER, STD, TARGET};

/// The small program.
const ECHO: &str = include_str!("../../../../cost/echo.rs");

/// The reason with `--host-only`.
const HOST_ONLY: &str = "the option --host-only is set";

/// A crate under test.
struct Subject {
    name: &'static str,
    dependency: String,
}

impl Subject {
    /// The library and mio 1.2.5.
    fn both(project: &Project) -> [Subject; 2] {
        [
            Subject {
                name: "this library",
                dependency: format!("path = \"{}\"", project.root.display()),
            },
            Subject {
                name: "mio 1.2.5",
                dependency: "version = \"=1.2.5\"".to_owned(),
            },
        ]
    }

    /// Writes a project that depends on the crate: an empty library, and the small program.
    /// `purpose` names the folder. Returns the folder and the text before the dependency.
    fn write(&self, project: &Project, purpose: &str, features: &str) -> Result<Written> {
        let folder = project
            .target("build-cost")
            .join(format!("{purpose}-{}", self.name.replace(' ', "-")));
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("{}", folder.display()))?;
        }
        fs::create_dir_all(folder.join("src")).with_context(|| folder.display().to_string())?;
        fs::write(folder.join("src/lib.rs"), "")?;
        fs::write(folder.join("src/main.rs"), ECHO)?;
        let head = "[package]\nname = \"cost\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
                    [workspace]\n\n[[bin]]\nname = \"echo\"\npath = \"src/main.rs\"\n\n\
                    [profile.size]\ninherits = \"release\"\nopt-level = \"z\"\nlto = true\n\
                    codegen-units = 1\npanic = \"abort\"\nstrip = true\n";
        let manifest = format!(
            "{head}\n[dependencies]\nmio = {{ {}, default-features = false, \
             features = [{features}] }}\n",
            self.dependency
        );
        fs::write(folder.join("Cargo.toml"), &manifest)?;
        let written = Written {
            folder,
            without_dependency: head.to_owned(),
            manifest,
        };
        Ok(written)
    }
}

/// A project, and its manifest without and with the dependency.
struct Written {
    folder: PathBuf,
    without_dependency: String,
    manifest: String,
}

impl Written {
    fn set_manifest(&self, text: &str) -> Result<()> {
        let path = self.folder.join("Cargo.toml");
        fs::write(&path, text).with_context(|| format!("{}", path.display()))
    }
}

/// The system to build for: this machine with its default compiler, or Windows with a compiler
/// whose std is built from source.
enum Platform {
    Host,
    Windows(Compiler),
}

impl Platform {
    fn name(&self) -> &'static str {
        match self {
            Platform::Host => "this machine",
            Platform::Windows(_) => TARGET,
        }
    }

    /// The build folder. For Windows it is that of the tests, which already has std.
    fn target(&self, project: &Project) -> PathBuf {
        match self {
            Platform::Host => project.target("build-cost").join("target"),
            Platform::Windows(_) => project.target("windows"),
        }
    }

    /// The folder of the dep-info files, in which the compiler lists the files that it read.
    fn deps(&self, project: &Project) -> PathBuf {
        let target = self.target(project);
        match self {
            Platform::Host => target.join("debug/deps"),
            Platform::Windows(_) => target.join(TARGET).join("debug/deps"),
        }
    }

    fn cargo(&self, context: &Context<'_>, words: &str) -> Step {
        let step = match self {
            Platform::Host => Step::cargo(context.project, PLAIN, words),
            Platform::Windows(compiler) => compiler
                .cargo(context, words)
                .set(cross::variable(TARGET, "LINKER"), LINKER)
                .set("RUSTFLAGS", ""),
        };
        // Cargo compiles a crate of a path incrementally, one of a registry not.
        step.set("CARGO_TARGET_DIR", self.target(context.project))
            .set("CARGO_INCREMENTAL", "0")
    }

    /// Adds the arguments that select the target.
    fn for_target(&self, step: Step) -> Step {
        match self {
            Platform::Host => step,
            Platform::Windows(_) => step.words("--target").words(TARGET),
        }
    }

    fn build(&self, context: &Context<'_>, flag: &str) -> Step {
        let step = self.cargo(context, "build").words(flag);
        match self {
            Platform::Host => step,
            Platform::Windows(_) => step.words(STD).words(TARGET),
        }
    }
}

/// Measures all builds and sizes, and prints the tables.
pub(crate) fn run(project: &Project, rounds: u8, host_only: bool) -> Result<bool> {
    let bar = report::bar("build-cost");
    let log = project.logs.join("build-cost.log");
    let mut context = Context::new(project, &log, bar.clone())?;
    let mut lines = Vec::new();
    let (sizes, reasons) = sizes::table(&mut context, host_only)?;
    lines.push(format!("the echo server, stripped, in bytes\n{sizes}\n"));
    lines.extend(reasons);
    let mut platforms = vec![Platform::Host];
    let windows = match host_only {
        true => Err(NotRun(HOST_ONLY.to_owned()).into()),
        false => wine::install(&mut context).and_then(|()| Compiler::fetched(&mut context)),
    };
    match windows {
        Ok(compiler) => platforms.push(Platform::Windows(compiler)),
        Err(error) => lines.push(format!("{TARGET}, builds: {}", not_run(error)?)),
    }
    for platform in platforms {
        let table = builds::table(&mut context, &platform, rounds)?;
        lines.push(format!(
            "{}; features os-poll, os-ext and net; processor time: median of {rounds} builds in \
             turn; instructions: of rustc, in millions\n{table}\n",
            platform.name()
        ));
    }
    bar.finish_and_clear();
    for line in lines {
        println!("{line}");
    }
    Ok(true)
}

/// The reason of a measurement that cannot run on this machine. Other errors are returned.
fn not_run(error: anyhow::Error) -> Result<NotRun> {
    error.downcast::<NotRun>()
}
