//! Counts the system calls of all threads with strace(1).

use std::collections::BTreeMap;
use std::fs;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::Folders;
use crate::results::Results;
use crate::worker::{Case, Worker, spinner};

/// A case, a peer, its operations and the number of each system call.
pub(crate) type Sum = (String, String, f64, BTreeMap<String, u64>);

/// Calls that belong to the case, whose threads start, wait, sleep and exit.
const OF_CASES: [&str; 4] = ["futex", "exit", "madvise", "clock_nanosleep"];

/// Counts the system calls of cases of one backend.
pub(crate) fn run(
    folders: &Folders,
    worker: &Worker,
    cases: &[Case],
    peers: &[&str],
    results: &mut Results,
) -> Result<()> {
    let names = traced(cases);
    // Without a name the worker would trace all its cases.
    if names.is_empty() || !worker.is_countable() {
        return Ok(());
    }
    let bar = spinner(&format!("system calls, {}", worker.backend));
    let log = folders.out.join(format!("strace-{}.log", worker.backend));
    let output = Command::new("strace")
        .args(["-f", "-s", "64", "-o"])
        .arg(&log)
        .arg(worker.program("worker"))
        .arg("trace")
        .args(peers.iter().map(|peer| format!("--peer={peer}")))
        .args(names)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .output()
        .context("strace (Debian's package strace)")?;
    bar.finish_and_clear();
    if !output.status.success() {
        bail!("strace: {}", String::from_utf8_lossy(&output.stderr));
    }
    let log = fs::read(&log)?;
    for (case, peer, operations, calls) in read(&String::from_utf8_lossy(&log)) {
        let each = |(name, count)| (name, count as f64 / operations);
        let row = results.row(worker.backend, &case);
        row.calls
            .insert(peer, calls.into_iter().map(each).collect());
    }
    Ok(())
}

/// The names of the cases whose calls count. Those of cases with threads depend on scheduling, and
/// tracing them is slow.
fn traced(cases: &[Case]) -> Vec<&str> {
    let cases = cases.iter().filter(|case| !case.threads);
    cases.map(|case| case.case.as_str()).collect()
}

/// Reads a log. The calls between the marks `begin` and `end` count, for the case and the peer of
/// the next mark `sum`.
pub(crate) fn read(log: &str) -> Vec<Sum> {
    let mut sums = Vec::new();
    let mut calls: BTreeMap<String, u64> = BTreeMap::new();
    let mut is_counted = false;
    for line in log.lines() {
        // `1234  name(arguments…`. A resumed call was counted when it was unfinished.
        let Some((_, call)) = line.split_once(char::is_whitespace) else {
            continue;
        };
        let Some((name, arguments)) = call.trim_start().split_once('(') else {
            continue;
        };
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || !name.chars().all(is_name) {
            continue;
        }
        if let Some(mark) = arguments.strip_prefix("-1, \"").filter(|_| name == "write") {
            let mark = mark.split('"').next().unwrap_or_default();
            let words: Vec<&str> = mark.split(' ').collect();
            match words[..] {
                ["begin"] => is_counted = true,
                ["end"] => is_counted = false,
                ["sum", case, peer, operations] => {
                    let operations = operations.parse().unwrap_or(f64::NAN);
                    let calls = std::mem::take(&mut calls);
                    sums.push((case.to_owned(), peer.to_owned(), operations, calls));
                }
                _ => {}
            }
        } else if is_counted && !OF_CASES.contains(&name) {
            *calls.entry(name.to_owned()).or_default() += 1;
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::{read, traced};
    use crate::worker::Case;

    #[test]
    fn cases_with_threads_are_not_traced() {
        let case = |name: &str, threads| Case {
            case: name.to_owned(),
            backend: "epoll".to_owned(),
            about: String::new(),
            threads,
            peers: Vec::new(),
        };
        let both = [case("wake", false), case("wake-threads-1", true)];
        assert_eq!(traced(&both), ["wake"]);
        assert!(traced(&both[1..]).is_empty());
    }

    #[test]
    fn calls_between_the_marks_count() {
        let log = "\
7  read(3, 0x0, 8) = 8
7  write(-1, \"begin\", 5) = -1 EBADF (Bad file descriptor)
7  epoll_wait(3, <unfinished ...>
8  write(4, \"\\1\\0\", 8) = 8
8  clock_nanosleep(CLOCK_REALTIME, 0, {tv_sec=1, tv_nsec=0}, NULL) = 0
7  <... epoll_wait resumed>[], 4, 0) = 1
7  write(-1, \"end\", 3) = -1 EBADF (Bad file descriptor)
7  close(3) = 0
7  write(-1, \"sum wake ours 2\", 15) = -1 EBADF (Bad file descriptor)
";
        let sums = read(log);
        assert_eq!(sums.len(), 1);
        let (case, peer, operations, calls) = &sums[0];
        assert_eq!(
            (case.as_str(), peer.as_str(), *operations),
            ("wake", "ours", 2.0)
        );
        let expected = [("epoll_wait".to_owned(), 1), ("write".to_owned(), 1)];
        assert_eq!(*calls, expected.into());
    }
}
