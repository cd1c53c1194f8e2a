//! Runs the tool on invalid inputs and on changed trees. Every error states what failed and where,
//! its last line is the help, and nothing is written.

mod support;

use std::fs;

use support::{Repository, Result, failure, help};

/// One target is enough for most tests.
const ONE: [&str; 2] = ["--target", "aarch64-unknown-linux-musl"];

/// Asserts that nothing was written.
fn assert_untouched(repository: &Repository) {
    assert!(!repository.path("generated").exists());
    assert!(!repository.path("tests").exists());
}

/// A run without files and a run on the finished tree both give the files of this repository.
#[test]
fn two_runs_are_byte_equal() -> Result {
    let (one, two) = (Repository::new()?, Repository::whole()?);
    one.succeed(&[])?;
    assert!(
        one.tree()? == two.tree()?,
        "`cargo codegen` gives another tree"
    );
    // Another language and time zone, and an environment that would change what clang reads.
    let changed = two
        .tool()
        .env("LC_ALL", "tr_TR.UTF-8")
        .env("TZ", "Asia/Kolkata")
        .env("TARGET", "m68k-unknown-linux-gnu")
        .env("BINDGEN_EXTRA_CLANG_ARGS", "-D__NR_ppoll=1 -m32")
        .env("LIBCLANG_PATH", "/nowhere")
        .output()?;
    let message = String::from_utf8_lossy(&changed.stderr);
    assert!(changed.status.success(), "{message}");
    let message = String::from_utf8(changed.stdout)?;
    let wanted = "generated: unchanged, codegen/snapshots: unchanged, done";
    assert!(message.contains(wanted), "{message}");
    Ok(())
}

#[test]
fn check_names_changed_missing_and_stray_files() -> Result {
    let repository = Repository::whole()?;
    let right = repository.tree()?;
    repository.edit(
        "generated/wasip1/all.rs",
        "pub const __WASI_EVENTTYPE_FD_READ: u8 = 1;",
        "pub const __WASI_EVENTTYPE_FD_READ: u8 = 2;",
    )?;
    fs::remove_file(repository.path("generated/linux/mips.rs"))?;
    fs::write(
        repository.path("generated/linux/vax.rs"),
        "//! Written by `cargo codegen`; do not edit.\n",
    )?;
    fs::write(
        repository.path("codegen/snapshots/linux-vax.snap"),
        "Written by `cargo codegen`; do not edit.\n",
    )?;
    let other = "codegen/snapshots/other.snap";
    fs::write(repository.path(other), "not managed")?;
    let crlf = repository.path("generated/vita/all.rs");
    fs::write(&crlf, fs::read_to_string(&crlf)?.replace('\n', "\r\n"))?;
    let check = ["--check", "--os", "linux", "--os", "wasip1", "--os", "vita"];
    let message = repository.fail(&check)?;
    for line in [
        "  changed: generated/wasip1/all.rs\n",
        "    -pub const __WASI_EVENTTYPE_FD_READ: u8 = 2;\n    \
             +pub const __WASI_EVENTTYPE_FD_READ: u8 = 1;\n",
        "  missing: generated/linux/mips.rs\n",
        "  stray:   generated/linux/vax.rs\n",
        "  stray:   codegen/snapshots/linux-vax.snap\n",
        "  line endings: generated/vita/all.rs has CRLF\n",
    ] {
        assert!(message.contains(line), "{line} is not in {message}");
    }
    assert!(!message.contains("other.snap"), "{message}");
    assert_eq!(help(&message), "cargo codegen");
    repository.succeed(&check[1..])?;
    repository.succeed(&check)?;
    let mut tree = repository.tree()?;
    let kept = tree.remove(std::path::Path::new(other));
    assert_eq!(
        kept.as_deref(),
        Some(&b"not managed"[..]),
        "other files stay"
    );
    assert!(tree == right, "no temporary file is left");
    Ok(())
}

#[test]
fn os_option_selects_the_systems_to_read_and_write() -> Result {
    let repository = Repository::whole()?;
    for os in ["vita", "wasip1"] {
        repository.edit(&format!("generated/{os}/all.rs"), "pub const", "pub  const")?;
    }
    let message = repository.succeed(&["--os", "vita"])?;
    assert!(
        message.contains("vita: 1 target in 1 group, ") && !message.contains("wasip1: "),
        "{message}"
    );
    repository.succeed(&["--check", "--os", "vita"])?;
    let message = repository.fail(&["--check", "--os", "wasip1"])?;
    assert!(
        message.contains("changed: generated/wasip1/all.rs"),
        "{message}"
    );
    let message = repository.fail(&["--os", "vitta"])?;
    assert_eq!(help(&message), "cargo codegen --os vita");
    Ok(())
}

