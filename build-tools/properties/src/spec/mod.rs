//! The specification of readiness: which events must come by when, which may, and which must not.
//!
//! The specification knows nothing of a selector. It gets every operation on every source, and
//! before and after every `poll` the *levels* of each source: what poll(2) returns for its file
//! descriptor at that time. From these it derives the following rules.
//!
//! # Events that must come
//!
//! A registration has two *directions*, reading and writing. A direction is *armed* by `register`,
//! by `reregister`, and by an operation in it that returns `WouldBlock`. An event that reports the
//! direction disarms it. Where the kernel reports edges (epoll, kqueue), data, datagrams and
//! connections that arrive arm reading, too.
//!
//! 1. A direction that is in the interest, armed and ready is *owed*.
//! 2. A hang-up, an error or the end of the peer's stream (the latter: with interest in reading,
//!    where the system reports it) that begins is owed. On kqueue it arms the directions instead,
//!    since each filter reports it.
//! 3. A `wake` is owed.
//!
//! What is owed when a `poll` begins is reported by it, or by one of the next if its capacity is
//! used up (where the kernel reports levels: or if that of the one before was). A source is passed
//! over at most `4 * n + 8` times, where `n` is the number of sources and wakers. What becomes owed
//! during a `poll` ends that `poll`.
//!
//! Where the kernel reports levels (poll(2), event ports) there are these bounds instead:
//!
//! - Reading and writing of an unowned file descriptor are always armed. They are owed 10 ms after
//!   their last report.
//! - These delays begin at any time of the first `poll` that can see what is owed.
//! - Event ports: an association delivers the conditions of one time. What begins later is reported
//!   by the next `poll`.
//! - While a hang-up or an error that was reported persists: 100 ms after it became owed or was
//!   last reported; 1 s if both halves of a socket are closed and the system has `POLLRDHUP`.
//!
//! # Events that may come
//!
//! - An event of a registered source, for conditions that hold. On event ports: that have held
//!   since the last event of the source; on poll(2), the same for errors of an unowned file
//!   descriptor, because some kernels end an error when a call returns it.
//! - An event of a source that was deregistered, closed or reregistered while this `poll` ran.
//! - On epoll, an event of a source that was closed while a duplicate of it was open.
//!
//! # Events that must not come
//!
//! - Any other token, so also one that a source had before it was reregistered.
//! - A direction that is not in the interest, or a condition that does not hold. On epoll the
//!   methods of the event are exactly what the levels give.
//! - More events than the capacity. More than one event of a source in one `poll` on epoll, or two
//!   elsewhere (kqueue: one for each filter; where the kernel reports levels: of a probe and of the
//!   blocking call).
//! - An event of a waker without a `wake`, or more than one of a waker in one `poll`.
//! - An event of a dropped waker, unless the capacity is used up.
//! - Endless events while no operation touches a source or its peer: at most 8 where the kernel
//!   reports edges and for owned sources; otherwise 200, and 100 a second.
//!
//! # Time
//!
//! - A `poll` without an event does not return before its timeout.
//! - A `poll` returns at most [`SLACK`] after its timeout, or after something is owed. No system
//!   promises this: the bound only separates a lost event from a slow machine.

mod basics;
mod source;

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use crate::sys::{ERR, Levels};
pub(crate) use basics::{Backend, Class, Flags};
use source::{Direction, Registration, Source};

/// How late a thread may run.
pub(crate) const SLACK: Duration = Duration::from_secs(2);

#[derive(Debug)]
struct Waker {
    token: usize,
    /// The wakes that no event has followed, by the time when they began.
    wakes: Vec<Instant>,
    /// The wakes that may have an event of their own, but need not.
    spare: usize,
    passed_over: usize,
}

/// What a `poll` has done.
#[derive(Debug)]
pub(crate) struct Polled {
    pub(crate) start: Instant,
    pub(crate) end: Instant,
    pub(crate) timeout: Option<Duration>,
    pub(crate) capacity: usize,
    pub(crate) events: Vec<(usize, Flags)>,
    pub(crate) interrupted: bool,
    /// Whether another thread ran an operation meanwhile.
    pub(crate) concurrent: bool,
}

