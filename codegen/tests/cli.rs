//! The tool on inputs made wrong, and on trees that are not as they should be: every error says what and where, its last line is
//! the command that mends it, and nothing is written.

mod support;

use std::fs;

use support::{Repository, Result, failure};

/// One target is enough for most tests.
const ONE: [&str; 2] = ["--target", "aarch64-unknown-linux-musl"];

/// The last line of a message.
fn last(message: &str) -> &str {
    message.trim_end().lines().last().unwrap_or_default()
}

/// Nothing was written.
fn assert_untouched(repository: &Repository) {
    assert!(!repository.path("generated").exists());
    assert!(!repository.path("tests").exists());
}

/// From nothing, and on the finished tree: both are the bindings and tables of this repository, byte for byte.
#[test]
fn two_runs_are_byte_equal() -> Result {
    let (one, two) = (Repository::new()?, Repository::whole()?);
    one.succeed(&[])?;
    assert!(
        one.tree()? == two.tree()?,
        "`cargo codegen` gives another tree"
    );
    // Another language and time zone, and an environment that would bend clang.
    let bent = two
        .tool()
        .env("LC_ALL", "tr_TR.UTF-8")
        .env("TZ", "Asia/Kolkata")
        .env("TARGET", "m68k-unknown-linux-gnu")
        .env("BINDGEN_EXTRA_CLANG_ARGS", "-D__NR_ppoll=1 -m32")
        .env("LIBCLANG_PATH", "/nowhere")
        .output()?;
    let said = String::from_utf8_lossy(&bent.stderr);
    assert!(bent.status.success(), "{said}");
    let said = String::from_utf8(bent.stdout)?;
    let wanted = "generated: unchanged, codegen/snapshots: unchanged, done";
    assert!(said.contains(wanted), "{said}");
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
    fs::write(repository.path(other), "not ours")?;
    let crlf = repository.path("generated/vita/all.rs");
    fs::write(&crlf, fs::read_to_string(&crlf)?.replace('\n', "\r\n"))?;
    let check = ["--check", "--os", "linux", "--os", "wasip1", "--os", "vita"];
    let said = repository.fail(&check)?;
    for line in [
        "  changed: generated/wasip1/all.rs\n",
        "    -pub const __WASI_EVENTTYPE_FD_READ: u8 = 2;\n    +pub const __WASI_EVENTTYPE_FD_READ: u8 = 1;\n",
        "  missing: generated/linux/mips.rs\n",
        "  stray:   generated/linux/vax.rs\n",
        "  stray:   codegen/snapshots/linux-vax.snap\n",
        "  line endings: generated/vita/all.rs has those of Windows (CRLF)\n",
    ] {
        assert!(said.contains(line), "{line} is not in {said}");
    }
    assert!(!said.contains("other.snap"), "{said}");
    assert_eq!(last(&said), "cargo codegen");
    repository.succeed(&check[1..])?;
    repository.succeed(&check)?;
    let mut tree = repository.tree()?;
    let theirs = tree.remove(std::path::Path::new(other));
    assert_eq!(
        theirs.as_deref(),
        Some(&b"not ours"[..]),
        "files of others stay"
    );
    assert!(tree == right, "and no scratch folder stays behind");
    Ok(())
}

#[test]
fn only_the_systems_that_are_named_are_read_and_written() -> Result {
    let repository = Repository::whole()?;
    for os in ["vita", "wasip1"] {
        repository.edit(&format!("generated/{os}/all.rs"), "pub const", "pub  const")?;
    }
    let said = repository.succeed(&["--os", "vita"])?;
    assert!(
        said.contains("vita: ") && !said.contains("wasip1: "),
        "{said}"
    );
    repository.succeed(&["--check", "--os", "vita"])?;
    let said = repository.fail(&["--check", "--os", "wasip1"])?;
    assert!(said.contains("changed: generated/wasip1/all.rs"), "{said}");
    let said = repository.fail(&["--os", "vitta"])?;
    assert_eq!(last(&said), "cargo codegen --os vita");
    Ok(())
}

/// A second major version of clang is asked for the tables, and for nothing else.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[test]
fn a_second_clang_finds_the_same_facts() -> Result {
    let repository = Repository::whole()?;
    repository.edit("generated/linux/x86_64.rs", "//! ", "//! Not theirs. ")?;
    let said = repository.succeed(&["--check", "--witness"])?;
    assert!(
        said.contains("everything is as the inputs give it, read by clang version 22."),
        "{said}"
    );
    repository.edit(
        "codegen/snapshots/linux-x86_64.snap",
        "EPOLLIN: u32 = 1 ",
        "EPOLLIN: u32 = 2 ",
    )?;
    let said = repository.fail(&["--check", "--witness"])?;
    assert!(
        said.contains("  changed: codegen/snapshots/linux-x86_64.snap\n"),
        "{said}"
    );
    assert!(!said.contains("generated/"), "{said}");
    Ok(())
}

