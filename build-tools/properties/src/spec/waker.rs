//! The rules for one waker.

use std::time::Instant;

use super::{Flags, Polled};

#[derive(Debug)]
pub(super) struct Waker {
    pub(super) token: usize,
    /// The wakes that no event has followed, by the time when they began.
    pub(super) wakes: Vec<Instant>,
    /// The wakes that may have an event of their own, but need not.
    pub(super) spare: usize,
    /// The wakes of child processes, each of which may have an event of its own.
    pub(super) by_children: usize,
    pub(super) passed_over: usize,
}

impl Waker {
    pub(super) fn new(token: usize) -> Waker {
        Waker {
            token,
            wakes: Vec::new(),
            spare: 0,
            by_children: 0,
            passed_over: 0,
        }
    }

    pub(super) fn check_event(
        &mut self,
        id: usize,
        flags: Flags,
        polled: &Polled,
    ) -> Result<(), String> {
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
        let mut available = reported.len() + self.spare;
        if available == 0 && self.by_children != 0 {
            self.by_children -= 1;
            available = 1;
        }
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
