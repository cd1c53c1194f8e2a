//! `outdated` with an index of the test's own, and with scripts that stand in for cargo and rustc.

#![cfg(unix)]

#[path = "support/index.rs"]
mod index;
mod support;

use std::fs;
use std::process::Output;

use index::{Index, Wheel};
use support::{Repository, Result, program};

/// The pinned wheels: package, version, file and SHA-256 of each.
fn pinned(repository: &Repository) -> Result<Vec<Wheel>> {
    let text = fs::read_to_string(repository.path("codegen/sources.toml"))?;
    let mut wheels = Vec::new();
    for entry in text.split("\n[[").skip(1) {
        let value = |key: &str| {
            let (_, rest) = entry.split_once(&format!("\n{key} = \""))?;
            Some(rest.split_once('"')?.0.to_owned())
        };
        let package = value("package").ok_or("no package")?;
        wheels.push(Wheel {
            package: match &*package {
                "ziglang" => "ziglang",
                "libclang" => "libclang",
                _ => "libclang-ng",
            },
            file: value("file").ok_or("no file")?,
            sha256: value("sha256").ok_or("no hash")?,
            day: "2026-01-01",
            yanked: false,
        });
    }
    assert!(wheels.len() > 5, "{wheels:?}");
    Ok(wheels)
}

/// A newer wheel of a package for the host of the header packs.
fn newer(package: &'static str, version: &str, day: &'static str) -> Wheel {
    Wheel {
        package,
        file: format!("{package}-{version}-py3-none-manylinux_2_12_x86_64.whl"),
        sha256: "ab".repeat(32),
        day,
        yanked: false,
    }
}

/// A run of the command, with the wheels in the index. rustc has the targets of the table, and
/// `more` after them.
fn outdated(wheels: Vec<Wheel>, arguments: &[&str], more: &str) -> Result<Output> {
    let repository = Repository::new()?;
    run(&repository, wheels, arguments, more)
}

/// The same in a repository.
fn run(
    repository: &Repository,
    wheels: Vec<Wheel>,
    arguments: &[&str],
    more: &str,
) -> Result<Output> {
    let programs = tempfile::tempdir()?;
    let tool = env!("CARGO_BIN_EXE_mio-codegen");
    let script = format!(
        "case $1 in --version) echo 'rustc 1.99.0 (abc 2026-11-01)';; *)\n\
         '{tool}' list targets | grep -v '^left out' | cut -d' ' -f1; echo {more};; esac"
    );
    program(programs.path(), "rustc", &script)?;
    let path = format!("{}:{}", programs.path().display(), std::env::var("PATH")?);
    let mut command = repository.tool();
    let index = Index::start(wheels)?;
    index.set(&mut command);
    Ok(command
        .arg("outdated")
        .args(arguments)
        .env("PATH", path)
        .output()?)
}

/// Standard output.
fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn status_is_0_if_everything_is_current() -> Result {
    let output = outdated(pinned(&Repository::new()?)?, &[], "")?;
    let text = printed(&output);
    assert_eq!(output.status.code(), Some(0), "{text}{output:?}");
    assert!(text.contains("2026-01-01"), "{text}");
    assert!(text.contains("all targets of rustc 1.99.0"), "{text}");
    // The older NetBSD is pinned on purpose.
    assert!(text.contains("ziglang-netbsd is held: "), "{text}");
    Ok(())
}

/// `libclang` 18.1.1 has a wheel for macOS that a second one with a build number replaces.
#[test]
fn wheel_with_a_build_number_is_current() -> Result {
    let mut wheels = pinned(&Repository::new()?)?;
    let built = |wheel: &&Wheel| wheel.file.contains("-18.1.1-1-");
    let mut first = wheels.iter().find(built).ok_or("no such wheel")?.clone();
    first.file = first.file.replace("-18.1.1-1-", "-18.1.1-");
    first.sha256 = "ef".repeat(32);
    wheels.push(first);
    let output = outdated(wheels, &[], "")?;
    let text = printed(&output);
    assert_eq!(output.status.code(), Some(0), "{text}{output:?}");
    assert!(!text.contains("changed"), "{text}");
    Ok(())
}

