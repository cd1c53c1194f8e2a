//! The rules for the registration of one source.
//!
//! # Modes
//!
//! - `LEVEL`: both directions are always armed, and a hang-up, an error, the end of the peer's
//!   stream and urgent data are owed as long as they hold, without delays, on every backend. On AFD
//!   the latter are owed once. On kqueue a pipe's writer without a reader is owed once: kernels end
//!   its filter. There is no limit to the events.
//! - `ONESHOT`: after one event nothing is owed, and no event may come until `reregister`. On
//!   kqueue this holds for each direction.

use std::time::{Duration, Instant};

use super::{Backend, Class, Flags, Polled};
use crate::op::LEVEL;
use crate::sys::{ERR, HUP, IN, Levels, OUT, PRI, RDHUP};

/// How long the completion packet of an operation may take that the driver has completed.
const PACKET: Duration = Duration::from_millis(100);

/// Reading is 0, writing is 1.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Direction {
    pub(super) armed: bool,
    pub(super) owed_since: Option<Instant>,
    /// Whether `owed_since` is the end of the first `poll` that could see it.
    pub(super) is_seen: bool,
    pub(super) reported_at: Option<Instant>,
}

/// How a registration reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Edge,
    Level,
    OneShot,
}

impl Mode {
    /// The mode of the bits of an operation.
    pub(super) fn of(modes: u8) -> Mode {
        match modes {
            0 => Mode::Edge,
            LEVEL => Mode::Level,
            _ => Mode::OneShot,
        }
    }
}

#[derive(Debug)]
pub(super) struct Registration {
    pub(super) token: usize,
    pub(super) interest: u8,
    pub(super) mode: Mode,
    /// The directions whose one-shot event was reported; both, where an event has both.
    pub(super) is_spent: [bool; 2],
    pub(super) directions: [Direction; 2],
    /// The exceptional levels that were seen (kqueue) or reported (others), and still hold.
    pub(super) exceptions: Levels,
    pub(super) exception_owed_since: Option<Instant>,
    pub(super) is_exception_seen: bool,
    /// When an event last reported a hang-up or an error.
    pub(super) exception_reported_at: Option<Instant>,
    /// The levels since the last event.
    pub(super) recent: Levels,
    pub(super) events_since_touch: u32,
    pub(super) touched_at: Instant,
    /// How many polls in a row with all their capacity used have not reported what is owed.
    pub(super) passed_over: usize,
}

#[derive(Debug)]
pub(super) struct Source {
    pub(super) class: Class,
    pub(super) is_owned: bool,
    /// An owned pipe that is watched like an unowned file descriptor since it was at its end.
    pub(super) ended: bool,
    /// Its kernel misses conditions from now on: nothing must come.
    pub(super) misses_conditions: bool,
    pub(super) registration: Option<Registration>,
    /// The levels before the present `poll`, and those seen while it runs.
    pub(super) before: Levels,
}

/// Levels of a named pipe: it has or had a client or lost one, which no event has reported; and a
/// write may take more, though it need not; and a server that has disconnected, of which a
/// registration may report that reading and writing fail at once.
pub(crate) const CHANGED: Levels = RDHUP;
#[cfg_attr(unix, allow(dead_code))] // Unix has no such pipes.
pub(crate) const DISCONNECTED: Levels = PRI;
pub(crate) const SPACE: Levels = ERR;

impl super::Spec {
    /// Whether it is registered in another mode than edge-triggered.
    pub(crate) fn has_modes(&self, id: usize) -> bool {
        let registration = self
            .sources
            .get(&id)
            .and_then(|it| it.registration.as_ref());
        registration.is_some_and(|it| it.mode != Mode::Edge)
    }
}

impl Source {
    /// Whether the source is edge-triggered, if it is registered.
    fn is_edge(&self) -> bool {
        let registration = self.registration.as_ref();
        registration.is_none_or(|it| it.mode == Mode::Edge)
    }

    /// Whether the rules of a level-triggered kernel for unowned file descriptors hold.
    fn is_unowned_level(&self, backend: Backend) -> bool {
        if !self.is_edge() {
            return false;
        }
        match backend {
            Backend::Epoll | Backend::Kqueue => false,
            Backend::Poll | Backend::EventPorts => !self.is_owned || self.ended,
            Backend::PollOneoff | Backend::Afd => !self.is_owned,
        }
    }

