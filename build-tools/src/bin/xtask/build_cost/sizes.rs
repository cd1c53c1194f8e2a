//! The size of the small program: optimized for size with LTO, `panic = "abort"`, stripped.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use comfy_table::Table;

use crate::build_cost::{HOST_ONLY, Subject, not_run};
use crate::cross::{self, Compiler};
use crate::project::{BACKENDS, PLAIN};
use crate::report::{self, NotRun};
use crate::step::{Context, Step};
use crate::wasi;
use crate::wine::{self, LINKER, TARGET};

/// A system and its selector.
#[derive(Clone, Copy)]
enum Variant {
    Host {
        name: &'static str,
        rustflags: &'static str,
    },
    Windows,
    Wasi {
        target: &'static str,
    },
}

const VARIANTS: [Variant; 5] = [
    Variant::Host {
        name: "Linux, epoll",
        rustflags: PLAIN.rustflags,
    },
    Variant::Host {
        name: "Linux, poll(2)",
        rustflags: BACKENDS[2].rustflags,
    },
    Variant::Windows,
    Variant::Wasi {
        target: "wasm32-wasip1",
    },
    Variant::Wasi {
        target: "wasm32-wasip2",
    },
];

impl Variant {
    fn name(self) -> &'static str {
        match self {
            Variant::Host { name, .. } => name,
            Variant::Windows => TARGET,
            Variant::Wasi { target } => target,
        }
    }

    /// The command that builds the program, and the program below the build folder.
    fn build(self, context: &mut Context<'_>) -> Result<(Step, PathBuf)> {
        /// std is built with the options of the program.
        const STD: &str = "-Zbuild-std=std,panic_abort --target";
        const WORDS: &str = "build --bin echo --profile size";

        let (step, program) = match self {
            Variant::Host { rustflags, .. } => {
                let step = Step::cargo(context.project, PLAIN, WORDS).set("RUSTFLAGS", rustflags);
                (step, PathBuf::from("size/echo"))
            }
            Variant::Windows => {
                wine::install(context)?;
                let step = Compiler::fetched(context)?
                    .cargo(context, WORDS)
                    .words(STD)
                    .words(TARGET)
                    .set(cross::variable(TARGET, "LINKER"), LINKER)
                    .set("RUSTFLAGS", "");
                (step, PathBuf::from(format!("{TARGET}/size/echo.exe")))
            }
            Variant::Wasi { target } => {
                let tools = wasi::Tools::installed(context)?;
                let step = tools.cargo(context, WORDS, target).words(STD).words(target);
                (step, PathBuf::from(format!("{target}/size/echo.wasm")))
            }
        };
        Ok((step, program))
    }
}

/// The table, and the reasons of the sizes that were not measured.
pub(super) fn table(context: &mut Context<'_>, host_only: bool) -> Result<(Table, Vec<String>)> {
    let mut table = report::table(&["", "this library", "mio 1.2.5", "ratio"], &[1, 2, 3]);
    let mut reasons = Vec::new();
    for variant in VARIANTS {
        let is_left_out = host_only && !matches!(variant, Variant::Host { .. });
        let sizes = match is_left_out {
            true => Err(NotRun(HOST_ONLY.to_owned()).into()),
            false => sizes(context, variant),
        };
        match sizes {
            Ok([ours, theirs]) => {
                table.add_row([
                    variant.name().to_owned(),
                    ours.to_string(),
                    theirs.to_string(),
                    format!("{:.3}", ours as f64 / theirs as f64),
                ]);
            }
            Err(error) => reasons.push(format!("{}, size: {}", variant.name(), not_run(error)?)),
        }
    }
    Ok((table, reasons))
}

fn sizes(context: &mut Context<'_>, variant: Variant) -> Result<[u64; 2]> {
    let (step, program) = variant.build(context)?;
    let target = context.project.target("build-cost").join("size");
    let mut sizes = [0; 2];
    for (subject, size) in Subject::both(context.project).iter().zip(&mut sizes) {
        let written = subject.write(context.project, "size", "\"os-poll\", \"net\"")?;
        let step = step.clone().set("CARGO_TARGET_DIR", &target);
        context.run(step.folder(&written.folder))?;
        let path = target.join(&program);
        let metadata = fs::metadata(&path).with_context(|| format!("{}", path.display()))?;
        *size = metadata.len();
    }
    Ok(sizes)
}
