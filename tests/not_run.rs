//! The reason of a skipped test reaches standard error, although libtest captures the output of a
//! passing test.
#![cfg(not(any(miri, target_os = "wasi")))]

mod support;

use std::process::Command;

#[test]
#[ignore = "runs as the child process of `skip_reason_is_not_captured`"]
fn test_that_does_not_run() {
    println!("captured");
    support::not_run("there is no such thing");
}

/// libtest shows the output of a test only if it fails or with `--show-output`:
/// <https://doc.rust-lang.org/rustc/tests/index.html#--nocapture>.
#[test]
fn skip_reason_is_not_captured() {
    let program = std::env::current_exe().unwrap();
    let mut command = Command::new(program);
    command.args(["--exact", "test_that_does_not_run", "--ignored"]);
    let output = match command.output() {
        Ok(output) => output,
        Err(error) => {
            return support::not_run(format!("the test program cannot be started: {error}"));
        }
    };
    assert!(output.status.success());
    let (out, err) = (
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    );
    assert!(
        out.contains("1 passed") && !out.contains("captured"),
        "{out}"
    );
    let start = format!("mio test not run: {}:", file!());
    let lines: Vec<&str> = err.lines().filter(|line| line.contains(&start)).collect();
    assert!(
        matches!(lines[..], [line] if line.ends_with(": there is no such thing")),
        "{err}"
    );
}
