//! The fuzz targets in `build-tools/fuzz`: first their corpora, then new inputs for a short time.
//!
//! The targets are built by the compiler that builds all else. The flags of SanitizerCoverage are
//! options of LLVM, which stable compilers pass on; libFuzzer itself comes with the crate
//! `libfuzzer-sys`. Neither a nightly compiler nor `cargo-fuzz` is needed.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

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
const WITH_FEATURES: [(&str, &str); 10] = [
    ("generator", "symbol_lists"),
    ("generator", SNAPSHOTS),
    ("generator", SOURCES),
    ("generator", HEADERS),
    ("apple", "kqueue"),
    ("dragonfly", "kqueue"),
    ("freebsd", "kqueue"),
    ("netbsd", "kqueue"),
    ("openbsd", "kqueue"),
    ("solaris", "event_ports"),
];

/// The target that reads ABI snapshots.
const SNAPSHOTS: &str = "generator_snapshots";
/// The target that reads `sources.toml`.
const SOURCES: &str = "generator_sources";
/// The target that reads headers with libclang.
const HEADERS: &str = "generator_headers";

/// How many inputs follow the corpus of a target.
#[derive(Clone, Copy)]
enum Search {
    /// As many as fit into this number of seconds, from a seed that differs at each run.
    Seconds(u32),
    /// A fixed number from a fixed seed, so that a change is accepted or refused for what it is.
    Repeatable,
}

/// How long each target gets new inputs in `cargo xtask nightly`, if `MIO_FUZZ_SECONDS` does not
/// say.
const SECONDS_AT_NIGHT: u32 = 60;
/// The inputs of a target in `cargo xtask test`: about three seconds' worth.
const INPUTS: u32 = 25_000;
/// The same of a target that runs the generator, which is slower.
const INPUTS_OF_GENERATOR: u32 = 3_000;
/// The seconds after which a target is stopped, apart from the time that it gets for new inputs.
const LIMIT: u64 = 120;

/// The stage `fuzz`.
pub(crate) fn run(context: &mut Context<'_>) -> Result<()> {
    all(context, Search::Repeatable)
}

/// The stage `nightly-fuzz`.
pub(crate) fn run_long(context: &mut Context<'_>) -> Result<()> {
    all(context, Search::Seconds(SECONDS_AT_NIGHT))
}

