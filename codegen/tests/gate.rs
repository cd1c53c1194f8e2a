//! The gate: `diff --gate` and `accept`, on the repository's own tables.

#[path = "support/branch.rs"]
mod branch;
mod support;

use std::fs;

use branch::{Branch, TODAY, assert_contains};
use support::{Repository, Result};

#[test]
fn gate_turns_green_by_acceptance_and_red_by_another_value_or_day() -> Result {
    let branch = Branch::new()?;
    assert_eq!(branch.gate(&[])?.0, 0);
    branch.set(0, 1)?;
    let (status, printed) = branch.gate(&[])?;
    let id = branch.id()?;
    assert_eq!(status, 1, "{printed}");
    assert_contains(
        &printed,
        &[
            "The gate is red: 1 not accepted.",
            "const EV_ADD on freebsd: value 1 → 2 is breaking and not accepted",
            &format!("cargo codegen accept {id} --reason WHY --by NAME --until 2027-02-27"),
            &format!("[[accepted]]\nchange = \"{id}\"\ntargets = [\"freebsd\"]\nreason = \"\""),
        ],
    );
    // The entry as it is printed is not complete.
    let (_, entry) = printed
        .split_once("to be completed:\n\n")
        .ok_or("no entry")?;
    fs::write(branch.0.path("codegen/accepted.toml"), entry)?;
    let (status, printed) = branch.gate(&[])?;
    assert_eq!(status, 2);
    assert_contains(
        &printed,
        &["codegen/accepted.toml:2: `reason` is empty: state why"],
    );
    fs::remove_file(branch.0.path("codegen/accepted.toml"))?;

    assert_eq!(branch.accept(&[&id])?.0, 0);
    let wanted = format!(
        "\n# const EV_ADD: value 1 → 2\n[[accepted]]\nchange = \"{id}\"\n\
         targets = [\"freebsd\"]\nreason = \"why\"\nby = \"me\"\nuntil = 2027-03-01\n"
    );
    assert_contains(&branch.file()?, &[&wanted]);
    let (status, printed) = branch.gate(&[])?;
    assert_eq!(status, 0, "{printed}");
    assert_contains(&printed, &["The gate is green: 1 change is accepted."]);

    let (status, printed) = branch.run(&["diff", "--gate", "--today", "2027-03-02"])?;
    assert_eq!(status, 1, "{printed}");
    assert_contains(
        &printed,
        &["1 expired, 1 not accepted", "expired after 2027-03-01"],
    );
    let (status, printed) = branch.run(&["diff", "--gate", "--today", "2027-03-01"])?;
    assert_eq!(status, 0, "{printed}");
    assert_contains(&printed, &["note: codegen/accepted.toml:5: "]);

    branch.set(1, 2)?;
    let (status, printed) = branch.gate(&[])?;
    assert_eq!(status, 1, "{printed}");
    assert_contains(
        &printed,
        &["1 matching nothing, 1 not accepted", "value 1 → 4"],
    );
    // Nothing changed, but the entry stays.
    branch.set(2, 0)?;
    let (status, printed) = branch.gate(&[])?;
    assert_eq!(status, 1, "{printed}");
    assert_contains(
        &printed,
        &["1 matching nothing.", "cargo codegen accept --prune"],
    );
    let (status, printed) = branch.run(&["accept", "--prune", TODAY])?;
    assert_eq!(status, 0, "{printed}");
    assert_contains(&printed, &[&format!("{id}: removed\n")]);
    assert_eq!(branch.gate(&[])?.0, 0);
    Ok(())
}

