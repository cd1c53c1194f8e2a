//! Slots that the common wait cannot judge: each wait begins with a look at them by one poll(2) that never sleeps.

use std::io;
use std::mem;
use std::time::{Duration, Instant};

use super::table::{Key, Look, Table};
use super::{Records, syscall};
use crate::sys::raw;
use crate::sys::timeout::earlier;

/// The first pause between looks at parked slots while waiting; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(1);
/// The longest.
const LAST_PAUSE: Duration = Duration::from_secs(1);

/// Raw slots that were reported and not seen clear, and parked ones.
#[derive(Debug, Default)]
pub(crate) struct Apart {
    keys: Vec<Key>,
    /// The entries of one look, and when they were built, whose they are.
    questions: Vec<raw::pollfd>,
    asked: Vec<Key>,
    /// Whether the last look left no room.
    has_filled: bool,
    /// Whether the last look gave way to the common wait.
    is_due: bool,
}

impl Apart {
    /// The slots.
    pub(crate) fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// Adds a slot if it has to be looked at.
    pub(crate) fn add(&mut self, table: &mut Table, key: Key) {
        if table.set_apart(key) {
            self.keys.push(key);
        }
    }

    /// Whether the last look was put off, so that a call must not end before the next one.
    pub(crate) fn is_due(&self) -> bool {
        self.is_due
    }

    /// Looks, and returns when the first muted lane may be reported. `locked` runs something with the table, under its lock.
    ///
    /// If the look before left no room for the common wait, that comes first: then this only says that the next look is due at once.
    ///
    /// An error, such as a signal, must end the wait: it would sleep without what was to be looked at.
    pub(crate) fn look(
        &mut self,
        locked: impl Fn(&mut dyn FnMut(&mut Table)),
        records: &mut Records,
    ) -> io::Result<Option<Instant>> {
        self.is_due = mem::take(&mut self.has_filled);
        if self.is_due {
            return Ok(Some(Instant::now()));
        }
        if self.keys.is_empty() {
            return Ok(None);
        }
        locked(&mut |table| self.ask(table));
        if self.questions.is_empty() {
            return Ok(None);
        }
        syscall::look(&mut self.questions)?;
        let mut wake_at = None;
        locked(&mut |table| wake_at = self.take(table, records));
        self.has_filled = records.room() == 0;
        Ok(wake_at)
    }

    fn ask(&mut self, table: &mut Table) {
        self.questions.clear();
        self.asked.clear();
        self.keys.retain(|key| {
            let stays = table.stays_apart(*key);
            if let Some(question) = table.get(*key).filter(|_| stays).and_then(|s| s.question()) {
                self.questions.push(question);
                self.asked.push(*key);
            }
            stays
        });
    }

    fn take(&mut self, table: &mut Table, records: &mut Records) -> Option<Instant> {
        let now = Instant::now();
        let mut wake_at = None;
        for (question, key) in self.questions.iter().zip(&self.asked) {
            if question.revents & raw::POLLNVAL != 0 {
                // The number was closed.
                table.remove(*key);
                continue;
            }
            if records.room() == 0 {
                // Untouched: the next look begins here, so that none of them starves.
                if let Some(place) = self.keys.iter().position(|other| other == key) {
                    self.keys.rotate_left(place);
                }
                break;
            }
            match table.answer(*key, question, now) {
                Look::Nothing => {}
                Look::Event(record) => records.push(record),
                Look::Muted(until) => wake_at = earlier(wake_at, Some(until)),
            }
        }
        wake_at
    }

    /// How long a wait may sleep at most before the next look, if that is limited. `pause` is kept by the caller, who starts with
    /// `None`.
    pub(crate) fn pause(&self, table: &mut Table, pause: &mut Option<Duration>) -> Option<Instant> {
        if !self.keys.iter().any(|key| table.is_parked(*key)) {
            return None;
        }
        let now = pause.unwrap_or(FIRST_PAUSE);
        *pause = Some((now * 2).min(LAST_PAUSE));
        Instant::now().checked_add(now)
    }
}
