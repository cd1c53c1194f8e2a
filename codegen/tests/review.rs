//! The commands that show, compare and change the bindings: on the repository's own tables, and on
//! real header packs of two releases.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use mio_abi::{Constant, GroupAbi};
use support::{Repository, Result};

/// A constant of FreeBSD, and the same with another value.
const EV_ADD: [&str; 2] = [
    r#"{"name": "EV_ADD", "ty": "c_ushort", "value": 1}"#,
    r#"{"name": "EV_ADD", "ty": "c_ushort", "value": 2}"#,
];

/// Copies this repository's tables.
fn copy_tables(to: &Path) -> Result {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots");
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}

/// Status and what was printed, both streams.
fn run(command: &mut Command) -> Result<(Option<i32>, String)> {
    let output = command.output()?;
    let printed = String::from_utf8(output.stdout)? + &String::from_utf8(output.stderr)?;
    Ok((output.status.code(), printed))
}

/// Two folders of tables, one with an edit, compared.
fn compared(edits: &[(&str, &str, &str)], format: &str) -> Result<(Option<i32>, String)> {
    let repository = Repository::whole()?;
    let new: PathBuf = repository.path("new");
    copy_tables(&new)?;
    for (file, old, changed) in edits {
        repository.edit(&format!("new/{file}"), old, changed)?;
    }
    let old = repository.path("codegen/snapshots");
    run(repository
        .tool()
        .arg("diff")
        .args([&old, &new])
        .args(["--format", format]))
}

#[test]
fn a_table_that_did_not_change_is_status_0() -> Result {
    let (status, printed) = compared(&[], "terminal")?;
    assert_eq!(status, Some(0), "{printed}");
    assert!(printed.contains("No difference on "), "{printed}");
    Ok(())
}

#[test]
fn a_changed_value_is_breaking_and_one_row_for_all_its_targets() -> Result {
    let edits = [
        ("freebsd-lp64.json", EV_ADD[0], EV_ADD[1]),
        ("freebsd-x86.json", EV_ADD[0], EV_ADD[1]),
        ("freebsd-arm.json", EV_ADD[0], EV_ADD[1]),
    ];
    let (status, printed) = compared(&edits, "terminal")?;
    assert_eq!(status, Some(1), "{printed}");
    assert!(
        printed.contains("1 breaking, 0 widening, 0 cosmetic"),
        "{printed}"
    );
    assert!(
        printed.contains("const EV_ADD  on freebsd (all 9 targets)\n      value 1 → 2"),
        "{printed}"
    );
    Ok(())
}

#[test]
fn a_new_symbol_is_widening_and_status_0() -> Result {
    let edits = [(
        "aix-all.json",
        r#"{"name": "EBADF","#,
        r#"{"name": "EAAA", "ty": "c_int", "value": 1}, {"name": "EBADF","#,
    )];
    let (status, printed) = compared(&edits, "markdown")?;
    assert_eq!(status, Some(0), "{printed}");
    assert!(
        printed.contains("### Widening")
            && printed.contains("| const `EAAA` | new: 1 of type c\\_int |"),
        "{printed}"
    );
    Ok(())
}

