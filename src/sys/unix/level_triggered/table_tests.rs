//! The rules by which levels become edges, tested without a kernel.

use std::time::{Duration, Instant};

use super::source_state::{ALWAYS_REPORTED, ProbeOutcome, ProbeRequest, READ};
use super::{Key, PRIORITY, Table};
use crate::sys::ffi;
use crate::sys::selector::Mode;
use crate::sys::unix::caps::PollBits;
use crate::{Interest, Token};

const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

fn table(interest: PollBits, is_owned: bool) -> (Table, Key) {
    let mut table = Table::default();
    let key = table.insert(5, Token(1), interest, is_owned).unwrap();
    (table, key)
}

/// A registration that is changed during a poll only gets events that the new interest requests.
#[test]
fn interest_changed_during_the_poll_applies_to_its_result() {
    let now = Instant::now();
    for is_owned in [false, true] {
        let (mut table, key) = table(ffi::POLLIN, is_owned);
        let (_, _, requested) = table.next_dirty().unwrap();
        table.replace(key, Token(2), ffi::POLLOUT).unwrap();
        let source = table.get(key).unwrap();
        assert!(
            source
                .apply_poll(requested.events, ffi::POLLIN, now)
                .is_none()
        );
        let (_, _, requested) = table.next_dirty().unwrap();
        let source = table.get(key).unwrap();
        assert!(
            source
                .apply_poll(requested.events, ffi::POLLOUT, now)
                .is_some()
        );
    }
}

/// A slot that is reused while it is in the dirty list is there once, with its new registration.
#[test]
fn reused_dirty_slot_is_listed_once() {
    let (mut table, old) = table(ffi::POLLIN, true);
    assert!(table.remove(old));
    let new = table.insert(6, Token(2), ffi::POLLOUT, true).unwrap();
    assert_eq!(new.index, old.index);
    let (index, generation, pollfd) = table.next_dirty().unwrap();
    assert_eq!(Key { index, generation }, new);
    assert_eq!((pollfd.fd, pollfd.events), (6, ffi::POLLOUT));
    assert!(table.next_dirty().is_none());
    assert!(!table.rearm(old, BOTH) && !table.remove(old));
}

/// A reported direction of an owned source is re-armed by an operation that would block.
#[test]
fn reported_direction_is_rearmed() {
    let (mut table, key) = table(ffi::POLLIN | ffi::POLLOUT, true);
    assert!(!table.rearm(key, BOTH));
    let source = table.get(key).unwrap();
    let requested = source.pollfd().events;
    assert!(
        source
            .apply_poll(requested, ffi::POLLOUT, Instant::now())
            .is_some()
    );
    assert_eq!(source.pollfd().events, ffi::POLLIN);
    assert!(
        source
            .apply_poll(requested, ffi::POLLOUT, Instant::now())
            .is_none()
    );
    assert!(table.rearm(key, BOTH));
    assert_eq!(table.get(key).unwrap().pollfd().events, requested);
}

const HUP: PollBits = ffi::POLLHUP;
const ERR: PollBits = ffi::POLLERR;
const IN: PollBits = ffi::POLLIN;

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Applies a return of the blocking poll, and returns the bits of its event.
fn blocking_poll(table: &mut Table, key: Key, revents: PollBits, now: Instant) -> Option<PollBits> {
    let source = table.get(key).unwrap();
    let entry = source.pollfd();
    assert!(
        entry.fd >= 0,
        "a suspended source is not part of the blocking poll"
    );
    let event = source.apply_poll(entry.events, revents, now);
    event.map(|event| event.bits)
}

/// What `probe` returns for an event that is suppressed.
const SUPPRESSED: PollBits = !0;

/// Applies the return of a probe, if one is requested now. Returns the bits of its event, 0 if
/// there is none, or `SUPPRESSED` if it is suppressed.
fn probe(table: &mut Table, key: Key, revents: PollBits, now: Instant) -> PollBits {
    let entry = match table.get(key).unwrap().probe_request(|| now) {
        ProbeRequest::None => return 0,
        ProbeRequest::NotBefore(until) => {
            assert!(now < until);
            return SUPPRESSED;
        }
        ProbeRequest::Poll(entry) => entry,
    };
    let revents = revents & (entry.events | ALWAYS_REPORTED);
    match table.apply_probe(key, &ffi::pollfd { revents, ..entry }, now) {
        ProbeOutcome::Nothing => 0,
        ProbeOutcome::Event(event) => event.bits,
        ProbeOutcome::Suppressed(until) => {
            assert!(now < until);
            SUPPRESSED
        }
    }
}

