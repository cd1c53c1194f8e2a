//! Renewals of a header pack with one edit to NetBSD's real headers. An error names the target and
//! nothing is written. A valid change is a row of the report.

// The cache of a test consists of symbolic links.
#![cfg(unix)]

#[path = "support/release.rs"]
mod release;
mod support;

use std::fs;

use release::Release;
use support::Result;

/// The header with kevent(2).
const EVENT: &str = "sys/event.h";
/// The command that renews the pack.
const BUMP: &str = "bump ziglang-netbsd 9.9.9 --accept-breaking";

/// The renewal to a release with this edit must fail. Returns the message.
fn refused(header: &str, old: &str, new: &str) -> Result<String> {
    let release = Release::new(&[(header, old, new)])?;
    let before = release.repository.tree()?;
    let (status, message) = release.bump()?;
    assert_eq!(status, Some(1), "{message}");
    assert!(message.contains("nothing was written"), "{message}");
    assert_eq!(release.repository.tree()?, before, "the tree is as it was");
    Ok(message)
}

/// The renewal to a release with this edit must succeed. Returns the report.
fn renewed(header: &str, old: &str, new: &str) -> Result<(Release, String)> {
    let release = Release::new(&[(header, old, new)])?;
    let (status, message) = release.bump()?;
    assert_eq!(status, Some(0), "{message}");
    let pinned = fs::read_to_string(release.repository.path("codegen/sources.toml"))?;
    assert!(pinned.contains("version = \"9.9.9\""), "{pinned}");
    Ok((release, message))
}

/// Asserts that `message` contains all of `wanted`.
fn assert_contains(message: &str, wanted: &[&str]) {
    for wanted in wanted {
        assert!(message.contains(wanted), "{wanted:?} is not in {message}");
    }
}

#[test]
fn inserted_field_is_breaking() -> Result {
    let (_, message) = renewed(
        EVENT,
        "\tint64_t\t\tdata;",
        "\tuint64_t\textra;\n\tint64_t\t\tdata;",
    )?;
    assert_contains(
        &message,
        &[
            "struct kevent",
            "field extra: u64 new at ",
            "field data: offset ",
        ],
    );
    Ok(())
}

/// A breaking change is written with an entry in `codegen/accepted.toml` or with the option.
#[test]
fn breaking_change_is_written_only_if_accepted() -> Result {
    let release = Release::new(&[(EVENT, "0x0001U", "0x0100U")])?;
    let before = release.repository.tree()?;
    let (status, message) = release.bump_with(&[])?;
    assert_eq!(status, Some(1), "{message}");
    assert_contains(
        &message,
        &[
            "is not renewed, nothing was written: 1 breaking change is not accepted",
            "const EV_ADD on netbsd: value 1 → 256 is breaking and not accepted",
            "\nhelp: cargo codegen bump ziglang-netbsd 9.9.9 --accept-breaking\n",
        ],
    );
    assert_eq!(release.repository.tree()?, before, "the tree is as it was");
    // The printed entry, completed.
    let (_, entry) = message
        .split_once("to be completed:\n\n")
        .ok_or("no entry")?;
    let (entry, _) = entry.split_once("\n\n").ok_or("no end")?;
    let entry = entry.replace("\"\"", "\"someone has checked it\"");
    fs::write(release.repository.path("codegen/accepted.toml"), entry)?;
    let (status, message) = release.bump_with(&[])?;
    assert_eq!(status, Some(0), "{message}");
    Ok(())
}

/// A change that is not breaking needs neither.
#[test]
fn widening_change_is_written() -> Result {
    let release = Release::new(&[(
        "poll.h",
        "#define\tPOLLIN",
        "#define\tPOLLNEW 1\n#define\tPOLLIN",
    )])?;
    let (status, message) = release.bump_with(&[])?;
    assert_eq!(status, Some(0), "{message}");
    Ok(())
}

#[test]
fn changed_value_is_breaking_and_written() -> Result {
    let (release, message) = renewed(EVENT, "0x0001U", "0x0100U")?;
    assert_contains(
        &message,
        &[
            "1 breaking",
            "const EV_ADD  on netbsd (all 10 targets)\n      value 1 → 256",
        ],
    );
    let check = ["check", "--os", "netbsd"];
    let check = release.tool().args(check).output()?;
    let message = String::from_utf8(check.stderr)?;
    assert!(check.status.success(), "{message}");
    Ok(())
}