#[test]
fn merged_entry_need_not_match_and_moves_to_the_history() -> Result {
    let branch = Branch::new()?;
    branch.set(0, 1)?;
    let id = branch.id()?;
    branch.accept(&[&id])?;
    branch.commit("another value")?;
    branch.git(&["tag", "release", "main"])?;
    branch.git(&["checkout", "--quiet", "main"])?;
    branch.git(&["merge", "--quiet", "change"])?;
    branch.git(&["checkout", "--quiet", "-b", "next"])?;
    let (status, printed) = branch.gate(&[])?;
    assert_eq!(status, 0, "{printed}");
    // The last release lacks entry and change.
    let (status, printed) = branch.gate(&["release"])?;
    assert_eq!(status, 0, "{printed}");
    assert_contains(&printed, &["The gate is green: 1 change is accepted."]);
    // Between two commits, the file of the new one counts.
    let old = ["release", "release"];
    assert_eq!(branch.gate(&old)?.0, 0);
    let (status, printed) = branch.run(&["accept", "--prune", TODAY])?;
    assert_eq!(status, 0, "{printed}");
    assert_contains(&printed, &[&format!("{id}: moved to [[history]]\n")]);
    let file = branch.file()?;
    assert!(
        file.contains("[[history]]") && !file.contains("[[accepted]]"),
        "{file}"
    );
    // It no longer accepts anything, nor does it expire.
    assert_eq!(
        branch.run(&["diff", "--gate", "--today", "2030-01-01"])?.0,
        0
    );
    assert_eq!(branch.gate(&["release"])?.0, 1);
    Ok(())
}

#[test]
fn acceptance_states_what_is_wrong() -> Result {
    let branch = Branch::new()?;
    branch.set(0, 1)?;
    let id = branch.id()?;
    let wrong = format!("{}0000", &id[..id.len() - 4]);
    let (status, printed) = branch.accept(&[&wrong])?;
    assert_eq!(status, 1, "{printed}");
    let help = format!("\nhelp: cargo codegen accept {id} --reason why");
    assert_contains(&printed, &[&format!("did you mean `{id}`?"), &help]);
    let (status, printed) = branch.accept(&[&id, "--target", "netbsd"])?;
    assert_eq!(status, 1, "{printed}");
    assert_contains(
        &printed,
        &["does not occur on `netbsd`; it occurs on freebsd"],
    );
    let past = [
        "accept",
        &id,
        "--reason",
        "x",
        "--by",
        "y",
        "--until",
        "2026-11-28",
        TODAY,
    ];
    let (status, printed) = branch.run(&past)?;
    assert_eq!(status, 1, "{printed}");
    assert_contains(&printed, &["2026-11-28 is over: today is 2026-11-29"]);
    let (status, printed) = branch.run(&["accept", &id])?;
    assert_eq!(status, 2, "{printed}");
    assert_contains(&printed, &["--reason <TEXT>", "--until <DATE>"]);
    assert!(!branch.0.path("codegen/accepted.toml").exists());
    // One triple, then the others.
    let one = "x86_64-unknown-freebsd";
    assert_eq!(branch.accept(&[&id, "--target", one])?.0, 0);
    let (status, printed) = branch.gate(&[])?;
    assert_eq!(status, 1, "{printed}");
    assert_contains(&printed, &["(only elsewhere: why (me, until 2027-03-01))"]);
    // The entry is renewed on the first one, too.
    let other = "aarch64-unknown-freebsd";
    let (_, printed) = branch.accept(&[&id, "--target", other])?;
    assert_contains(&printed, &[&format!("EV_ADD on {other}, {one}: ")]);
    assert_eq!(branch.accept(&["--all"])?.0, 0);
    let file = branch.file()?;
    assert_eq!(file.matches("[[accepted]]").count(), 1, "{file}");
    assert_eq!(branch.gate(&[])?.0, 0);
    let before = branch.file()?;
    assert_contains(&branch.accept(&["--all"])?.1, &["accepted already"]);
    assert_eq!(branch.file()?, before);
    Ok(())
}

#[test]
fn levels_are_set_by_kind() -> Result {
    let branch = Branch::new()?;
    branch.set(0, 1)?;
    let path = branch.0.path("codegen/accepted.toml");
    fs::write(&path, "[severity]\nvalue-changed = \"warning\"\n")?;
    let (status, printed) = branch.gate(&["--format", "github"])?;
    assert_eq!(status, 0, "{printed}");
    assert_contains(&printed, &["\n::warning file=codegen/snapshots/"]);
    assert_contains(
        &branch.run(&["list", "kinds"])?.1,
        &["value-changed          warning "],
    );
    fs::write(&path, "[severity]\nvalue-change = \"warning\"\n")?;
    let (status, printed) = branch.gate(&[])?;
    assert_eq!(status, 2, "{printed}");
    assert_contains(
        &printed,
        &[
            "codegen/accepted.toml:2: `value-change` is no kind of change; did you mean \
             `value-changed`?\n",
            "help: write `value-changed` in codegen/accepted.toml\n",
        ],
    );
    Ok(())
}

