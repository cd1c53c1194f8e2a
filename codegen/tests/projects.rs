//! Projects of their own: `--project DIR`, from an empty folder to bindings that compile.

#![cfg(unix)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use support::{Result, help, path_with_cargo, program, tree};

/// A folder outside of any repository, in which `mio-codegen` is in PATH.
struct Outside {
    /// The folder.
    folder: tempfile::TempDir,
    /// The folder of programs.
    programs: tempfile::TempDir,
}

impl Outside {
    /// An empty folder.
    fn new() -> Result<Outside> {
        let programs = tempfile::tempdir()?;
        let tool = env!("CARGO_BIN_EXE_mio-codegen");
        program(
            programs.path(),
            "mio-codegen",
            &format!("exec '{tool}' \"$@\""),
        )?;
        Ok(Outside {
            folder: tempfile::tempdir()?,
            programs,
        })
    }

    /// A folder with a project that binds one constant for two targets.
    fn with_project() -> Result<Outside> {
        let outside = Outside::new()?;
        outside.succeed("mio-codegen --project bindings init")?;
        outside.edit(
            "bindings/targets.toml",
            "like = \"linux\"",
            "like = \"linux\"\n\
             targets = [\"x86_64-unknown-linux-gnu\", \"mips-unknown-linux-gnu\"]",
        )?;
        Ok(outside)
    }

    /// The path of a file.
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a shell command.
    fn shell(&self, line: &str) -> Result<Output> {
        let path = path_with_cargo(self.programs.path())?;
        let mut command = Command::new("sh");
        command.args(["-c", line]).current_dir(self.folder.path());
        Ok(command.env("PATH", path).output()?)
    }

    /// Runs a shell command, which must succeed. Returns what it prints.
    fn succeed(&self, line: &str) -> Result<String> {
        let output = self.shell(line)?;
        let message = String::from_utf8(output.stdout)? + &String::from_utf8(output.stderr)?;
        assert!(output.status.success(), "{line}: {message}");
        Ok(message)
    }

    /// Runs a shell command, which must fail with status 1. Returns its message.
    fn fail(&self, line: &str) -> Result<String> {
        support::failure(self.shell(line)?)
    }

    /// Replaces `old`, which must be there, by `new` in a file.
    fn edit(&self, name: &str, old: &str, new: &str) -> Result {
        let text = fs::read_to_string(self.path(name))?;
        assert!(text.contains(old), "{name} does not hold {old}: {text}");
        Ok(fs::write(self.path(name), text.replacen(old, new, 1))?)
    }
}

/// Has rustc compile a library whose module are the bindings, and deny what it can.
fn compile(outside: &Outside, edition: &str, root: &str) -> Result {
    fs::write(outside.path("lib.rs"), root)?;
    let line = format!(
        "rustc --edition {edition} --crate-type lib --emit metadata -o lib.rmeta -D warnings \
         -D missing_docs -D missing_debug_implementations -D unreachable_pub -D unsafe_code \
         -D rust_2018_idioms -D unused lib.rs"
    );
    outside.succeed(&line).map(drop)
}

#[test]
fn helps_lead_from_an_empty_folder_to_bindings() -> Result {
    let outside = Outside::new()?;
    let message = outside.fail("mio-codegen generate")?;
    assert!(
        help(&message).ends_with("or name a project: --project DIR"),
        "{message}"
    );
    let first = "mio-codegen --project 'my bindings'";
    let message = outside.fail(first)?;
    let wanted = "my bindings is no project: it has no sources.toml and no targets.toml";
    assert!(message.contains(wanted), "{message}");
    let printed = outside.succeed(help(&message))?;
    outside.succeed(first)?;
    // The next step that `init` printed.
    let next = printed.lines().last().unwrap_or_default().trim();
    let printed = outside.succeed(next)?;
    assert!(
        printed.contains("+ inotify_event record <linux/inotify.h> # an example"),
        "{printed}"
    );
    // A function, whose block crates with `deny(unsafe_code)` have to allow.
    outside.edit(
        "my bindings/headers/linux.h",
        "#include <linux/version.h>\n",
        "#include <linux/version.h>\nint inotify_init1(int flags);\n",
    )?;
    outside.succeed(&format!("{first} add inotify_init1 --os linux --why calls"))?;
    outside.succeed(&format!("{first} check"))?;
    let module = "#[path = \"my bindings/generated/mod.rs\"]\nmod generated;\n";
    for edition in ["2021", "2024"] {
        compile(
            &outside,
            edition,
            &format!("#![no_std]\n//! A crate.\n{module}"),
        )?;
    }
    // A public module, and uses of the symbols.
    let uses = "//! A crate.\n/// The bindings.\n#[path = \"my bindings/generated/mod.rs\"]\n\
        pub mod generated;\n/// A use.\npub const MASK: i32 = generated::IN_CREATE;\n\
        const _: () = assert!(core::mem::size_of::<generated::linux::inotify_event>() == 16);\n";
    compile(&outside, "2021", uses)
}