#[test]
fn changed_type_of_a_constant_is_breaking() -> Result {
    // The list gives it the type `short`, which the header redefines.
    let (_, message) = renewed(
        "poll.h",
        "#define\tPOLLIN",
        "#define short int\n#define\tPOLLIN",
    )?;
    assert_contains(&message, &["const POLLIN", "type c_short → c_int"]);
    Ok(())
}

#[test]
fn value_that_its_type_truncates_is_an_error() -> Result {
    let message = refused(EVENT, "0x0001U", "0x100000001ULL")?;
    assert_contains(
        &message,
        &[
            "targets: `EV_ADD` of <sys/event.h>: its value is 4294967297, of type `c_ulonglong`",
            "and `kevent_flags` holds 1 of that",
        ],
    );
    Ok(())
}

#[test]
fn changed_type_of_a_field_is_an_error_if_constants_have_the_old_one() -> Result {
    let message = refused(EVENT, "uint32_t\tflags;", "uint64_t\tflags;")?;
    assert_contains(&message, &["netbsd.h:", "kevent.flags"]);
    Ok(())
}

#[test]
fn removed_symbol_is_an_error() -> Result {
    let message = refused(EVENT, "#define\tEV_ADD", "#define\tEV_PUT")?;
    assert_contains(
        &message,
        &[
            "aarch64-unknown-netbsd and 9 more targets: the headers lack EV_ADD\n",
            "help: correct codegen/symbols/netbsd.txt or codegen/headers/netbsd.h\n",
            "const EV_ADD",
            "removed",
        ],
    );
    Ok(())
}

#[test]
fn record_without_fields_is_an_error() -> Result {
    let message = refused(
        "poll.h",
        "struct pollfd {",
        "struct pollfd;\nstruct hidden {",
    )?;
    assert_contains(
        &message,
        &[
            "`pollfd` is declared without fields",
            "codegen/headers/netbsd.h",
        ],
    );
    Ok(())
}

#[test]
fn group_with_two_layouts_splits() -> Result {
    let value = "#define\tEV_CLEAR\t0x0020U";
    let other = "#define\tEV_CLEAR\t0x0200U";
    let split = format!("#ifdef __sparc64__\n{other}\n#else\n{value}\n#endif\n");
    let (release, message) = renewed(EVENT, value, &split)?;
    assert_contains(&message, &["const EV_CLEAR", "value 32 → 512"]);
    let generated = |name: &str| {
        let path = format!("generated/netbsd/{name}.rs");
        fs::read_to_string(release.repository.path(&path))
    };
    assert!(generated("lp64_sparc64")?.contains("EV_CLEAR: c_uint = 512;"));
    assert!(generated("lp64_aarch64_x86_64")?.contains("EV_CLEAR: c_uint = 32;"));
    assert!(generated("lp64").is_err(), "the old group is gone");
    let switch = generated("mod")?;
    let cfg = "#[cfg(all(target_arch = \"sparc64\", target_pointer_width = \"64\"))]";
    assert!(
        switch.contains(&format!("{cfg}\nmod lp64_sparc64;")),
        "{switch}"
    );
    Ok(())
}

#[test]
fn group_that_no_cfg_splits_is_an_error_with_the_difference() -> Result {
    let value = "#define\tEV_CLEAR\t0x0020U";
    let other = "#define\tEV_CLEAR\t0x0200U";
    // clang distinguishes the two architectures, `cfg` does not.
    let split = format!("#if __ARM_ARCH == 7\n{other}\n#else\n{value}\n#endif\n");
    let message = refused(EVENT, value, &split)?;
    assert_contains(
        &message,
        &[
            " differs from armv",
            "-pub const EV_CLEAR: c_uint = ",
            "+pub const EV_CLEAR: c_uint = ",
            "codegen/targets",
        ],
    );
    Ok(())
}