/// A persistent hang-up is not part of the blocking poll. It is reported again with growing delays,
/// without end.
#[test]
fn persistent_hang_up_is_reported_again() {
    for is_owned in [false, true] {
        let (mut table, key) = self::table(IN, is_owned);
        let start = Instant::now();
        assert_eq!(
            blocking_poll(&mut table, key, IN | HUP, start),
            Some(IN | HUP)
        );
        assert_eq!(table.get(key).unwrap().pollfd().fd, -1);
        let mut reports = Vec::new();
        for step in 1..5_000 {
            let now = start + millis(step);
            match probe(&mut table, key, IN | HUP, now) {
                SUPPRESSED => {}
                bits => {
                    assert_eq!(bits, IN | HUP);
                    reports.push(step);
                }
            }
        }
        assert_eq!(reports[..5], [1, 3, 7, 15, 25]);
        let late = |pair: &[u64]| pair[1] - pair[0];
        let latest = reports.windows(2).map(late).max();
        assert_eq!(latest, Some(100));
        let in_first = reports.iter().filter(|step| **step <= 1_000).count();
        assert!((90..=103).contains(&in_first), "{in_first}");
        assert!(reports.len() - in_first <= 41);
    }
}

/// The first probe that finds an additional condition reports it. A source whose hang-up has ended
/// is part of the blocking poll again.
#[test]
fn change_beside_a_hang_up_is_reported_immediately() {
    for is_owned in [false, true] {
        let (mut table, key) = self::table(IN, is_owned);
        let now = Instant::now();
        assert_eq!(blocking_poll(&mut table, key, HUP, now), Some(HUP));
        assert_eq!(probe(&mut table, key, HUP, now), SUPPRESSED);
        // The next writer of a FIFO came and went.
        assert_eq!(probe(&mut table, key, IN | HUP, now), IN | HUP);
        assert_eq!(probe(&mut table, key, IN | HUP, now), SUPPRESSED);
        // The caller read to the end, which is no event. The next writer came and went.
        assert_eq!(probe(&mut table, key, HUP, now), SUPPRESSED);
        assert_eq!(probe(&mut table, key, IN | HUP, now), IN | HUP);
        // A writer came and stays.
        assert_eq!(probe(&mut table, key, IN, now), IN);
        assert_eq!(table.get(key).unwrap().pollfd().fd, 5);
        // A writer came and has not written: the next data is an edge of the blocking poll.
        let (mut table, key) = self::table(IN, is_owned);
        assert_eq!(
            blocking_poll(&mut table, key, IN | HUP, now),
            Some(IN | HUP)
        );
        assert_eq!(probe(&mut table, key, 0, now), 0);
        assert_eq!(blocking_poll(&mut table, key, IN, now), Some(IN));
    }
}

/// A stream socket with both halves closed is reported once a second, also after its error was
/// taken. A change of it is reported immediately.
#[cfg(not(mio_fake_kernel = "solaris"))]
#[test]
fn closed_stream_socket_is_reported_once_a_second() {
    use super::READ_HANG_UP;

    if READ_HANG_UP == 0 {
        return; // The platform does not report both halves closed: a hang-up like any other.
    }
    let closed = IN | READ_HANG_UP | HUP;
    for is_owned in [false, true] {
        for interest in [IN | READ_HANG_UP, ffi::POLLOUT] {
            let (mut table, key) = self::table(interest, is_owned);
            let start = Instant::now();
            let bits = closed | ERR | ffi::POLLOUT;
            assert!(blocking_poll(&mut table, key, bits, start).is_some());
            assert_eq!(probe(&mut table, key, bits, start), SUPPRESSED);
            let mut reports = Vec::new();
            for step in 1..5_000 {
                let bits = probe(&mut table, key, closed | ffi::POLLOUT, start + millis(step));
                if bits != SUPPRESSED {
                    reports.push(step);
                }
            }
            assert_eq!(reports, [1_001, 2_001, 3_001, 4_001]);
            // Only a probe can find this.
            let now = start + millis(5_002);
            assert!(probe(&mut table, key, closed | ERR, now) & ERR != 0);
        }
    }
}