    /// The exceptional levels that must be reported.
    fn exceptional(&self, backend: Backend, levels: Levels, interest: u8) -> Levels {
        let mut mask = HUP | ERR;
        match backend {
            // They are conditions of the two directions.
            Backend::PollOneoff => return 0,
            Backend::Afd if self.class == Class::NamedPipe => return 0,
            Backend::Afd => return levels & if interest & 1 == 0 { ERR } else { mask },
            _ => {}
        }
        if interest & 4 != 0 {
            mask |= PRI;
        }
        if interest & 1 != 0 && backend != Backend::EventPorts {
            mask |= RDHUP;
        }
        levels & mask
    }

    /// Whether a direction is ready.
    fn is_ready(&self, backend: Backend, levels: Levels, direction: usize) -> bool {
        let masks = match (backend, self.class, direction) {
            // The kernels differ in what a filter of the wrong end reports.
            (Backend::Kqueue, Class::PipeReceiver, 1) => return false,
            (Backend::Kqueue, Class::PipeSender, 0) => return false,
            (Backend::Kqueue, ..) => [IN | HUP | ERR | RDHUP, OUT | HUP | ERR],
            (Backend::PollOneoff, ..) => [IN | HUP | ERR, OUT | HUP | ERR],
            (Backend::Afd, Class::NamedPipe, _) => [IN, OUT],
            // A reset is no condition of a direction: it is reported once.
            (Backend::Afd, ..) if levels & ERR == 0 => [IN | HUP, OUT],
            _ => [IN, OUT],
        };
        levels & masks[direction] != 0
    }

    pub(super) fn observe(&mut self, backend: Backend, now: Instant, levels: Levels) {
        let mut always_armed = self.is_unowned_level(backend);
        let has_lost_reader = self.class == Class::PipeSender && levels & (HUP | ERR) != 0;
        let keeps_filter = backend != Backend::Kqueue || !has_lost_reader;
        let Some(interest) = self.registration.as_ref().map(|it| it.interest) else {
            return;
        };
        let exceptional = self.exceptional(backend, levels, interest);
        let is_ready = [0, 1].map(|it| self.is_ready(backend, levels, it));
        let Some(registration) = &mut self.registration else {
            return;
        };
        registration.recent |= levels;
        if registration.mode == Mode::Level {
            always_armed |= keeps_filter;
            if backend != Backend::Afd && keeps_filter {
                registration.exceptions = 0;
            }
        }
        if registration.is_spent == [true; 2] {
            return;
        }
        if backend != Backend::Afd {
            // AFD reports each once after the source was armed, even if it holds again.
            registration.exceptions &= exceptional;
        }
        let new = exceptional & !registration.exceptions;
        if backend == Backend::Kqueue {
            registration.exceptions |= new;
            registration.directions[0].armed |= new != 0;
            registration.directions[1].armed |= new & (HUP | ERR) != 0;
        } else if new != 0 {
            registration.exception_owed_since.get_or_insert(now);
        } else {
            registration.exception_owed_since = None;
            registration.is_exception_seen = false;
        }
        for (index, direction) in registration.directions.iter_mut().enumerate() {
            let is_spent = registration.is_spent[index];
            let is_armed = (direction.armed || always_armed) && !is_spent;
            let is_wanted = interest >> index & 1 != 0;
            if is_wanted && is_armed && is_ready[index] {
                direction.owed_since.get_or_insert(now);
            } else {
                direction.owed_since = None;
                direction.is_seen = false;
            }
        }
    }

    /// An event was reported, and the kernel has no more of them.
    pub(super) fn port_emptied(&mut self, after: Levels) {
        if let Some(registration) = &mut self.registration {
            registration.recent = after;
        }
    }

