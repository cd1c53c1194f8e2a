//! `cargo codegen generate` and `cargo codegen check`.

use std::fs;
use std::path::Path;
use std::time::Instant;

use crate::cli::Generation;
use crate::error::Error;
use crate::generate::{self, Generator};
use crate::group;
use crate::headers::Headers;
use crate::help::Help;
use crate::inputs::Inputs;
use crate::own_libclang;
use crate::project;
use crate::targets::{Os, SYSTEMS, Target};
use crate::write::{self, Folder};
use crate::{Outcome, snapshot, table, text_diff};

/// Generates, or compares. `target` is the one that `--target` names.
pub(crate) fn run(
    generation: Generation<'_>,
    generator: &Generator,
    target: Option<(&'static Os, &'static Target)>,
) -> Result<Outcome, Error> {
    let start = Instant::now();
    let Generation { check, inputs } = generation;
    let root = &generator.root;
    if let Some(code) = generator.with_libclang()? {
        return Ok(Outcome::Child(code));
    }
    if let Some((os, target)) = target {
        return Ok(Outcome::Report(one_target(
            generation, generator, os, target,
        )?));
    }
    let (systems, unknown) = generate::systems(&inputs.os);
    Error::all(unknown)?;
    let (mut folders, mut report) = if systems.is_empty() {
        let (groups, report) = generator.read(SYSTEMS)?;
        (generate::folders(groups)?, report)
    } else {
        let (groups, report) = generator.read(systems.iter().copied())?;
        (generate::some_folders(root, groups, &systems)?, report)
    };
    if generator.libclang.is_some() && !check {
        own_libclang::compare(&folders, root)?;
    }
    if generator.libclang.is_some() && check {
        // The bindings name the version of clang in their heads, so only the tables can be equal.
        folders.retain(|folder| folder.path != "generated");
    }
    if check {
        write::compare(&folders, root, &Help::Generate)?;
        report.push_str("all files are as the inputs generate them");
        if generator.libclang.is_some() {
            let version = bindgen::clang_version().full;
            report.push_str(&format!(" (only the ABI tables, read by {version})"));
        }
    } else {
        let changed = write::all(&folders, &[], root)?;
        for (folder, changed) in folders.iter().zip(changed) {
            let word = if changed { "written" } else { "unchanged" };
            report.push_str(&format!("{}: {word}, ", folder.path));
        }
        report.push_str("done");
    }
    report.push_str(&format!("; {:.1} s\n", start.elapsed().as_secs_f64()));
    Ok(Outcome::Report(report))
}

/// Reads one target. Returns its table, or with `--sysroot` writes or compares its group.
fn one_target(
    generation: Generation<'_>,
    generator: &Generator,
    os: &'static Os,
    target: &'static Target,
) -> Result<String, Error> {
    let root = &generator.root;
    let inputs: Inputs = generator.inputs(os)?;
    let headers = match &generation.inputs.sysroot {
        Some(folder) => Headers::Sysroot(folder),
        None => generator.headers(os)?,
    };
    // The group that has the target now, or else the group of the table of targets.
    let known = snapshot::in_folder(&root.join(project::snapshots()))?
        .into_iter()
        .find(|known| known.targets.iter().any(|triple| triple == target.triple));
    let group = match known {
        Some(known) => {
            let is_member = |other: &&Target| known.targets.iter().any(|t| t == other.triple);
            let members = os.targets.iter().filter(is_member);
            let members = members.map(|target| target.triple).collect();
            (known.group, members)
        }
        None => {
            let members = os
                .targets
                .iter()
                .filter(|other| other.group == target.group);
            let members = members.map(|target| target.triple).collect();
            (target.group.to_owned(), members)
        }
    };
    let groups = group::groups(os, &[target], &inputs, &headers, Some(group))?;
    if !matches!(headers, Headers::Sysroot(_)) {
        let tables = groups.iter().map(|group| table::table(&group.abi));
        return Ok(tables.collect());
    }
    let mut report = String::new();
    for group in groups {
        let rust = ("generated", group.path(), group.rust.clone());
        let snapshots = group
            .snapshots()
            .map(|(name, text)| (project::snapshots(), name, text));
        for (path, name, text) in [rust].into_iter().chain(snapshots) {
            let name = name.display().to_string();
            // The heads name the source of the headers, so only the bodies can be equal.
            let old = fs::read_to_string(root.join(path).join(&name)).unwrap_or_default();
            if body(&old) == body(&text) {
                report.push_str(&format!("{path}/{name}: these headers give the same\n"));
                continue;
            }
            let difference = text_diff::difference(body(&old), body(&text));
            if generation.check {
                return Err(Error::Stale {
                    differences: format!("  changed: {path}/{name}\n{difference}"),
                    help: sysroot_help(generation, root, target),
                });
            }
            report.push_str(&format!("{path}/{name}: written\n{difference}"));
            let folder = Folder {
                path,
                files: [(name.clone().into(), text)].into(),
                mark: "",
                prefixes: vec![name],
            };
            write::all(&[folder], &[], root)?;
        }
    }
    Ok(report)
}

/// The command that writes what `--sysroot` generates.
fn sysroot_help(generation: Generation<'_>, root: &Path, target: &Target) -> Help {
    let folder = generation.inputs.sysroot.as_deref();
    let folder = folder.unwrap_or(Path::new("DIR")).to_string_lossy();
    let root = root.to_string_lossy();
    Help::run([
        "cargo",
        "codegen",
        "generate",
        "--sysroot",
        &folder,
        "--target",
        target.triple,
        "--root",
        &root,
    ])
}

/// A file without its head, which ends at the first empty line.
fn body(text: &str) -> &str {
    text.split_once("\n\n").map_or(text, |(_, body)| body)
}
