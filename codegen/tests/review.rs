//! The commands that show, compare and change the bindings: on the repository's own tables, and on real header packs of two
//! releases.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::{Repository, Result};

/// Copies this repository's tables.
fn copy_tables(to: &Path) -> Result {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/snapshots");
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with("abi@") {
            fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}

/// Status and what was printed, both streams.
fn run(command: &mut Command) -> Result<(Option<i32>, String)> {
    let output = command.output()?;
    let said = String::from_utf8(output.stdout)? + &String::from_utf8(output.stderr)?;
    Ok((output.status.code(), said))
}

/// Two folders of tables, one with an edit, compared.
fn compared(edits: &[(&str, &str, &str)], format: &str) -> Result<(Option<i32>, String)> {
    let repository = Repository::whole()?;
    let new: PathBuf = repository.path("new");
    copy_tables(&new)?;
    for (file, old, changed) in edits {
        repository.edit(&format!("new/{file}"), old, changed)?;
    }
    let old = repository.path("tests/snapshots");
    run(repository
        .tool()
        .arg("diff")
        .args([&old, &new])
        .args(["--format", format]))
}

#[test]
fn a_table_that_did_not_change_is_status_0() -> Result {
    let (status, said) = compared(&[], "terminal")?;
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("No difference on "), "{said}");
    Ok(())
}

#[test]
fn a_changed_value_is_breaking_and_one_row_for_all_its_targets() -> Result {
    let edits = [
        (
            "abi@freebsd-lp64.snap",
            "const EV_ADD: c_ushort = 1 ",
            "const EV_ADD: c_ushort = 2 ",
        ),
        (
            "abi@freebsd-x86.snap",
            "const EV_ADD: c_ushort = 1 ",
            "const EV_ADD: c_ushort = 2 ",
        ),
        (
            "abi@freebsd-arm.snap",
            "const EV_ADD: c_ushort = 1 ",
            "const EV_ADD: c_ushort = 2 ",
        ),
    ];
    let (status, said) = compared(&edits, "terminal")?;
    assert_eq!(status, Some(1), "{said}");
    assert!(
        said.contains("1 breaking, 0 widening, 0 cosmetic"),
        "{said}"
    );
    assert!(
        said.contains("const EV_ADD  on freebsd (all 9 targets)\n      value 1 → 2"),
        "{said}"
    );
    Ok(())
}

#[test]
fn a_new_symbol_is_widening_and_status_0() -> Result {
    let edits = [(
        "abi@aix-all.snap",
        "const EBADF",
        "const EAAA: c_int = 1 (0x1)\nconst EBADF",
    )];
    let (status, said) = compared(&edits, "markdown")?;
    assert_eq!(status, Some(0), "{said}");
    assert!(
        said.contains("### Widening") && said.contains("| const `EAAA` | new: 1 of type c\\_int |"),
        "{said}"
    );
    Ok(())
}

#[test]
fn an_inserted_field_is_drawn_on_both_sides() -> Result {
    let edits = [(
        "abi@netbsd-lp64.snap",
        "    offset 32, size  8  udata: *mut c_void",
        "    offset 32, size  8  extra: u64\n    offset 40, size  8  udata: *mut c_void",
    )];
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

/// GitHub takes 65,536 characters: a report of that many rows is cut, and says where all of it is.
#[test]
fn markdown_stays_below_what_a_comment_may_hold() -> Result {
    let repository = Repository::whole()?;
    let new = repository.path("new");
    copy_tables(&new)?;
    for entry in fs::read_dir(&new)? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "snap")
        {
            // Every symbol of every table is another one.
            let text = fs::read_to_string(&path)?;
            let text = text
                .replace("\nconst ", "\nconst X_")
                .replace("\nfn ", "\nfn x_");
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
            let lines = (0..40).map(|number| format!("const Z_{name}_{number}: c_int = 1 (0x1)\n"));
            fs::write(&path, text + &lines.collect::<String>())?;
        }
    }
    let (status, said) =
        run(repository
            .tool()
            .args(["diff", "tests/snapshots", "new", "--format", "markdown"]))?;
    assert_eq!(status, Some(1));
    let length = said.chars().count();
    assert!((20_000..65_536).contains(&length), "{length}");
    assert!(said.contains("`--format html --output abi.html` writes all of it"));
    assert!(
        said.contains("### Breaking")
            && said.contains("### Widening")
            && said.contains(" more rows\n")
    );
    Ok(())
}

#[test]
fn what_cannot_be_compared_is_status_2() -> Result {
    let repository = Repository::whole()?;
    let (status, said) = run(repository.tool().args(["diff", "no-such-revision"]))?;
    assert_eq!(status, Some(2), "{said}");
    assert!(
        said.contains("is in no git repository, so it has no revisions"),
        "{said}"
    );
    repository.edit(
        "tests/snapshots/abi@aix-all.snap",
        "const EBADF",
        "constant EBADF",
    )?;
    let tables = repository.path("tests/snapshots");
    let (status, said) = run(repository.tool().arg("diff").args([&tables, &tables]))?;
    assert_eq!(status, Some(2), "{said}");
    assert!(said.contains("is no line of an ABI table"), "{said}");
    Ok(())
}