    /// A `poll` has ended. Where there are delays, they begin when the selector has seen what is
    /// owed, at any time of its first `poll`.
    pub(super) fn poll_ended(&mut self, backend: Backend, end: Instant) {
        let is_unowned_level = self.is_unowned_level(backend);
        let Some(registration) = &mut self.registration else {
            return;
        };
        let has_delays = !backend.has_edges()
            && registration.mode == Mode::Edge
            && (is_unowned_level || registration.exception_reported_at.is_some());
        if !has_delays {
            return;
        }
        for direction in &mut registration.directions {
            if direction.owed_since.is_some() && !direction.is_seen {
                direction.owed_since = Some(end);
                direction.is_seen = true;
            }
        }
        if registration.exception_owed_since.is_some() && !registration.is_exception_seen {
            registration.exception_owed_since = Some(end);
            registration.is_exception_seen = true;
        }
    }

    /// When the first event that is owed must have come.
    pub(super) fn first_due(&self, backend: Backend) -> Option<Instant> {
        let registration = self
            .registration
            .as_ref()
            .filter(|_| !self.misses_conditions)?;
        let is_unowned_level = self.is_unowned_level(backend);
        let mut lateness = Duration::ZERO;
        if backend == Backend::Afd {
            lateness = PACKET;
        }
        let is_edge = registration.mode == Mode::Edge;
        if !backend.has_edges() && is_edge && registration.exception_reported_at.is_some() {
            let are_both_closed =
                backend == Backend::Poll && self.before & (HUP | RDHUP) == HUP | RDHUP;
            lateness = Duration::from_millis(if are_both_closed { 1_000 } else { 100 });
        }
        let exception = registration
            .exception_owed_since
            .map(|since| since + lateness);
        let directions = registration.directions.iter().filter_map(|direction| {
            let since = direction.owed_since?;
            let reported_at = direction.reported_at.filter(|_| is_unowned_level);
            Some(match reported_at {
                Some(at) => since.max(at) + lateness.max(Duration::from_millis(10)),
                None => since + lateness,
            })
        });
        directions.chain(exception).min()
    }

    /// The methods that may return `true` with these levels.
    fn allowed(&self, backend: Backend, levels: Levels, interest: u8) -> Flags {
        let (reads, writes) = (interest & 1 != 0, interest & 2 != 0);
        let has = |mask| levels & mask != 0;
        let has_urgent = interest & 4 != 0 && has(PRI);
        match backend {
            Backend::PollOneoff => {
                return Flags {
                    readable: reads && has(IN | HUP | ERR),
                    writable: writes && has(OUT | HUP | ERR),
                    read_closed: reads && has(HUP),
                    write_closed: writes && has(HUP),
                    ..Flags::default()
                };
            }
            Backend::Afd if self.class == Class::NamedPipe => {
                return Flags {
                    readable: reads && has(IN | CHANGED | DISCONNECTED),
                    writable: writes && has(OUT | CHANGED | SPACE | DISCONNECTED),
                    ..Flags::default()
                };
            }
            Backend::Afd => {
                return Flags {
                    readable: reads && has(IN | HUP) || has(ERR),
                    writable: writes && has(OUT) || has(ERR),
                    read_closed: has(HUP | ERR),
                    write_closed: has(ERR),
                    error: has(ERR),
                    priority: false,
                };
            }
            _ => {}
        }
        if backend == Backend::Kqueue {
            let is_wrong_end = self.class == Class::PipeReceiver;
            return Flags {
                readable: reads && has(IN | HUP | ERR | RDHUP),
                writable: writes && (has(OUT | HUP | ERR) || is_wrong_end),
                read_closed: reads && has(HUP | ERR | RDHUP),
                // Its own writing half may be shut down, which no level shows.
                write_closed: writes && (has(HUP | ERR) || self.is_stream()),
                error: has(ERR),
                priority: false,
            };
        }
        Flags {
            readable: reads && has(IN) || has_urgent,
            writable: writes && has(OUT),
            read_closed: has(HUP) || reads && has(IN) && has(RDHUP),
            write_closed: has(HUP | ERR),
            error: has(ERR),
            priority: has_urgent,
        }
    }

    fn is_stream(&self) -> bool {
        matches!(self.class, Class::Tcp | Class::Stream)
    }