/// An operation that would block re-arms its direction, and a persistent error keeps its delay.
#[test]
fn rearm_keeps_the_delay_of_an_error() {
    let (mut table, key) = self::table(IN | ffi::POLLOUT, true);
    let now = Instant::now();
    assert_eq!(
        blocking_poll(&mut table, key, ERR | IN, now),
        Some(ERR | IN)
    );
    for _ in 0..10 {
        assert!(table.rearm(key, Interest::READABLE));
        assert!(!table.rearm(key, Interest::READABLE));
        assert_eq!(probe(&mut table, key, ERR, now), SUPPRESSED);
        assert!(
            table.rearm(key, Interest::READABLE),
            "the error may be gone"
        );
        assert_eq!(probe(&mut table, key, ERR, now), SUPPRESSED);
        assert_eq!(probe(&mut table, key, ERR | IN, now), ERR | IN);
        assert_eq!(probe(&mut table, key, ERR | IN, now), SUPPRESSED);
    }
    // The error has ended, and the source is part of the blocking poll again.
    assert_eq!(probe(&mut table, key, 0, now), 0);
    assert_eq!(table.get(key).unwrap().pollfd().events, IN | ffi::POLLOUT);
}

/// Conditions that poll(2) clears (see `CLEARED_BY_POLL`), and that a probe found while they were
/// suppressed, are reported afterwards, once.
#[test]
fn conditions_that_poll_clears_are_kept() {
    if PRIORITY == 0 {
        // poll(2) of this system has no bit for priority data: no interest asks for it.
        return;
    }
    for interest in [PRIORITY, PRIORITY | READ] {
        let (mut table, key) = table(interest, false);
        let always = IN & interest;
        let mut now = Instant::now();
        // Readable for so long that it is probed.
        for _ in 0..100 {
            let bits = blocking_poll(&mut table, key, always, now).unwrap_or(0);
            assert!(bits == always || bits == 0);
            now += millis(20);
            probe(&mut table, key, always, now);
        }
        let mut seen = 0;
        for _ in 0..10 {
            // A change that the blocking poll or the probe finds.
            let change = ERR | PRIORITY | always;
            let bits = if table.get(key).unwrap().pollfd().fd >= 0 {
                blocking_poll(&mut table, key, change, now).unwrap_or(0)
            } else {
                probe(&mut table, key, change, now)
            };
            seen += usize::from(bits != SUPPRESSED && bits & PRIORITY != 0);
            // The next change follows immediately: the probe clears it, but may not report it yet.
            let bits = probe(&mut table, key, change, now);
            if bits == SUPPRESSED {
                now += millis(10);
                let bits = probe(&mut table, key, always, now);
                assert_eq!(bits & (PRIORITY | ERR), PRIORITY | ERR);
            } else {
                assert_eq!(bits & PRIORITY, PRIORITY);
            }
            seen += 1;
            now += millis(20);
            let bits = probe(&mut table, key, always, now);
            assert!(bits & PRIORITY == 0 || bits == SUPPRESSED);
        }
        assert_eq!(seen, 20);
    }
}

/// Priority data that the caller does not read is reported with delays, even if reads would block
/// in between.
#[test]
fn unread_priority_data_is_reported_with_delays() {
    if PRIORITY == 0 {
        // poll(2) of this system has no bit for priority data: no interest asks for it.
        return;
    }
    let (mut table, key) = self::table(IN | PRIORITY, true);
    let now = Instant::now();
    assert_eq!(
        blocking_poll(&mut table, key, IN | PRIORITY, now),
        Some(IN | PRIORITY)
    );
    table.rearm(key, Interest::READABLE);
    assert_eq!(
        table.get(key).unwrap().pollfd().events & (IN | PRIORITY),
        IN
    );
    assert_eq!(probe(&mut table, key, PRIORITY, now), SUPPRESSED);
    assert_eq!(probe(&mut table, key, PRIORITY, now + millis(1)), PRIORITY);
    // After it was read, priority is part of the blocking poll again.
    assert_eq!(probe(&mut table, key, 0, now), 0);
    assert_eq!(table.get(key).unwrap().pollfd().events, IN | PRIORITY);
}

