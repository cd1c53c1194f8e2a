//! What a blocked poll of idle connections costs: processor time, runs of its thread and system
//! calls. All are 0 on any machine, so they are counts, not times.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

use crate::Folders;
use crate::calls;
use crate::results::{Idle, Results};
use crate::worker::{Worker, spinner};

#[derive(Debug, Deserialize)]
struct Line {
    peer: String,
    connections: usize,
    nanos: Option<u64>,
    runs: Option<u64>,
    threads: usize,
}

/// The threads of the worker: the main one and the polling one.
const THREADS: usize = 2;

/// Observes the peers on one backend for this number of seconds each. strace stops a thread only at
/// its system calls, so it does not change the other counts.
pub(crate) fn run(
    folders: &Folders,
    worker: &Worker,
    peers: &[&str],
    seconds: u64,
    results: &mut Results,
) -> Result<()> {
    if !worker.is_countable() {
        return under_wine(worker, seconds, results);
    }
    let bar = spinner(&format!("idle connections, {}", worker.backend));
    let log = folders.out.join(format!("idle-{}.log", worker.backend));
    let output = Command::new("strace")
        .args(["-f", "-s", "64", "-o"])
        .arg(&log)
        .arg(worker.program("worker"))
        .args(["idle", "--seconds", &seconds.to_string()])
        .args(peers.iter().map(|peer| format!("--peer={peer}")))
        .stdin(Stdio::null())
        .output()
        .context("strace (Debian's package strace)")?;
    bar.finish_and_clear();
    if !output.status.success() {
        bail!("strace: {}", String::from_utf8_lossy(&output.stderr));
    }
    let log = fs::read(&log)?;
    let calls: BTreeMap<String, u64> = calls::read(&String::from_utf8_lossy(&log))
        .into_iter()
        .map(|(_, peer, _, calls)| (peer, calls.values().sum()))
        .collect();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let line: Line = serde_json::from_str(line)?;
        let calls = calls.get(&line.peer).context("the log has no marks")?;
        results.idle.push(Idle {
            backend: worker.backend.to_owned(),
            peer: line.peer,
            connections: line.connections,
            seconds,
            nanos: line.nanos.map(|nanos| nanos as f64),
            runs: line.runs.map(|runs| runs as f64),
            calls: Some(*calls as f64),
            more_threads: Some(line.threads.saturating_sub(THREADS) as f64),
        });
    }
    Ok(())
}

#[derive(Debug, Deserialize)]
struct Started {
    peer: String,
    connections: usize,
}

/// The scheduler's counts of all threads of a process: the nanoseconds in which they ran, and how
/// often they began to.
fn schedule(process: u32) -> Option<(u64, u64)> {
    let mut sum = (0, 0);
    for thread in fs::read_dir(format!("/proc/{process}/task")).ok()? {
        let text = fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        let mut fields = text.split_whitespace().map(str::parse::<u64>);
        sum.0 += fields.next()?.ok()?;
        sum.1 += fields.nth(1)?.ok()?;
    }
    Some(sum)
}

/// What the threads of a process have used between two counts. `None` if the counts of a thread
/// that has exited are missing in the second one.
fn used(before: (u64, u64), after: (u64, u64)) -> Option<(u64, u64)> {
    Some((
        after.0.checked_sub(before.0)?,
        after.1.checked_sub(before.1)?,
    ))
}

/// Observes the peers under Wine, whose processes are processes of this kernel. It includes Wine's
/// own threads, but not its server.
fn under_wine(worker: &Worker, seconds: u64, results: &mut Results) -> Result<()> {
    for peer in ["ours", "upstream", "polling"] {
        let bar = spinner(&format!("idle connections, {}, {peer}", worker.backend));
        let mut child = worker
            .command("worker")
            .args(["idle", "--peer", peer])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("the worker for Windows")?;
        let observed = child.stdout.take().context("no output").and_then(|output| {
            let mut line = String::new();
            BufReader::new(output).read_line(&mut line)?;
            let started: Started = serde_json::from_str(&line)
                .with_context(|| format!("the worker for Windows printed {line:?}"))?;
            // By then the poll blocks, and Wine's threads have started.
            thread::sleep(Duration::from_secs(2));
            let before = schedule(child.id());
            thread::sleep(Duration::from_secs(seconds));
            Ok((started, before, schedule(child.id())))
        });
        child.kill()?;
        child.wait()?;
        bar.finish_and_clear();
        let (started, before, after) = observed?;
        let used = before
            .zip(after)
            .and_then(|(before, after)| used(before, after));
        results.idle.push(Idle {
            backend: worker.backend.to_owned(),
            peer: started.peer,
            connections: started.connections,
            seconds,
            nanos: used.map(|used| used.0 as f64),
            runs: used.map(|used| used.1 as f64),
            calls: None,
            more_threads: None,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::used;

    #[test]
    fn counts_without_an_exited_thread_are_no_result() {
        assert_eq!(used((5, 1), (9, 1)), Some((4, 0)));
        assert_eq!(used((5, 3), (9, 1)), None);
        assert_eq!(used((9, 1), (5, 1)), None);
    }
}