/// With a second major version of clang, only the tables are compared.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[test]
fn second_libclang_reports_the_same_abi() -> Result {
    let repository = Repository::whole()?;
    repository.edit("generated/linux/x86_64.rs", "//! ", "//! Changed. ")?;
    let message = repository.succeed(&["check", "--second-libclang"])?;
    assert!(
        message.contains(
            "as the inputs generate them (only the ABI tables, read by clang version 22."
        ),
        "{message}"
    );
    repository.edit(
        "codegen/snapshots/linux-x86_64.snap",
        "EPOLLIN: u32 = 1 ",
        "EPOLLIN: u32 = 2 ",
    )?;
    let message = repository.fail(&["--check", "--witness"])?;
    assert!(
        message.contains("  changed: codegen/snapshots/linux-x86_64.snap\n"),
        "{message}"
    );
    assert!(!message.contains("generated/"), "{message}");
    Ok(())
}

/// The errors of all systems, targets and symbols. An error of several targets appears once.
#[test]
fn one_run_reports_all_errors() -> Result {
    let repository = Repository::new()?;
    repository.edit(
        "codegen/symbols/linux.txt",
        "EPOLLHUP ",
        "EPOLLGONE const __u32 <linux/eventpoll.h> # none\nEPOLLHUP ",
    )?;
    repository.edit(
        "codegen/symbols/linux.txt",
        "poll   ",
        "pole fn poll(2) # none\npoll   ",
    )?;
    repository.edit(
        "codegen/symbols/wasip1.txt",
        "__wasi_poll_oneoff ",
        "__wasi_gone fn <wasi/api.h> # none\n__wasi_poll_oneoff ",
    )?;
    repository.edit("codegen/headers/vita.h", "int poll(", "int poll((")?;
    let gone = "NtGone fn <winternl.h> # none\nSOGONE const int <winsock2.h> # none\n";
    let windows = repository.path("codegen/symbols/windows.txt");
    let text = fs::read_to_string(&windows)?;
    let (comments, mut lines): (Vec<&str>, Vec<&str>) = text
        .lines()
        .chain(gone.lines())
        .partition(|line| line.starts_with('#'));
    lines.sort_unstable();
    fs::write(&windows, [comments, lines].concat().join("\n") + "\n")?;
    let systems = ["linux", "vita", "wasip1", "windows"];
    let words: Vec<&str> = systems.iter().flat_map(|os| ["--os", os]).collect();
    let message = repository.fail(&words)?;
    for wanted in [
        "error: aarch64-linux-android and 77 more targets: the headers lack EPOLLGONE, pole\n",
        "error: armv7-sony-vita-newlibeabihf: clang cannot read the headers: ",
        "error: wasm32-wasip1, wasm32-wasip1-threads: the headers lack __wasi_gone\n",
        "help: correct codegen/symbols/wasip1.txt or codegen/headers/wasip1.h\n",
        "NtGone",
        "SOGONE",
    ] {
        assert!(message.contains(wanted), "{wanted:?} is not in {message}");
    }
    assert_eq!(message.matches("EPOLLGONE").count(), 1, "{message}");
    assert_untouched(&repository);
    Ok(())
}

#[test]
fn undeclared_function_and_record_are_named_with_the_target() -> Result {
    let repository = Repository::new()?;
    repository.edit(
        "codegen/symbols/linux.txt",
        "poll   ",
        "pole fn poll(2) # none\npolecat record poll(2) # none\npoll   ",
    )?;
    let message = repository.fail(&ONE)?;
    assert!(
        message.contains("aarch64-unknown-linux-musl: the headers lack pole, polecat\n"),
        "{message}"
    );
    Ok(())
}

#[test]
fn type_of_another_size_for_a_field_is_an_error() -> Result {
    let repository = Repository::new()?;
    repository.edit(
        "codegen/symbols/linux.txt",
        "epoll_event.data   field epoll_data",
        "epoll_event.data   field u32       ",
    )?;
    let message = repository.fail(&ONE)?;
    assert!(
        message.contains(
            "field `data` of `epoll_event`: the list gives it the type `u32`, which has not"
        ),
        "{message}"
    );
    Ok(())
}