#[test]
fn an_inserted_field_is_drawn_on_both_sides() -> Result {
    let edits = [
        (
            "netbsd-lp64.json",
            r#"{"name": "kevent", "union": false, "repr": "C", "size": 40,"#,
            r#"{"name": "kevent", "union": false, "repr": "C", "size": 48,"#,
        ),
        (
            "netbsd-lp64.json",
            r#"{"name": "udata", "ty": "*mut c_void", "offset": 32,"#,
            r#"{"name": "extra", "ty": "u64", "offset": 32, "size": 8},
               {"name": "udata", "ty": "*mut c_void", "offset": 40,"#,
        ),
    ];
    let (status, page) = compared(&edits, "html")?;
    assert_eq!(status, Some(1));
    assert_eq!(page.matches("<figure>").count(), 2, "old beside new");
    assert!(
        page.contains("class=\"padding\"") && page.contains("changed"),
        "padding and what moved are marked"
    );
    assert!(
        !page.contains("http://")
            || page.matches("http").count() == page.matches("http://www.w3.org/2000/svg").count(),
        "it needs nothing else"
    );
    let (_, json) = compared(&edits, "json")?;
    assert!(
        json.contains("\"severity\": \"breaking\"") && json.contains("field udata: offset 32 → 40"),
        "{json}"
    );
    Ok(())
}

/// GitHub accepts 65,536 characters in a comment. A longer report is cut, and names the command
/// that writes the whole one.
#[test]
fn markdown_stays_below_what_a_comment_may_hold() -> Result {
    let repository = Repository::whole()?;
    let new = repository.path("new");
    copy_tables(&new)?;
    for entry in fs::read_dir(&new)? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            // Every symbol of every table is another one.
            let mut group = GroupAbi::from_json(&fs::read_to_string(&path)?)?;
            for constant in &mut group.abi.constants {
                constant.name.insert_str(0, "X_");
            }
            for function in &mut group.abi.functions {
                function.name.insert_str(0, "x_");
            }
            let more = (0..40).map(|number| Constant {
                name: format!("Z_{}_{}_{number}", group.os, group.group),
                ty: "c_int".to_owned(),
                value: 1,
            });
            group.abi.constants.extend(more);
            fs::write(&path, group.to_json())?;
        }
    }
    let (status, printed) =
        run(repository
            .tool()
            .args(["diff", "codegen/snapshots", "new", "--format", "markdown"]))?;
    assert_eq!(status, Some(1));
    let length = printed.chars().count();
    assert!((20_000..65_536).contains(&length), "{length}");
    assert!(printed.contains("`--format html --output abi.html` writes all of it"));
    assert!(
        printed.contains("### Breaking")
            && printed.contains("<summary>Widening: ")
            && printed.contains(" more rows, see the artifact\n")
    );
    Ok(())
}

#[test]
fn invalid_operands_are_status_2() -> Result {
    let repository = Repository::whole()?;
    let (status, printed) = run(repository.tool().args(["diff", "no-such-revision"]))?;
    assert_eq!(status, Some(2), "{printed}");
    assert!(
        printed.contains("is in no git repository, so it has no revisions"),
        "{printed}"
    );
    repository.edit("codegen/snapshots/aix-all.json", "\"name\"", "\"title\"")?;
    let tables = repository.path("codegen/snapshots");
    let (status, printed) = run(repository.tool().arg("diff").args([&tables, &tables]))?;
    assert_eq!(status, Some(2), "{printed}");
    assert!(
        printed.contains("this is no ABI snapshot: unknown field `title`"),
        "{printed}"
    );
    Ok(())
}

