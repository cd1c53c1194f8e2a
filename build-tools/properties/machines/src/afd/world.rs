//! The selector, its kernel, and what the specification knows.

use std::time::Duration;

use super::LONG;
use crate::sys::selector::{
    EventBuffer as _, RegisterUnowned as _, Selector as _, SelectorEvent as _,
};
use crate::sys::windows::afd::{Afd, Registration};
use crate::sys::windows::event::{Event, Events, FAULT};
use crate::testing::windows::kernel::Kernel;
use crate::testing::windows::{during_wait, ffi, now};
use crate::{Token, interest_of};

/// The conditions of a number, of those that a socket of this kind has.
pub(super) fn conditions(socket: u64, bits: u8) -> u32 {
    let receive = match socket % 2 {
        0 => ffi::AFD_POLL_RECEIVE,
        _ => ffi::AFD_POLL_ACCEPT,
    };
    let all = [
        receive,
        ffi::AFD_POLL_SEND,
        ffi::AFD_POLL_DISCONNECT,
        ffi::AFD_POLL_ABORT,
        ffi::AFD_POLL_RECEIVE_EXPEDITED,
        ffi::AFD_POLL_CONNECT_FAIL,
    ];
    let named = all.iter().enumerate();
    let named = named.filter(|(index, _)| bits >> index & 1 != 0);
    named.fold(0, |mask, (_, condition)| mask | condition)
}

const RECEIVE: u32 = ffi::AFD_POLL_RECEIVE | ffi::AFD_POLL_ACCEPT;
const READ: u32 = RECEIVE | ffi::AFD_POLL_RECEIVE_EXPEDITED | ffi::AFD_POLL_DISCONNECT;
const RESET: u32 = ffi::AFD_POLL_ABORT | ffi::AFD_POLL_CONNECT_FAIL;

/// The conditions of an interest.
fn wanted(bits: u8) -> u32 {
    let mut mask = RESET;
    if bits & 1 != 0 || bits & 7 == 0 {
        mask |= READ & !ffi::AFD_POLL_RECEIVE_EXPEDITED;
    }
    if bits & 2 != 0 {
        mask |= ffi::AFD_POLL_SEND;
    }
    if bits & 4 != 0 {
        mask |= ffi::AFD_POLL_RECEIVE_EXPEDITED;
    }
    mask
}

#[derive(Debug)]
pub(super) struct Source {
    pub(super) socket: u64,
    token: usize,
    wanted: u32,
    /// `None` for an unowned socket.
    registration: Option<Registration>,
    armed: u32,
    /// What has held since the last event.
    pub(super) recent: u32,
    /// A fault was reported, and the source was not armed since.
    has_fault: bool,
}

impl Source {
    /// What must be reported while `level` holds.
    fn owed(&self, level: u32) -> u32 {
        if self.has_fault {
            return 0;
        }
        level & self.wanted & self.armed
    }

    fn arm(&mut self, conditions: u32, level: u32) {
        self.armed |= self.wanted & conditions;
        self.recent |= level;
        self.has_fault = false;
    }
}

/// The selector, its kernel, and what the specification knows.
pub(super) struct World {
    pub(super) kernel: Kernel,
    pub(super) registry: Afd,
    pub(super) sources: Vec<Option<Source>>,
    pub(super) last_token: usize,
    /// Tokens of unowned sockets that were closed: what AFD had completed may come.
    pub(super) dying: Vec<usize>,
    /// Refusals and failed cancels since the last `poll` of at least [`LONG`].
    pub(super) has_trouble: bool,
    pub(super) has_failed: bool,
    pub(super) is_woken: bool,
}

impl World {
    fn level(&self, socket: u64) -> u32 {
        self.kernel.level(socket).unwrap_or(0)
    }

    pub(super) fn find(&self, number: usize) -> Option<usize> {
        let alive = self.sources.iter().enumerate();
        let alive: Vec<usize> = alive
            .filter(|(_, source)| source.is_some())
            .map(|(index, _)| index)
            .collect();
        if alive.contains(&number) {
            return Some(number);
        }
        alive.get(number % alive.len().max(1)).copied()
    }

