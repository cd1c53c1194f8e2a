//! Calls of `poll`.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, ErrorKind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::super::subject::{Events, Poll};
use super::{World, shown};
use crate::PollTrace;
use crate::op::*;
use crate::spec::{Class, Flags, Polled};
#[cfg(unix)]
use crate::sys::Interrupter;
use crate::sys::Levels;

/// How long a `poll` waits that must report something.
const LONG: Duration = Duration::from_secs(3);

/// The token of the waker that ends a `poll` on Windows.
#[cfg(windows)]
pub(super) const BREAKER: super::super::subject::Token =
    super::super::subject::Token(usize::MAX / 3);

/// Ends a `poll`. The specification knows nothing of it.
#[cfg(windows)]
struct Interrupter(std::sync::Arc<super::super::subject::Waker>);

#[cfg(windows)]
impl Interrupter {
    fn interrupt(&self) {
        self.0.wake().expect("`wake`");
    }
}

impl World {
    #[cfg(unix)]
    fn interrupter(&self) -> Interrupter {
        Interrupter::new()
    }

    #[cfg(windows)]
    fn interrupter(&self) -> Interrupter {
        Interrupter(std::sync::Arc::clone(&self.breaker))
    }

    /// Whether something is owed that must come soon.
    pub(super) fn is_owed(&self) -> bool {
        let due = self.spec.first_due();
        due.is_some_and(|due| due < Instant::now() + Duration::from_millis(1_100))
    }

    pub(super) fn poll(
        &mut self,
        poll: &mut Poll,
        wait: Wait,
        capacity: usize,
        op: &Op,
    ) -> Result<(), String> {
        let before = self.begin_poll();
        let is_owed = self.is_owed();
        let short = Duration::from_millis(2);
        let timeout = match wait {
            NoWait => Some(Duration::ZERO),
            Micros(micros) | Until(micros) => Some(Duration::from_micros(micros.into())),
            Long if is_owed => Some(LONG),
            Forever if is_owed => None,
            Long | Forever => Some(short),
        };
        let mut events = Events::with_capacity(capacity);
        let start = Instant::now();
        let result = if timeout.is_none() {
            self.poll_watched(poll, &mut events)?
        } else {
            match (wait, timeout) {
                (Until(_), Some(timeout)) => super::super::poll_until(poll, &mut events, timeout),
                _ => poll.poll(&mut events, timeout),
            }
        };
        self.finish(
            result,
            &events,
            start,
            timeout,
            capacity,
            before,
            op.clone(),
        )
    }

    /// A `poll` without a timeout, which a signal ends if nothing else does.
    pub(super) fn poll_watched(
        &mut self,
        poll: &mut Poll,
        events: &mut Events,
    ) -> Result<io::Result<()>, String> {
        let interrupter = self.interrupter();
        let (done, was_interrupted) = (AtomicBool::new(false), AtomicBool::new(false));
        let main = thread::current();
        let result = thread::scope(|scope| {
            let watch = scope.spawn(|| {
                let start = Instant::now();
                while !done.load(Ordering::Acquire) {
                    if start.elapsed() > LONG {
                        was_interrupted.store(true, Ordering::Release);
                        interrupter.interrupt();
                    }
                    thread::park_timeout(Duration::from_millis(100));
                }
                drop(main);
            });
            let result = poll.poll(events, None);
            done.store(true, Ordering::Release);
            watch.thread().unpark();
            result
        });
        if was_interrupted.load(Ordering::Acquire) {
            return Err(format!("`poll(None)` did not return; {:?}", self.spec));
        }
        Ok(result)
    }

