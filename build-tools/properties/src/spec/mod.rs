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
//! Urgent data that begins is owed like an error, to an interest in it.
//!
//! On `poll_oneoff` the host reports hang-ups and errors as readiness of the directions: they are
//! part of rule 1, and there is no rule 2.
//!
//! On AFD the same holds, and the end of the peer's stream and a reset are owed once after the
//! source was armed. A packet may come 100 ms after what it reports.
//!
//! Named pipes report no levels. The world knows what each operation does: a pipe with a client is
//! readable while there is data or the client has left, and writable while the buffer has room. A
//! client that comes or goes is owed to both directions.
//!
//! The modes of a registration have rules of their own: see `source`.
//!
//! # Child processes
//!
//! A child with copies of everything drops, deregisters and gives away sources, drops wakers, wakes
//! and exits. The rules for the parent are the same as before, but for these:
//!
//! - A `wake` in the child is owed to the parent; over poll(2) every waker may have an event.
//! - On epoll, a source that the child deregisters has no more events.
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
mod waker;

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use crate::sys::{ERR, Levels};
pub(crate) use basics::{Backend, Class, Flags};
#[cfg(windows)]
pub(crate) use source::{CHANGED, DISCONNECTED, SPACE};
use source::{Direction, Mode, Registration, Source};
use waker::Waker;

/// How late a thread may run.
pub(crate) const SLACK: Duration = Duration::from_secs(2);

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
    /// Over poll(2): the wakes of child processes.
    child_wakes: usize,
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
            child_wakes: 0,
        }
    }

    pub(crate) fn created(&mut self, id: usize, class: Class, is_owned: bool) {
        let source = Source {
            class,
            is_owned,
            ended: false,
            misses_conditions: false,
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
    pub(crate) fn registered(&mut self, id: usize, token: usize, interest: u8, modes: u8) {
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
            mode: Mode::of(modes),
            is_spent: [false; 2],
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

    /// Its kernel misses conditions from now on.
    #[cfg(windows)]
    pub(crate) fn loses_conditions(&mut self, id: usize) {
        if let Some(source) = self.sources.get_mut(&id) {
            source.misses_conditions = true;
        }
    }

    /// A wake in a child process. Over poll(2) it may be an event of every waker.
    #[cfg(unix)]
    pub(crate) fn woken_by_child(&mut self, id: usize, began: Instant) {
        self.woken(id, began);
        if self.backend == Backend::Poll {
            self.child_wakes += 1;
            for waker in self.wakers.values_mut() {
                waker.by_children += 1;
            }
        }
    }

    pub(crate) fn waker_created(&mut self, id: usize, token: usize) {
        let mut waker = Waker::new(token);
        // The creator sees one wake of a child, and not for which waker it was.
        waker.by_children = self.child_wakes;
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
            if !waker.wakes.is_empty() || waker.spare + waker.by_children != 0 {
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
        matches!(self.backend, Backend::EventPorts | Backend::Afd)
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
        let most_events = match backend {
            Backend::Epoll => 1,
            Backend::Afd => 4,
            _ => 2,
        };
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
            // An association or a request delivers the conditions of one time.
            let is_reported = registration
                .as_ref()
                .is_some_and(|it| reported.contains_key(&it.token));
            let is_second = matches!(backend, Backend::EventPorts | Backend::Afd)
                && is_reported
                && registration.as_ref().is_some_and(|it| it.passed_over < 2);
            let count = registration.map(|it| &mut it.passed_over);
            check_owed(due, count, polled, may_pass_over || is_second, members)
                .map_err(|what| format!("source {id} {what}; {source:?}"))?;
            if (is_second || is_reported && backend == Backend::Afd) && !is_full {
                source.port_emptied(after.get(id).copied().unwrap_or(0));
            }
            source.poll_ended(backend, polled.end);
        }
        for (id, waker) in &mut self.wakers {
            let due = waker.wakes.first().copied();
            // A child's notification is seen by the blocking call, after what is pending here.
            let is_later = waker.by_children != 0 && !polled.events.is_empty();
            check_owed(
                due,
                Some(&mut waker.passed_over),
                polled,
                may_pass_over || is_later,
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
