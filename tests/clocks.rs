//! Ten thousand random timeouts, on several threads, with and without load: none ends early, and
//! none is later than the documentation of `Poll` allows.
//!
//! How late a thread runs again depends on the machine, so no test can bound it. Each thread sleeps
//! by std as often as it polls, in random order and for times of the same distribution, and the
//! lateness of `poll` is compared with that of the sleeps: at the median and at the ninth decile it
//! exceeds theirs by the resolution of the selector's timeout at most, and by an allowance.
//!
//! A failure prints its seed. `MIO_CLOCKS_SEED` repeats the timeouts of a seed.
#![cfg(all(feature = "os-poll", not(target_os = "wasi")))]

mod support;

use std::env;
use std::hash::{BuildHasher, RandomState};
use std::hint;
use std::io::ErrorKind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use mio::{Events, Poll, Token, Waker};

/// Timeouts of each test: 10,000 together.
const TIMEOUTS: u64 = 5_000;
/// Threads that wait at the same time, each with its own `Poll`.
const THREADS: u64 = 10;
/// One timeout of so many is huge, and is ended by a wake.
const HUGE: u64 = 100;
/// The longest of the other timeouts, in nanoseconds.
const LONGEST: u64 = 20_000_000;

/// What `poll` may be later than a sleep, besides the resolution and the factor of two for chance.
const ALLOWANCE: Duration = Duration::from_millis(1);

/// The resolution of timeouts. On Windows the clock of waits ticks 64 times a second by default:
/// <https://learn.microsoft.com/en-us/windows/win32/api/synchapi/nf-synchapi-sleep#remarks>.
const RESOLUTION: Duration = if cfg!(windows) {
    Duration::from_micros(15_625 + 1_000)
} else {
    Duration::from_millis(1)
};

/// The tests of this file run one after the other: each measures time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A generator of random numbers: `xorshift64*` of <https://arxiv.org/abs/1402.6246>.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// 0 or a time up to `LONGEST`, each order of magnitude as often as any other.
    fn short(&mut self) -> Duration {
        let nanos = self.next() >> (39 + self.next() % 26).min(63);
        Duration::from_nanos(nanos.min(LONGEST))
    }

    /// A time that no test waits for: 25 days, which is more than the milliseconds of a `c_int`,
    /// to the longest `Duration`.
    fn huge(&mut self) -> Duration {
        let days = Duration::from_millis(i32::MAX as u64 + 1);
        match self.next() % 4 {
            0 => Duration::MAX,
            1 => Duration::from_secs(u64::MAX),
            2 => days,
            _ => Duration::new(self.next() >> (self.next() % 32), 999_999_999).max(days),
        }
    }
}

/// How late each wait was.
#[derive(Default)]
struct Lateness {
    polls: Vec<Duration>,
    sleeps: Vec<Duration>,
}

/// Waits with all timeouts of one thread.
fn wait_on_one_thread(seed: u64) -> Lateness {
    let mut random = Random(seed);
    let (mut poll, mut events) = support::new_poll();
    let waker = Waker::new(poll.registry(), Token(1)).ok();
    let mut lateness = Lateness::default();
    for _ in 0..TIMEOUTS / THREADS {
        if random.next() % HUGE == 0 {
            if let Some(waker) = &waker {
                wait_for_wake(&mut poll, &mut events, waker, &mut random);
            }
            continue;
        }
        // Both orders, so that neither kind of wait has the warmer caches.
        if random.next() % 2 == 0 {
            lateness.sleeps.push(sleep(random.short()));
            let late = wait(&mut poll, &mut events, random.short());
            lateness.polls.extend(late);
        } else {
            let late = wait(&mut poll, &mut events, random.short());
            lateness.polls.extend(late);
            lateness.sleeps.push(sleep(random.short()));
        }
    }
    lateness
}

fn sleep(timeout: Duration) -> Duration {
    let start = Instant::now();
    thread::sleep(timeout);
    start.elapsed().saturating_sub(timeout)
}

/// Polls until the timeout has elapsed, and returns how much later it returned. `None` if a signal
/// came: a debugger or a profiler may send one, and some fake kernels do.
fn wait(poll: &mut Poll, events: &mut Events, timeout: Duration) -> Option<Duration> {
    let start = Instant::now();
    let result = poll.poll(events, Some(timeout));
    let elapsed = start.elapsed();
    assert!(events.is_empty(), "an event without a source: {events:?}");
    match result {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::Interrupted => return None,
        Err(error) => panic!("{timeout:?}: {error}"),
    }
    let late = elapsed.checked_sub(timeout);
    assert!(late.is_some(), "{timeout:?} ended early, after {elapsed:?}");
    late
}

