//! Checks `codegen/headers`: every file links the sources of its declarations.

use std::fs;

use super::{name, root};

/// Whether a link to a file on GitHub names a commit, so that the file cannot change.
fn is_permalink(url: &str) -> bool {
    match url.split_once("/blob/") {
        Some((_, path)) => path.split('/').next().is_some_and(|commit| {
            commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit())
        }),
        None => !url.starts_with("https://github.com/"),
    }
}

#[test]
fn headers_link_their_sources() {
    let mut faults = Vec::new();
    for entry in fs::read_dir(root().join("codegen/headers")).unwrap() {
        let path = entry.unwrap().path();
        let (file, text) = (name(&path), fs::read_to_string(&path).unwrap());
        let words = text.split_whitespace();
        let links: Vec<&str> = words.filter(|word| word.starts_with("https://")).collect();
        if links.is_empty() {
            faults.push(format!("{file}: no link to a source"));
        }
        let moving = links.iter().filter(|link| !is_permalink(link));
        faults.extend(moving.map(|link| format!("{file}: no commit in {link}")));
        let long = text.lines().filter(|line| line.chars().count() > 100);
        let long = long.filter(|line| !line.contains("https://"));
        faults.extend(long.map(|line| format!("{file}: longer than 100 columns: {line}")));
    }
    assert!(faults.is_empty(), "headers:\n{}", faults.join("\n"));
}

#[test]
fn permalinks_name_a_commit() {
    let commit = "0123456789abcdef0123456789abcdef01234567";
    let file = |version: &str| format!("https://github.com/owner/name/blob/{version}/sys/event.h");
    assert!(is_permalink(&file(commit)));
    assert!(!is_permalink(&file("main")));
    assert!(!is_permalink("https://github.com/owner/name"));
    assert!(is_permalink(
        "https://man7.org/linux/man-pages/man2/poll.2.html"
    ));
}