    /// What epoll reports with these levels.
    fn exact(levels: Levels, interest: u8) -> Flags {
        let mut mask = HUP | ERR;
        if interest & 1 != 0 {
            mask |= IN | RDHUP;
        }
        if interest & 2 != 0 {
            mask |= OUT;
        }
        if interest & 4 != 0 {
            mask |= PRI;
        }
        let levels = levels & mask;
        let has_all = |mask| levels & mask == mask;
        Flags {
            readable: has_all(IN) || has_all(PRI),
            writable: has_all(OUT),
            read_closed: has_all(HUP) || has_all(IN | RDHUP),
            write_closed: has_all(HUP) || has_all(OUT | ERR) || levels == ERR,
            error: has_all(ERR),
            priority: has_all(PRI),
        }
    }

    pub(super) fn check_event(
        &mut self,
        backend: Backend,
        flags: Flags,
        after: Levels,
        polled: &Polled,
    ) -> Result<(), String> {
        let is_unowned_level = self.is_unowned_level(backend);
        let Some((interest, recent)) = self
            .registration
            .as_ref()
            .map(|it| (it.interest, it.recent))
        else {
            return Ok(());
        };
        let mut levels = match backend {
            Backend::EventPorts | Backend::Afd => recent | after,
            // A probe may have taken it from the kernel without an event.
            Backend::Poll if is_unowned_level || !self.is_owned => {
                self.before | after | recent & (ERR | PRI)
            }
            _ => self.before | after,
        };
        let is_socket = matches!(self.class, Class::Tcp | Class::Stream | Class::Datagram);
        if is_socket && (polled.concurrent || backend == Backend::EventPorts) {
            // One send may cause an error, and the next one take it.
            levels |= ERR;
        }
        if flags == Flags::default() {
            return Err(format!("an event that reports nothing; {self:?}"));
        }
        // Of these the kernel reports what WSAPoll does not.
        if !self.misses_conditions && flags.beyond(self.allowed(backend, levels, interest)) {
            return Err(format!("{flags:?} with levels {levels:#x}; {self:?}"));
        }
        let expected = Source::exact(after, interest);
        if backend == Backend::Epoll
            && !polled.concurrent
            && self.before == after
            && flags != expected
        {
            return Err(format!("{flags:?} instead of {expected:?}; {self:?}"));
        }
        let exceptional = self.exceptional(backend, self.before | after, interest);
        let is_exception = levels & (HUP | ERR | PRI) != 0;
        let Some(registration) = &mut self.registration else {
            return Ok(());
        };
        if registration.mode == Mode::OneShot {
            let reported = match backend {
                Backend::Kqueue => [flags.readable, flags.writable],
                _ => [true; 2],
            };
            for (is_spent, is_reported) in registration.is_spent.iter_mut().zip(reported) {
                if is_reported && std::mem::replace(is_spent, true) {
                    return Err(format!(
                        "a second event {flags:?} of a one-shot registration"
                    ));
                }
            }
            if registration.is_spent == [true; 2] {
                registration.exception_owed_since = None;
                registration.directions = [Direction::default(); 2];
            }
        }
        for (direction, is_reported) in registration
            .directions
            .iter_mut()
            .zip([flags.readable, flags.writable])
        {
            if is_reported {
                *direction = Direction {
                    armed: false,
                    owed_since: None,
                    is_seen: false,
                    reported_at: Some(polled.end),
                };
            }
        }
        if backend != Backend::Kqueue {
            registration.exceptions |= match (backend, flags.read_closed, flags.error) {
                // It reports the conditions that held when it completed the request.
                (Backend::Afd, false, false) => 0,
                (Backend::Afd, true, false) => HUP,
                _ => exceptional,
            };
            registration.exception_owed_since = None;
            registration.is_exception_seen = false;
            if is_exception {
                registration.exception_reported_at = Some(polled.end);
            }
        }
        if !matches!(backend, Backend::EventPorts | Backend::Afd) {
            registration.recent = after;
        }
        registration.passed_over = 0;
        registration.events_since_touch += 1;
        let seconds = (polled.end - registration.touched_at).as_secs() as u32 + 1;
        let most = if is_unowned_level || !backend.has_edges() && is_exception {
            200 + 200 * seconds
        } else {
            8
        };
        if registration.events_since_touch > most && registration.mode != Mode::Level {
            return Err(format!("{most} events without a cause; {self:?}"));
        }
        Ok(())
    }
}
