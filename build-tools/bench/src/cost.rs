//! The cost of a clean build: time, crates, and lines that the compiler reads.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, bail};

use crate::Folders;
use crate::results::{Build, Results};
use crate::worker::spinner;

/// Builds each library three times. The fastest build counts.
pub(crate) fn run(folders: &Folders, results: &mut Results) -> Result<()> {
    let ours = format!("path = {:?}", folders.root.display().to_string());
    let features = "features = [\"os-poll\", \"os-ext\", \"net\"]";
    let peers = [
        ("ours", format!("mio = {{ {ours}, {features} }}")),
        (
            "upstream",
            format!("mio = {{ version = \"=1.2.5\", {features} }}"),
        ),
        ("polling", "polling = \"3\"".to_owned()),
    ];
    for (peer, dependency) in peers {
        let bar = spinner(&format!("clean build of {peer}"));
        let folder = folders.out.join("cost").join(peer);
        fs::create_dir_all(folder.join("src"))?;
        fs::write(folder.join("src/lib.rs"), "")?;
        let manifest = format!(
            "[workspace]\n[package]\nname = \"empty\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\
             [dependencies]\n{dependency}\n"
        );
        fs::write(folder.join("Cargo.toml"), manifest)?;
        let target = folder.join("target");
        let mut fastest = f64::INFINITY;
        cargo(&folder, &target, "fetch")?;
        for _ in 0..3 {
            if target.exists() {
                fs::remove_dir_all(&target)?;
            }
            let start = Instant::now();
            cargo(&folder, &target, "build --release")?;
            fastest = fastest.min(start.elapsed().as_secs_f64());
        }
        let (crates, lines) = compiled(&target.join("release/deps"))?;
        bar.finish_and_clear();
        results.builds.push(Build {
            peer: peer.to_owned(),
            seconds: fastest,
            crates,
            lines,
        });
    }
    Ok(())
}

fn cargo(folder: &Path, target: &Path, words: &str) -> Result<()> {
    let output = Command::new("cargo")
        .args(words.split(' '))
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", target)
        // As in a crate of a registry: no lints.
        .env("RUSTFLAGS", "--cap-lints=allow")
        .stdin(Stdio::null())
        .output()
        .context("cargo")?;
    if !output.status.success() {
        bail!("cargo {words}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

/// The number of compiled crates, and of lines that the compiler read: rustc lists its files in
/// `*.d`.
fn compiled(deps: &Path) -> Result<(usize, usize)> {
    let (mut crates, mut files) = (0, BTreeSet::new());
    for entry in fs::read_dir(deps)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with("empty") || path.extension().is_none_or(|ending| ending != "d") {
            continue;
        }
        crates += 1;
        let text = fs::read_to_string(&path)?;
        let listed = text.lines().filter_map(|line| line.strip_suffix(".rs:"));
        files.extend(listed.map(|file| format!("{file}.rs")));
    }
    let mut lines = 0;
    for file in files {
        lines += fs::read_to_string(&file)
            .with_context(|| file.clone())?
            .lines()
            .count();
    }
    Ok((crates, lines))
}