    pub(super) fn register(
        &mut self,
        socket: u64,
        bits: u8,
        is_unowned: bool,
    ) -> Result<(), String> {
        self.last_token += 1;
        let (token, interest) = (Token(self.last_token), interest_of(bits));
        let is_twice = is_unowned
            && self
                .sources
                .iter()
                .flatten()
                .any(|it| it.socket == socket && it.registration.is_none());
        let result = if is_unowned {
            let result = self.registry.register_unowned(socket, token, interest);
            result.map(|()| None)
        } else {
            self.registry.register(socket, token, interest).map(Some)
        };
        if is_twice != result.is_err() && !self.has_trouble && !self.has_failed {
            return Err(format!("`register` of socket {socket} returned {result:?}"));
        }
        let Ok(registration) = result else {
            return Ok(());
        };
        let wanted = wanted(bits);
        self.sources.push(Some(Source {
            socket,
            token: token.0,
            wanted,
            registration,
            armed: wanted,
            recent: self.level(socket),
            has_fault: false,
        }));
        Ok(())
    }

    pub(super) fn reregister(&mut self, index: usize, bits: u8) -> Result<(), String> {
        self.last_token += 1;
        let (token, interest) = (Token(self.last_token), interest_of(bits));
        let Some(source) = &mut self.sources[index] else {
            return Ok(());
        };
        let socket = source.socket;
        let result = match &mut source.registration {
            Some(registration) => self
                .registry
                .reregister(registration, socket, token, interest),
            None => self.registry.reregister_unowned(socket, token, interest),
        };
        if result.is_err() && !self.has_trouble && !self.has_failed {
            return Err(format!("`reregister` returned {result:?}"));
        }
        if result.is_err() {
            // It may have either token now.
            self.dying.extend([source.token, token.0]);
            self.sources[index] = None;
            return Ok(());
        }
        let level = self.kernel.level(socket).unwrap_or(0);
        source.token = token.0;
        source.wanted = wanted(bits);
        source.recent |= level;
        source.armed = 0;
        source.arm(u32::MAX, level);
        Ok(())
    }

    pub(super) fn end(&mut self, index: usize, by_drop: bool) -> Result<(), String> {
        let Some(source) = self.sources[index].take() else {
            return Ok(());
        };
        let result = match source.registration {
            Some(registration) if by_drop => {
                drop(registration);
                Ok(())
            }
            Some(registration) => self.registry.deregister(registration, source.socket),
            None => self.registry.deregister_unowned(source.socket),
        };
        result.map_err(|error| format!("`deregister` returned {error}"))
    }

    /// An operation reads or writes until it would block.
    pub(super) fn would_block(&mut self, index: usize, is_write: bool) {
        let Some(source) = &mut self.sources[index] else {
            return;
        };
        let ended = if is_write {
            ffi::AFD_POLL_SEND
        } else {
            RECEIVE | ffi::AFD_POLL_RECEIVE_EXPEDITED
        };
        self.kernel.clear(source.socket, ended);
        let level = self.kernel.level(source.socket).unwrap_or(0);
        let Some(registration) = &source.registration else {
            return;
        };
        let (direction, mask) = if is_write {
            (crate::Interest::WRITABLE, ffi::AFD_POLL_SEND)
        } else {
            (crate::Interest::READABLE, READ)
        };
        Afd::rearm(registration, direction).expect("a re-arm is retried, and does not fail");
        source.arm(mask | RESET, level);
    }

    /// Conditions of a socket begin.
    pub(super) fn set(&mut self, socket: u64, mask: u32) {
        for source in self.sources.iter_mut().flatten() {
            if source.socket == socket {
                source.recent |= mask;
            }
        }
        self.kernel.set(socket, mask);
    }

    pub(super) fn close(&mut self, socket: u64) -> Result<(), String> {
        for index in 0..self.sources.len() {
            match &self.sources[index] {
                Some(source) if source.socket == socket => {
                    if source.registration.is_some() {
                        self.end(index, true)?;
                    } else {
                        self.dying.push(source.token);
                        let _ = self.registry.deregister_unowned(socket);
                        self.sources[index] = None;
                    }
                }
                _ => {}
            }
        }
        self.kernel.close(socket);
        self.kernel.open_socket(socket, socket % 2 == 1);
        Ok(())
    }

