//! Disks that refuse: full ones, and folders that cannot be written. The message says so, and the tree is as it was.

#![cfg(target_os = "linux")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use support::{Repository, Result, real_cache, tree};

/// A repository in which two files are to be written, in either folder one.
fn outdated() -> Result<Repository> {
    let repository = Repository::whole()?;
    let value = |text: &str| format!("EV_ADD: c_ushort = {text}");
    repository.edit("generated/dragonfly/all.rs", &value("1;"), &value("3;"))?;
    let table = "codegen/snapshots/dragonfly-all.snap";
    repository.edit(table, &value("1 "), &value("3 "))?;
    Ok(repository)
}

/// The beginning of the scripts: an outdated repository on a disk of its own. `$1` is where, `$2` the repository to copy, `$3` the
/// tool; `$4` are options of the disk.
const MOUNT: &str =
    "mount -t tmpfs -o \"$4\" tmpfs \"$1\" && cp -r \"$2/.\" \"$1\" && cd \"$1\" || exit 90; ";

/// Writes what is outdated.
const WRITE: &str = "\"$3\" --os dragonfly";

/// Why no disk can be mounted here; none if it can.
fn cannot_mount() -> Result<Option<String>> {
    let mut command = Command::new("unshare");
    let probe = command.args([
        "--map-root-user",
        "--mount",
        "mount",
        "-t",
        "tmpfs",
        "tmpfs",
        "/tmp",
    ]);
    let reason = match probe.output() {
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(String::from_utf8(output.stderr)?),
        Err(error) => Some(format!("unshare: {error}")),
    };
    if let Some(reason) = &reason {
        println!("not run: {}", reason.trim());
    }
    Ok(reason)
}

/// Runs `script` in a namespace of its own, so that no disk is mounted for anybody else. At its end it leaves the tree in `$5`.
fn refused(script: &str, options: &str) -> Result<String> {
    let repository = outdated()?;
    let (disk, after) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let script = format!("{MOUNT}{script}; status=$?; cp -r \"$1/.\" \"$5\"; exit $status");
    let output = Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c", &script, "sh"])
        .args([
            disk.path(),
            &repository.path(""),
            Path::new(env!("CARGO_BIN_EXE_mio-codegen")),
        ])
        .arg(options)
        .arg(after.path())
        .output()?;
    let said = String::from_utf8(output.stderr)?;
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("; nothing was written\n"), "{said}");
    assert!(
        tree(after.path())? == repository.tree()?,
        "nothing changed and nothing is left: {said}"
    );
    Ok(said)
}

/// Bytes that a copy of the repository takes on a disk.
fn size_of_tree() -> Result<usize> {
    let tree = Repository::whole()?.tree()?;
    Ok(tree
        .values()
        .map(|file| file.len().next_multiple_of(4096))
        .sum())
}

#[test]
fn a_full_disk_is_told() -> Result {
    if cannot_mount()?.is_some() {
        return Ok(());
    }
    // What is there fits, with room for a part of what is to be written.
    let size = size_of_tree()?;
    let said = refused(WRITE, &format!("size={}", size + 400_000))?;
    assert!(
        said.contains("cannot write ") && said.contains("No space left on device"),
        "{said}"
    );
    Ok(())
}

#[test]
fn a_full_disk_stops_a_new_symbol_as_well() -> Result {
    if cannot_mount()?.is_some() {
        return Ok(());
    }
    let size = size_of_tree()?;
    let said = refused(
        "\"$3\" add EPOLLEXCLUSIVE --os linux --why one",
        &format!("size={}", size + 200_000),
    )?;
    assert!(
        said.contains("; make room there and run it again; nothing was written"),
        "{said}"
    );
    Ok(())
}

/// The pack of NetBSD takes 31 MB unpacked.
#[test]
fn a_disk_that_a_pack_fills_keeps_nothing_of_it() -> Result {
    if cannot_mount()?.is_some() {
        return Ok(());
    }
    let real = real_cache()?;
    let (repository, disk) = (Repository::new()?, tempfile::tempdir()?);
    // Wheels and libclang are there already.
    let script = "mount -t tmpfs -o size=8m tmpfs \"$1\" && mkdir \"$1/mio-build\" || exit 90; \
        for each in \"$2\"/*.whl \"$2\"/libclang-1*-*-*; do ln -s \"$each\" \"$1/mio-build\" 2>/dev/null; done; \
        XDG_CACHE_HOME=\"$1\" \"$3\" --target x86_64-unknown-netbsd >/dev/null && exit 91; \
        find \"$1/mio-build\" -type d -name '[.z]?*' >&2; mount -o remount,size=100m \"$1\" || exit 92; \
        XDG_CACHE_HOME=\"$1\" \"$3\" --target x86_64-unknown-netbsd";
    let output = Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c", script, "sh"])
        .args([disk.path(), &real])
        .arg(env!("CARGO_BIN_EXE_mio-codegen"))
        .current_dir(repository.path(""))
        .output()?;
    let said = String::from_utf8(output.stderr)?;
    assert!(output.status.success(), "{said}");
    let table = String::from_utf8(output.stdout)?;
    assert!(table.contains("The ABI of netbsd"), "{table}");
    let (first, second) = said
        .split_once("make room there and run it again")
        .ok_or(&*said)?;
    assert!(first.contains("No space left on device"), "{said}");
    // No folder is left, finished or not, and the second run unpacks it.
    assert_eq!(second.trim(), "unpacking ziglang 0.16.0", "{said}");
    Ok(())
}

#[test]
fn a_disk_that_is_mounted_for_reading_is_told() -> Result {
    if cannot_mount()?.is_some() {
        return Ok(());
    }
    let said = refused(
        &format!("mount -o remount,ro \"$1\" && {WRITE}"),
        "size=20m",
    )?;
    assert!(said.contains("Read-only file system"), "{said}");
    Ok(())
}

/// The tables' folder cannot be exchanged, so the bindings, which were exchanged already, come back.
#[test]
fn a_folder_that_cannot_be_exchanged_undoes_the_other() -> Result {
    if cannot_mount()?.is_some() {
        return Ok(());
    }
    let tables = "\"$1/codegen/snapshots\"";
    let bound = format!("mount --bind -o ro {tables} {tables} && {WRITE}");
    let said = refused(&bound, "size=20m")?;
    assert!(
        said.contains("cannot replace ") && said.contains("codegen/snapshots: "),
        "{said}"
    );
    Ok(())
}

#[test]
fn a_folder_without_the_right_to_write_is_told() -> Result {
    let repository = outdated()?;
    let before = repository.tree()?;
    let mode = |mode| fs::set_permissions(repository.path(""), fs::Permissions::from_mode(mode));
    mode(0o555)?;
    // Root may write everywhere, so it gives that right up.
    let drops = "-dac_override,-dac_read_search";
    let output = Command::new("setpriv")
        .args(["--bounding-set", drops, "--inh-caps", drops])
        .arg(env!("CARGO_BIN_EXE_mio-codegen"))
        .args(["--os", "dragonfly"])
        .current_dir(repository.path(""))
        .output();
    mode(0o755)?;
    let output = output?;
    let said = String::from_utf8(output.stderr)?;
    assert_eq!(output.status.code(), Some(1), "{said}");
    let folder = repository.path("").canonicalize()?.display().to_string();
    let wanted = format!("cannot make a folder in {folder}: Permission denied (os error 13)");
    assert!(said.contains(&wanted), "{said}");
    assert!(said.ends_with("; nothing was written\n"), "{said}");
    assert!(
        repository.tree()? == before,
        "nothing changed and nothing is left"
    );
    Ok(())
}