/// The macros of `codegen/headers/linux.h` change other headers: it defines `__u64` as a union for
/// `epoll_event`. linux/signalfd.h declares `__u64 ssi_ptr`; linux/ip.h and linux/tcp.h have
/// bit-fields.
#[test]
fn header_of_a_symbol_is_read_alone() -> Result {
    let repository = Repository::new()?;
    repository.edit(
        "codegen/symbols/linux.txt",
        "epoll_create1 ",
        "INADDR_BROADCAST const <linux/in.h> # x\n\
         IPPROTO_MPTCP const <linux/in.h> # x\n\
         STATX__RESERVED const <linux/stat.h> # x\n\
         epoll_create1 ",
    )?;
    repository.edit(
        "codegen/symbols/linux.txt",
        "pipe2 ",
        "iphdr record <linux/ip.h> # x\npipe2 ",
    )?;
    repository.edit(
        "codegen/symbols/linux.txt",
        "syscall ",
        "signalfd_siginfo record <linux/signalfd.h> # x\nsyscall ",
    )?;
    repository.edit(
        "codegen/symbols/linux.txt",
        "write  ",
        "tcphdr record <linux/tcp.h> # x\nwrite  ",
    )?;
    // By byte, capital letters precede `_`.
    let path = repository.path("codegen/symbols/linux.txt");
    let text = fs::read_to_string(&path)?;
    let (mut head, mut lines): (Vec<&str>, Vec<&str>) =
        text.lines().partition(|line| line.starts_with('#'));
    lines.sort_by_key(|line| line.split_whitespace().next());
    head.extend(lines);
    fs::write(&path, head.join("\n") + "\n")?;
    let table = repository.succeed(&ONE)?;
    for wanted in [
        "struct signalfd_siginfo: size 128, align 8, repr(C)",
        "    offset 48, size  8  ssi_ptr: u64\n",
        "    offset 56, size  8  ssi_utime: u64\n",
        "struct iphdr: size 20, align 4, repr(C)",
        "    offset  0, size  1  _bitfield_1: [u8; 1] {ihl: 0..4, version: 4..8}\n",
        "struct tcphdr: size 20, align 4, repr(C)",
        "const INADDR_BROADCAST: c_ulong = 4294967295 (0xffffffff)\n",
        "const IPPROTO_MPTCP: c_int = 262 (0x106)\n",
        "const STATX__RESERVED: c_uint = 2147483648 (0x80000000)\n",
        "    offset  8, size  8  data: epoll_data\n",
    ] {
        assert!(table.contains(wanted), "{wanted} is not in {table}");
    }
    Ok(())
}

#[test]
fn invalid_symbol_lines_are_named() -> Result {
    for (new, wanted) in [
        (
            "EBADF const int <linux/errno.h>",
            "codegen/symbols/linux.txt:8: `# WHY` is missing",
        ),
        (
            "EBADF const int <linux/errno.h> # ",
            "codegen/symbols/linux.txt:8: `# WHY` is empty",
        ),
        (
            "EBADF macro <linux/errno.h> # x",
            "`EBADF macro <linux/errno.h>` is not NAME KIND SOURCE",
        ),
        (
            "EBADF const int <errno.h> # x",
            "aarch64-unknown-linux-musl: `EBADF`: these headers have no <errno.h>",
        ),
        (
            "EBADF const unsigned short int <linux/errno.h # x",
            "`<linux/errno.h` is not a header",
        ),
        (
            "EBADF.a const int <linux/errno.h> # x",
            "`EBADF.a`: the kind `field`, and no other, takes RECORD.FIELD",
        ),
        (
            "EFD_CLOEXEC const int <linux/eventfd.h> # x",
            "`EFD_CLOEXEC` is listed twice",
        ),
        (
            "EZ const int <linux/errno.h> # x",
            "`EFD_CLOEXEC` follows `EZ`",
        ),
    ] {
        let repository = Repository::new()?;
        let text = fs::read_to_string(repository.path("codegen/symbols/linux.txt"))?;
        let line = text
            .lines()
            .find(|line| line.starts_with("EBADF"))
            .ok_or("no EBADF")?;
        repository.edit("codegen/symbols/linux.txt", line, new)?;
        let message = repository.fail(&ONE)?;
        assert!(message.contains(wanted), "{wanted} is not in {message}");
    }
    Ok(())
}

#[test]
fn wheel_with_another_hash_is_an_error_with_both_hashes() -> Result {
    let repository = Repository::new()?;
    let toml = fs::read_to_string(repository.path("codegen/sources.toml"))?;
    let value = |text: &str, name: &str| -> Option<String> {
        Some(
            text.split_once(&format!("\n{name} = \""))?
                .1
                .split_once('"')?
                .0
                .to_owned(),
        )
    };
    // A cache with a truncated wheel of libclang.
    let host = format!(
        "host = \"{}-{}\"",
        std::env::consts::OS,
        std::env::consts::ARCH
    );
    let entry = toml
        .split("[[libclang]]")
        .find(|entry| entry.contains(&host))
        .ok_or("no libclang for this host")?;
    let file = value(entry, "file").ok_or("no file")?;
    let wanted = value(entry, "sha256").ok_or("no hash")?;
    let cache = repository.path("cache/mio-build");
    fs::create_dir_all(&cache)?;
    fs::write(cache.join(&file), "cut short")?;
    let message = failure(
        repository
            .tool()
            .args(ONE)
            .env("XDG_CACHE_HOME", repository.path("cache"))
            .output()?,
    )?;
    // printf 'cut short' | sha256sum
    let found = "ed13456c3153a0fe817afd5c445a3ace2f5bd54a1e9c1da0a6f7df92bddd6912";
    assert!(
        message.contains(&format!(
            "wanted sha256 {wanted}\n  found  sha256 {found}\n"
        )),
        "{message}"
    );
    assert!(
        help(&message).starts_with("rm ") && help(&message).contains(" && cargo codegen --target "),
        "{message}"
    );
    let names: Vec<_> = fs::read_dir(&cache)?
        .flatten()
        .map(|entry| entry.file_name())
        .collect();
    assert_eq!(names, [file.as_str()], "nothing was unpacked");
    Ok(())
}