fn all(context: &mut Context<'_>, search: Search) -> Result<()> {
    if env::consts::OS != "linux" || env::consts::ARCH != "x86_64" {
        return Err(NotRun(format!("the fuzz targets are built for {HOST} only")).into());
    }
    let compiler = Step::new(env::var_os("CXX").unwrap_or("c++".into())).words("--version");
    if context.run(compiler).is_err() {
        let reason = "libFuzzer needs a C++ compiler: there is no `c++`, and `CXX` names none";
        return Err(NotRun(reason.to_owned()).into());
    }
    let search = match env::var("MIO_FUZZ_SECONDS") {
        Ok(text) => match text.parse() {
            Ok(seconds) if seconds > 0 => Search::Seconds(seconds),
            _ => bail!("MIO_FUZZ_SECONDS is `{text}`; set it to a number of seconds above 0"),
        },
        Err(_) => search,
    };
    let mut failed = Vec::new();
    build(context, "--bins")?;
    for target in TARGETS {
        if fuzz(context, target, target, search).is_err() {
            failed.push(target.to_owned());
        }
    }
    for (feature, target) in WITH_FEATURES {
        if target == HEADERS && libclang(&context.project.cache).is_none() {
            let reason = format!(
                "the fuzz target {HEADERS}: the cache has no libclang; `cargo codegen check` \
                 downloads it"
            );
            context.log(&format!("not run: {reason}"))?;
            context.counts.skipped += 1;
            context.reasons.push(reason);
            continue;
        }
        build(context, &format!("--features {feature} --bin {target}"))?;
        let name = format!("{target}-{feature}");
        if fuzz(context, target, &name, search).is_err() {
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
fn fuzz(context: &mut Context<'_>, target: &str, name: &str, search: Search) -> Result<()> {
    let project = context.project;
    let corpus = project.path("build-tools/fuzz/corpus").join(target);
    let folder = project.target("fuzz");
    let program = folder.join(HOST).join("release").join(target);
    let inputs = folder.join("inputs");
    let findings = folder.join("findings");
    for folder in [&inputs, &findings] {
        fs::create_dir_all(folder)?;
    }
    let prefix = format!("-artifact_prefix={}/{name}-", findings.display());
    let libclang = libclang(&project.cache).unwrap_or_default();
    let run = |options: &str| {
        let step = Step::new(&program)
            .words("-timeout=20 -rss_limit_mb=1024 -verbosity=0")
            .words(options)
            .argument(&prefix);
        step.set("LIBCLANG_PATH", &libclang)
    };
    let is_of_generator = target.starts_with("generator_");
    let files = files(&corpus)?;
    let known = files.iter().fold(run(""), |step, file| step.argument(file));
    context.run(known.limit(LIMIT))?;
    // The shortest snapshots and lists of packs are longer than the inputs of the other targets.
    let longest = if is_of_generator { 4096 } else { 512 };
    let new = run(&format!("-print_final_stats=1 -max_len={longest}"));
    let new = match search {
        Search::Seconds(seconds) => {
            // New inputs go to the first folder; the corpus in the repository is only read.
            let found = inputs.join(name);
            fs::create_dir_all(&found)?;
            new.words(&format!("-max_total_time={seconds}"))
                .argument(&found)
                .argument(&corpus)
                .limit(u64::from(seconds) * 2 + LIMIT)
        }
        Search::Repeatable => {
            // The order of a folder's files differs between file systems.
            let list = inputs.join(format!("{name}.list"));
            let names: Vec<_> = files.iter().map(|file| file.to_string_lossy()).collect();
            fs::write(&list, names.join(","))?;
            let inputs = if is_of_generator {
                INPUTS_OF_GENERATOR
            } else {
                INPUTS
            };
            new.words(&format!("-seed=1 -runs={inputs}"))
                .argument(format!("-seed_inputs=@{}", list.display()))
                .limit(LIMIT)
        }
    };
    let output = context.run(new)?;
    if !output.contains("stat::number_of_executed_units") {
        bail!("{name} ended before its time");
    }
    Ok(())
}

/// The folder of the libclang that `cargo codegen` has unpacked into the cache.
fn libclang(cache: &Path) -> Option<PathBuf> {
    // The second version, for comparisons, is of the package `libclang-ng`.
    let is_libclang = |name: &str| {
        let version = name.strip_prefix("libclang-");
        version.is_some_and(|version| version.starts_with(|first: char| first.is_ascii_digit()))
    };
    let mut packs: Vec<PathBuf> = fs::read_dir(cache)
        .ok()?
        .flatten()
        .filter(|entry| is_libclang(&entry.file_name().to_string_lossy()))
        .map(|entry| entry.path())
        .collect();
    packs.sort();
    packs
        .into_iter()
        .rev()
        .find_map(|pack| library_below(&pack))
}

/// The first folder at or below `folder` that has the library.
fn library_below(folder: &Path) -> Option<PathBuf> {
    if folder.join("libclang.so").is_file() {
        return Some(folder.to_owned());
    }
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .ok()?
        .flatten()
        .map(|entry| entry.path())
        .collect();
    entries.sort();
    entries.into_iter().find_map(|entry| library_below(&entry))
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
    fn libclang_of_the_generator_is_found_in_the_cache() {
        let cache = tempfile::tempdir().unwrap();
        assert_eq!(super::libclang(cache.path()), None);
        let make = |folder: &str| {
            let folder = cache.path().join(folder);
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join("libclang.so"), "").unwrap();
            folder
        };
        make("libclang-ng-22.1-00/clang/native");
        std::fs::write(cache.path().join("libclang-18.1.1-py2.py3.whl"), "").unwrap();
        assert_eq!(super::libclang(cache.path()), None);
        let pinned = make("libclang-18.1.1-c5-a8/libclang-18.1.1.data/platlib/clang/native");
        assert_eq!(super::libclang(cache.path()), Some(pinned));
    }

    /// The targets of the whole generator need its dependencies, in the same versions.
    #[test]
    fn dependencies_are_those_of_the_generator() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let read = |file: &str| -> toml::Table {
            let text = std::fs::read_to_string(folder.join(file)).unwrap();
            text.parse().unwrap()
        };
        let (generator, fuzz) = (read("../codegen/Cargo.toml"), read("fuzz/Cargo.toml"));
        let mut dependencies = generator["dependencies"].as_table().unwrap().clone();
        let unix = &generator["target"]["cfg(unix)"]["dependencies"];
        dependencies.extend(unix.as_table().unwrap().clone());
        for (name, wanted) in dependencies {
            let found = fuzz["dependencies"].get(&name);
            let part = |value: &toml::Value, key: &str| match value {
                toml::Value::String(_) if key == "version" => Some(value.clone()),
                value => value.get(key).cloned(),
            };
            for key in ["version", "features", "default-features"] {
                assert_eq!(
                    found.and_then(|found| part(found, key)),
                    part(&wanted, key),
                    "build-tools/fuzz/Cargo.toml: {key} of {name} is not that of codegen/Cargo.toml"
                );
            }
            let enabled = fuzz["features"]["generator"].as_array().unwrap();
            let light = fuzz["features"]["codegen"].as_array().unwrap();
            let feature = toml::Value::String(format!("dep:{name}"));
            assert!(
                enabled.contains(&feature) || light.contains(&feature),
                "build-tools/fuzz/Cargo.toml: the feature `generator` does not have {name}"
            );
        }
    }

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