/// Two releases of real headers. The report is `renewal.md`; its breaking rows are NetBSD's own history: NetBSD 11 gave kevent a new
/// layout with `ext[4]`, and a new symbol, `__kevent100`, for it.
#[test]
fn a_real_renewal_says_what_the_systems_changed() -> Result {
    let repository = Repository::new()?;
    let sides = [
        "diff",
        "ziglang@0.15.2",
        "ziglang@0.17.1",
        "--format",
        "markdown",
    ];
    let output = repository.tool().args(sides).output()?;
    let said = String::from_utf8(output.stdout)?;
    assert_eq!(
        output.status.code(),
        Some(1),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/renewal.md");
    let known = fs::read_to_string(&kept)?;
    assert_eq!(
        known, said,
        "if it is right: cargo codegen diff ziglang@0.15.2 ziglang@0.17.1 --format markdown"
    );
    Ok(())
}

#[test]
fn a_renewal_that_lacks_a_system_writes_nothing() -> Result {
    let repository = Repository::whole()?;
    let before = repository.tree()?;
    let said = repository.fail(&["bump", "ziglang", "0.15.2"])?;
    assert!(said.contains("nothing was written"), "{said}");
    assert!(repository.tree()? == before);
    Ok(())
}

#[test]
fn a_symbol_is_added_in_its_place() -> Result {
    let repository = Repository::whole()?;
    let said = repository.succeed(&[
        "add",
        "EPOLLEXCLUSIVE",
        "--os",
        "linux",
        "--why",
        "wakes one of several",
    ])?;
    assert!(
        said.contains("const EPOLLEXCLUSIVE  on linux (all "),
        "{said}"
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
    // Once to find it, then for each target: once with the new line alone, and by both readers with all lines.
    assert_eq!(texts(&said)?, 1 + 78 + 2 * 78);
    Ok(())
}

/// How many texts clang read, as a report says.
fn texts(said: &str) -> Result<usize> {
    let (_, rest) = said.split_once("clang read ").ok_or("no number")?;
    Ok(rest.split_once(' ').ok_or("no end")?.0.parse()?)
}

#[test]
fn all_that_cannot_be_added_is_said_at_once() -> Result {
    let repository = Repository::whole()?;
    let before = repository.tree()?;
    let mut words = vec!["add", "EPOLLIN", "EPOLLGONE", "EPOLLEXCLUSIV", "EPOLLIN"];
    words.extend(["--os", "linux", "--os", "linx", "--why", "x"]);
    let said = repository.fail(&words)?;
    for wanted in [
        "error: codegen/symbols/linux.txt has `EPOLLIN` already\n",
        "error: codegen/headers/linux.h reaches no header that declares `EPOLLGONE`; name ",
        "`EPOLLEXCLUSIV`; did you mean `EPOLLEXCLUSIVE`?\n",
        "error: `linx` is no system",
        "\ncargo codegen add EPOLLIN EPOLLGONE EPOLLEXCLUSIVE EPOLLIN --os linux --os linux --why x\n",
    ] {
        assert!(said.contains(wanted), "{wanted:?} is not in {said}");
    }
    assert_eq!(said.matches("has `EPOLLIN` already").count(), 1, "{said}");
    let words = [
        "add", "NOTHING", "--os", "vita", "--os", "netbsd", "--why", "x",
    ];
    let said = repository.fail(&words)?;
    for os in ["vita", "netbsd"] {
        let wanted = format!("codegen/headers/{os}.h reaches no header that declares `NOTHING`");
        assert!(said.contains(&wanted), "{said}");
    }
    assert!(repository.tree()? == before);
    Ok(())
}

/// Mac Catalyst is an iOS on macOS' headers: on Intel its `stat` is `stat$INODE64`, unlike the one of simulators, which
/// `target_abi` tells apart.
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

/// What the tool does not bind is declared by hand, with the type and the symbol that the header gives it.
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
    let said = repository.fail(&words)?;
    for wanted in [
        "`optarg`: it is a variable, and only functions, records and constants are bound; declare it in src/: \
         unsafe extern \"C\" { pub static mut optarg: *mut c_char; }\n",
        "{ #[link_name = \"__sys_errlist14\"] pub static mut sys_errlist: *const *const c_char; }\n",
    ] {
        assert!(said.contains(wanted), "{wanted:?} is not in {said}");
    }
    // An array is none of a type that is written here.
    let words = [
        "add", "tzname", "--os", "freebsd", "--header", "<time.h>", "--why", "x",
    ];
    let said = repository.fail(&words)?;
    assert!(said.contains("declare it in src/ by hand\n"), "{said}");
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
    let said = repository.succeed(&words)?;
    for wanted in [
        "fn GetTickCount64  on windows (all 18 targets)",
        "struct SYSTEMTIME  on windows (all 18 targets)",
        "const WAIT_IO_COMPLETION  on windows (all 18 targets)\n      new: 192 of type ",
    ] {
        assert!(said.contains(wanted), "{wanted} is not in {said}");
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
    assert_eq!(texts(&said)?, 1 + 3);
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
        let said = repository.fail(&words)?;
        assert!(said.contains(wanted) && said.contains(name), "{said}");
        assert!(!said.contains("panicked at"), "{said}");
        assert!(repository.tree()? == before);
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
    let said = repository.fail(&["show", "epol_event"])?;
    assert!(
        said.contains("no ABI table has `epol_event` as a record; did you mean `epoll_event`?\n"),
        "{said}"
    );
    let said = repository.succeed(&["explain", "EPOLLRDHUP"])?;
    assert!(said.contains("any-linux-any/linux/eventpoll.h:"), "{said}");
    Ok(())
}