    /// The first registration that is owed an event.
    fn owed(&self) -> Option<String> {
        let mut sources = self.sources.iter().flatten();
        let owed = sources.find(|it| it.owed(self.level(it.socket)) != 0)?;
        let level = self.level(owed.socket);
        Some(format!("level {level:#x}, {owed:x?}"))
    }

    fn check_event(&mut self, event: &Event) -> Result<(), String> {
        let token = event.token().0;
        if token == 0 {
            return match std::mem::take(&mut self.is_woken) {
                true => Ok(()),
                false => Err("an event of the waker without a wake".into()),
            };
        }
        let mut sources = self.sources.iter_mut().flatten();
        let Some(source) = sources.find(|source| source.token == token) else {
            return match self.dying.contains(&token) {
                true => Ok(()),
                false => Err(format!("an event of {token}, which is not registered")),
            };
        };
        let flags = event.flags;
        if flags & FAULT != 0 {
            if !self.has_failed {
                return Err(format!("a fault without a cause; {event:?}"));
            }
            source.has_fault = true;
            source.armed = 0;
            return Ok(());
        }
        let may = if source.registration.is_some() {
            source.armed
        } else {
            !RESET | source.armed
        };
        let mut held = source.recent;
        if held & RECEIVE != 0 {
            // NT 4 completes a request for one of them with the other.
            held |= RECEIVE;
        }
        if flags == 0 || flags & !(source.wanted & may & held) != 0 {
            return Err(format!("{event:?} of {source:x?}"));
        }
        if source.registration.is_some() {
            let alias = if flags & RECEIVE != 0 { RECEIVE } else { 0 };
            source.armed &= !(flags | alias);
        } else {
            source.armed &= !(flags & RESET);
        }
        source.recent = self.kernel.level(source.socket).unwrap_or(0);
        Ok(())
    }

    pub(super) fn poll(
        &mut self,
        selector: &mut Afd,
        millis: u64,
        capacity: usize,
    ) -> Result<(), String> {
        let mut events = Events::with_capacity(capacity);
        let (before, start) = (self.kernel.counts(), now());
        let timeout = Duration::from_millis(millis);
        let result = selector.poll(&mut events, Some(timeout));
        during_wait(None);
        result.map_err(|error| format!("`poll` returned {error}"))?;
        let (after, elapsed) = (self.kernel.counts(), now() - start);
        let sources = self.sources.len() + 4;
        if after.waits - before.waits > 300 || after.requests - before.requests > 20 * sources {
            return Err(format!(
                "one `poll` made too many calls: {before:?}, {after:?}"
            ));
        }
        // Nothing has happened, and nothing is probed.
        let alive = || self.sources.iter().flatten();
        let is_quiet = events.as_slice().is_empty() && !self.has_trouble;
        if is_quiet
            && alive().all(|it| it.registration.is_some())
            && after.requests - before.requests > 6 * alive().count() + 4
        {
            return Err(format!(
                "a `poll` without an event made too many requests: {before:?}, {after:?}"
            ));
        }
        if after.overlapping != 0 {
            return Err("two requests for one socket on one handle".into());
        }
        let events = events.as_slice();
        if events.len() > capacity {
            return Err("more events than the capacity".into());
        }
        if events.is_empty() {
            if elapsed < timeout {
                return Err(format!(
                    "timed out after {elapsed:?} instead of {timeout:?}"
                ));
            }
            if self.is_woken {
                return Err("a wake was lost".into());
            }
            let is_bound = millis >= LONG && !self.has_trouble;
            if let Some(owed) = self.owed().filter(|_| is_bound) {
                return Err(format!("was owed an event, and got none: {owed}"));
            }
            if millis >= LONG {
                // Every pause has ended, and every refusal was met or is not needed.
                self.dying.clear();
                self.kernel.quirks(|quirks| {
                    quirks.refusals.clear();
                    quirks.failures.clear();
                    quirks.failing_cancels = 0;
                });
                self.has_trouble = false;
            }
        }
        events.iter().try_for_each(|event| self.check_event(event))
    }
}