#[test]
fn target_that_is_left_out_has_a_reason() -> Result {
    let repository = Repository::new()?;
    let message = repository.fail(&["--target", "m68k-unknown-linux-gnu"])?;
    assert!(message.contains("is left out: clang aligns"), "{message}");
    let message = repository.fail(&["--target", "vax-unknown-linux-gnu"])?;
    assert!(
        message.contains("`vax-unknown-linux-gnu` is not a target"),
        "{message}"
    );
    Ok(())
}

#[test]
fn syntax_error_in_a_header_is_quoted() -> Result {
    let repository = Repository::new()?;
    repository.edit("codegen/headers/linux.h", "int eventfd(", "int eventfd((")?;
    let message = repository.fail(&ONE)?;
    assert!(
        message.contains("clang cannot read the headers") && message.contains("linux.h:"),
        "{message}"
    );
    assert_untouched(&repository);
    Ok(())
}

#[test]
fn wrong_usage_has_status_2() -> Result {
    let repository = Repository::new()?;
    assert_eq!(
        repository
            .tool()
            .arg("--sysroot")
            .arg("/usr")
            .output()?
            .status
            .code(),
        Some(2)
    );
    let mixed = repository.tool().args(["--check", "list"]).output()?;
    assert_eq!(mixed.status.code(), Some(2));
    assert_eq!(
        repository.tool().arg("--chekc").output()?.status.code(),
        Some(2)
    );
    Ok(())
}

/// A `?` excuses a symbol on a target, but not on each of them.
#[test]
fn lines_without_an_effect_are_named() -> Result {
    let repository = Repository::whole()?;
    let list = "codegen/symbols/linux.txt";
    for (before, line) in [
        (
            "EPOLL_CLOEXEC ",
            "EPOLLTYPO const? int <linux/eventpoll.h> # none",
        ),
        ("F_GETFL ", "FD_NAMES names int FDD_* # none"),
        (
            "epoll_wait   ",
            "epoll_event.date field epoll_data epoll_ctl(2) # none",
        ),
    ] {
        repository.edit(list, before, &format!("{line}\n{before}"))?;
    }
    // The only target that is read may lack what another one has.
    let read = repository.succeed(&["--target", "x86_64-unknown-linux-gnu"])?;
    assert!(!read.contains("EPOLLTYPO"), "{read}");
    let before = repository.tree()?;
    let message = repository.fail(&["--os", "linux"])?;
    for wanted in [
        "no target of linux has `EPOLLTYPO` of <linux/eventpoll.h>, so the line has no effect",
        "`epoll_event` has no field `date` on any target of linux, so the line has no effect",
        "`FD_NAMES`: no target of linux has a listed `const int` whose name begins with `FDD_`",
    ] {
        assert!(message.contains(wanted), "{wanted:?} is not in {message}");
    }
    let text = fs::read_to_string(repository.path(list))?;
    let line = text.lines().position(|line| line.contains("EPOLLTYPO"));
    let place = format!("error: {list}:{}: no target", 1 + line.ok_or("no line")?);
    assert!(message.contains(&place), "{place:?} is not in {message}");
    assert_eq!(help(&message), "correct the line, or remove it");
    assert!(repository.tree()? == before, "something was written");
    Ok(())
}

#[test]
fn symbol_of_two_types_is_listed_twice() -> Result {
    let repository = Repository::new()?;
    let line = "FD_CLOEXEC const long <linux/fcntl.h> # none\n\
        FD_CLOEXEC const <linux/fcntl.h> # none\nF_GETFL ";
    repository.edit("codegen/symbols/linux.txt", "F_GETFL ", line)?;
    let message = repository.fail(&ONE)?;
    assert_eq!(message.matches("`FD_CLOEXEC` is listed twice").count(), 2);
    assert_untouched(&repository);
    Ok(())
}
