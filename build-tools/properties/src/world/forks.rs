//! Child processes that have copies of everything.

use std::time::Instant;

use super::super::subject::Poll;
use super::World;
use crate::op::*;
use crate::spec::Backend;
use crate::sys;

impl World {
    /// Forks a child that runs `ops`, drops everything if `ops` is empty, and exits. The parent
    /// waits for it, and is as before, but for what the documentation of `Poll` lists.
    pub(super) fn fork(&mut self, poll: &mut Poll, ops: &[Op]) -> Result<(), String> {
        let backend = self.options.backend;
        if !backend.can_fork() {
            return Ok(());
        }
        // On kqueue, the child has no selector. Its operations on it fail, so it only drops.
        let is_possible = |op: &Op| {
            backend != Backend::Kqueue || matches!(op, Close(_) | IntoRaw(_) | DropWaker(_))
        };
        let ops: Vec<Op> = ops.iter().filter(|op| is_possible(op)).cloned().collect();
        let began = Instant::now();
        self.record(Fork(ops.clone()), "Ok".into());
        let is_over = sys::in_child(|| self.be_child(poll, &ops).is_ok());
        let is_over = is_over.map_err(|error| format!("model: fork: {error}"))?;
        if !is_over {
            return Err("an operation of the child process failed".into());
        }
        self.apply(&ops, began);
        for id in 0..self.sources.len() {
            self.spec.touched(id);
        }
        self.settle()?;
        self.look();
        Ok(())
    }

    /// The child: its copy of the specification checks its operations.
    fn be_child(&mut self, poll: &mut Poll, ops: &[Op]) -> Result<(), String> {
        if self.options.backend == Backend::Kqueue {
            // It has no kqueue, so `deregister` of an unowned file descriptor fails.
            self.options.checks = false;
        }
        for op in ops {
            let op = self.resolve(op);
            self.step(&op)?;
        }
        if ops.is_empty() {
            for source in &mut self.sources {
                source.path = None;
            }
            self.sources.clear();
            self.wakers.clear();
            *poll = Poll::new().map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    /// What the child has done to the parent. It resolves numbers as the child has, which had
    /// closed what it closed.
    fn apply(&mut self, ops: &[Op], began: Instant) {
        let (mut closed, mut dropped, mut given) = (Vec::new(), Vec::new(), Vec::new());
        let shares_registrations = self.options.backend == Backend::Epoll;
        for op in ops {
            match op {
                Close(id) | Deregister(id) | IntoRaw(id) => {
                    let Some(id) = self.find_but(*id, &closed) else {
                        continue;
                    };
                    let is_owned = self.sources[id].io.as_ref().is_some_and(|io| io.is_owned());
                    let is_close = matches!(op, Close(_));
                    if is_close {
                        closed.push(id);
                    }
                    if matches!(op, IntoRaw(_)) && is_owned {
                        // In the child it is no longer registered, so `deregister` fails.
                        given.push(id);
                    }
                    // An unowned file descriptor is deregistered before it is closed.
                    let is_deregistered = matches!(op, Deregister(_)) && !given.contains(&id);
                    let is_end = is_deregistered || is_close && !is_owned;
                    if is_end && shares_registrations && self.spec.is_registered(id) {
                        self.spec.deregistered(id);
                        self.sources[id].lost = is_owned;
                    }
                }
                Wake(id, threads) => {
                    if let Some(id) = self.find_waker_but(*id, &dropped) {
                        for _ in 0..(*threads).max(1) {
                            self.spec.woken_by_child(id, began);
                        }
                    }
                }
                DropWaker(id) => dropped.extend(self.find_waker_but(*id, &dropped)),
                _ => {}
            }
        }
    }
}