#[test]
fn lowered_level_of_a_breaking_change_is_noted() -> Result {
    let branch = Branch::new()?;
    branch.set(0, 1)?;
    let path = branch.0.path("codegen/accepted.toml");
    fs::write(&path, "[severity]\nvalue-changed = \"ignored\"\n")?;
    let note = "codegen/accepted.toml: [severity] sets `value-changed` to `ignored`: \
                1 breaking change passes without an entry; the old operand has another level";
    for format in ["terminal", "markdown", "json", "html"] {
        let (status, printed) = branch.gate(&["--format", format])?;
        assert_eq!(status, 0, "{printed}");
        assert_contains(&printed.replace('\\', ""), &[note]);
    }
    let (_, printed) = branch.gate(&["--format", "github"])?;
    assert_contains(&printed, &[&format!("::warning title=ABI gate::{note}\n")]);
    // The next branch has the same level.
    branch.commit("level")?;
    branch.git(&["branch", "--force", "main"])?;
    branch.set(1, 2)?;
    let (status, printed) = branch.gate(&[])?;
    assert_eq!(status, 0, "{printed}");
    assert_contains(&printed, &["1 breaking change passes without an entry\n"]);
    branch.set(2, 1)?;
    assert!(!branch.gate(&[])?.1.contains("[severity]"));
    Ok(())
}

#[test]
fn entry_about_another_system_does_not_fail_a_part() -> Result {
    let branch = Branch::new()?;
    branch.set(0, 1)?;
    branch.accept(&["--all"])?;
    for part in [
        ["--os", "linux"],
        ["--target", "x86_64-unknown-netbsd"],
        ["--os", "freebsd"],
    ] {
        let (status, printed) = branch.gate(&part)?;
        assert_eq!(status, 0, "{printed}");
    }
    branch.set(1, 0)?;
    assert_eq!(branch.gate(&[])?.0, 1, "it matches nothing in the whole");
    Ok(())
}

/// A second table with the old values would hide a change.
#[test]
fn target_or_symbol_that_is_there_twice_is_an_error() -> Result {
    let branch = Branch::new()?;
    let name = "codegen/snapshots/freebsd-lp64.json";
    let copy = branch.0.path("codegen/snapshots/zz.json");
    fs::copy(branch.0.path(name), &copy)?;
    branch.set(0, 1)?;
    let (status, printed) = branch.gate(&[])?;
    assert_eq!(status, 2, "{printed}");
    assert_contains(
        &printed,
        &["zz.json:1: ", "freebsd-lp64.json describes ", " already"],
    );
    branch.commit("copy")?;
    let (status, printed) = branch.gate(&["main", "HEAD"])?;
    assert_eq!(status, 2, "{printed}");
    assert_contains(&printed, &["zz.json:1: ", " already"]);
    fs::remove_file(copy)?;
    let new = r#"{"name": "EV_ADD", "ty": "c_ushort", "value": 2}"#;
    let both = format!("{new},\n{}", new.replace("2}", "1}"));
    branch.0.edit(name, new, &both)?;
    let (status, printed) = branch.gate(&[])?;
    assert_eq!(status, 2, "{printed}");
    assert_contains(&printed, &["the constant `EV_ADD` is there twice"]);
    Ok(())
}

/// A base whose file is invalid must not keep a pull request from correcting it.
#[test]
fn invalid_file_of_the_base_accepts_nothing() -> Result {
    let branch = Branch(Repository::whole()?);
    let path = branch.0.path("codegen/accepted.toml");
    fs::write(&path, "[[accept]]\n")?;
    branch.git(&["init", "--quiet", "--initial-branch", "main"])?;
    branch.commit("base")?;
    branch.git(&["checkout", "--quiet", "-b", "change"])?;
    assert_eq!(branch.gate(&[])?.0, 2);
    fs::write(&path, "")?;
    let (status, printed) = branch.gate(&[])?;
    assert_eq!(status, 0, "{printed}");
    assert_contains(
        &printed,
        &["the old operand has an invalid file: codegen/accepted.toml:1: "],
    );
    Ok(())
}