    #[allow(clippy::too_many_arguments)] // One place to finish every kind of `poll`.
    pub(super) fn finish(
        &mut self,
        result: io::Result<()>,
        events: &Events,
        start: Instant,
        timeout: Option<Duration>,
        capacity: usize,
        before: HashMap<usize, Levels>,
        op: Op,
    ) -> Result<(), String> {
        let end = Instant::now();
        #[cfg(windows)]
        let mut capacity = capacity;
        #[cfg_attr(unix, allow(unused_mut))] // Windows changes it.
        let mut interrupted = match result {
            Ok(()) => false,
            Err(error) if error.kind() == ErrorKind::Interrupted => true,
            Err(error) => return Err(format!("`poll` returned {error}")),
        };
        let concurrent = matches!(op, During(..));
        let after = self.levels();
        let events: Vec<(usize, Flags)> = events
            .iter()
            .map(|event| {
                let flags = Flags {
                    readable: event.is_readable(),
                    writable: event.is_writable(),
                    read_closed: event.is_read_closed(),
                    write_closed: event.is_write_closed(),
                    error: event.is_error(),
                    priority: event.is_priority(),
                };
                (event.token().0, flags)
            })
            .collect();
        #[cfg(windows)]
        let events = {
            let mut events = events;
            let all = events.len();
            events.retain(|(token, _)| *token != BREAKER.0);
            interrupted |= events.len() < all;
            capacity -= all - events.len();
            events
        };
        #[cfg(windows)]
        let mut reported = Vec::new();
        let mut trace = PollTrace::default();
        for (token, flags) in &events {
            let number = self.tokens.get(token).copied().unwrap_or(usize::MAX);
            let entry: &mut Flags = trace.events.entry(number).or_default();
            *entry = entry.or(*flags);
            if let Some((true, id)) = self.spec.owner(*token) {
                trace.sources.insert(number, id);
                #[cfg(windows)]
                if self.sources[id].class == Class::NamedPipe {
                    reported.push(id);
                }
                if matches!(self.sources[id].class, Class::Tcp | Class::Terminal) {
                    trace.late.insert(number);
                }
            }
        }
        trace.before = before.into_iter().collect::<BTreeMap<_, _>>();
        trace.after = after.iter().map(|(id, levels)| (*id, *levels)).collect();
        self.record(op, shown(&Ok(())));
        if let Some(step) = self.steps.last_mut() {
            step.polled = Some(trace);
        }
        let polled = Polled {
            start,
            end,
            timeout,
            capacity,
            events,
            interrupted,
            concurrent,
        };
        #[cfg(windows)]
        for id in reported {
            self.pipe_reported(id);
        }
        if !self.options.checks {
            // Only what becomes of the registrations matters.
            let _ = self.spec.polled(&polled, &after);
            return Ok(());
        }
        self.spec
            .polled(&polled, &after)
            .map_err(|what| format!("{what}\nthe poll: {:?}", polled.events))
    }

    /// Polls until there are no events.
    pub(super) fn drain(&mut self, poll: &mut Poll, capacity: usize) -> Result<(), String> {
        for _ in 0..80 {
            let position = self.steps.len();
            self.poll(poll, NoWait, capacity, &Op::Poll(NoWait, capacity))?;
            let polled = self.steps[position].polled.as_ref();
            if polled.is_none_or(|it| it.events.is_empty()) {
                return Ok(());
            }
        }
        Ok(())
    }

    /// A `poll` while another thread runs an operation.
    pub(super) fn during(
        &mut self,
        poll: &mut Poll,
        inner: &Op,
        capacity: usize,
    ) -> Result<(), String> {
        let inner = self.resolve(inner);
        let before = self.begin_poll();
        let op = During(Box::new(inner.clone()), capacity);
        let mut events = Events::with_capacity(capacity);
        let interrupter = self.interrupter();
        let done = AtomicBool::new(false);
        let world = &mut *self;
        let (start, result, outcome) = thread::scope(|scope| {
            let other = scope.spawn(|| {
                thread::sleep(Duration::from_millis(2));
                let outcome = world.step(&inner).and_then(|outcome| {
                    world.settle()?;
                    Ok(outcome)
                });
                let levels = world.levels();
                world.spec.observe(&levels);
                // Nothing else ends the `poll`.
                while (outcome.is_err() || !world.is_owed()) && !done.load(Ordering::Acquire) {
                    interrupter.interrupt();
                    thread::sleep(Duration::from_millis(1));
                }
                outcome
            });
            let start = Instant::now();
            let result = poll.poll(&mut events, Some(LONG));
            done.store(true, Ordering::Release);
            let outcome = other.join().expect("the operation does not panic");
            (start, result, outcome)
        });
        outcome?;
        self.finish(result, &events, start, Some(LONG), capacity, before, op)
    }
}
