//! A libclang of the user in place of the pinned one.

#![cfg(unix)]

mod support;

use std::fs;
use std::path::PathBuf;

use support::{Repository, Result, failure, help, real_cache};

/// The folder of the unpacked second libclang, which is of another major version.
fn second() -> Result<PathBuf> {
    Repository::whole()?.succeed(&["check", "--second-libclang", "--os", "vita"])?;
    for entry in fs::read_dir(real_cache()?)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with("libclang-ng-") && entry.path().is_dir() {
            return Ok(entry.path());
        }
    }
    Err("the cache does not have it".into())
}

/// A repository that pins no libclang for this host.
fn without_pin() -> Result<Repository> {
    let repository = Repository::whole()?;
    let host = format!(
        "host = \"{}-{}\"",
        std::env::consts::OS,
        std::env::consts::ARCH
    );
    let path = repository.path("codegen/sources.toml");
    let text = fs::read_to_string(&path)?;
    assert!(text.contains(&host), "{host}");
    fs::write(path, text.replace(&host, "host = \"plan9-vax\""))?;
    Ok(repository)
}

#[test]
fn another_version_writes_the_same_bytes() -> Result {
    let libclang = second()?.display().to_string();
    let repository = Repository::whole()?;
    let before = repository.tree()?;
    let args = ["generate", "--libclang", &libclang, "--os", "vita"];
    let report = repository.succeed(&args)?;
    assert!(report.contains("generated: unchanged"), "{report}");
    assert_eq!(repository.tree()?, before);
    // It also writes what is missing.
    fs::remove_file(repository.path("generated/vita/all.rs"))?;
    repository.succeed(&args)?;
    assert_eq!(repository.tree()?, before);
    Ok(())
}

#[test]
fn environment_counts_where_no_libclang_is_pinned() -> Result {
    let libclang = second()?;
    let repository = without_pin()?;
    let before = repository.tree()?;
    let run = |folder: &str| {
        let mut tool = repository.tool();
        tool.env("LIBCLANG_PATH", folder).args(["--os", "vita"]);
        tool.output()
    };
    // cargo and other build scripts may set it for this process.
    let message = failure(run("")?)?;
    assert!(message.contains("pins no libclang for "), "{message}");
    assert!(help(&message).ends_with("or set LIBCLANG_PATH to the folder of a libclang"));
    let output = run(&libclang.to_string_lossy())?;
    let message = String::from_utf8(output.stderr)?;
    assert!(output.status.success(), "{message}");
    assert_eq!(repository.tree()?, before);
    let empty = tempfile::tempdir()?;
    let message = failure(run(&empty.path().to_string_lossy())?)?;
    assert!(message.contains("there is no libclang in "), "{message}");
    // Where one is pinned, it is used.
    let pinned = Repository::whole()?;
    let mut tool = pinned.tool();
    tool.env("LIBCLANG_PATH", empty.path());
    let output = tool.args(["check", "--os", "vita"]).output()?;
    let message = String::from_utf8(output.stderr)?;
    assert!(output.status.success(), "{message}");
    Ok(())
}

#[test]
fn folder_without_a_usable_libclang_is_an_error() -> Result {
    let repository = Repository::whole()?;
    let folder = tempfile::tempdir()?;
    let libclang = folder.path().display().to_string();
    let args = ["check", "--libclang", &libclang, "--os", "vita"];
    // Not each file of that name is a library, and links may form circles.
    for link in ["a", "b"] {
        std::os::unix::fs::symlink(folder.path(), folder.path().join(link))?;
    }
    fs::write(folder.path().join("libclang.rs"), "")?;
    let message = repository.fail(&args)?;
    assert!(message.contains("there is no libclang in "), "{message}");
    fs::write(folder.path().join("libclang.so"), "no library")?;
    fs::write(folder.path().join("libclang.dylib"), "no library")?;
    let message = repository.fail(&args)?;
    assert!(message.contains("cannot be loaded: "), "{message}");
    assert!(help(&message).ends_with("--libclang DIR"), "{message}");
    assert!(!message.contains("panicked"), "{message}");
    Ok(())
}

#[test]
fn another_abi_from_the_same_inputs_is_refused() -> Result {
    let libclang = second()?.display().to_string();
    let repository = Repository::whole()?;
    let file = "generated/vita/all.rs";
    // As if the pinned one had read this value.
    repository.edit(file, "EBADF: c_int = 9", "EBADF: c_int = 10")?;
    let before = repository.tree()?;
    let args = ["generate", "--libclang", &libclang, "--os", "vita"];
    let message = repository.fail(&args)?;
    for wanted in [
        "clang version 22.",
        "reads another ABI from the same inputs:\n",
        file,
        "-pub const EBADF: c_int = 10;",
        "+pub const EBADF: c_int = 9;",
        "nothing was written",
    ] {
        assert!(message.contains(wanted), "{wanted:?} is not in {message}");
    }
    assert_eq!(repository.tree()?, before);
    // The pinned one writes what its inputs give.
    repository.succeed(&["generate", "--os", "vita"])?;
    repository.succeed(&args)?;
    Ok(())
}
