//! Operations that begin and end registrations.

use super::super::subject::{Interest, Token};
use super::files::{Io, with_source};
use super::{Outcome, World, interest, shown};
use crate::op::{LEVEL, ONESHOT, R};
use crate::spec::{Backend, Class};

impl World {
    pub(super) fn register(&mut self, id: usize, bits: u8, is_change: bool) -> Outcome {
        let mut modes = bits & (LEVEL | ONESHOT);
        let bits = match bits & 3 {
            _ if self.options.backend.has_priority() => bits & 7,
            0 => R,
            known => known,
        };
        if !self.is_open(id) || self.sources[id].lost {
            return Ok(None);
        }
        if self.sources[id].class == Class::NamedPipe {
            // It is always edge-triggered.
            modes = 0;
        }
        let is_registered = self.spec.is_registered(id);
        let token = self.new_token();
        let registry = &self.registry;
        let Some(io) = &mut self.sources[id].io else {
            return Ok(None);
        };
        let is_owned = io.is_owned();
        let is_lenient = !is_owned && self.options.backend == Backend::Kqueue;
        let has_modes = modes != 0 || self.spec.has_modes(id);
        if is_lenient
            && !is_change
            && self
                .spec
                .interest(id)
                .is_some_and(|it| it & !bits != 0 || has_modes)
        {
            // The old token stays with the interest that this call does not name, and a filter
            // keeps its mode.
            return Ok(None);
        }
        let (result, expected) = if is_change {
            let result =
                with_source!(io, it => registry.reregister(it, token, interest(bits | modes)));
            let expected = if is_registered || is_lenient {
                "Ok"
            } else {
                "NotFound"
            };
            (result, expected)
        } else {
            let result =
                with_source!(io, it => registry.register(it, token, interest(bits | modes)));
            let expected = if !is_registered || is_lenient {
                "Ok"
            } else {
                "AlreadyExists"
            };
            (result, expected)
        };
        let outcome = shown(&result);
        if self.options.checks && outcome != expected {
            return Err(format!(
                "`register` or `reregister` returned {result:?}, not {expected}"
            ));
        }
        if result.is_ok() {
            // kqueue cannot detect that an fd is registered, and adds the interest.
            let added = match self.spec.interest(id) {
                Some(before) if !is_change => before,
                _ => 0,
            };
            self.spec.registered(id, token.0, bits | added, modes);
            #[cfg(windows)]
            self.pipe_registered(id);
        }
        Ok(Some(outcome))
    }

    pub(super) fn deregister(&mut self, id: usize) -> Outcome {
        if !self.is_open(id) || self.sources[id].lost {
            return Ok(None);
        }
        let is_registered = self.spec.is_registered(id);
        let registry = &self.registry;
        let Some(io) = &mut self.sources[id].io else {
            return Ok(None);
        };
        let is_lenient = !io.is_owned() && self.options.backend == Backend::Kqueue;
        let result = with_source!(io, it => registry.deregister(it));
        let expected = if is_registered || is_lenient {
            "Ok"
        } else {
            "NotFound"
        };
        let outcome = shown(&result);
        if self.options.checks && outcome != expected {
            return Err(format!("`deregister` returned {result:?}, not {expected}"));
        }
        if result.is_ok() {
            self.spec.deregistered(id);
        }
        Ok(Some(outcome))
    }

    /// A call with a `Poll` with which the source is not registered.
    pub(super) fn call_other_poll(&mut self, id: usize, call: u8) -> Outcome {
        if !self.is_open(id) || !self.spec.is_registered(id) {
            return Ok(None);
        }
        let registry = self.other.registry();
        let is_pipe = self.sources[id].class == Class::NamedPipe;
        let Some(io) = &mut self.sources[id].io else {
            return Ok(None);
        };
        if !io.is_owned() {
            // Two selectors may watch it.
            return Ok(None);
        }
        let token = Token(0);
        let (result, expected) = match call {
            0 => {
                let result =
                    with_source!(io, it => registry.register(it, token, Interest::READABLE));
                (result, "AlreadyExists")
            }
            1 => {
                let result =
                    with_source!(io, it => registry.reregister(it, token, Interest::READABLE));
                (result, "AlreadyExists")
            }
            _ => {
                // A pipe belongs to its `Poll` after `deregister`, too.
                let expected = if is_pipe { "AlreadyExists" } else { "NotFound" };
                (with_source!(io, it => registry.deregister(it)), expected)
            }
        };
        let outcome = shown(&result);
        if self.options.checks && outcome != expected {
            return Err(format!(
                "a call of another registry returned {result:?}, not {expected}"
            ));
        }
        Ok(Some(outcome))
    }

    pub(super) fn close(&mut self, id: usize) -> Outcome {
        if !self.is_open(id) {
            return Ok(None);
        }
        let mut outcome = "Ok".to_owned();
        let is_owned = self.sources[id].io.as_ref().is_some_and(Io::is_owned);
        if !is_owned && self.spec.is_registered(id) {
            outcome = self.deregister(id)?.unwrap_or_default();
        }
        self.touch(id);
        let has_duplicate = !self.sources[id].duplicates.is_empty();
        self.sources[id].io = None;
        self.spec.closed(id, has_duplicate);
        #[cfg(windows)]
        if let Some(peer) = self.sources[id].peer {
            self.pipe_left(peer);
        }
        Ok(Some(outcome))
    }

    pub(super) fn give_away(&mut self, id: usize) -> Option<String> {
        let source = self.sources.get(id)?;
        let is_pipe = source.class == Class::NamedPipe;
        if is_pipe || source.lost || !source.io.as_ref().is_some_and(Io::is_owned) {
            return None;
        }
        let io = self.sources[id].io.take();
        self.sources[id].io = io.map(Io::renewed);
        let was_registered = self.spec.is_registered(id);
        self.spec.deregistered(id);
        Some(if was_registered { "Deregistered" } else { "Ok" }.into())
    }
}
