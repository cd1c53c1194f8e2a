//! Makes every system call of the library fail, one at a time, with each error of its manual page.
//!
//! The suite runs each situation once and counts its calls of each kind. Then it runs the situation
//! again for every call and every error, and asserts:
//!
//! - the operation returns the error with its code, or what `fault_injection/rules.rs` states;
//! - it does not panic, and leaves no fd open, neither when it fails nor in the end;
//! - in the end it has leaked no memory (not over a fake kernel, which keeps memory of its own);
//! - repeated without the fault it succeeds, and every event that is due comes.
//!
//! A failing case is one line, `SITUATION/CALL/NUMBER/ERROR`. It runs alone with that line in the
//! environment:
//!
//! ```text
//! MIO_FAULT=tcp/EpollAdd/2/ENOMEM RUSTFLAGS="--cfg mio_fault_injection" \
//!     cargo test --all-features --test fault_injection
//! ```
//!
//! Out of scope: allocation failure, which aborts the process; close(2), whose result std ignores;
//! and the system calls that std makes.
#![cfg(all(
    mio_fault_injection,
    target_os = "linux",
    feature = "os-poll",
    feature = "net",
    feature = "os-ext"
))]

#[path = "fault_injection/blocked.rs"]
mod blocked;
#[path = "fault_injection/errors.rs"]
mod errors;
#[path = "fault_injection/live_memory.rs"]
mod live_memory;
#[path = "fault_injection/old_kernel.rs"]
mod old_kernel;
#[path = "fault_injection/rules.rs"]
mod rules;
#[path = "fault_injection/run.rs"]
mod run;
#[path = "fault_injection/situations.rs"]
mod situations;
mod support;

use std::any::Any;
use std::collections::BTreeMap;
use std::env;
use std::panic::{self, AssertUnwindSafe};
use std::time::{Duration, Instant};

use mio::fault_injection::{Call, Effect, Fault, Injector};
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Poll, Token, Waker};

use run::{Case, Run, open_fds};
use situations::{OLD_KERNEL, SITUATIONS, Situation};
use support::child_process::Child;

/// After so many failing cases the suite gives up.
const MOST_FAILURES: usize = 20;

/// The cases, and what became of them.
#[derive(Default)]
struct Suite {
    /// The one case to run.
    only: Option<String>,
    cases: usize,
    failures: Vec<String>,
}

impl Suite {
    fn wants(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only == name) && self.failures.len() < MOST_FAILURES
    }

    fn record(&mut self, name: &str, result: Result<(), String>) {
        self.cases += 1;
        if let Err(message) = result {
            self.failures.push(format!("MIO_FAULT={name}: {message}"));
        }
    }

    fn situation(&mut self, situation: &Situation) {
        if !self.is_selected(situation.name) {
            return;
        }
        let start = Instant::now();
        let first = self.cases;
        let counts = match attempt(situation, None) {
            Ok(counts) => counts,
            Err(message) => return self.record(situation.name, Err(message)),
        };
        for (call, count) in &counts {
            for number in 1..=*count {
                for (name, effect) in errors::effects(*call) {
                    let case = Case {
                        call: *call,
                        number,
                        name,
                        effect,
                    };
                    let line = format!("{}/{call:?}/{number}/{name}", situation.name);
                    if self.wants(&line) {
                        let result = attempt(situation, Some(case)).map(drop);
                        self.record(&line, result);
                    }
                }
            }
        }
        println!(
            "{}: {} cases in {:?}, calls {counts:?}",
            situation.name,
            self.cases - first,
            start.elapsed()
        );
    }

    /// Whether `MIO_FAULT` leaves this situation in.
    fn is_selected(&self, situation: &str) -> bool {
        let Some(only) = &self.only else {
            return true;
        };
        only.split('/').next() == Some(situation)
    }

    /// The calls that are made once for each process: faults in them cost the merging of wakes.
    fn process_start(&mut self) {
        for (call, count) in [
            (Call::PthreadAtfork, 1),
            (Call::Mmap, 1),
            (Call::Madvise, 2),
        ] {
            for number in 1..=count {
                for (name, effect) in errors::effects(call) {
                    let line = format!("process_start/{call:?}/{number}/{name}");
                    if !self.wants(&line) {
                        continue;
                    }
                    let fault = Fault {
                        call,
                        first: number,
                        times: 1,
                        effect,
                    };
                    let status = Child::new(|| first_poll(fault)).status();
                    let result = match status {
                        0 => Ok(()),
                        status => Err(format!("the child process ends with status {status}")),
                    };
                    self.record(&line, result);
                }
            }
        }
    }
}