#[test]
fn syntax_error_in_a_header_is_quoted() -> Result {
    let message = refused(EVENT, "struct kevent {", "struct kevent {{")?;
    assert_contains(
        &message,
        &[
            "clang cannot read the headers",
            "generic-netbsd/sys/event.h:",
        ],
    );
    Ok(())
}

/// The renewal to a damaged wheel in the cache must fail, because the index has another hash. It
/// must unpack nothing, and name the command that downloads the wheel again.
fn damaged(damage: fn(Vec<u8>) -> Vec<u8>) -> Result {
    let release = Release::new(&[])?;
    let before = release.repository.tree()?;
    fs::write(release.wheel(), damage(fs::read(release.wheel())?))?;
    let (status, message) = release.bump()?;
    assert_eq!(status, Some(1), "{message}");
    let wheel = release.wheel().display().to_string();
    assert_contains(&message, &[&format!("{wheel} is not the pinned wheel")]);
    assert!(
        message.ends_with(&format!("\nhelp: rm {wheel} && cargo codegen {BUMP}\n")),
        "{message}"
    );
    assert_eq!(release.repository.tree()?, before, "the tree is as it was");
    assert_eq!(
        release.leftovers()?,
        [] as [String; 0],
        "nothing is unpacked"
    );
    Ok(())
}

#[test]
fn truncated_wheel_is_an_error() -> Result {
    damaged(|mut wheel| {
        wheel.truncate(wheel.len() / 2);
        wheel
    })
}

#[test]
fn wheel_with_a_changed_byte_is_an_error() -> Result {
    damaged(|mut wheel| {
        let text = b"_SYS_EVENT_H_";
        let position = wheel.windows(text.len()).position(|part| part == text);
        wheel[position.expect("the archive is not compressed")] = b'X';
        wheel
    })
}

#[test]
fn wheel_without_headers_is_an_error() -> Result {
    damaged(|_| {
        // An empty archive has only the end record.
        let mut empty = b"PK\x05\x06".to_vec();
        empty.resize(22, 0);
        empty
    })
}

#[test]
fn wheel_with_another_hash_is_an_error() -> Result {
    let release = Release::new(&[])?;
    let hash = "0123456789abcdef".repeat(4);
    let pinned = fs::read_to_string(release.repository.path("codegen/sources.toml"))?;
    let (before, entry) = pinned
        .split_once("name = \"ziglang-netbsd\"")
        .ok_or("no such pack")?;
    let lines = entry.lines().map(|line| {
        let (key, _) = line.split_once(" = ").unwrap_or((line, ""));
        match key {
            "version" => "version = \"9.9.9\"".to_owned(),
            "file" => format!(
                "file = {:?}",
                release.wheel().file_name().unwrap_or_default()
            ),
            "sha256" => format!("sha256 = \"{hash}\""),
            _ => line.to_owned(),
        }
    });
    let (mut lines, mut entry) = (lines.collect::<Vec<_>>(), entry.lines().collect::<Vec<_>>());
    // Only the entry of this pack, not the following ones.
    let end = entry
        .iter()
        .position(|line| line.starts_with("[["))
        .ok_or("no end")?;
    lines.truncate(end);
    lines.extend(entry.split_off(end).into_iter().map(str::to_owned));
    let text = format!("{before}name = \"ziglang-netbsd\"{}\n", lines.join("\n"));
    fs::write(release.repository.path("codegen/sources.toml"), text)?;
    let tree = release.repository.tree()?;
    let output = release.tool().args(["--os", "netbsd"]).output()?;
    let message = String::from_utf8(output.stderr)?;
    assert_eq!(output.status.code(), Some(1), "{message}");
    let wheel = release.wheel().display().to_string();
    assert_contains(
        &message,
        &[&format!(
            "{wheel} is not the pinned wheel\n  wanted sha256 {hash}\n  found  sha256 "
        )],
    );
    assert!(
        message.ends_with(&format!(
            "\nhelp: rm {wheel} && cargo codegen --os netbsd\n"
        )),
        "{message}"
    );
    assert_eq!(release.repository.tree()?, tree, "the tree is as it was");
    assert_eq!(
        release.leftovers()?,
        [] as [String; 0],
        "nothing is unpacked"
    );
    Ok(())
}