/// A level-triggered registration stays in the blocking poll, with all conditions, whatever was
/// reported, and is never probed.
#[test]
fn level_is_requested_after_any_report() {
    let now = Instant::now();
    let interest = ffi::POLLIN | ffi::POLLOUT;
    for is_owned in [false, true] {
        let (mut table, key) = table(interest, is_owned);
        table.set_mode(key, Mode::Level);
        for bits in [ffi::POLLIN, interest, ffi::POLLHUP, ffi::POLLERR] {
            for _ in 0..200 {
                let source = table.get(key).unwrap();
                assert!(source.apply_poll(interest, bits, now).is_some());
                let wanted = source.pollfd();
                assert_eq!((wanted.fd, wanted.events), (5, interest));
                assert!(!table.enter_probe_set(key));
            }
        }
        // Nor does an operation change it.
        assert!(!table.rearm(key, BOTH));
    }
}

/// A one-shot registration is out of the poll after its event, also for a hang-up, until it is
/// registered again.
#[test]
fn one_shot_is_not_requested_after_its_event() {
    let now = Instant::now();
    let interest = ffi::POLLIN | ffi::POLLOUT;
    for is_owned in [false, true] {
        let (mut table, key) = table(interest, is_owned);
        table.set_mode(key, Mode::OneShot);
        for bits in [ffi::POLLIN, ffi::POLLHUP, interest | ffi::POLLERR] {
            let source = table.get(key).unwrap();
            assert_eq!(source.pollfd().fd, 5);
            assert!(source.apply_poll(interest, bits, now).is_some());
            assert_eq!(source.pollfd().fd, -1);
            // Results of a poll that began before, and conditions for which there was no room.
            assert!(source.apply_poll(interest, ALWAYS_REPORTED, now).is_none());
            source.keep_unreported(interest, ALWAYS_REPORTED | PRIORITY);
            assert!(!table.enter_probe_set(key));
            assert!(!table.rearm(key, BOTH));
            assert_eq!(table.get(key).unwrap().pollfd().fd, -1);
            table.replace(key, Token(2), interest).unwrap();
            table.set_mode(key, Mode::OneShot);
        }
    }
}

/// A condition that a full buffer has kept is the one event.
#[test]
fn one_shot_reports_a_kept_condition_once() {
    let now = Instant::now();
    let (mut table, key) = table(ffi::POLLIN, false);
    table.set_mode(key, Mode::OneShot);
    let source = table.get(key).unwrap();
    source.keep_unreported(ffi::POLLIN, ffi::POLLERR);
    assert!(table.enter_probe_set(key));
    let source = table.get(key).unwrap();
    let ProbeOutcome::Event(event) = source.apply_probe(ffi::POLLIN, 0, now) else {
        panic!("the condition is lost");
    };
    assert!(event.has(ffi::POLLERR));
    let second = source.apply_probe(ffi::POLLIN, ffi::POLLIN, now);
    assert!(matches!(second, ProbeOutcome::Nothing));
    assert!(!table.stays_in_probe_set(key));
}

/// A registration without a mode is edge-triggered again.
#[test]
fn replaced_registration_ends_the_mode() {
    let now = Instant::now();
    for mode in [Mode::Level, Mode::OneShot] {
        let (mut table, key) = table(ffi::POLLIN, true);
        table.set_mode(key, mode);
        let source = table.get(key).unwrap();
        assert!(source.apply_poll(ffi::POLLIN, ffi::POLLIN, now).is_some());
        table.replace(key, Token(2), ffi::POLLIN).unwrap();
        table.set_mode(key, Mode::Edge);
        let source = table.get(key).unwrap();
        assert!(source.apply_poll(ffi::POLLIN, ffi::POLLIN, now).is_some());
        let wanted = source.pollfd();
        assert_eq!((wanted.fd, wanted.events), (5, 0));
        assert!(table.rearm(key, BOTH));
        assert_eq!(table.get(key).unwrap().pollfd().events, ffi::POLLIN);
    }
}

