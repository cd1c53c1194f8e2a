//! Full disks and folders that cannot be written: the message names the cause, and no file changes.

#![cfg(target_os = "linux")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use support::{Repository, Result, real_cache, tree};

/// A repository with an outdated file in each of the two output folders.
fn outdated() -> Result<Repository> {
    let repository = Repository::whole()?;
    let value = |text: &str| format!("EV_ADD: c_ushort = {text}");
    repository.edit("generated/dragonfly/all.rs", &value("1;"), &value("3;"))?;
    let table = "codegen/snapshots/dragonfly-all.snap";
    repository.edit(table, &value("1 "), &value("3 "))?;
    Ok(repository)
}

/// The beginning of the scripts: mounts a disk at `$1` with the options `$4` and copies the
/// repository `$2` to it. `$3` is the tool.
const MOUNT: &str =
    "mount -t tmpfs -o \"$4\" tmpfs \"$1\" && cp -r \"$2/.\" \"$1\" && cd \"$1\" || exit 90; ";

/// The command that writes the outdated files.
const WRITE: &str = "\"$3\" --os dragonfly";

/// The reason why no disk can be mounted here. None if it can.
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

/// Runs `script`, which must fail, in a mount namespace of its own. Copies the tree to `$5`
/// afterwards.
fn must_fail(script: &str, options: &str) -> Result<String> {
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
    let message = String::from_utf8(output.stderr)?;
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(message.contains("; nothing was written\n"), "{message}");
    assert!(
        tree(after.path())? == repository.tree()?,
        "no file has changed or is left: {message}"
    );
    Ok(message)
}

/// The size in bytes of a copy of the repository on a disk.
fn size_of_tree() -> Result<usize> {
    let tree = Repository::whole()?.tree()?;
    Ok(tree
        .values()
        .map(|file| file.len().next_multiple_of(4096))
        .sum())
}

#[test]
fn full_disk_leaves_all_files_unchanged() -> Result {
    if cannot_mount()?.is_some() {
        return Ok(());
    }
    // The copy fits, and one page of the files to write.
    let size = size_of_tree()?;
    let message = must_fail(WRITE, &format!("size={}", size + 4096))?;
    assert!(
        message.contains("cannot write ") && message.contains("No space left on device"),
        "{message}"
    );
    Ok(())
}

#[test]
fn full_disk_leaves_the_symbol_file_unchanged() -> Result {
    if cannot_mount()?.is_some() {
        return Ok(());
    }
    let size = size_of_tree()?;
    let message = must_fail(
        "\"$3\" add EPOLLEXCLUSIVE --os linux --why one",
        &format!("size={}", size + 50_000),
    )?;
    assert!(
        message.contains("help: free space on that disk and run the command again\n"),
        "{message}"
    );
    Ok(())
}

/// The unpacked pack of NetBSD has 31 MB.
#[test]
fn pack_that_fills_the_disk_is_removed() -> Result {
    if cannot_mount()?.is_some() {
        return Ok(());
    }
    let real = real_cache()?;
    let (repository, disk) = (Repository::new()?, tempfile::tempdir()?);
    // The cache has wheels and libclang.
    let script = "mount -t tmpfs -o size=8m tmpfs \"$1\" && mkdir \"$1/mio-build\" || exit 90; \
        for each in \"$2\"/*.whl \"$2\"/libclang-1*-*-*; do \
        ln -s \"$each\" \"$1/mio-build\" 2>/dev/null; done; \
        XDG_CACHE_HOME=\"$1\" \"$3\" --target x86_64-unknown-netbsd >/dev/null && exit 91; \
        find \"$1/mio-build\" -type d -name '[.z]?*' >&2; \
        mount -o remount,size=100m \"$1\" || exit 92; \
        XDG_CACHE_HOME=\"$1\" \"$3\" --target x86_64-unknown-netbsd";
    let output = Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c", script, "sh"])
        .args([disk.path(), &real])
        .arg(env!("CARGO_BIN_EXE_mio-codegen"))
        .current_dir(repository.path(""))
        .output()?;
    let message = String::from_utf8(output.stderr)?;
    assert!(output.status.success(), "{message}");
    let table = String::from_utf8(output.stdout)?;
    assert!(table.contains("The ABI of netbsd"), "{table}");
    let (first, second) = message
        .split_once("free space on that disk and run the command again")
        .ok_or(&*message)?;
    assert!(first.contains("No space left on device"), "{message}");
    // The first run leaves no folder, and the second one unpacks the pack.
    assert_eq!(second.trim(), "unpacking ziglang 0.16.0", "{message}");
    Ok(())
}

#[test]
fn read_only_disk_is_an_error() -> Result {
    if cannot_mount()?.is_some() {
        return Ok(());
    }
    let message = must_fail(
        &format!("mount -o remount,ro \"$1\" && {WRITE}"),
        "size=20m",
    )?;
    assert!(message.contains("Read-only file system"), "{message}");
    Ok(())
}

/// The folder of the tables cannot be written, so the bindings are not written either.
#[test]
fn read_only_folder_leaves_the_other_folder_unchanged() -> Result {
    if cannot_mount()?.is_some() {
        return Ok(());
    }
    let tables = "\"$1/codegen/snapshots\"";
    let bound = format!("mount --bind -o ro {tables} {tables} && {WRITE}");
    let message = must_fail(&bound, "size=20m")?;
    assert!(
        message.contains("cannot make a file in ") && message.contains("codegen/snapshots: "),
        "{message}"
    );
    Ok(())
}

#[test]
fn folder_without_write_permission_is_an_error() -> Result {
    let repository = outdated()?;
    let before = repository.tree()?;
    let folder = repository.path("generated/dragonfly");
    let mode = |mode| fs::set_permissions(&folder, fs::Permissions::from_mode(mode));
    mode(0o555)?;
    // Root can write everywhere, so the tool runs without these capabilities.
    let drops = "-dac_override,-dac_read_search";
    let output = Command::new("setpriv")
        .args(["--bounding-set", drops, "--inh-caps", drops])
        .arg(env!("CARGO_BIN_EXE_mio-codegen"))
        .args(["--os", "dragonfly"])
        .current_dir(repository.path(""))
        .output();
    mode(0o755)?;
    let output = output?;
    let message = String::from_utf8(output.stderr)?;
    assert_eq!(output.status.code(), Some(1), "{message}");
    let folder = folder.canonicalize()?.display().to_string();
    let wanted = format!("cannot make a file in {folder}: Permission denied (os error 13)");
    assert!(message.contains(&wanted), "{message}");
    assert!(
        message.contains("; nothing was written\nhelp: allow access to "),
        "{message}"
    );
    assert!(
        repository.tree()? == before,
        "no file has changed or is left"
    );
    Ok(())
}
