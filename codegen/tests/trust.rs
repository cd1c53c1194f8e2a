//! Renewals that must not pass unseen. The release is NetBSD's real headers with one thing made wrong; what is wrong is named with
//! its target, and nothing is written. What only changed is a row of the report.

// The cache of a test is made of links.
#![cfg(unix)]

#[path = "support/release.rs"]
mod release;
mod support;

use std::fs;

use release::Release;
use support::Result;

/// The header with kevent(2).
const EVENT: &str = "sys/event.h";
/// What takes the release in.
const BUMP: &str = "bump ziglang-netbsd 9.9.9";

/// A release with this edit cannot be taken in. Returns what was said.
fn refused(header: &str, old: &str, new: &str) -> Result<String> {
    let release = Release::new(&[(header, old, new)])?;
    let before = release.repository.tree()?;
    let (status, said) = release.bump()?;
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("nothing was written"), "{said}");
    assert_eq!(release.repository.tree()?, before, "the tree is as it was");
    Ok(said)
}

/// A release with this edit is taken in. Returns the report.
fn taken(header: &str, old: &str, new: &str) -> Result<(Release, String)> {
    let release = Release::new(&[(header, old, new)])?;
    let (status, said) = release.bump()?;
    assert_eq!(status, Some(0), "{said}");
    let pinned = fs::read_to_string(release.repository.path("codegen/sources.toml"))?;
    assert!(pinned.contains("version = \"9.9.9\""), "{pinned}");
    Ok((release, said))
}

/// `said` contains all of `wanted`.
fn assert_says(said: &str, wanted: &[&str]) {
    for wanted in wanted {
        assert!(said.contains(wanted), "{wanted:?} is not in {said}");
    }
}

#[test]
fn an_inserted_field_is_breaking_and_drawn() -> Result {
    let (_, said) = taken(
        EVENT,
        "\tint64_t\t\tdata;",
        "\tuint64_t\textra;\n\tint64_t\t\tdata;",
    )?;
    assert_says(
        &said,
        &[
            "struct kevent",
            "field extra: u64 new at ",
            "field data: offset ",
        ],
    );
    Ok(())
}

#[test]
fn a_changed_value_is_breaking_and_all_of_it_is_written() -> Result {
    let (release, said) = taken(EVENT, "0x0001U", "0x0100U")?;
    assert_says(
        &said,
        &[
            "1 breaking",
            "const EV_ADD  on netbsd (all 10 targets)\n      value 1 → 256",
        ],
    );
    let check = ["--check", "--os", "netbsd"];
    let check = release.tool().args(check).output()?;
    let said = String::from_utf8(check.stderr)?;
    assert!(check.status.success(), "{said}");
    Ok(())
}

#[test]
fn a_constant_of_another_type_is_breaking() -> Result {
    // The list says `short`; what that is, the headers say.
    let (_, said) = taken(
        "poll.h",
        "#define\tPOLLIN",
        "#define short int\n#define\tPOLLIN",
    )?;
    assert_says(&said, &["const POLLIN", "type c_short → c_int"]);
    Ok(())
}

#[test]
fn a_value_that_its_type_cuts_off_is_refused() -> Result {
    let said = refused(EVENT, "0x0001U", "0x100000001ULL")?;
    assert_says(
        &said,
        &[
            "targets: `EV_ADD` of <sys/event.h>: its value is 4294967297, of type `c_ulonglong`",
            "and `kevent_flags` holds 1 of that",
        ],
    );
    Ok(())
}

#[test]
fn a_field_of_another_type_is_refused_where_constants_have_it() -> Result {
    let said = refused(EVENT, "uint32_t\tflags;", "uint64_t\tflags;")?;
    assert_says(&said, &["netbsd.h:", "kevent.flags"]);
    Ok(())
}

#[test]
fn a_symbol_that_is_gone_is_refused() -> Result {
    let said = refused(EVENT, "#define\tEV_ADD", "#define\tEV_PUT")?;
    assert_says(
        &said,
        &[
            "aarch64-unknown-netbsd and 9 more targets: the headers lack EV_ADD; mend ",
            "const EV_ADD",
            "removed",
        ],
    );
    Ok(())
}

#[test]
fn a_record_that_became_opaque_is_refused() -> Result {
    let said = refused(
        "poll.h",
        "struct pollfd {",
        "struct pollfd;\nstruct hidden {",
    )?;
    assert_says(
        &said,
        &[
            "`pollfd` is declared without fields",
            "codegen/headers/netbsd.h",
        ],
    );
    Ok(())
}

