//! Rules for the source tree, checked by reading its files.
#![cfg(not(any(miri, target_os = "wasi")))]

#[path = "tidy/headers.rs"]
mod headers;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[path = "support/not_run.rs"]
mod not_run;
#[path = "tidy/prose.rs"]
mod prose;
#[path = "tidy/requirements.rs"]
mod requirements;
mod source_text;

use std::fs;
use std::path::{Path, PathBuf};

use source_text::code;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file below a folder: its path from the root, with `/`, and its text.
fn files(below: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(below)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                found.push((name(&path), fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(!found.is_empty(), "nothing below {below}");
    found.sort();
    found
}

fn name(path: &Path) -> String {
    let path = path.strip_prefix(root()).unwrap();
    path.to_string_lossy().replace('\\', "/")
}

fn is_test(name: &str) -> bool {
    name.ends_with("_tests.rs") || name.ends_with("/tests.rs")
}

/// Whether the file may have unsafe code.
fn may_be_unsafe(name: &str) -> bool {
    let listed = [
        "src/event/event.rs",
        "src/sys/event_buffer.rs",
        "src/net/forward.rs",
        "src/sys/windows/iocp/in_flight.rs",
        "src/unix/pipe.rs",
    ];
    listed.contains(&name)
        || (name.starts_with("src/sys/") || name.starts_with("src/testing/"))
            && name.ends_with("/syscall.rs")
        || name.starts_with("src/sys/unix/syscalls/")
        || name.starts_with("src/sys/windows/syscalls/")
        || name == "src/windows.rs"
}

#[test]
fn unsafe_code_is_in_the_listed_files() {
    let mut faults = Vec::new();
    for (name, text) in files("src") {
        if may_be_unsafe(&name) {
            continue;
        }
        for (number, line) in code(&text) {
            let word = line
                .split(|c: char| !(c.is_alphanumeric() || c == '_'))
                .any(|word| word == "unsafe" || word == "unsafe_code");
            // One line of the crate root allows unsafe code in the generated bindings.
            if word && !(name == "src/lib.rs" && line.trim().starts_with("unsafe_code,")) {
                faults.push(format!("{name}:{number}: {}", line.trim()));
            }
        }
    }
    assert!(
        faults.is_empty(),
        "unsafe outside the list:\n{}",
        faults.join("\n")
    );
}

/// No lint of Clippy rejects assertions. `src/lib.rs` denies the lints against other panics.
#[test]
fn sys_code_never_asserts() {
    // The fake of Windows checks its callers with panics.
    let fakes = files("src/testing").into_iter();
    let fakes = fakes.filter(|(name, _)| !name.starts_with("src/testing/windows/"));
    let mut faults = Vec::new();
    for (name, text) in files("src/sys").into_iter().chain(fakes) {
        if is_test(&name) {
            continue;
        }
        for (number, line) in code(&text) {
            if line.contains("assert") && line.contains("!(") && !line.contains("const _") {
                faults.push(format!("{name}:{number}: {}", line.trim()));
            }
        }
    }
    assert!(faults.is_empty(), "may panic:\n{}", faults.join("\n"));
}

/// Clippy does not run for Windows, for WASI, and for most fake kernels with kqueue(2).
#[test]
fn code_that_clippy_does_not_see_never_panics() {
    let folders = [
        "src/sys/windows",
        "src/sys/unix/kqueue",
        "src/testing/kqueue",
    ];
    let names = [
        "src/windows.rs",
        "src/sys/wasip1/syscall.rs",
        "src/sys/unix/syscalls/kqueue.rs",
    ];
    let words = [
        ".unwrap()",
        ".expect(",
        "panic!(",
        "unreachable!(",
        "todo!(",
        "unimplemented!(",
    ];
    let mut checked = 0;
    let mut faults = Vec::new();
    for (name, text) in files("src") {
        let is_unseen = folders.iter().any(|folder| name.starts_with(folder));
        if is_test(&name) || !is_unseen && !names.contains(&name.as_str()) {
            continue;
        }
        checked += 1;
        for (number, line) in code(&text) {
            if words.iter().any(|word| line.contains(word)) {
                faults.push(format!("{name}:{number}: {}", line.trim()));
            }
        }
    }
    assert!(checked > 30, "only {checked} files were found");
    assert!(faults.is_empty(), "may panic:\n{}", faults.join("\n"));
}

#[test]
fn target_os_appears_in_few_files() {
    let allowed = [
        "src/lib.rs",
        "src/sys/mod.rs",
        "src/sys/platform/macros.rs",
        "src/sys/platform/mod.rs",
        // The type of the key by which the system knows a source.
        "src/sys/selector.rs",
        "src/net/mod.rs",
        // Selects the sockets that exist.
        "src/net/forward.rs",
        "src/unowned_source.rs",
        // The type of `pollfd.events`.
        "src/sys/unix/caps.rs",
        // Which kernels and hosts Linux plays.
        "src/testing/mod.rs",
        // Linux tests the selector of WASI.
        "src/sys/wasip1/mod.rs",
        "src/sys/unsupported/mod.rs",
    ];
    let mut faults = Vec::new();
    for (name, text) in files("src") {
        // The roots of modules of Windows list what the portable tests compile.
        let is_root = name.starts_with("src/sys/windows/") && name.ends_with("/mod.rs");
        if allowed.contains(&name.as_str()) || is_root || is_test(&name) {
            continue;
        }
        for (number, line) in code(&text) {
            if line.contains("target_os")
                || line.contains("cfg(windows")
                || line.contains("target_vendor")
            {
                faults.push(format!("{name}:{number}: {}", line.trim()));
            }
        }
    }
    assert!(faults.is_empty(), "names a system:\n{}", faults.join("\n"));
}

/// A mechanism that a system does not use is not compiled there: the compiler makes code of every
/// implementation of a trait, used or not.
#[test]
fn mechanisms_are_compiled_where_they_are_used() {
    let rules: &[(&str, &str, &[&str])] = &[
        ("src/sys/mod.rs", "cfg_unsupported", &["unsupported"]),
        ("src/sys/mod.rs", "cfg_levels", &["level_backoff", "slab"]),
        (
            "src/sys/unix/mod.rs",
            "cfg_levels",
            &["level_triggered", "posix_poll"],
        ),
        ("src/sys/unix/mod.rs", "cfg_epoll", &["epoll"]),
        ("src/sys/unix/mod.rs", "cfg_event_ports", &["event_ports"]),
        ("src/sys/unix/mod.rs", "cfg_kqueue", &["kqueue"]),
        ("src/sys/unix/notifier/mod.rs", "cfg_waker_pipe", &["pipe"]),
        ("src/sys/unix/syscalls/mod.rs", "cfg_levels", &["poll"]),
    ];
    for (name, family, modules) in rules {
        let text = fs::read_to_string(root().join(name)).unwrap();
        let start = format!("{family}! {{");
        let blocks = text.split(start.as_str()).skip(1);
        let inside: String = blocks
            .map(|rest| rest.split("\n}").next().unwrap())
            .map(|rest| rest.split(" }\n").next().unwrap())
            .collect();
        for module in *modules {
            let declared = format!("mod {module};");
            assert!(inside.contains(&declared), "{name}: {module}, {family}");
            assert_eq!(text.matches(&declared).count(), 1, "{name}: {module}");
        }
    }
}

/// A lower layer names no module of a higher one.
#[test]
fn imports_go_downwards() {
    let rules: &[(&str, &[&str])] = &[
        ("src/token.rs", &["crate::"]),
        ("src/interest.rs", &["crate::"]),
        (
            "src/sys/",
            &[
                "Registry",
                "crate::net",
                "crate::unix",
                "crate::windows",
                "crate::poll",
                "crate::event",
                "crate::io_source",
                "crate::waker",
            ],
        ),
        (
            "src/event/event.rs",
            &[
                "crate::net",
                "crate::unix",
                "crate::windows",
                "crate::poll",
                "crate::io_source",
            ],
        ),
        (
            "src/event/events.rs",
            &[
                "crate::net",
                "crate::unix",
                "crate::windows",
                "crate::io_source",
            ],
        ),
        (
            "src/poll.rs",
            &[
                "crate::net",
                "crate::unix",
                "crate::windows",
                "crate::io_source",
                "crate::waker",
            ],
        ),
        (
            "src/waker.rs",
            &[
                "crate::net",
                "crate::unix",
                "crate::windows",
                "crate::io_source",
            ],
        ),
        (
            "src/io_source.rs",
            &["crate::net", "crate::unix", "crate::windows"],
        ),
        (
            "src/net/",
            &["crate::unix", "crate::windows", "crate::sys::ffi"],
        ),
        ("generated/", &["crate::", "libc::", "std::"]),
    ];
    let mut faults = Vec::new();
    let all = files("src").into_iter().chain(files("generated"));
    for (name, text) in all.filter(|(name, _)| !is_test(name)) {
        for (_, forbidden) in rules.iter().filter(|(place, _)| name.starts_with(place)) {
            for (number, line) in code(&text) {
                for word in *forbidden {
                    if line.contains(word) {
                        faults.push(format!("{name}:{number}: {}", line.trim()));
                    }
                }
            }
        }
    }
    assert!(
        faults.is_empty(),
        "names a higher layer:\n{}",
        faults.join("\n")
    );
}

#[test]
fn only_ffi_names_the_bindings() {
    for (name, text) in files("src") {
        if name == "src/lib.rs" || name == "src/sys/ffi.rs" {
            continue;
        }
        for (number, line) in code(&text) {
            assert!(!line.contains("generated"), "{name}:{number}: {line}");
        }
    }
}

/// `dead_code` is allowed for one item at a time, and each time a comment has the reason.
#[test]
fn dead_code_has_a_reason() {
    let mut allowed = 0;
    for (name, text) in files("src").iter().filter(|(name, _)| !is_test(name)) {
        let lines: Vec<&str> = text.lines().collect();
        for (number, code) in code(text) {
            if !code.contains("allow(dead_code") {
                continue;
            }
            let line = lines[number - 1].trim_start();
            assert!(line.starts_with("#["), "{name}:{number}: for a whole file");
            let reason = line.split_once("// ").map_or("", |(_, reason)| reason);
            let words = reason.split(' ').count();
            assert!(words >= 4, "{name}:{number}: why is it not used? {line}");
            let is_module = lines[number].split_whitespace().any(|word| word == "mod");
            assert!(!is_module, "{name}:{number}: for a whole module");
            allowed += 1;
        }
    }
    assert!(allowed > 20, "only {allowed} were found");
}

/// One function locks a mutex and ignores poisoning.
#[test]
fn one_function_ignores_poisoning() {
    for (name, text) in files("src/sys") {
        let ignores = code(&text)
            .iter()
            .any(|(_, line)| line.contains("PoisonError"));
        assert_eq!(
            ignores,
            name == "src/sys/sync.rs",
            "{name}: use `sync::lock`"
        );
    }
}

/// A field of `EVENTS` is read through a constant of its own. Elsewhere a build without
/// optimization copies the whole constant, and links functions that the system may not have.
#[test]
fn capabilities_are_read_through_constants() {
    let mut reads = 0;
    for (name, text) in files("src/sys") {
        for (number, line) in code(&text) {
            if line.replace("USER_EVENTS", "").contains("EVENTS.") {
                let line = line.trim();
                let is_constant =
                    line.starts_with("const ") || line.starts_with("pub(crate) const ");
                assert!(is_constant, "{name}:{number}: {line}");
                reads += 1;
            }
        }
    }
    assert!(reads > 5, "only {reads} reads were found");
}

#[test]
fn every_file_has_a_module_doc() {
    for folder in [
        "src",
        "generated",
        "tests",
        "examples",
        "codegen",
        "build-tools",
    ] {
        for (name, text) in files(folder) {
            if name.contains("/target/") {
                continue;
            }
            assert!(text.starts_with("//!"), "{name} does not begin with `//!`");
        }
    }
}

/// A reader finds a topic in one file, and reads a file in one go.
#[test]
fn library_files_are_few_and_of_readable_size() {
    let files = files("src");
    let mut short = Vec::new();
    for (name, text) in &files {
        let lines = text.lines().count();
        assert!(lines <= 500, "{name} has {lines} lines");
        assert!(
            lines >= 15 || name.ends_with("/mod.rs"),
            "{name} has {lines} lines and is no module root"
        );
        if lines <= 60 {
            short.push(name);
        }
    }
    assert!(files.len() <= 150, "{} files", files.len());
    assert!(short.len() <= 25, "too many short files: {short:#?}");
}

/// The block of an operating system is short enough to be read at a glance.
#[test]
fn platform_blocks_are_short() {
    let text = fs::read_to_string(root().join("src/sys/platform/mod.rs")).unwrap();
    let mut blocks = 0;
    for block in text.split("\nplatform! {\n").skip(1) {
        let block = block.split("\n}\n").next().unwrap();
        // Its first and its last line, too.
        let lines = block.lines().count() + 2;
        assert!(lines <= 15, "{lines} lines:\n{block}");
        blocks += 1;
    }
    assert!(blocks >= 24, "{blocks} blocks");
}

/// `cargo fmt` does not find modules that are declared inside a macro, so rustfmt gets every file.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[test]
fn files_are_formatted() {
    let names: Vec<String> = files("src").into_iter().map(|(name, _)| name).collect();
    let output = std::process::Command::new("rustfmt")
        .args(["--check", "--edition", "2024"])
        .args(names)
        .current_dir(root())
        .output();
    match output {
        Ok(output) => assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stdout)
        ),
        Err(error) => not_run::not_run(format_args!("rustfmt: {error}")),
    }
}

#[test]
fn top_level_matches_the_layout() {
    let expected = [
        "CHANGELOG.md",
        "Cargo.lock",
        "Cargo.toml",
        "LICENSE",
        "README.md",
        "build-tools",
        "codegen",
        "examples",
        "generated",
        "src",
        "target",
        "tests",
    ];
    for entry in fs::read_dir(root()).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        assert!(
            name.starts_with('.') || expected.contains(&name.as_str()),
            "{name} is not part of the layout"
        );
    }
}