#[test]
fn output_names_nothing_of_the_library() -> Result {
    let outside = Outside::with_project()?;
    outside.succeed("mio-codegen --project bindings")?;
    let files = tree(&outside.path("bindings"))?;
    for file in [
        "generated/mod.rs",
        "generated/linux/mod.rs",
        "snapshots/matrix.md",
    ] {
        assert!(
            files.contains_key(Path::new(file)),
            "{file}: {:?}",
            files.keys()
        );
    }
    for (path, bytes) in files {
        let text = String::from_utf8(bytes)?;
        for word in ["mio", "codegen/", "epoll", "selector", "sys::", "ffi::"] {
            let found = text
                .lines()
                .find(|line| line.contains(word) && !line.contains("core::ffi"));
            assert_eq!(found, None, "{}: {word}", path.display());
        }
    }
    Ok(())
}

#[test]
fn targets_that_differ_get_files_of_their_own() -> Result {
    let outside = Outside::with_project()?;
    let message = outside.fail("mio-codegen --project bindings show inotify_event")?;
    assert!(message.contains("has no ABI tables yet"), "{message}");
    assert_eq!(help(&message), "mio-codegen --project bindings");
    let add = "mio-codegen --project bindings add O_NONBLOCK --os linux \
        --header '<linux/fcntl.h>' --why flags";
    let message = outside.succeed(add)?;
    assert!(
        message.contains("+ O_NONBLOCK const int <linux/fcntl.h> # flags"),
        "{message}"
    );
    for (group, value) in [("ilp32", 128), ("lp64", 2048)] {
        let text =
            fs::read_to_string(outside.path(&format!("bindings/generated/linux/{group}.rs")))?;
        let wanted = format!("pub const O_NONBLOCK: c_int = {value};");
        assert!(text.contains(&wanted), "{text}");
        assert!(
            text.contains("//! Headers: ziglang 0.17.1 (Linux "),
            "{text}"
        );
    }
    let listed = outside.succeed("mio-codegen list --project bindings")?;
    let wanted = "mips-unknown-linux-gnu                   linux/ilp32\n\
        x86_64-unknown-linux-gnu                 linux/lp64\n";
    assert_eq!(listed, wanted);
    let explained = outside.succeed("mio-codegen --project bindings explain O_NONBLOCK")?;
    for wanted in [
        "const O_NONBLOCK: c_int = 128",
        "\nsymbols/linux.txt:",
        ": flags\n",
    ] {
        assert!(explained.contains(wanted), "{wanted}: {explained}");
    }
    assert!(!explained.contains("src/"), "{explained}");
    let message = outside.fail(add)?;
    assert!(
        message.contains("error: symbols/linux.txt has `O_NONBLOCK` already"),
        "{message}"
    );
    assert_eq!(
        help(&message),
        "mio-codegen --project bindings explain O_NONBLOCK"
    );
    outside.succeed(help(&message))?;
    Ok(())
}

#[test]
fn stale_output_is_an_error_whose_help_works_from_any_folder() -> Result {
    let outside = Outside::with_project()?;
    outside.succeed("mio-codegen --project bindings")?;
    let file = "bindings/generated/linux/lp64.rs";
    outside.edit(file, "= 256;", "= 257;")?;
    let message = outside.fail("mio-codegen check --project bindings")?;
    assert!(
        message.contains("  changed: generated/linux/lp64.rs"),
        "{message}"
    );
    assert_eq!(help(&message), "mio-codegen --project bindings");
    outside.succeed(help(&message))?;
    outside.succeed("mio-codegen check --project bindings")?;
    // A file of the user in a managed folder stays.
    fs::write(outside.path("bindings/generated/linux/notes.rs"), "mine")?;
    let message = outside.fail("mio-codegen --project bindings")?;
    assert!(
        message.contains("generated/linux/notes.rs is in a folder"),
        "{message}"
    );
    Ok(())
}

