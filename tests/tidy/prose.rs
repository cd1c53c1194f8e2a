//! Checks prose: no line is too long, and terms that the project has replaced stay out.

use std::fs;
use std::path::Path;

use super::{name, root};

/// The longest line, in characters: rustfmt's default `max_width`.
const COLUMNS: usize = 100;

/// Folders and files of Rust and Python without a longer line. A line that is one URL may be longer.
const NARROW: &[&str] = &["build-tools", "codegen", "examples", "src", "tests"];

/// Folders and pages that use no term of `REPLACED`.
const EVERYWHERE: &[&str] = &[
    ".github",
    "CHANGELOG.md",
    "README.md",
    "build-tools",
    "codegen",
    "examples",
    "src",
    "tests",
];

/// Terms that the project has replaced, and the terms to use.
const REPLACED: &[(&str, &str)] = &[
    ("afd_elsewhere", "portable tests"),
    ("an operation of your own", "an operation of the caller"),
    ("anew", "again"),
    ("as told", "as expected"),
    ("as_raw_record", "as_event"),
    ("begun", "started, partial"),
    ("behaviour", "behavior"),
    ("behaviours", "behaviors"),
    ("bends", "changes"),
    ("by_number", "by_fd"),
    ("contract_tests", "selector_tests"),
    ("dead ends", "synthetic EOF events"),
    ("dead_ends", "SyntheticEof"),
    ("deaf", "misses events"),
    ("decisions", "the requirement in a sentence"),
    ("disagreements", "known differences"),
    ("disturbs", "an outcome, such as \"leaves others working\""),
    ("doorbell", "wake event"),
    ("doorbells", "wake events"),
    ("double", "fake kernel"),
    ("doubles", "fake kernels"),
    ("elsewhere_tests", "portable tests"),
    ("exact_poll", "ppoll"),
    ("exact_wait", "epoll_pwait2"),
    ("for ever", "forever"),
    ("give_back", "release"),
    ("in doubt", "needs_probe"),
    ("initialised", "initialized"),
    ("is_a_piece", "is_clamped"),
    ("is_raw", "is_unowned"),
    ("kqueue_double", "fake_kernel"),
    ("lane", "direction"),
    ("lanes", "directions, back-off"),
    ("lawful", "valid"),
    ("level_doubt", "needs_probe"),
    ("licence", "license"),
    ("look_below", "base service provider"),
    ("mend", "fix"),
    ("mends", "fixes"),
    ("mio_event_ports_double", "mio_fake_kernel"),
    ("mio_kqueue_double", "mio_fake_kernel"),
    ("mio_wasi_double", "mio_fake_kernel"),
    ("muted", "suppressed"),
    ("muted_until", "suppressed_until"),
    ("new_pipe", "pipe2"),
    ("no one", "the actor"),
    ("nobody", "the actor"),
    ("parked", "suspended"),
    ("personality", "quirks"),
    ("pipe_elsewhere", "portable tests"),
    ("places", "slots"),
    ("raw_sources", "unowned sources"),
    ("record_list", "event_buffer"),
    ("register_raw", "register_fd"),
    ("retract", "clear_pending"),
    ("said", "printed, returned"),
    ("say what", "state, report"),
    ("says", "prints, returns"),
    ("seam", "ffi"),
    ("seen_clear", "observed_not_ready"),
    ("seldom", "a back-off, nightly"),
    ("socket_contract", "socket_api"),
    ("somebody", "the actor"),
    ("stand on", "depend on"),
    ("strike", "remove"),
    ("tells", "prints, returns"),
    ("tenant", "entry"),
    ("tenants", "entries"),
    ("the common wait", "the blocking poll"),
    ("the one below", "base service provider"),
    ("the system says", "the error of the system"),
    ("time-out", "timeout"),
    ("time-outs", "timeouts"),
    ("told", "printed, reported"),
    ("truth table", "event semantics"),
    ("truth_table", "event_semantics"),
    ("unproven", "needs_probe"),
    ("wait_elsewhere", "portable tests"),
    ("whoever", "the actor"),
    ("witnesses", "cross-check"),
];

/// Terms of other fields, which are the right ones in these files: a type of C, and
/// personality(2).
const ALLOWED: &[(&str, &str)] = &[
    ("codegen/", "double"),
    ("build-tools/src/bin/xtask/wine.rs", "personality"),
];

/// Terms that the tools have replaced. In the library they have another meaning.
const REPLACED_IN_TOOLS: &[(&str, &str)] = &[
    ("again:", "retry:"),
    ("foreign", "cross"),
    ("so many", "the number"),
];

/// Files of a folder, or the one file that `below` names.
fn text_files(below: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut left = vec![root().join(below)];
    while let Some(path) = left.pop() {
        let is_build_output = path.file_name().is_some_and(|name| name == "target");
        if path.is_dir() {
            if !is_build_output {
                let entries = fs::read_dir(&path).unwrap();
                left.extend(entries.map(|entry| entry.unwrap().path()));
            }
        } else if is_prose(&path) {
            found.push((name(&path), fs::read_to_string(&path).unwrap()));
        }
    }
    found.sort();
    found
}