#[test]
fn newer_pack_is_a_row_with_dates_and_status_1() -> Result {
    let mut wheels = pinned(&Repository::new()?)?;
    wheels.push(newer("ziglang", "99.0.0", "2026-02-03"));
    // Neither previews nor withdrawn releases count.
    wheels.push(newer("ziglang", "99.1.0rc1", "2026-02-04"));
    let mut withdrawn = newer("ziglang", "99.2.0", "2026-02-05");
    withdrawn.yanked = true;
    wheels.push(withdrawn);
    let output = outdated(wheels.clone(), &[], "")?;
    let text = printed(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    let row = text.lines().find(|line| line.starts_with("ziglang "));
    let row = row.ok_or("no row")?;
    for wanted in ["2026-01-01", "99.0.0", "2026-02-03", "behind, newest is "] {
        assert!(row.contains(wanted), "{wanted:?} is not in {row}");
    }
    assert!(text.contains("\ncargo codegen bump ziglang\n"), "{text}");

    let output = outdated(wheels, &["--format", "json"], "")?;
    let json: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    assert_eq!(json["schema"], 1);
    assert_eq!(json["outdated"], true);
    let packs = json["packs"].as_array().ok_or("no packs")?;
    let pack = packs.iter().find(|pack| pack["name"] == "ziglang");
    let pack = pack.ok_or("no ziglang")?;
    assert_eq!(pack["state"], "behind");
    assert_eq!(pack["newest"]["sha256"], "ab".repeat(32));
    Ok(())
}

#[test]
fn withdrawn_or_changed_wheel_is_due() -> Result {
    for (change, wanted) in [("yanked", "withdrawn"), ("hash", "changed")] {
        let mut wheels = pinned(&Repository::new()?)?;
        let wheel = wheels.last_mut().ok_or("no wheels")?;
        if change == "yanked" {
            wheel.yanked = true;
            let mut newest = wheel.clone();
            newest.file = newest.file.replace("-22.", "-99.");
            newest.yanked = false;
            wheels.push(newest);
        } else {
            wheel.sha256 = "cd".repeat(32);
        }
        let output = outdated(wheels, &[], "")?;
        let text = printed(&output);
        assert_eq!(output.status.code(), Some(1), "{text}");
        let row = text
            .lines()
            .find(|line| line.starts_with("second-libclang "));
        assert!(row.ok_or("no row")?.contains(wanted), "{text}");
    }
    Ok(())
}

#[test]
fn new_target_of_rustc_is_due() -> Result {
    let wheels = pinned(&Repository::new()?)?;
    let output = outdated(wheels, &["--format", "markdown"], "riscv128-unknown-netbsd")?;
    let text = printed(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    let wanted = "- codegen/targets/netbsd.rs lacks riscv128-unknown-netbsd of rustc 1.99.0\n";
    assert!(text.contains(wanted), "{text}");
    assert!(
        text.starts_with("## Header packs\n\n| pack | pinned |"),
        "{text}"
    );
    Ok(())
}

#[test]
fn status_is_2_if_the_index_cannot_be_asked() -> Result {
    let output = outdated(Vec::new(), &[], "")?;
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(
        message.contains("cannot look up libclang, libclang-ng, ziglang in the package index: "),
        "{message}"
    );
    assert!(message.contains("answers with status 404"), "{message}");
    assert!(
        message.contains("\nhelp: make sure that the network works"),
        "{message}"
    );
    assert_eq!(printed(&output), "");
    Ok(())
}

/// cargo reads the newest releases of the crates that a repository pins.
#[test]
fn newer_crate_is_a_line_with_its_changelog() -> Result {
    let repository = Repository::new()?;
    let wheels = pinned(&repository)?;
    fs::write(
        repository.path("Cargo.lock"),
        "version = 4\n\n[[package]]\nname = \"libc\"\nversion = \"0.2.1\"\n",
    )?;
    let crates = tempfile::tempdir()?;
    fs::write(
        crates.path().join("CHANGELOG.md"),
        "# Changelog\n\n## [0.2.3](x) - 2026-01-01\n\nnew call\n\n## 0.2.1\n\nold call\n",
    )?;
    let manifest = crates.path().join("Cargo.toml");
    let script = format!(
        "grep -q 'libc = ' Cargo.toml || exit 9\n\
         echo '{{\"packages\":[{{\"name\":\"libc\",\"version\":\"0.2.3\",\
         \"manifest_path\":\"{}\"}}]}}'",
        manifest.display()
    );
    program(crates.path(), "cargo", &script)?;
    let path = format!("{}:{}", crates.path().display(), std::env::var("PATH")?);
    let index = Index::start(wheels)?;
    let mut command = repository.tool();
    index.set(&mut command);
    let output = command.arg("outdated").env("PATH", &path).output()?;
    let text = printed(&output);
    assert_eq!(output.status.code(), Some(1), "{text}{output:?}");
    assert!(
        text.contains("crate libc: Cargo.lock pins 0.2.1, the newest is 0.2.3\n"),
        "{text}"
    );
    assert!(text.contains("Changelog of libc after 0.2.1:"), "{text}");
    assert!(
        text.contains("new call") && !text.contains("old call"),
        "{text}"
    );

    // cargo fails.
    program(
        crates.path(),
        "cargo",
        "echo 'error: no network' >&2; exit 101",
    )?;
    let mut command = repository.tool();
    index.set(&mut command);
    let output = command.arg("outdated").env("PATH", &path).output()?;
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(
        message.contains("cannot look up the newest libc: error: no network\nhelp: "),
        "{message}"
    );
    Ok(())
}