/// Polls with a timeout that never elapses, until another thread wakes the selector.
fn wait_for_wake(poll: &mut Poll, events: &mut Events, waker: &Waker, random: &mut Random) {
    let (timeout, pause) = (random.huge(), random.short());
    let woken = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(pause);
            woken.store(true, Ordering::SeqCst);
            waker.wake().unwrap();
        });
        let end = Instant::now() + support::LONG;
        loop {
            match poll.poll(events, Some(timeout)) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => break result.unwrap(),
            }
            assert!(Instant::now() < end, "{timeout:?}: the wake is lost");
        }
        assert!(woken.load(Ordering::SeqCst), "{timeout:?} ended early");
        assert!(events.iter().any(|event| event.token() == Token(1)));
    });
}

/// Waits with `TIMEOUTS` timeouts while `load` threads keep processors busy.
fn run(load: usize) {
    let seed = match env::var("MIO_CLOCKS_SEED") {
        Ok(seed) => seed.parse().expect("MIO_CLOCKS_SEED is a number above 0"),
        Err(_) => RandomState::new().hash_one(0) | 1,
    };
    let stop = AtomicBool::new(false);
    let mut lateness = Lateness::default();
    let outcome = thread::scope(|scope| {
        for _ in 0..load {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    hint::spin_loop();
                }
            });
        }
        let waiting: Vec<_> = (0..THREADS)
            .map(|thread| {
                scope.spawn(move || wait_on_one_thread(seed.wrapping_add(thread << 32) | 1))
            })
            .collect();
        // All are joined before the load stops, also if one of them failed.
        let joined: Vec<_> = waiting.into_iter().map(|thread| thread.join()).collect();
        stop.store(true, Ordering::Relaxed);
        joined.into_iter().collect::<Result<Vec<_>, _>>()
    });
    let all = outcome.unwrap_or_else(|_| panic!("a thread failed: MIO_CLOCKS_SEED={seed}"));
    for one in all {
        lateness.polls.extend(one.polls);
        lateness.sleeps.extend(one.sleeps);
    }
    let quantile = |times: &mut Vec<Duration>, percent: usize| {
        times.sort();
        times[times.len() * percent / 100]
    };
    for percent in [50, 90] {
        let poll = quantile(&mut lateness.polls, percent);
        let sleep = quantile(&mut lateness.sleeps, percent);
        println!("{percent} % of the polls were at most {poll:?} late, of the sleeps {sleep:?}");
        let bound = sleep * 2 + RESOLUTION + ALLOWANCE;
        assert!(
            poll <= bound,
            "{percent} % of the polls were up to {poll:?} late, of the sleeps {sleep:?}, and the \
             bound is {bound:?}: MIO_CLOCKS_SEED={seed}"
        );
    }
}

#[test]
fn random_timeouts_end_on_time() {
    let _alone = alone();
    run(0);
}

#[test]
fn random_timeouts_end_on_time_under_load() {
    let _alone = alone();
    let processors = thread::available_parallelism().map_or(1, usize::from);
    run(processors);
}

/// The same in a time namespace, where `CLOCK_MONOTONIC` is far from 0:
/// <https://man7.org/linux/man-pages/man7/time_namespaces.7.html>.
#[cfg(target_os = "linux")]
mod time_namespace {
    use std::process::Command;

    use super::*;

    /// Seconds that exceed 32 bits. The kernel takes up to 146 years (`KTIME_SEC_MAX / 2` in
    /// <https://github.com/torvalds/linux/blob/v6.12/kernel/time/namespace.c>).
    const OFFSET: u64 = 4_400_000_000;

    /// Set in the process that runs in the namespace.
    const INSIDE: &str = "MIO_IN_TIME_NAMESPACE";

    /// The seconds of the clock that `Instant` and the kernel's timeouts have.
    #[allow(unsafe_code)]
    fn monotonic() -> u64 {
        let mut time = libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        // SAFETY: `time` is a valid place for the result of clock_gettime(2).
        let result = unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
        assert_eq!(result, 0);
        time.tv_sec as u64
    }

    /// unshare(1) with the arguments for the namespace, in which it runs `program`.
    fn unshare(program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new("unshare");
        command.args(["--time", "--fork", "--monotonic", &OFFSET.to_string()]);
        command.arg(program).env(INSIDE, "1");
        command
    }

    #[test]
    fn timeouts_end_on_time_with_a_shifted_clock() {
        if env::var_os(INSIDE).is_some() {
            assert!(monotonic() >= OFFSET, "the clock is not shifted");
            return;
        }
        if cfg!(target_pointer_width = "32") {
            return support::not_run("the offset does not fit the time of 32-bit systems");
        }
        match unshare("true").output() {
            Ok(output) if output.status.success() => {}
            Ok(output) => {
                let error = String::from_utf8_lossy(&output.stderr).trim().to_owned();
                return support::not_run(format!("no time namespace: {error}"));
            }
            Err(error) => return support::not_run(format!("no unshare(1): {error}")),
        }
        if !support::can_start_itself() {
            return support::not_run("the program is emulated, and the kernel cannot start it");
        }
        let _alone = alone();
        let output = unshare(env::current_exe().unwrap())
            .args(["--test-threads=1", "--nocapture"])
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{text}{error}");
        assert!(text.contains("3 passed"), "{text}{error}");
    }
}