/// Whether the rules hold for the file. Snapshots, generated files and this list itself are not
/// checked.
fn is_prose(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    let is_text = matches!(
        ending,
        Some("h" | "md" | "py" | "rdl" | "rs" | "toml" | "txt")
    );
    let path = name(path);
    // `cargo codegen` writes the bindings of a project.
    let is_generated = path.starts_with("build-tools/") && path.contains("/generated/");
    is_text
        && !is_generated
        && path != "codegen/snapshots/matrix.md"
        && path != "tests/tidy/prose.rs"
}

/// The first place of `term` in `text` with no letter or digit around it.
fn find_term(text: &str, term: &str) -> Option<usize> {
    let is_whole = |at: usize| {
        let is_part_before = text[..at].ends_with(char::is_alphanumeric);
        let is_part_after = text[at + term.len()..].starts_with(char::is_alphanumeric);
        !is_part_before && !is_part_after
    };
    text.match_indices(term)
        .map(|(at, _)| at)
        .find(|at| is_whole(*at))
}

/// Whether a line is a link's target and nothing else, which cannot be wrapped.
fn is_url(line: &str) -> bool {
    let text = line.trim_start().trim_start_matches(['/', '!', ' ', '<']);
    let target = match text.split_once("]: ") {
        Some((label, target)) if label.starts_with('[') => target,
        _ => text,
    };
    target.starts_with("https://") && !target.contains(' ')
}

#[test]
fn lines_have_at_most_100_columns() {
    let mut faults = Vec::new();
    for folder in NARROW {
        let files = text_files(folder);
        assert!(!files.is_empty(), "nothing below {folder}");
        for (file, text) in files
            .iter()
            .filter(|(file, _)| file.ends_with(".rs") || file.ends_with(".py"))
        {
            for (index, line) in text.lines().enumerate() {
                if line.len() > COLUMNS && line.chars().count() > COLUMNS && !is_url(line) {
                    faults.push(format!("{file}:{}: {line}", index + 1));
                }
            }
        }
    }
    assert!(faults.is_empty(), "longer lines:\n{}", faults.join("\n"));
}

#[test]
fn replaced_terms_stay_out() {
    let mut faults = find_terms(EVERYWHERE, REPLACED);
    faults.extend(find_terms(&["build-tools", ".github"], REPLACED_IN_TOOLS));
    assert!(faults.is_empty(), "replaced terms:\n{}", faults.join("\n"));
}

#[test]
fn comments_have_no_private_numbers() {
    let mut faults = Vec::new();
    for (file, text) in EVERYWHERE.iter().flat_map(|below| text_files(below)) {
        if has_private_number(&text) {
            let lines = text.lines().filter(|line| has_private_number(line));
            faults.extend(lines.map(|line| format!("{file}: {line}")));
        }
    }
    assert!(faults.is_empty(), "private numbers:\n{}", faults.join("\n"));
}

/// The places with one of the terms.
fn find_terms(folders: &[&str], terms: &[(&str, &str)]) -> Vec<String> {
    let mut found = Vec::new();
    for (file, text) in folders.iter().flat_map(|below| text_files(below)) {
        let text = text.to_lowercase();
        for (term, replacement) in terms {
            let is_allowed =
                |(path, allowed): &(&str, &str)| file.starts_with(path) && allowed == term;
            if ALLOWED.iter().any(is_allowed) {
                continue;
            }
            if let Some(at) = find_term(&text, term) {
                let line = text[..at].lines().count();
                found.push(format!("{file}:{line}: \"{term}\": use {replacement}"));
            }
        }
    }
    found
}

/// Whether a text has a number of a list that is not in the repository, such as `A` `-12`.
fn has_private_number(text: &str) -> bool {
    text.match_indices("A-").any(|(at, _)| {
        let is_word = !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '-');
        is_word && text[at + 2..].starts_with(|c: char| c.is_ascii_digit())
    })
}

#[test]
fn terms_are_whole_words() {
    assert_eq!(find_term("the doorbell_ring", "doorbell"), Some(4));
    assert_eq!(find_term("time-outs, a time-out.", "time-out"), Some(13));
    assert_eq!(find_term("doorbells", "doorbell"), None);
    let lists = [REPLACED, REPLACED_IN_TOOLS];
    for (term, _) in lists.concat() {
        assert_eq!(term, term.to_lowercase());
    }
    assert!(has_private_number(&format!("/// {}-12.", 'A')));
    assert!(!has_private_number("AREA-12, A-B"));
}

#[test]
fn only_a_bare_url_may_be_long() {
    assert!(is_url("/// [page]: https://example.com/long"));
    assert!(is_url("    // <https://example.com/long>."));
    assert!(!is_url("// See https://example.com/long"));
    assert!(!is_url("https://example.com/long and more"));
}
