//! Sources in slots. A slot is reused, and each source in it has another generation.

use std::fmt::{self, Display};
use std::time::{Duration, Instant};

use mio::event::Event;

use crate::shared::{Id, Kind};

/// The last events of a source, for the report of a fault.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trail {
    last: [Option<(Duration, Readiness)>; 4],
    total: u64,
}

/// What an event reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Readiness(u8);

impl Readiness {
    const NAMES: [&str; 5] = [
        "readable",
        "writable",
        "error",
        "read closed",
        "write closed",
    ];

    pub(crate) fn of(event: &Event) -> Readiness {
        let bits = [
            event.is_readable(),
            event.is_writable(),
            event.is_error(),
            event.is_read_closed(),
            event.is_write_closed(),
        ];
        let bits = bits.iter().enumerate();
        Readiness(bits.fold(0, |all, (at, bit)| all | u8::from(*bit) << at))
    }
}

impl Display for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set = |at: &usize| self.0 >> at & 1 == 1;
        let names = (0..Self::NAMES.len()).filter(set).map(|at| Self::NAMES[at]);
        f.write_str(&names.collect::<Vec<_>>().join(", "))
    }
}

impl Trail {
    pub(crate) fn add(&mut self, start: Instant, readiness: Readiness) {
        self.last.rotate_right(1);
        self.last[0] = Some((start.elapsed(), readiness));
        self.total += 1;
    }
}

impl Display for Trail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} events, the last ones:", self.total)?;
        for (time, readiness) in self.last.iter().rev().flatten() {
            write!(f, " [{:.3} s: {readiness}]", time.as_secs_f64())?;
        }
        Ok(())
    }
}

struct Slot<T> {
    generation: u32,
    /// The number of the poll in which the last source was removed.
    removed_in: u64,
    source: Option<T>,
}

pub(crate) struct Slots<T> {
    kind: Kind,
    slots: Vec<Slot<T>>,
    free: Vec<usize>,
}

/// The source of an event.
pub(crate) enum Found {
    Open(usize),
    /// It was removed after the `poll` that reported the event had returned.
    JustRemoved,
    /// It was removed before that `poll` began, which must not report it.
    Stale,
}

impl<T> Slots<T> {
    pub(crate) fn new(kind: Kind, capacity: usize) -> Slots<T> {
        Slots {
            kind,
            slots: Vec::with_capacity(capacity),
            free: Vec::with_capacity(capacity),
        }
    }

    pub(crate) fn open(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Reserves a slot, and puts the source there that `new` makes of the ID.
    pub(crate) fn insert<E>(&mut self, new: impl FnOnce(Id) -> Result<T, E>) -> Result<Id, E> {
        let at = self.free.last().copied().unwrap_or(self.slots.len());
        let generation = match self.slots.get(at) {
            Some(slot) => slot.generation.wrapping_add(1),
            None => 0,
        };
        let id = Id::new(self.kind, at, generation);
        let source = new(id);
        if at == self.slots.len() {
            self.slots.push(Slot {
                generation,
                removed_in: 0,
                source: None,
            });
            self.free.push(at);
        }
        let slot = &mut self.slots[at];
        // A source that failed may have been registered, too.
        slot.generation = generation;
        slot.source = Some(source?);
        self.free.pop();
        Ok(id)
    }

    pub(crate) fn find(&self, id: Id, poll: u64) -> Found {
        match self.slots.get(id.slot) {
            Some(slot) if slot.generation == id.generation && slot.source.is_some() => {
                Found::Open(id.slot)
            }
            Some(slot) if slot.removed_in == poll => Found::JustRemoved,
            _ => Found::Stale,
        }
    }

    pub(crate) fn get(&mut self, at: usize) -> Option<&mut T> {
        self.slots.get_mut(at)?.source.as_mut()
    }

    pub(crate) fn id(&self, at: usize) -> Id {
        Id::new(self.kind, at, self.slots[at].generation)
    }

    pub(crate) fn remove(&mut self, at: usize, poll: u64) -> Option<T> {
        let slot = self.slots.get_mut(at)?;
        let source = slot.source.take()?;
        slot.removed_in = poll;
        self.free.push(at);
        Some(source)
    }

    /// The slots that have a source.
    pub(crate) fn occupied(&self) -> Vec<usize> {
        let all = self.slots.iter().enumerate();
        all.filter(|(_, slot)| slot.source.is_some())
            .map(|(at, _)| at)
            .collect()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Id, &T)> {
        let all = self.slots.iter().enumerate();
        all.filter_map(|(at, slot)| {
            let source = slot.source.as_ref()?;
            Some((Id::new(self.kind, at, slot.generation), source))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Found, Slots};
    use crate::shared::Kind;

    #[test]
    fn event_of_a_removed_source_is_stale_in_later_polls_alone() {
        let mut slots = Slots::new(Kind::TcpClient, 1);
        let first = slots.insert(|_| Ok::<_, ()>('a')).unwrap();
        assert!(matches!(slots.find(first, 7), Found::Open(0)));
        assert_eq!(slots.remove(0, 7), Some('a'));
        assert!(matches!(slots.find(first, 7), Found::JustRemoved));
        let second = slots.insert(|_| Ok::<_, ()>('b')).unwrap();
        assert_eq!(second.slot, 0);
        assert!(matches!(slots.find(first, 7), Found::JustRemoved));
        assert!(matches!(slots.find(first, 8), Found::Stale));
        assert!(matches!(slots.find(second, 8), Found::Open(0)));
        assert_eq!(slots.open(), 1);
    }

    #[test]
    fn failed_insertion_keeps_the_slot_free() {
        let mut slots = Slots::<char>::new(Kind::TcpClient, 1);
        assert!(slots.insert(|_| Err(())).is_err());
        assert_eq!(slots.open(), 0);
        assert!(slots.occupied().is_empty());
    }
}