/// The specification, and the state that it needs.
#[derive(Debug)]
pub(crate) struct Spec {
    backend: Backend,
    sources: HashMap<usize, Source>,
    wakers: HashMap<usize, Waker>,
    /// Tokens that may have events until the present `poll` ends.
    dying: HashSet<usize>,
    /// Tokens of dropped wakers with a wake.
    dropped_wakers: HashSet<usize>,
    /// Tokens that may have events as long as a duplicate is open.
    duplicated: HashSet<usize>,
    /// Whether the last `poll` has used up its capacity.
    was_full: bool,
}

impl Spec {
    pub(crate) fn new(backend: Backend) -> Spec {
        Spec {
            backend,
            sources: HashMap::new(),
            wakers: HashMap::new(),
            dying: HashSet::new(),
            dropped_wakers: HashSet::new(),
            duplicated: HashSet::new(),
            was_full: false,
        }
    }

    pub(crate) fn created(&mut self, id: usize, class: Class, is_owned: bool) {
        let source = Source {
            class,
            is_owned,
            ended: false,
            registration: None,
            before: 0,
        };
        self.sources.insert(id, source);
    }

    /// The source was closed.
    pub(crate) fn closed(&mut self, id: usize, has_duplicate: bool) {
        if let Some(source) = self.sources.remove(&id) {
            if let Some(registration) = source.registration {
                self.dying.insert(registration.token);
                if has_duplicate && self.backend == Backend::Epoll {
                    self.duplicated.insert(registration.token);
                }
            }
        }
    }

    pub(crate) fn duplicates_closed(&mut self) {
        self.dying.extend(self.duplicated.drain());
    }

    pub(crate) fn is_registered(&self, id: usize) -> bool {
        let source = self.sources.get(&id);
        source.is_some_and(|source| source.registration.is_some())
    }

    pub(crate) fn interest(&self, id: usize) -> Option<u8> {
        Some(self.sources.get(&id)?.registration.as_ref()?.interest)
    }

    /// `register` or `reregister` has succeeded.
    pub(crate) fn registered(&mut self, id: usize, token: usize, interest: u8) {
        let Some(source) = self.sources.get_mut(&id) else {
            return;
        };
        if source.registration.is_none() {
            source.ended = false;
        }
        let armed = Direction {
            armed: true,
            ..Direction::default()
        };
        let registration = Registration {
            token,
            interest,
            directions: [armed; 2],
            exceptions: 0,
            exception_owed_since: None,
            is_exception_seen: false,
            exception_reported_at: None,
            recent: 0,
            events_since_touch: 0,
            touched_at: Instant::now(),
            passed_over: 0,
        };
        if let Some(old) = source.registration.replace(registration) {
            self.dying.insert(old.token);
            if let Some(new) = &mut source.registration {
                // What a probe has taken from the kernel is reported under the new token.
                new.recent = old.recent & ERR;
            }
        }
    }

    pub(crate) fn deregistered(&mut self, id: usize) {
        let source = self.sources.get_mut(&id);
        if let Some(old) = source.and_then(|source| source.registration.take()) {
            self.dying.insert(old.token);
        }
    }

    fn registration(&mut self, id: usize) -> Option<&mut Registration> {
        self.sources.get_mut(&id)?.registration.as_mut()
    }

    /// An operation on the source or on its peer.
    pub(crate) fn touched(&mut self, id: usize) {
        if let Some(registration) = self.registration(id) {
            registration.events_since_touch = 0;
            registration.touched_at = Instant::now();
        }
    }

    /// Something to read has arrived.
    pub(crate) fn arrived(&mut self, id: usize) {
        let has_edges = self.backend.has_edges();
        if let Some(registration) = self.registration(id) {
            registration.directions[0].armed |= has_edges;
        }
    }

    /// An operation would have blocked.
    pub(crate) fn would_block(&mut self, id: usize, is_write: bool) {
        if let Some(registration) = self.registration(id) {
            registration.directions[usize::from(is_write)].armed = true;
        }
    }

    /// A pipe was at its end, or an operation on it has failed.
    pub(crate) fn pipe_ended(&mut self, id: usize) {
        if let Some(source) = self.sources.get_mut(&id) {
            source.ended |= source.registration.is_some();
        }
    }

