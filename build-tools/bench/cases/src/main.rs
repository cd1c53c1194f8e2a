//! The worker: runs cases and prints one line of JSON for each result, which `mio-bench` reads.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use lexopt::prelude::*;
use mio_bench_cases::cases::{self, BACKEND, Case};
use mio_bench_cases::meter::Meter;
use serde_json::json;

#[cfg(unix)]
mod limits;
#[cfg(target_os = "linux")]
mod observe;
mod outside;

const HELP: &str = "\
Usage: worker list
       worker time [--rounds N] [--millis N] [--seconds N] [CASE…]
       worker count [CASE…]
       worker trace [CASE…]
       worker latency [--rounds N] [--seconds N]
       worker idle [--seconds N]
       worker machine

  --peer NAME  run only this peer; repeatable

  list    prints the cases of this build
  time    runs the peers in turn, in rounds; --seconds ends a case early, after at least 7 rounds
  count   runs each peer once, for callgrind
  trace   runs each peer once, for strace
  latency the times from a wake to its event, of an idle and of a loaded selector
  idle    what a blocked poll of 10,000 connections costs in N seconds
  machine the cost of a system call
";

/// A median needs at least this number of rounds.
const MIN_ROUNDS: usize = 7;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), lexopt::Error> {
    let (mut rounds, mut millis, mut words) = (5_usize, 2_u64, Vec::new());
    let mut seconds = u64::MAX;
    let mut peers = Vec::new();
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("rounds") => rounds = parser.value()?.parse()?,
            Long("millis") => millis = parser.value()?.parse()?,
            Long("seconds") => seconds = parser.value()?.parse()?,
            Long("peer") => peers.push(parser.value()?.string()?),
            Long("help") | Short('h') => {
                print!("{HELP}");
                return Ok(());
            }
            Value(word) => words.push(word.string()?),
            _ => return Err(argument.unexpected()),
        }
    }
    if words.is_empty() {
        return Err(HELP.into());
    }
    let command = words.remove(0);
    #[cfg(target_os = "linux")]
    {
        let is_selected = |peer: &str| peers.is_empty() || peers.iter().any(|name| name == peer);
        match command.as_str() {
            "latency" => return observe::latency(rounds, seconds, is_selected),
            "idle" => return observe::idle(seconds, is_selected),
            "machine" => return observe::machine(),
            _ => {}
        }
    }
    #[cfg(windows)]
    if command == "idle" {
        idle(peers.first().map_or("ours", String::as_str));
    }
    let mut selected: Vec<Case> = cases::all()
        .into_iter()
        .filter(|case| words.is_empty() || words.iter().any(|word| word == case.name))
        .collect();
    for case in &mut selected {
        let is_selected = |peer: &str| peers.is_empty() || peers.iter().any(|name| name == peer);
        case.runs.retain(|(peer, _)| is_selected(peer));
        let case = &*case;
        if command == "list" {
            let peers: Vec<&str> = case.runs.iter().map(|(peer, _)| *peer).collect();
            println!(
                "{}",
                json!({
                    "case": case.name,
                    "backend": BACKEND,
                    "about": case.about,
                    "threads": case.threads,
                    "peers": peers,
                })
            );
            continue;
        }
        #[cfg(unix)]
        if let Err(reason) = limits::raise(case.descriptors) {
            println!("{}", json!({ "case": case.name, "not_run": reason }));
            continue;
        }
        match command.as_str() {
            "time" => time(
                case,
                rounds,
                Duration::from_millis(millis),
                Duration::from_secs(seconds),
            ),
            "count" if case.threads || case.waits => {}
            "count" => outside::count(case),
            "trace" if !case.traced => {}
            "trace" => outside::trace(case),
            _ => return Err(HELP.into()),
        }
    }
    if command == "count" {
        outside::count_nothing();
    }
    Ok(())
}

/// Blocks in a poll of idle sockets until the process is killed. `mio-bench` observes it.
#[cfg(windows)]
fn idle(peer: &str) -> ! {
    use mio_bench_cases::peer::{Ours, Poller, Upstream};
    /// The most that Wine's server can have, with a few other descriptors.
    const SOCKETS: usize = 8_000;
    let started = || println!("{}", json!({ "peer": peer, "connections": SOCKETS }));
    match peer {
        "ours" => cases::afd::idle::<Ours>(SOCKETS, started),
        "upstream" => cases::afd::idle::<Upstream>(SOCKETS, started),
        _ => cases::afd::idle::<Poller>(SOCKETS, started),
    }
}

/// Nanoseconds an operation without reading the clock, and the total time.
fn measure(run: fn(&mut Meter<'_>), n: u64, clock: f64) -> (f64, Duration) {
    let (mut total, mut spans) = (Duration::ZERO, 0.0);
    let mut span = |body: &mut dyn FnMut()| {
        let start = Instant::now();
        body();
        total += start.elapsed();
        spans += 1.0;
    };
    let start = Instant::now();
    let mut meter = Meter::new(n, &mut span);
    run(&mut meter);
    let (own, operations) = (meter.own(), meter.operations() as f64);
    let nanos = own.unwrap_or((total.as_nanos() as f64 - spans * clock).max(0.0) / operations);
    (nanos, start.elapsed())
}

/// The number of turns that take the first peer about this time.
fn turns(case: &Case, wanted: Duration) -> u64 {
    let Some((_, run)) = case.runs.first() else {
        return 1;
    };
    let mut n = 1;
    loop {
        let (mut total, mut own) = (Duration::ZERO, None);
        let mut span = |body: &mut dyn FnMut()| {
            let start = Instant::now();
            body();
            total += start.elapsed();
        };
        let mut meter = Meter::new(n, &mut span);
        run(&mut meter);
        own = meter.own().or(own);
        if total >= wanted || n >= 1 << 20 {
            let per = total.as_secs_f64() / n as f64;
            let fits = (wanted.as_secs_f64() / per.max(1e-9)).ceil();
            // The case measures by itself, and reports a median.
            let least = if own.is_some() { 5.0 } else { 1.0 };
            return fits.clamp(least, n.max(5) as f64) as u64;
        }
        n *= 2;
    }
}

/// Runs every peer once in each round. Rounds start with different peers. After `most`, no round
/// starts that a median does not need.
fn time(case: &Case, rounds: usize, wanted: Duration, most: Duration) {
    let start = Instant::now();
    let clock = measure(cases::nothing(), 2_000, 0.0).0;
    let n = turns(case, wanted);
    for round in 0..rounds {
        if round >= MIN_ROUNDS && start.elapsed() >= most {
            return;
        }
        for offset in 0..case.runs.len() {
            let (peer, run) = case.runs[(round + offset) % case.runs.len()];
            let (nanos, _) = measure(run, n, clock);
            println!(
                "{}",
                json!({ "case": case.name, "peer": peer, "round": round, "n": n, "nanos": nanos })
            );
        }
    }
}