#[test]
fn revisions_of_a_project_in_a_larger_repository_are_compared() -> Result {
    let outside = Outside::with_project()?;
    outside.succeed("mio-codegen --project bindings")?;
    let git = "git -c user.name=test -c user.email=test@localhost -c commit.gpgsign=false";
    outside.succeed(&format!(
        "{git} init --quiet --initial-branch main && git add bindings && {git} commit -qm one"
    ))?;
    outside.succeed(
        "mio-codegen --project bindings add IN_DELETE --os linux --header '<linux/inotify.h>' \
         --why more",
    )?;
    let report = outside.succeed("mio-codegen --project bindings diff")?;
    assert!(report.contains("0 breaking, 1 widening"), "{report}");
    outside.succeed(&format!("git add bindings && {git} commit -qm two"))?;
    // In reverse, the symbol is removed, which breaks its users.
    let report = outside.shell("mio-codegen --project bindings diff HEAD HEAD~1")?;
    let text = String::from_utf8(report.stdout)?;
    assert_eq!(report.status.code(), Some(1), "{text}");
    assert!(
        text.contains("put its line back into symbols/linux.txt"),
        "{text}"
    );
    assert!(!text.contains("src/"), "{text}");
    let written = "mio-codegen --project bindings diff HEAD HEAD~1 --format markdown -o abi.md";
    assert_eq!(outside.shell(written)?.status.code(), Some(1));
    let text = fs::read_to_string(outside.path("abi.md"))?;
    assert!(!text.contains("codegen/"), "{text}");
    // The acceptances are in the file that the report names.
    outside.succeed("git checkout --quiet HEAD~1 -- bindings")?;
    let accept = "accept --all --reason why --by me --until 2999-01-01";
    let report = outside.succeed(&format!("mio-codegen --project bindings {accept}"))?;
    assert!(report.contains("accepted.toml: written\n"), "{report}");
    assert!(outside.path("bindings/accepted.toml").is_file());
    assert!(!outside.path("bindings/codegen").exists());
    let report = outside.succeed("mio-codegen --project bindings diff --gate")?;
    assert!(report.contains("1 change is accepted"), "{report}");
    Ok(())
}

#[test]
fn faults_of_the_inputs_are_named_by_their_paths() -> Result {
    let outside = Outside::with_project()?;
    let before = tree(outside.folder.path())?;
    for (file, old, new, wanted) in [
        (
            "targets.toml",
            "like = \"linux\"",
            "like = \"linus\"",
            "did you mean `linux`",
        ),
        (
            "targets.toml",
            "[[system]]",
            "[[sistem]]",
            "error: targets.toml: ",
        ),
        (
            "targets.toml",
            "like = \"linux\"",
            "like = \"windows\"",
            "its metadata",
        ),
        (
            "sources.toml",
            "name = \"ziglang\"",
            "name = \"zig\"",
            "error: sources.toml: there is no",
        ),
        (
            "symbols/linux.txt",
            "# an example",
            "",
            "error: symbols/linux.txt:6: `# WHY`",
        ),
        (
            "headers/linux.h",
            "version.h",
            "versio.h",
            "'linux/versio.h' file not found",
        ),
    ] {
        let path = format!("bindings/{file}");
        let text = fs::read_to_string(outside.path(&path))?;
        outside.edit(&path, old, new)?;
        let message = outside.fail("mio-codegen --project bindings")?;
        assert!(message.contains(wanted), "{wanted}: {message}");
        assert!(message.contains("\nhelp: "), "{message}");
        fs::write(outside.path(&path), text)?;
    }
    fs::write(outside.path("bindings/symbols/linus.txt"), "")?;
    let message = outside.fail("mio-codegen --project bindings")?;
    let wanted = "error: no system of targets.toml reads symbols/linus.txt\n";
    assert!(message.contains(wanted), "{message}");
    fs::remove_file(outside.path("bindings/symbols/linus.txt"))?;
    assert_eq!(tree(outside.folder.path())?, before, "nothing was written");
    let message = outside.fail("mio-codegen --project bindings init")?;
    assert!(
        message.contains("has sources.toml, targets.toml, "),
        "{message}"
    );
    let message = outside.fail("mio-codegen --project other init --os linus")?;
    assert_eq!(
        help(&message),
        "mio-codegen --project other init --os linux"
    );
    outside.succeed(help(&message))?;
    // A project in a folder of this name is not taken for the repository of the tool.
    outside.succeed("mio-codegen --project codegen init")?;
    let message = outside.fail("mio-codegen")?;
    assert!(
        message.contains("or name a project: --project DIR"),
        "{message}"
    );
    outside.succeed("rm -r codegen")?;
    let message = outside.fail("mio-codegen init")?;
    assert_eq!(help(&message), "mio-codegen init --project bindings");
    Ok(())
}