/// While the poller's array is in the table, the slab may outgrow it. What has no entry in it is in
/// the dirty list, as long as it is registered.
#[test]
fn slots_beyond_the_array_are_dirty() {
    let (mut table, first) = table(IN, true);
    let (_, _, entry) = table.next_dirty().unwrap();
    // The entry of the notifier comes first.
    let mut array = vec![entry; 2];
    table.swap_array(&mut array);
    let insert = |table: &mut Table, fd| table.insert(fd, Token(1), IN, true).unwrap();
    let keys: Vec<_> = (10..14).map(|fd| insert(&mut table, fd)).collect();
    assert!(table.remove(first) && table.remove(keys[1]) && table.remove(keys[3]));
    // One takes the slot with an entry, one a slot without.
    let again = [20, 21].map(|fd| insert(&mut table, fd));
    assert_eq!(again.map(|key| key.index), [first.index, keys[1].index]);
    table.swap_array(&mut array);
    assert_eq!((array.len(), array[1].fd), (2, 20));
    let mut dirty = Vec::new();
    while let Some((index, _, entry)) = table.next_dirty() {
        dirty.push((index, entry.fd));
    }
    dirty.sort_unstable();
    assert_eq!(dirty, [(1, 10), (2, 21), (3, 12), (4, -1)]);
    assert!(table.get(first).is_none() && table.get(again[0]).is_some());
}

/// A `select` does not visit sources whose hang-up is old until the next one is due, or until they
/// change: a program may keep thousands of them.
#[cfg(unix)] // WASI has no socket pairs.
#[test]
fn old_hang_up_is_visited_when_it_is_due_or_changes() {
    use super::{Events, ProbeSet};
    use crate::sys::selector::EventBuffer as _;
    use std::cell::RefCell;
    use std::os::fd::AsRawFd as _;
    use std::os::unix::net::UnixStream;

    let (source, peer) = UnixStream::pair().unwrap();
    drop(peer);
    let mut table = Table::default();
    let key = table
        .insert(source.as_raw_fd(), Token(1), IN, true)
        .unwrap();
    let table = RefCell::new(table);
    let mut probe_set = ProbeSet::default();
    let mut events = Events::with_capacity(8);
    let mut select = |probe_set: &mut ProbeSet| {
        events.clear();
        let wake_at = probe_set.probe(|run| run(&mut table.borrow_mut()), &mut events);
        (wake_at.unwrap(), events.as_slice().len())
    };
    // More reports than there are before the long delay of 100 ms, the last of them now.
    let last = Instant::now();
    for reports_left in (0..110).rev() {
        let mut table = table.borrow_mut();
        let source = table.get(key).unwrap();
        source.apply_probe(IN, ffi::POLLHUP, last - millis(101 * reports_left));
    }
    probe(&mut table.borrow_mut(), key, ffi::POLLHUP, last);
    probe_set.add(&mut table.borrow_mut(), key);

    let (due, count) = select(&mut probe_set);
    assert_eq!((due.is_some(), count), (true, 0));
    assert!(probe_set.keys().is_empty() && !probe_set.is_idle());
    assert_eq!(select(&mut probe_set), (due, 0));
    // An operation that would block is a reason to probe.
    assert!(table.borrow_mut().rearm(key, Interest::READABLE));
    assert_eq!(select(&mut probe_set).1, 1);
    assert_eq!(probe_set.keys(), [key]);
    // What is due is probed and reported.
    let until = loop {
        let (due, _) = select(&mut probe_set);
        if probe_set.keys().is_empty() {
            break due.unwrap();
        }
    };
    std::thread::sleep(until.saturating_duration_since(Instant::now()));
    assert_eq!(select(&mut probe_set).1, 1);
    // A registration that ends leaves the set.
    while !probe_set.keys().is_empty() {
        select(&mut probe_set);
    }
    table.borrow_mut().remove(key);
    assert_eq!(select(&mut probe_set), (None, 0));
    assert!(probe_set.is_idle());
}
