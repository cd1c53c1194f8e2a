//! The fuzz targets in `build-tools/fuzz`: first their corpora, then new inputs for a short time.
//!
//! The targets are built by the compiler that builds all else. The flags of SanitizerCoverage are
//! options of LLVM, which stable compilers pass on; libFuzzer itself comes with the crate
//! `libfuzzer-sys`. Neither a nightly compiler nor `cargo-fuzz` is needed.

use std::env;
use std::fs;
use std::path::Path;

use anyhow::{Result, bail};

use crate::report::NotRun;
use crate::step::{Context, Step};

/// The only host on which the targets are known to work.
const HOST: &str = "x86_64-unknown-linux-gnu";

/// What makes the compiler insert the counters and the traces of comparisons that libFuzzer reads:
/// the flags of cargo-fuzz without AddressSanitizer, see
/// <https://github.com/rust-fuzz/cargo-fuzz/blob/02471f053fe1/src/project.rs>.
const FLAGS: &str = "--cfg fuzzing -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares \
    -Cllvm-args=-simplifycfg-branch-fold-threshold=0";

/// The targets that need no feature.
const TARGETS: [&str; 10] = [
    "addresses",
    "afd",
    "afd_schedules",
    "epoll",
    "named_pipe",
    "named_pipe_schedules",
    "poll_oneoff",
    "posix_poll",
    "slab",
    "timing",
];

/// The others: the feature that each needs, often a fake kernel, and the target.
const WITH_FEATURES: [(&str, &str); 7] = [
    ("codegen", "symbol_lists"),
    ("apple", "kqueue"),
    ("dragonfly", "kqueue"),
    ("freebsd", "kqueue"),
    ("netbsd", "kqueue"),
    ("openbsd", "kqueue"),
    ("solaris", "event_ports"),
];

/// How long each target gets new inputs, if `MIO_FUZZ_SECONDS` does not say.
const SECONDS: u32 = 3;

pub(crate) fn run(context: &mut Context<'_>) -> Result<()> {
    if env::consts::OS != "linux" || env::consts::ARCH != "x86_64" {
        return Err(NotRun(format!("the fuzz targets are built for {HOST} only")).into());
    }
    let compiler = Step::new(env::var_os("CXX").unwrap_or("c++".into())).words("--version");
    if context.run(compiler).is_err() {
        let reason = "libFuzzer needs a C++ compiler: there is no `c++`, and `CXX` names none";
        return Err(NotRun(reason.to_owned()).into());
    }
    let seconds = match env::var("MIO_FUZZ_SECONDS") {
        Ok(text) => match text.parse() {
            Ok(seconds) if seconds > 0 => seconds,
            _ => bail!("MIO_FUZZ_SECONDS is `{text}`; set it to a number of seconds above 0"),
        },
        Err(_) => SECONDS,
    };
    let mut failed = Vec::new();
    build(context, "--bins")?;
    for target in TARGETS {
        if fuzz(context, target, target, seconds).is_err() {
            failed.push(target.to_owned());
        }
    }
    for (feature, target) in WITH_FEATURES {
        build(context, &format!("--features {feature} --bin {target}"))?;
        let name = format!("{target}-{feature}");
        if fuzz(context, target, &name, seconds).is_err() {
            failed.push(name);
        }
    }
    if !failed.is_empty() {
        let folder = context.project.target("fuzz").join("findings");
        bail!(
            "{} failed; the inputs are in {}",
            failed.join(", "),
            folder.display()
        );
    }
    Ok(())
}

fn build(context: &mut Context<'_>, what: &str) -> Result<()> {
    let step = Step::new("cargo")
        .words("build --locked --release --target")
        .words(HOST)
        .words(what)
        .folder(context.project.path("build-tools/fuzz"))
        .set("RUSTFLAGS", FLAGS)
        .remove("CARGO_ENCODED_RUSTFLAGS")
        .set("CARGO_TARGET_DIR", context.project.target("fuzz"))
        .set("CARGO_TERM_COLOR", "never");
    context.run(step).map(drop)
}

/// Runs one target on its corpus, and then on new inputs.
fn fuzz(context: &mut Context<'_>, target: &str, name: &str, seconds: u32) -> Result<()> {
    let project = context.project;
    let corpus = project.path("build-tools/fuzz/corpus").join(target);
    let folder = project.target("fuzz");
    let program = folder.join(HOST).join("release").join(target);
    // New inputs go to the first folder; the corpus in the repository is only read.
    let found = folder.join("inputs").join(name);
    let findings = folder.join("findings");
    for folder in [&found, &findings] {
        fs::create_dir_all(folder)?;
    }
    let prefix = format!("-artifact_prefix={}/{name}-", findings.display());
    let run = |options: &str| Step::new(&program).words(options).argument(&prefix);
    let limit = u64::from(seconds) * 2 + 120;
    let files = files(&corpus)?;
    let known = run("-timeout=20 -rss_limit_mb=1024");
    let known = files.iter().fold(known, |step, file| step.argument(file));
    context.run(known.limit(limit))?;
    let new = run("-timeout=20 -rss_limit_mb=1024 -max_len=512 -print_final_stats=1")
        .words(&format!("-max_total_time={seconds}"))
        .argument(&found)
        .argument(&corpus);
    let output = context.run(new.limit(limit))?;
    if !output.contains("Done ") {
        bail!("{name} ended before its time");
    }
    Ok(())
}

/// The files of a corpus. It has some.
fn files(corpus: &Path) -> Result<Vec<std::path::PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(corpus)? {
        files.push(entry?.path());
    }
    files.sort();
    if files.is_empty() {
        bail!("{} has no file", corpus.display());
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::{TARGETS, WITH_FEATURES};
    use std::collections::BTreeSet;
    use std::path::Path;

    #[test]
    fn every_fuzz_target_is_run() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/fuzz_targets");
        let names = std::fs::read_dir(folder).unwrap().map(|entry| {
            let path = entry.unwrap().path();
            path.file_stem().unwrap().to_string_lossy().into_owned()
        });
        let others = WITH_FEATURES.iter().map(|(_, target)| *target);
        let run = TARGETS.into_iter().chain(others).map(str::to_owned);
        assert_eq!(names.collect::<BTreeSet<_>>(), run.collect());
    }
}