    pub(crate) fn waker_created(&mut self, id: usize, token: usize) {
        let waker = Waker {
            token,
            wakes: Vec::new(),
            spare: 0,
            passed_over: 0,
        };
        self.wakers.insert(id, waker);
    }

    /// A `wake` that began at this time has returned.
    pub(crate) fn woken(&mut self, id: usize, began: Instant) {
        if let Some(waker) = self.wakers.get_mut(&id) {
            waker.wakes.push(began);
        }
    }

    pub(crate) fn waker_dropped(&mut self, id: usize) {
        if let Some(waker) = self.wakers.remove(&id) {
            self.dying.insert(waker.token);
            if !waker.wakes.is_empty() || waker.spare != 0 {
                self.dropped_wakers.insert(waker.token);
            }
        }
    }

    /// The owner of a token, and whether it is a source.
    pub(crate) fn owner(&self, token: usize) -> Option<(bool, usize)> {
        let source = self.sources.iter().find(|(_, source)| {
            let registration = source.registration.as_ref();
            registration.is_some_and(|registration| registration.token == token)
        });
        if let Some((id, _)) = source {
            return Some((true, *id));
        }
        let waker = self.wakers.iter().find(|(_, waker)| waker.token == token);
        waker.map(|(id, _)| (false, *id))
    }

    /// A `poll` begins, with these levels. Events of earlier registrations may not come any more.
    pub(crate) fn poll_begins(&mut self, levels: &HashMap<usize, Levels>) {
        self.dying.clear();
        for source in self.sources.values_mut() {
            source.before = 0;
        }
        self.observe(levels);
    }

    /// The levels of all sources at a time while a `poll` runs.
    pub(crate) fn observe(&mut self, levels: &HashMap<usize, Levels>) {
        let (backend, now) = (self.backend, Instant::now());
        for (id, source) in &mut self.sources {
            let levels = levels.get(id).copied().unwrap_or(0);
            source.before |= levels;
            source.observe(backend, now, levels);
        }
    }

    /// The levels of all sources at a time while no `poll` runs. An event port queues what holds
    /// now, even if it ends before the next `poll`.
    pub(crate) fn saw(&mut self, levels: &HashMap<usize, Levels>) {
        for (id, source) in &mut self.sources {
            if let (Some(registration), Some(levels)) = (&mut source.registration, levels.get(id)) {
                registration.recent |= levels;
            }
        }
    }

    /// Whether the library keeps levels that no longer hold.
    pub(crate) fn keeps_levels(&self) -> bool {
        self.backend == Backend::EventPorts
    }

    /// When the first thing that is owed is due.
    pub(crate) fn first_due(&self) -> Option<Instant> {
        let wakes = self.wakers.values().filter_map(|waker| waker.wakes.first());
        let sources = self.sources.values();
        let sources = sources.filter_map(|source| source.first_due(self.backend));
        wakes.copied().chain(sources).min()
    }