/// Two releases of real headers. The report is `renewal.md`; its breaking rows are NetBSD's own
/// history: NetBSD 11 gave kevent a new layout with `ext[4]`, and a new symbol, `__kevent100`, for
/// it.
#[test]
fn real_renewal_reports_the_changes_of_the_systems() -> Result {
    let repository = Repository::new()?;
    let sides = [
        "diff",
        "ziglang@0.15.2",
        "ziglang@0.17.1",
        "--format",
        "markdown",
    ];
    let output = repository.tool().args(sides).output()?;
    let printed = String::from_utf8(output.stdout)?;
    assert_eq!(
        output.status.code(),
        Some(1),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/renewal.md");
    let known = fs::read_to_string(&kept)?;
    assert_eq!(
        known, printed,
        "if it is right: cargo codegen diff ziglang@0.15.2 ziglang@0.17.1 --format markdown"
    );
    Ok(())
}

#[test]
fn a_renewal_that_lacks_a_system_writes_nothing() -> Result {
    let repository = Repository::whole()?;
    let before = repository.tree()?;
    let printed = repository.fail(&["bump", "ziglang", "0.15.2"])?;
    assert!(printed.contains("nothing was written"), "{printed}");
    assert!(repository.tree()? == before);
    Ok(())
}

#[test]
fn a_symbol_is_added_in_its_place() -> Result {
    let repository = Repository::whole()?;
    let printed = repository.succeed(&[
        "add",
        "EPOLLEXCLUSIVE",
        "--os",
        "linux",
        "--why",
        "wakes one of several",
    ])?;
    assert!(
        printed.contains("const EPOLLEXCLUSIVE  on linux (all "),
        "{printed}"
    );
    let list = fs::read_to_string(repository.path("codegen/symbols/linux.txt"))?;
    let line = list
        .lines()
        .find(|line| line.starts_with("EPOLLEXCLUSIVE "))
        .ok_or("no line")?;
    let words: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(
        words[..4],
        ["EPOLLEXCLUSIVE", "const", "__u32", "<linux/eventpoll.h>"]
    );
    repository.succeed(&["--check", "--os", "linux"])?;
    // Once to find it, then for each target: once with the new line alone, and by both readers with
    // all lines.
    assert_eq!(texts(&printed)?, 1 + 78 + 2 * 78);
    Ok(())
}

/// How many texts clang read, according to a report.
fn texts(printed: &str) -> Result<usize> {
    let (_, rest) = printed.split_once("clang read ").ok_or("no number")?;
    Ok(rest.split_once(' ').ok_or("no end")?.0.parse()?)
}

#[test]
fn all_errors_of_add_are_reported_together() -> Result {
    let repository = Repository::whole()?;
    let before = repository.tree()?;
    let mut words = vec!["add", "EPOLLIN", "EPOLLGONE", "EPOLLEXCLUSIV", "EPOLLIN"];
    words.extend(["--os", "linux", "--os", "linx", "--why", "x"]);
    let printed = repository.fail(&words)?;
    for wanted in [
        "error: codegen/symbols/linux.txt has `EPOLLIN` already\n",
        "error: codegen/headers/linux.h reaches no header that declares `EPOLLGONE`\n",
        "`EPOLLEXCLUSIV`; did you mean `EPOLLEXCLUSIVE`?\n",
        "error: `linx` is no system",
        "\nhelp: cargo codegen add EPOLLIN EPOLLGONE EPOLLEXCLUSIVE EPOLLIN \
         --os linux --os linux --why x\n",
    ] {
        assert!(printed.contains(wanted), "{wanted:?} is not in {printed}");
    }
    assert_eq!(
        printed.matches("has `EPOLLIN` already").count(),
        1,
        "{printed}"
    );
    let words = [
        "add", "NOTHING", "--os", "vita", "--os", "netbsd", "--why", "x",
    ];
    let printed = repository.fail(&words)?;
    for os in ["vita", "netbsd"] {
        let wanted = format!("codegen/headers/{os}.h reaches no header that declares `NOTHING`");
        assert!(printed.contains(&wanted), "{printed}");
    }
    assert!(repository.tree()? == before);
    Ok(())
}

/// Mac Catalyst is an iOS on macOS' headers: on Intel its `stat` is `stat$INODE64`, unlike the one
/// of simulators, which `target_abi` distinguishes.
#[test]
fn groups_part_by_target_abi() -> Result {
    let repository = Repository::whole()?;
    let how = ["--os", "apple", "--header", "<sys/stat.h>", "--why", "x"];
    repository.succeed(&[&["add", "stat"], &how[..]].concat())?;
    let read =
        |name: &str| fs::read_to_string(repository.path(&format!("generated/apple/{name}.rs")));
    let renamed = "#[link_name = \"stat$INODE64\"]";
    let (intel, simulator) = (
        read("lp64_not_sim_x86_64")?,
        read("lp64_aarch64_sim_x86_64")?,
    );
    assert!(intel.contains(renamed) && intel.contains("//! - x86_64-apple-ios-macabi\n"));
    assert!(!simulator.contains(renamed) && simulator.contains("//! - x86_64-apple-ios\n"));
    let cfg = "target_arch = \"x86_64\", target_pointer_width = \"64\", not(target_abi = \"sim\")";
    let wanted = format!("#[cfg(all({cfg}))]\nmod lp64_not_sim_x86_64;");
    assert!(read("mod")?.contains(&wanted), "{}", read("mod")?);
    Ok(())
}

/// What the tool does not bind is declared by hand, with the type and the symbol that the header
/// gives it.
#[test]
fn variables_are_refused_with_their_declaration() -> Result {
    let repository = Repository::whole()?;
    let words = [
        "add",
        "optarg",
        "sys_errlist",
        "--os",
        "netbsd",
        "--why",
        "x",
    ];
    let printed = repository.fail(&words)?;
    for wanted in [
        "`optarg`: it is a variable, and only functions, records and constants are bound; \
         declare it in src/: unsafe extern \"C\" { pub static mut optarg: *mut c_char; }\n",
        "{ #[link_name = \"__sys_errlist14\"] \
         pub static mut sys_errlist: *const *const c_char; }\n",
    ] {
        assert!(printed.contains(wanted), "{wanted:?} is not in {printed}");
    }
    // An array is none of a type that is written here.
    let words = [
        "add", "tzname", "--os", "freebsd", "--header", "<time.h>", "--why", "x",
    ];
    let printed = repository.fail(&words)?;
    assert!(
        printed.contains("declare it in src/ by hand\n"),
        "{printed}"
    );
    Ok(())
}

/// Functions and values of Windows, and a record, which Windows knows by the name of a type only.
#[test]
fn symbols_of_windows_are_added() -> Result {
    let repository = Repository::whole()?;
    let add = |names: &[&str]| -> Vec<String> {
        let how = ["--os", "windows", "--why", "a trial"];
        let words = [&["add"], names, &how].concat();
        words.into_iter().map(str::to_owned).collect()
    };
    let names = ["GetTickCount64", "SYSTEMTIME", "WAIT_IO_COMPLETION"];
    let words = add(&names);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let printed = repository.succeed(&words)?;
    for wanted in [
        "fn GetTickCount64  on windows (all 18 targets)",
        "struct SYSTEMTIME  on windows (all 18 targets)",
        "const WAIT_IO_COMPLETION  on windows (all 18 targets)\n      new: 192 of type ",
    ] {
        assert!(printed.contains(wanted), "{wanted} is not in {printed}");
    }
    let list = fs::read_to_string(repository.path("codegen/symbols/windows.txt"))?;
    for name in names {
        let line = list
            .lines()
            .find(|line| line.starts_with(&format!("{name} ")))
            .ok_or(name)?;
        assert!(
            line.contains("<w") && line.ends_with("# a trial"),
            "reached through a header of ours: {line}"
        );
    }
    // Where they are, and the questions for each of three architectures.
    assert_eq!(texts(&printed)?, 1 + 3);
    repository.succeed(&["--check", "--os", "windows"])?;
    // What no header has, and what the metadata of Windows lacks.
    for (name, wanted) in [
        (
            "NtNowhere",
            "codegen/headers/windows.h reaches no header that declares `NtNowhere`",
        ),
        ("strlen", "the metadata of Windows: "),
    ] {
        let before = repository.tree()?;
        let words = add(&[name]);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let printed = repository.fail(&words)?;
        assert!(
            printed.contains(wanted) && printed.contains(name),
            "{printed}"
        );
        assert!(!printed.contains("panicked at"), "{printed}");
        assert!(repository.tree()? == before);
    }
    // Layouts that are not computed, and one that the headers align differently.
    for name in ["IMAGE_DOS_HEADER", "CONTEXT", "SLIST_ENTRY"] {
        let words = add(&[name]);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let printed = repository.fail(&words)?;
        let wanted = "leave it out of the command";
        assert_eq!(support::help(&printed), wanted, "{printed}");
    }
    Ok(())
}

#[test]
fn records_are_drawn_and_symbols_explained() -> Result {
    let repository = Repository::whole()?;
    let drawn = repository.succeed(&[
        "show",
        "epoll_event",
        "--target",
        "x86_64-unknown-linux-gnu",
    ])?;
    assert!(
        drawn.contains("struct epoll_event: size 12, align 1, repr(C, packed), no padding"),
        "{drawn}"
    );
    let printed = repository.fail(&["show", "epol_event"])?;
    assert!(
        printed
            .contains("no ABI table has `epol_event` as a record; did you mean `epoll_event`?\n"),
        "{printed}"
    );
    let printed = repository.succeed(&["explain", "EPOLLRDHUP"])?;
    assert!(
        printed.contains("any-linux-any/linux/eventpoll.h:"),
        "{printed}"
    );
    Ok(())
}