/// The first `Poll` and the first waker of a process.
fn first_poll(fault: Fault) {
    let injector = Injector::new(vec![fault]);
    injector.run(|| {
        let fds = open_fds();
        let mut events = Events::with_capacity(4);
        let mut poll = Poll::new().unwrap();
        let waker = Waker::new(poll.registry(), Token(1)).unwrap();
        for _ in 0..3 {
            waker.wake().unwrap();
            waker.wake().unwrap();
            poll.poll(&mut events, Some(Duration::from_secs(5)))
                .unwrap();
            assert!(events.iter().any(|event| event.token() == Token(1)));
        }
        drop((poll, waker));
        // A fake kernel keeps fds of its own.
        assert!(support::FAKE_KERNEL || open_fds() == fds);
    });
    assert_eq!(injector.affected(), 1);
}

/// Runs a situation, and returns how many calls of each kind it made. If memory is left, runs it
/// twice more: what std, the library or a fake kernel allocates once for each process or thread is
/// left once, and a leak each time.
fn attempt(situation: &Situation, case: Option<Case>) -> Result<BTreeMap<Call, usize>, String> {
    let mut least = usize::MAX;
    for _ in 0..3 {
        let live = live_memory::live();
        let counts: Vec<_> = attempt_once(situation, case)?.into_iter().collect();
        // What the result itself has allocated does not count.
        let result = counts.capacity() * size_of::<(Call, usize)>();
        let left = live_memory::live().saturating_sub(live + result);
        least = least.min(left);
        // A fake kernel learns of closed fds late, and keeps the memory of them until then.
        if least == 0 || support::FAKE_KERNEL {
            return Ok(counts.into_iter().collect());
        }
    }
    Err(format!("{least} bytes were not freed"))
}

/// Runs a situation once.
fn attempt_once(
    situation: &Situation,
    case: Option<Case>,
) -> Result<BTreeMap<Call, usize>, String> {
    let fds = open_fds();
    let injector = Injector::new(case.iter().map(Case::fault).collect());
    let result = panic::catch_unwind(AssertUnwindSafe(|| {
        let mut run = Run::new(injector.clone(), case);
        injector.run(|| (situation.course)(&mut run));
    }));
    result.map_err(message)?;
    let open = open_fds();
    if open != fds {
        return Err(format!("{fds} fds were open before, and {open} afterwards"));
    }
    if case.is_some() && injector.affected() == 0 && !situation.is_timed {
        return Err("the call was not made".to_owned());
    }
    Ok(injector.counts())
}

fn message(panic: Box<dyn Any + Send>) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "a panic without a message".to_owned())
}

/// Makes the library remember that the kernel has neither accept4(2) nor waits in nanoseconds.
fn refuse_newer_calls() {
    let refused = [Call::Accept4, Call::EpollPwait2, Call::Ppoll];
    let faults = refused.map(|call| Fault {
        call,
        first: 1,
        times: usize::MAX,
        effect: Effect::Fail(libc::ENOSYS),
    });
    let injector = Injector::new(faults.to_vec());
    injector.run(|| {
        let mut poll = Poll::new().unwrap();
        let timeout = Some(Duration::from_micros(1_500));
        poll.poll(&mut Events::with_capacity(1), timeout).unwrap();
        let listener = TcpListener::bind(support::loopback()).unwrap();
        let _client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        support::retry(|| listener.accept());
    });
    assert!(injector.affected() > 0);
}

/// There is one test, so that no other test of this process opens file descriptors meanwhile.
#[test]
fn every_system_call_may_fail() {
    let start = Instant::now();
    let mut suite = Suite {
        only: env::var("MIO_FAULT").ok(),
        ..Suite::default()
    };
    if suite.is_selected("process_start") {
        suite.process_start();
    }
    // What the library and a fake kernel open once for each process.
    drop(Poll::new().unwrap());
    for situation in SITUATIONS {
        suite.situation(situation);
    }
    refuse_newer_calls();
    for situation in OLD_KERNEL {
        suite.situation(situation);
    }
    println!("{} cases in {:?}", suite.cases, start.elapsed());
    assert!(suite.cases > 0, "no case has this name");
    assert!(
        suite.failures.is_empty(),
        "{} of {} cases fail:\n{}",
        suite.failures.len(),
        suite.cases,
        suite.failures.join("\n")
    );
}
