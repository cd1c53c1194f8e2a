//! What all loops share: polling, the events of wakers and of registering threads, and the rules
//! that hold for every event.

use std::io::ErrorKind;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Context as _, Result};
use mio::{Events, Poll, Registry, Waker};

use crate::shared::{Id, Kind, REGISTRARS, Shared};
use crate::slots::Readiness;

/// The events of one `poll`. Fewer than there are connections, so that a full buffer occurs.
const CAPACITY: usize = 256;

/// Each 16th poll is followed by another one before its sources are served.
const UNSERVED: u64 = 16;

/// The bits of `RegistrarState::seen` below the number of the source.
pub(crate) const SEEN_BITS: u32 = 2;

pub(crate) struct EventLoop<'a> {
    pub(crate) name: &'static str,
    pub(crate) shared: &'a Shared,
    poll: Poll,
    events: Events,
    /// The number of the current `poll`.
    pub(crate) polls: u64,
    scratch: Vec<(usize, Readiness)>,
}

impl<'a> EventLoop<'a> {
    /// A loop, and the waker by which other threads reach it.
    pub(crate) fn new(name: &'static str, shared: &'a Shared) -> Result<(EventLoop<'a>, Waker)> {
        let poll = Poll::new().context("Poll::new")?;
        let control = Id::new(Kind::Control, 0, 0);
        let control = Waker::new(poll.registry(), control.token()).context("Waker::new")?;
        let new = EventLoop {
            name,
            shared,
            poll,
            events: Events::with_capacity(CAPACITY),
            polls: 0,
            scratch: Vec::with_capacity(CAPACITY),
        };
        Ok((new, control))
    }

    pub(crate) fn registry(&self) -> &Registry {
        self.poll.registry()
    }

    /// Polls, handles the events of wakers and registrars, and returns the others. Sometimes polls
    /// twice, as a caller does that has not served a source before its next `poll`.
    pub(crate) fn turn(&mut self, timeout: Duration, others: &mut Vec<(Id, Readiness)>) {
        others.clear();
        self.poll_once(timeout, others);
        if self.polls % UNSERVED == 0 {
            self.poll_once(Duration::ZERO, others);
        }
    }

    /// Polls once.
    fn poll_once(&mut self, timeout: Duration, others: &mut Vec<(Id, Readiness)>) {
        let gone: [u64; REGISTRARS] =
            std::array::from_fn(|at| self.shared.registrars[at].gone.load(Ordering::Acquire));
        self.polls += 1;
        match self.poll.poll(&mut self.events, Some(timeout)) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => return,
            Err(error) => {
                self.shared
                    .fault(format_args!("{}: poll: {error}", self.name));
                return;
            }
        }
        self.scratch.clear();
        for event in &self.events {
            let readiness = Readiness::of(event);
            let Some(id) = Id::read(event.token()) else {
                let name = self.name;
                self.shared
                    .fault(format_args!("{name}: unknown token: {event:?}"));
                continue;
            };
            self.scratch.push((event.token().0, readiness));
            self.shared.event(id.kind);
            match id.kind {
                Kind::Waker => self.woken(id),
                Kind::Registrar => self.registered(id, readiness, event, &gone),
                Kind::Control => {}
                _ => others.push((id, readiness)),
            }
        }
        self.check_duplicates();
    }

    /// A source has one event in a buffer; where the kernel reports each condition in an event of
    /// its own, one for each condition.
    fn check_duplicates(&mut self) {
        self.scratch.sort_unstable();
        for pair in self.scratch.windows(2) {
            if pair[0] == pair[1] {
                if let Some(id) = Id::read(mio::Token(pair[0].0)) {
                    let (name, what) = (self.name, pair[0].1);
                    self.shared.fault(format_args!(
                        "{name}: {id}: one poll reported the same event twice: {what}"
                    ));
                }
            }
        }
    }

    fn woken(&self, id: Id) {
        let state = &self.shared.wakers[id.slot];
        state.events.fetch_add(1, Ordering::Relaxed);
        let sent = state.sent.load(Ordering::Acquire);
        state.seen.store(sent, Ordering::Release);
        if let Some(thread) = state.thread.get() {
            thread.unpark();
        }
    }

    fn registered(
        &self,
        id: Id,
        readiness: Readiness,
        event: &mio::event::Event,
        gone: &[u64; REGISTRARS],
    ) {
        let number = u64::from(id.generation);
        let gone = gone[id.slot];
        if number <= gone {
            let name = self.name;
            self.shared.fault(format_args!(
                "{name}: {id}: event ({readiness}) in a poll that began after source {gone} of \
                 its thread was deregistered or dropped"
            ));
            return;
        }
        let state = &self.shared.registrars[id.slot];
        let bits = u64::from(event.is_readable()) | u64::from(event.is_writable()) << 1;
        // The thread resets the bits before each registration. For an event of an older source,
        // which was removed during this poll, nothing waits.
        let _ = state
            .seen
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |seen| {
                (seen >> SEEN_BITS == number).then_some(seen | bits)
            });
        if let Some(thread) = state.thread.get() {
            thread.unpark();
        }
    }
}
