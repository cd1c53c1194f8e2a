//! The rounds of work, the samples, and the checks that no thread can make alone.
//!
//! A run is a warm-up and at least three rounds, or less if it is short. After each, everything is
//! closed, and what is still open must be what was open before.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use mio::Waker;

use crate::resources;
use crate::shared::{BOUND, KINDS, LATENCIES, Latency, Phase, Shared};
use crate::wakes;

/// The longest time in which everything is closed. Each source has [`BOUND`] for itself.
const DRAIN: Duration = Duration::from_secs(30);

/// Allocations that may be live after a round beyond those after the warm-up. The standard library
/// and the C library allocate a few when they first need them. A leak of one allocation in a
/// thousand connections exceeds it within a minute.
const BLOCKS: usize = 64;

/// Handles that may be open after a round beyond those after the warm-up, on Windows alone: the
/// threads of its pool come and go.
const HANDLES: usize = if cfg!(windows) { 8 } else { 0 };

/// Events that the sources of a kind may have in an interval for each operation on them.
///
/// Each event is the consequence of an operation: data or room that a peer's transfer made, an end,
/// a registration, a wake. On epoll and on poll(2), 0.3 to 1.1 were measured. A source that stays
/// ready and is reported again and again has thousands.
const EVENTS_PER_OPERATION: u64 = 2;

/// Events beyond that: those of one buffer whose operations follow, and the operations of the peer
/// that belong to another interval.
const EVENTS_IN_FLIGHT: u64 = 1024;

/// Resident memory may grow by this part of itself and by this many bytes between the second and
/// the last quarter of the run. The C library's allocator keeps free memory for each thread, in
/// pieces that depend on the schedule.
const GROWTH: (f64, f64) = (0.10, 8.0 * 1024.0 * 1024.0);

/// The samples that the rule for resident memory needs.
const ENOUGH: usize = 16;

/// An interval of the run.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    /// Seconds since the start.
    pub(crate) time: f64,
    pub(crate) descriptors: Option<usize>,
    pub(crate) resident: Option<u64>,
    /// Per second.
    pub(crate) events: f64,
    pub(crate) operations: f64,
    /// The time from request to reply of connections, in microseconds.
    pub(crate) median: u64,
    pub(crate) high: u64,
    pub(crate) slowest: u64,
}

/// The resources when everything is closed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Closed {
    pub(crate) descriptors: Option<usize>,
    pub(crate) blocks: usize,
}

impl Closed {
    fn now() -> Closed {
        Closed {
            descriptors: resources::descriptors(),
            blocks: resources::blocks(),
        }
    }
}

pub(crate) struct Watch<'a> {
    shared: &'a Shared,
    /// One waker for each loop.
    controls: &'a [Waker],
    interrupted: &'a AtomicBool,
    pub(crate) samples: Vec<Sample>,
    interval: Duration,
    sampled: Instant,
    printed: Instant,
    last: [(u64, u64); KINDS.len()],
    /// The resources before the first round, after the warm-up, and now.
    pub(crate) closed: Vec<Closed>,
}

