//! The file: what is valid, and how it is changed.

use jiff::civil::date;

use super::{Accepted, Entry, Level, prune, record};
use crate::abi_diff::{Change, Fact, FactKind, Kind, Row, Severity};

/// A row of a constant whose value changed.
fn row() -> Row {
    let change = Change {
        severity: Severity::Breaking,
        kind: Kind::Const,
        symbol: "C".to_owned(),
        facts: vec![Fact::new(FactKind::ValueChanged, 1, 2, "value 1 → 2")],
        old: None,
        new: None,
    };
    Row {
        id: change.id(),
        change,
        systems: Vec::new(),
        used_by: Vec::new(),
        advice: String::new(),
        locations: Vec::new(),
    }
}

/// An entry for it.
fn entry(targets: &[&str], reason: &str) -> Entry {
    Entry {
        line: 0,
        change: row().id,
        targets: targets.iter().map(|name| (*name).to_owned()).collect(),
        reason: reason.to_owned(),
        by: "me".to_owned(),
        until: date(2027, 3, 1),
    }
}

const ID: &str = "const-A-0123456789abcdef";

/// A file with one entry, in a form of its own.
const FILE: &str = "# Ours.\n\n[severity]\n  value-changed = 'warning' # for now\n\n\
    # why\n[[accepted]]\nchange = \"const-A-0123456789abcdef\"   # the first\n\
    reason = '''it is\nright'''\nby = \"me\"\nuntil = 2027-03-01\n";

#[test]
fn invalid_files_are_rejected_with_the_line() {
    let with = |old: &str, new: &str| {
        assert!(FILE.contains(old), "{old}");
        FILE.replacen(old, new, 1)
    };
    let twice = format!("{FILE}\n{}", FILE.split_once("# why\n").unwrap().1);
    for (text, wanted) in [
        (
            with("value-changed", "value-change"),
            "codegen/accepted.toml:4: `value-change` is no kind of change; \
             did you mean `value-changed`?",
        ),
        (
            with("'warning'", "\"warn\""),
            "codegen/accepted.toml:4: `warn` is no level",
        ),
        (
            with("abcdef", "abcde"),
            "codegen/accepted.toml:7: `const-A-0123456789abcde` is not the",
        ),
        (
            with("'''it is\nright'''", "' '"),
            "codegen/accepted.toml:7: `reason` is empty",
        ),
        (
            with("\"me\"", "''"),
            "codegen/accepted.toml:7: `by` is empty",
        ),
        (
            with("2027-03-01", "2027-03-01T10:00:00"),
            "`until` is not a date such as 2027-03-01",
        ),
        (
            with("2027-03-01", "\"2027-03-01\""),
            "codegen/accepted.toml:12: ",
        ),
        (
            with("by = ", "targets = []\nby = "),
            "`targets` is empty: name some",
        ),
        (
            with("by = ", "byy = "),
            "codegen/accepted.toml:11: unknown field `byy`",
        ),
        (with("[[accepted]]", "[[accept]]"), "unknown field `accept`"),
        (
            twice,
            "codegen/accepted.toml:14: `const-A-0123456789abcdef` is accepted in line 7 already",
        ),
    ] {
        let error = Accepted::parse(&text).expect_err(wanted).to_string();
        assert!(error.contains(wanted), "{wanted:?} is not in {error}");
    }
    let accepted = Accepted::parse(FILE).unwrap();
    assert_eq!(accepted.level(FactKind::ValueChanged), Level::Warning);
    assert_eq!(accepted.level(FactKind::SizeChanged), Level::Breaking);
    assert_eq!((accepted.entries.len(), accepted.entries[0].line), (1, 7));
}

#[test]
fn new_entry_keeps_the_rest_of_the_file() {
    let text = record(FILE, &entry(&["b", "a"], "r"), &row()).unwrap();
    let wanted = format!(
        "{FILE}\n# const C: value 1 → 2\n[[accepted]]\nchange = \"{}\"\ntargets = [\"a\", \"b\"]\n\
         reason = \"r\"\nby = \"me\"\nuntil = 2027-03-01\n",
        row().id
    );
    assert_eq!(text, wanted);
    // It is renewed in its own form, and its targets add up.
    let text = text.replace("reason = \"r\"", "reason = \"r\"  # note");
    let text = record(&text, &entry(&["c"], "s"), &row()).unwrap();
    let wanted = wanted
        .replace("[\"a\", \"b\"]", "[\"a\", \"b\", \"c\"]")
        .replace("reason = \"r\"", "reason = \"s\"  # note");
    assert_eq!(text, wanted);
    let text = record(&text, &entry(&[], "s"), &row()).unwrap();
    assert_eq!(
        text,
        wanted.replace("targets = [\"a\", \"b\", \"c\"]\n", "")
    );
    // Many targets have lines of their own.
    let text = record(FILE, &entry(&["a", "b", "c", "d"], "r"), &row()).unwrap();
    let list = "targets = [\n    \"a\",\n    \"b\",\n    \"c\",\n    \"d\",\n]\n";
    assert!(text.contains(list), "{text}");
}

#[test]
fn head_of_the_file_stays_first() {
    let head = include_str!("head.toml");
    let text = record(head, &entry(&["a"], "r"), &row()).unwrap();
    let entry = text.strip_prefix(head).expect("the head comes first");
    assert!(
        entry.starts_with("\n# const C: value 1 → 2\n[[accepted]]\n"),
        "{text}"
    );
    let moved = prune(&text, |_| true, |_| false).unwrap();
    assert_eq!(moved, text.replace("[[accepted]]", "[[history]]"));
    assert_eq!(prune(&text, |_| false, |_| true).unwrap(), head);
    let more = format!(
        "{text}\n[[accepted]]\nchange = \"{ID}\"\nreason = \"r\"\nby = \"b\"\n\
        until = 2027-03-01\n"
    );
    let ours = row().id;
    let kept = prune(&more, |id| id == ours, |_| false).unwrap();
    assert!(
        kept.starts_with(&format!("{head}\n[[accepted]]\nchange = \"{ID}\"")),
        "{kept}"
    );
    assert!(
        kept.ends_with(&entry.replace("[[accepted]]", "[[history]]")),
        "{kept}"
    );
    let alone = record("", &self::entry(&["a"], "r"), &row()).unwrap();
    assert!(alone.starts_with("# const C"), "{alone}");
}

#[test]
fn pruned_entries_move_to_the_history_or_vanish() {
    let text = record(FILE, &entry(&["a"], "r"), &row()).unwrap();
    let ours = row().id;
    let pruned = prune(&text, |id| id == ID, |id| id == ours).unwrap();
    assert_eq!(pruned, FILE.replace("[[accepted]]", "[[history]]"));
    let accepted = Accepted::parse(&pruned).unwrap();
    assert!(accepted.entries.is_empty(), "the history accepts nothing");
    let pruned = prune(&text, |_| false, |id| id == ID).unwrap();
    assert!(!pruned.contains(ID) && pruned.contains(&ours), "{pruned}");
    assert_eq!(prune(&text, |_| false, |_| false).unwrap(), text);
}