    /// Checks what a `poll` has done. `after`: the levels since.
    pub(crate) fn polled(
        &mut self,
        polled: &Polled,
        after: &HashMap<usize, Levels>,
    ) -> Result<(), String> {
        let backend = self.backend;
        let is_full = polled.events.len() >= polled.capacity;
        if polled.events.len() > polled.capacity {
            return Err("there are more events than the capacity".into());
        }
        let elapsed = polled.end - polled.start;
        if let Some(timeout) = polled.timeout {
            if polled.events.is_empty() && !polled.interrupted && elapsed < timeout {
                return Err(format!(
                    "timed out after {elapsed:?} instead of {timeout:?}"
                ));
            }
            if elapsed > timeout + SLACK * 3 {
                return Err(format!("returned after {elapsed:?} instead of {timeout:?}"));
            }
        }
        if let Some(due) = self.first_due().filter(|_| !polled.interrupted) {
            let late = polled.end.saturating_duration_since(due.max(polled.start));
            if late > SLACK {
                return Err(format!(
                    "did not end when an event was due, {late:?} late; {self:?}"
                ));
            }
        }
        // Before the events disarm what they report.
        let members = self.sources.values().filter(|it| it.registration.is_some());
        let members = members.count() + self.wakers.len();
        let owed_sources = self.sources.values();
        let owed = owed_sources
            .filter(|source| source.first_due(backend).is_some())
            .count()
            + self
                .wakers
                .values()
                .filter(|it| !it.wakes.is_empty())
                .count();
        // A probe that has used up the capacity lets the blocking call go first next time.
        let was_full = std::mem::replace(&mut self.was_full, is_full);
        let is_deferred = was_full && !backend.has_edges();
        let may_pass_over = is_full || is_deferred || owed >= polled.capacity;

        let mut reported = HashMap::new();
        let most_events = if backend == Backend::Epoll { 1 } else { 2 };
        for (token, flags) in &polled.events {
            match self.owner(*token) {
                Some((true, id)) => {
                    let source = self.sources.get_mut(&id).expect("`owner` has found it");
                    let after = after.get(&id).copied().unwrap_or(0);
                    source.check_event(backend, *flags, after, polled)?;
                    let count = reported.entry(*token).or_insert(0);
                    *count += 1;
                    if *count > most_events {
                        return Err(format!("{count} events of source {id} in one poll"));
                    }
                }
                Some((false, id)) => {
                    let waker = self.wakers.get_mut(&id).expect("`owner` has found it");
                    if reported.insert(*token, 1).is_some() {
                        return Err(format!("two events of waker {id} in one poll"));
                    }
                    waker.check_event(id, *flags, polled)?;
                }
                None if self.dying.contains(token) || self.duplicated.contains(token) => {}
                None if self.dropped_wakers.contains(token) && is_full => {}
                None => return Err(format!("an event {flags:?} of a token without an owner")),
            }
        }
        if !is_full && !polled.interrupted {
            self.dropped_wakers.clear();
        }
        if polled.interrupted {
            return Ok(());
        }
        for (id, source) in &mut self.sources {
            let due = source.first_due(backend);
            let registration = source.registration.as_mut();
            // An association delivers the conditions of one time.
            let is_second = backend == Backend::EventPorts
                && registration
                    .as_ref()
                    .is_some_and(|it| reported.contains_key(&it.token) && it.passed_over < 2);
            let count = registration.map(|it| &mut it.passed_over);
            check_owed(due, count, polled, may_pass_over || is_second, members)
                .map_err(|what| format!("source {id} {what}; {source:?}"))?;
            if is_second && !is_full {
                source.port_emptied(after.get(id).copied().unwrap_or(0));
            }
            source.poll_ended(backend, polled.end);
        }
        for (id, waker) in &mut self.wakers {
            let due = waker.wakes.first().copied();
            check_owed(
                due,
                Some(&mut waker.passed_over),
                polled,
                may_pass_over,
                members,
            )
            .map_err(|what| format!("waker {id} {what}; {waker:?}"))?;
        }
        Ok(())
    }
}

/// Checks that what has not been reported was not due.
fn check_owed(
    due: Option<Instant>,
    passed_over: Option<&mut usize>,
    polled: &Polled,
    may_pass_over: bool,
    members: usize,
) -> Result<(), String> {
    let Some(passed_over) = passed_over else {
        return Ok(());
    };
    let Some(due) = due else {
        *passed_over = 0;
        return Ok(());
    };
    if due > polled.start {
        // It became due while the `poll` ran. The caller has checked when the `poll` ended.
        return Ok(());
    }
    if !may_pass_over {
        return Err("was owed an event, and got none".into());
    }
    *passed_over += 1;
    if *passed_over > 4 * members + 8 {
        return Err(format!("was passed over {passed_over} times"));
    }
    Ok(())
}

impl Waker {
    fn check_event(&mut self, id: usize, flags: Flags, polled: &Polled) -> Result<(), String> {
        let readable = Flags {
            readable: true,
            ..Flags::default()
        };
        if flags != readable {
            return Err(format!("the event of waker {id} is {flags:?}"));
        }
        // The wakes that the event may report.
        let (reported, later): (Vec<Instant>, Vec<Instant>) =
            self.wakes.iter().partition(|it| **it <= polled.end);
        let available = reported.len() + self.spare;
        if available == 0 {
            return Err(format!("an event of waker {id} without a wake"));
        }
        // Only a wake that ran together with the `poll` may still have an event of its own.
        let concurrent = reported.iter().filter(|it| **it >= polled.start).count();
        self.spare = concurrent.min(available - 1);
        self.wakes = later;
        self.passed_over = 0;
        Ok(())
    }
}