/// Of all systems, targets and symbols; what several targets have is said once.
#[test]
fn one_run_says_all_that_is_wrong() -> Result {
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
    let said = repository.fail(&words)?;
    for wanted in [
        "error: aarch64-linux-android and 77 more targets: the headers lack EPOLLGONE, pole; mend ",
        "error: armv7-sony-vita-newlibeabihf: clang cannot read the headers: ",
        "error: wasm32-wasip1, wasm32-wasip1-threads: the headers lack __wasi_gone; mend ",
        "NtGone",
        "SOGONE",
    ] {
        assert!(said.contains(wanted), "{wanted:?} is not in {said}");
    }
    assert_eq!(said.matches("EPOLLGONE").count(), 1, "{said}");
    assert_untouched(&repository);
    Ok(())
}

#[test]
fn a_function_and_a_record_nobody_declares_are_named_with_their_target() -> Result {
    let repository = Repository::new()?;
    repository.edit(
        "codegen/symbols/linux.txt",
        "poll   ",
        "pole fn poll(2) # none\npolecat record poll(2) # none\npoll   ",
    )?;
    let said = repository.fail(&ONE)?;
    assert!(
        said.contains("aarch64-unknown-linux-musl: the headers lack pole, polecat; mend "),
        "{said}"
    );
    Ok(())
}

#[test]
fn a_field_keeps_the_headers_size_whatever_type_the_list_gives_it() -> Result {
    let repository = Repository::new()?;
    repository.edit(
        "codegen/symbols/linux.txt",
        "epoll_event.data   field epoll_data",
        "epoll_event.data   field u32       ",
    )?;
    let said = repository.fail(&ONE)?;
    assert!(
        said.contains("field `data` of `epoll_event`: it is to be `u32`, which is not as large as"),
        "{said}"
    );
    Ok(())
}

/// `codegen/headers/linux.h` read these between `#define __u64 union epoll_data` and `#undef __u64`. The kernel's headers say
/// what they are: `__u64 ssi_ptr` in linux/signalfd.h, bit-fields in linux/ip.h and linux/tcp.h.
#[test]
fn a_header_that_is_asked_for_is_read_alone() -> Result {
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
    // Capitals come before `__`.
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
fn symbol_lines_are_checked() -> Result {
    for (new, wanted) in [
        (
            "EBADF const int <linux/errno.h>",
            "codegen/symbols/linux.txt:8: `# why` is missing",
        ),
        (
            "EBADF const int <linux/errno.h> # ",
            "codegen/symbols/linux.txt:8: `# why` is empty",
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
            "`<linux/errno.h` is no header",
        ),
        (
            "EBADF.a const int <linux/errno.h> # x",
            "`EBADF.a` is not RECORD.FIELD",
        ),
        (
            "EFD_CLOEXEC const int <linux/eventfd.h> # x",
            "`EFD_CLOEXEC` stands here twice",
        ),
        (
            "EZ const int <linux/errno.h> # x",
            "`EFD_CLOEXEC` stands after `EZ`",
        ),
    ] {
        let repository = Repository::new()?;
        let text = fs::read_to_string(repository.path("codegen/symbols/linux.txt"))?;
        let line = text
            .lines()
            .find(|line| line.starts_with("EBADF"))
            .ok_or("no EBADF")?;
        repository.edit("codegen/symbols/linux.txt", line, new)?;
        let said = repository.fail(&ONE)?;
        assert!(said.contains(wanted), "{wanted} is not in {said}");
    }
    Ok(())
}

#[test]
fn a_wheel_with_another_hash_is_refused_with_both_hashes() -> Result {
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
    // A cache whose wheel of libclang is cut short.
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
    let said = failure(
        repository
            .tool()
            .args(ONE)
            .env("XDG_CACHE_HOME", repository.path("cache"))
            .output()?,
    )?;
    // printf 'cut short' | sha256sum
    let found = "ed13456c3153a0fe817afd5c445a3ace2f5bd54a1e9c1da0a6f7df92bddd6912";
    assert!(
        said.contains(&format!(
            "wanted sha256 {wanted}\n  found  sha256 {found}\n"
        )),
        "{said}"
    );
    assert!(
        last(&said).starts_with("rm ") && last(&said).contains(" && cargo codegen --target "),
        "{said}"
    );
    let names: Vec<_> = fs::read_dir(&cache)?
        .flatten()
        .map(|entry| entry.file_name())
        .collect();
    assert_eq!(names, [file.as_str()], "nothing was unpacked");
    Ok(())
}

#[test]
fn targets_that_are_left_out_say_why() -> Result {
    let repository = Repository::new()?;
    let said = repository.fail(&["--target", "m68k-unknown-linux-gnu"])?;
    assert!(said.contains("is left out: clang aligns"), "{said}");
    let said = repository.fail(&["--target", "vax-unknown-linux-gnu"])?;
    assert!(
        said.contains("`vax-unknown-linux-gnu` is not a target"),
        "{said}"
    );
    Ok(())
}

#[test]
fn a_header_with_a_syntax_error_is_quoted() -> Result {
    let repository = Repository::new()?;
    repository.edit("codegen/headers/linux.h", "int eventfd(", "int eventfd((")?;
    let said = repository.fail(&ONE)?;
    assert!(
        said.contains("clang cannot read the headers") && said.contains("linux.h:"),
        "{said}"
    );
    assert_untouched(&repository);
    Ok(())
}

#[test]
fn wrong_usage_is_status_2() -> Result {
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
    assert_eq!(
        repository.tool().arg("--chekc").output()?.status.code(),
        Some(2)
    );
    Ok(())
}