impl<'a> Watch<'a> {
    pub(crate) fn new(
        shared: &'a Shared,
        controls: &'a [Waker],
        interrupted: &'a AtomicBool,
    ) -> Watch<'a> {
        let duration = shared.options.duration();
        let half = Duration::from_millis(500);
        Watch {
            shared,
            controls,
            interrupted,
            samples: Vec::with_capacity(1024),
            interval: (duration / 300).clamp(half, Duration::from_secs(30)),
            sampled: Instant::now(),
            printed: Instant::now(),
            last: [(0, 0); KINDS.len()],
            closed: Vec::with_capacity(64),
        }
    }

    /// Runs all rounds, or until a fault or an interrupt.
    pub(crate) fn run(&mut self, is_alive: impl Fn() -> bool) {
        let duration = self.shared.options.duration();
        let second = Duration::from_secs(1);
        let warm_up = (duration / 10)
            .clamp(2 * second, 60 * second)
            .min(duration / 3);
        let rest = duration.saturating_sub(warm_up);
        // Each is longer than the bound, if possible: its end closes sources without progress.
        let most = (rest.as_secs() / (BOUND + BOUND / 2).as_secs()).max(1);
        let rounds = (rest.as_secs() / 60).clamp(3, 30).min(most) as u32;
        self.closed.push(Closed::now());
        for round in 0..=rounds {
            let length = if round == 0 { warm_up } else { rest / rounds };
            self.work(length, &is_alive);
            if self.is_over() {
                return;
            }
            self.drain();
            if self.shared.has_failed() {
                return;
            }
        }
        self.check_growth();
    }

    fn is_over(&self) -> bool {
        self.shared.has_failed() || self.interrupted.load(Ordering::Relaxed)
    }

    pub(crate) fn set_phase(&self, phase: Phase) {
        self.shared.set_phase(phase);
        for control in self.controls {
            if let Err(error) = control.wake() {
                self.shared.fault(format_args!("control: wake: {error}"));
            }
        }
    }

    fn work(&mut self, length: Duration, is_alive: &impl Fn() -> bool) {
        self.set_phase(Phase::Work);
        let start = Instant::now();
        while start.elapsed() < length && !self.is_over() {
            thread::sleep(Duration::from_millis(50));
            if self.sampled.elapsed() >= self.interval {
                self.sample();
            }
            if !is_alive() && !self.shared.has_failed() {
                self.shared.fault("a thread has ended");
            }
        }
    }

    /// Closes everything, and checks that nothing is left.
    fn drain(&mut self) {
        self.set_phase(Phase::Drain);
        let start = Instant::now();
        let first = self.closed[0];
        let is_first = self.closed.len() == 1;
        let slack = if is_first && cfg!(windows) {
            usize::MAX / 2
        } else {
            HANDLES
        };
        // On Windows the system opens handles of its own when they are first needed.
        let base = if cfg!(windows) {
            self.closed[self.closed.len().min(2) - 1]
        } else {
            first
        };
        let most = base.descriptors.map(|count| count + slack);
        loop {
            let shared = self.shared;
            let client = match shared.client_drained.load(Ordering::Acquire) {
                true => 0,
                false => shared.client_open.load(Ordering::Acquire).max(1),
            };
            let server = shared.server_open.load(Ordering::Acquire);
            let registrars = shared.registrars.iter();
            let is_idle = |busy: bool| !busy;
            let busy = registrars
                .filter(|state| is_idle(state.is_idle.load(Ordering::Acquire)))
                .count();
            let now = resources::descriptors();
            let returned = now.is_none() || now <= most;
            if client + server + busy == 0 && returned {
                break;
            }
            if start.elapsed() > DRAIN {
                let name = resources::DESCRIPTORS;
                let (now, most) = (now.unwrap_or(0), most.unwrap_or(0));
                return shared.fault(format_args!(
                    "{DRAIN:?} after everything was to be closed, the client has {client} sources, \
                     the server {server}, {busy} threads register; {now} {name} are open, and at \
                     most {most} may be"
                ));
            }
            if shared.has_failed() {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        // What was freed last on other threads.
        thread::sleep(Duration::from_millis(100));
        self.closed.push(Closed::now());
        if let [_, warm, .., last] = self.closed[..] {
            if last.blocks > warm.blocks + BLOCKS {
                self.shared.fault(format_args!(
                    "{} allocations are live after everything was closed, and {} were after the \
                     warm-up",
                    last.blocks, warm.blocks
                ));
            }
        }
        // The interval that the pause was in has no rates.
        self.sampled = Instant::now();
        self.take_rates(Duration::ZERO);
    }

    /// The events and operations since the last call. Checks their relation.
    fn take_rates(&mut self, interval: Duration) -> (f64, f64) {
        let (mut events, mut operations) = (0, 0);
        for (number, (_, name)) in KINDS.iter().enumerate() {
            let tally = &self.shared.tallies[number];
            // In this order: what happens between the two reads adds no event to the first.
            let now = (
                tally.events.load(Ordering::Acquire),
                tally.operations.load(Ordering::Acquire),
            );
            let last = std::mem::replace(&mut self.last[number], now);
            let (new_events, new_operations) = (now.0 - last.0, now.1 - last.1);
            let most = EVENTS_PER_OPERATION * new_operations + EVENTS_IN_FLIGHT;
            if *name != "control" && new_events > most {
                self.shared.fault(format_args!(
                    "{name}: {new_events} events for {new_operations} operations in {interval:?}; \
                     at most {most} may come"
                ));
            }
            events += new_events;
            operations += new_operations;
        }
        let seconds = interval.as_secs_f64().max(0.001);
        (events as f64 / seconds, operations as f64 / seconds)
    }

    fn sample(&mut self) {
        let interval = self.sampled.elapsed();
        self.sampled = Instant::now();
        let (events, operations) = self.take_rates(interval);
        wakes::check(self.shared);
        let mut latencies = (0, 0, 0);
        for what in 0..LATENCIES.len() {
            let mut recorder = self.shared.recorder(what);
            if what == Latency::Tcp as usize && !recorder.interval.is_empty() {
                let interval = &recorder.interval;
                latencies = (
                    interval.value_at_quantile(0.5),
                    interval.value_at_quantile(0.99),
                    interval.max(),
                );
            }
            recorder.interval.reset();
        }
        let sample = Sample {
            time: self.shared.start.elapsed().as_secs_f64(),
            descriptors: resources::descriptors(),
            resident: resources::resident(),
            events,
            operations,
            median: latencies.0,
            high: latencies.1,
            slowest: latencies.2,
        };
        let duration = self.shared.options.duration();
        let pause = (duration / 10).clamp(Duration::from_secs(4), Duration::from_secs(60));
        if self.printed.elapsed() >= pause || self.samples.is_empty() {
            self.printed = Instant::now();
            println!("{sample}");
        }
        self.samples.push(sample);
    }

    /// Resident memory is flat: its median in the last quarter of the time after the warm-up is
    /// hardly more than in the second quarter. The first quarter is left out, because the allocator
    /// still grows.
    fn check_growth(&mut self) {
        let memory: Vec<u64> = self.samples.iter().filter_map(|one| one.resident).collect();
        let memory = &memory[memory.len() / 10..];
        if memory.len() < ENOUGH {
            println!(
                "not checked: resident memory, of which there are {} samples",
                memory.len()
            );
            return;
        }
        if let Err(text) = flat(memory) {
            self.shared.fault(text);
        }
    }
}

fn flat(memory: &[u64]) -> Result<(), String> {
    let quarter = memory.len() / 4;
    let early = median(&memory[quarter..2 * quarter]);
    let late = median(&memory[3 * quarter..]);
    let most = early as f64 * (1.0 + GROWTH.0) + GROWTH.1;
    if late as f64 > most {
        return Err(format!(
            "resident memory grows: its median is {} KiB in the second quarter, {} KiB in the last",
            early / 1024,
            late / 1024
        ));
    }
    Ok(())
}

fn median(values: &[u64]) -> u64 {
    let mut values = values.to_vec();
    values.sort_unstable();
    values[values.len() / 2]
}

impl std::fmt::Display for Sample {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let millis = |micros: u64| micros as f64 / 1000.0;
        write!(
            f,
            "{:>7.1} s  {:>6} {}  {:>7} KiB  {:>8.0} events/s  {:>8.0} operations/s  reply p50 \
             {:.2} ms, p99 {:.2} ms, slowest {:.2} ms",
            self.time,
            self.descriptors.unwrap_or(0),
            resources::DESCRIPTORS,
            self.resident.unwrap_or(0) / 1024,
            self.events,
            self.operations,
            millis(self.median),
            millis(self.high),
            millis(self.slowest)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::flat;

    const MIB: u64 = 1024 * 1024;

    #[test]
    fn growing_memory_is_a_fault() {
        let constant: Vec<u64> = (0..40).map(|at| (30 + at % 3) * MIB).collect();
        flat(&constant).unwrap();
        let warm_up: Vec<u64> = (0..40).map(|at| (10 + 3 * at.min(10)) * MIB).collect();
        flat(&warm_up).unwrap();
        let leak: Vec<u64> = (0..40).map(|at| (30 + at) * MIB).collect();
        assert!(flat(&leak).is_err());
    }
}