#[test]
fn a_group_that_splits_becomes_two() -> Result {
    let value = "#define\tEV_CLEAR\t0x0020U";
    let other = "#define\tEV_CLEAR\t0x0200U";
    let split = format!("#ifdef __sparc64__\n{other}\n#else\n{value}\n#endif\n");
    let (release, said) = taken(EVENT, value, &split)?;
    assert_says(&said, &["const EV_CLEAR", "value 32 → 512"]);
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
fn a_group_that_no_cfg_tells_apart_is_refused_with_what_differs() -> Result {
    let value = "#define\tEV_CLEAR\t0x0020U";
    let other = "#define\tEV_CLEAR\t0x0200U";
    // clang sees two architectures, rustc's `cfg` one.
    let split = format!("#if __ARM_ARCH == 7\n{other}\n#else\n{value}\n#endif\n");
    let said = refused(EVENT, value, &split)?;
    assert_says(
        &said,
        &[
            "does not come out as armv",
            "-pub const EV_CLEAR: c_uint = ",
            "+pub const EV_CLEAR: c_uint = ",
            "codegen/targets",
        ],
    );
    Ok(())
}

#[test]
fn a_header_with_a_syntax_error_is_refused_and_quoted() -> Result {
    let said = refused(EVENT, "struct kevent {", "struct kevent {{")?;
    assert_says(
        &said,
        &[
            "clang cannot read the headers",
            "generic-netbsd/sys/event.h:",
        ],
    );
    Ok(())
}

/// A wheel that was made wrong: nothing of it stays, and the command fetches it anew.
fn spoilt(spoil: fn(Vec<u8>) -> Vec<u8>) -> Result<String> {
    let release = Release::new(&[])?;
    let before = release.repository.tree()?;
    fs::write(release.wheel(), spoil(fs::read(release.wheel())?))?;
    let (status, said) = release.bump()?;
    assert_eq!(status, Some(1), "{said}");
    let wheel = release.wheel().display().to_string();
    assert_says(&said, &[&format!("cannot unpack {wheel}: ")]);
    assert!(
        said.ends_with(&format!("\nrm {wheel} && cargo codegen {BUMP}\n")),
        "{said}"
    );
    assert_eq!(release.repository.tree()?, before, "the tree is as it was");
    assert_eq!(
        release.leftovers()?,
        [] as [String; 0],
        "nothing is unpacked"
    );
    Ok(said)
}

#[test]
fn a_wheel_that_was_cut_short_is_refused() -> Result {
    spoilt(|mut wheel| {
        wheel.truncate(wheel.len() / 2);
        wheel
    })?;
    Ok(())
}

#[test]
fn a_wheel_with_a_wrong_byte_is_refused() -> Result {
    let said = spoilt(|mut wheel| {
        let text = b"_SYS_EVENT_H_";
        let place = wheel.windows(text.len()).position(|part| part == text);
        wheel[place.expect("it is stored as it is")] = b'X';
        wheel
    })?;
    assert_says(&said, &["checksum"]);
    Ok(())
}

#[test]
fn a_wheel_without_headers_is_refused() -> Result {
    let said = spoilt(|_| {
        // The end of an archive that holds nothing.
        let mut empty = b"PK\x05\x06".to_vec();
        empty.resize(22, 0);
        empty
    })?;
    assert_says(&said, &["it holds nothing that begins with ziglang/lib/"]);
    Ok(())
}

#[test]
fn a_wheel_that_is_not_the_pinned_one_is_refused() -> Result {
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
    // Only the first entry: what follows is another's.
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
    let said = String::from_utf8(output.stderr)?;
    assert_eq!(output.status.code(), Some(1), "{said}");
    let wheel = release.wheel().display().to_string();
    assert_says(
        &said,
        &[&format!(
            "{wheel} is not the pinned wheel\n  wanted sha256 {hash}\n  found  sha256 "
        )],
    );
    assert!(
        said.ends_with(&format!("\nrm {wheel} && cargo codegen --os netbsd\n")),
        "{said}"
    );
    assert_eq!(release.repository.tree()?, tree, "the tree is as it was");
    assert_eq!(
        release.leftovers()?,
        [] as [String; 0],
        "nothing is unpacked"
    );
    Ok(())
}