/// A folder that is pinned by the digest of its headers, in place of a wheel.
#[test]
fn tree_is_read_only_with_its_digest() -> Result {
    let outside = Outside::with_project()?;
    let include = "sdk/usr/include";
    for (name, text) in [
        ("linux/version.h", "#define LINUX_VERSION_CODE 393505\n"),
        ("linux/inotify.h", "#define IN_CREATE 0x100\n"),
        ("linux/types.h", ""),
        ("x86_64-linux-gnu/asm/types.h", ""),
    ] {
        let path = outside.path(&format!("{include}/{name}"));
        fs::create_dir_all(path.parent().ok_or("no parent")?)?;
        fs::write(path, text)?;
    }
    let targets = "[[system]]\nname = \"linux\"\nlike = \"linux\"\npack = \"sdk\"\n\
        targets = [\"x86_64-unknown-linux-gnu\"]\n";
    fs::write(outside.path("bindings/targets.toml"), targets)?;
    let sources = fs::read_to_string(outside.path("bindings/sources.toml"))?;
    let (_, libclang) = sources.split_once("[[libclang]]").ok_or("no libclang")?;
    let pin = |digest: &str| {
        format!(
            "[[tree]]\nname = \"sdk\"\npath = \"../sdk\"\nenv = \"TEST_SDK\"\n{digest}\n\
             [[libclang]]{libclang}"
        )
    };
    fs::write(outside.path("bindings/sources.toml"), pin(""))?;
    let message = outside.fail("mio-codegen --project bindings")?;
    let wanted = "the tree `sdk` (Linux 6.1.33) has no pinned digest";
    assert!(message.contains(wanted), "{message}");
    let (_, rest) = message.split_once("sha256 = \"").ok_or(message.clone())?;
    let digest = &rest[..64];
    fs::write(
        outside.path("bindings/sources.toml"),
        pin(&format!("sha256 = \"{digest}\"")),
    )?;
    outside.succeed("mio-codegen --project bindings")?;
    let text = fs::read_to_string(outside.path("bindings/generated/linux/lp64.rs"))?;
    assert!(text.contains("//! Headers: Linux 6.1.33.\n"), "{text}");
    outside.succeed("mio-codegen --project bindings check")?;
    // The variable names another folder with the same headers, and then a changed one.
    outside.succeed("cp -r sdk moved && rm -r sdk")?;
    let message = outside.fail("mio-codegen --project bindings check")?;
    assert!(message.contains("there is no such folder"), "{message}");
    outside.succeed("TEST_SDK=moved mio-codegen --project bindings check")?;
    outside.edit("moved/usr/include/linux/inotify.h", "0x100", "0x200")?;
    let before = tree(&outside.path("bindings"))?;
    let message = outside.fail("TEST_SDK=moved mio-codegen --project bindings")?;
    assert!(
        message.contains(&format!("wanted sha256 {digest}")),
        "{message}"
    );
    assert_eq!(tree(&outside.path("bindings"))?, before);
    // The change is one of the ABI, which `diff` shows without the pin.
    let report = outside.shell("mio-codegen --project bindings diff bindings sdk:moved")?;
    let text = String::from_utf8(report.stdout)?;
    assert_eq!(report.status.code(), Some(1), "{text}");
    assert!(text.contains("256") && text.contains("512"), "{text}");
    Ok(())
}

#[test]
fn run_leaves_alone_what_is_beside_its_files() -> Result {
    let outside = Outside::with_project()?;
    // A project below, whose run is about to rename a file; and a circle of links.
    fs::create_dir_all(outside.path("bindings/below/symbols"))?;
    let other = outside.path("bindings/below/symbols/.codegen-new-file");
    let own = outside.path("bindings/symbols/.codegen-new-left");
    fs::write(&other, "")?;
    fs::write(&own, "")?;
    for name in ["one", "two"] {
        std::os::unix::fs::symlink(".", outside.path("bindings").join(name))?;
    }
    outside.succeed("timeout 120 mio-codegen --project bindings")?;
    assert!(other.exists() && !own.exists());
    Ok(())
}
