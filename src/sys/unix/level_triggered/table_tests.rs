//! The rules by which levels become edges, without a kernel.

use std::time::Duration;

use super::super::PRIORITY;
use super::super::slot::{ALWAYS_REPORTED, ProbeRequest, READ};
use super::*;

const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

fn table(interest: PollBits, is_owned: bool) -> (Table, Key) {
    let mut table = Table::default();
    let key = table.insert(5, Token(1), interest, is_owned).unwrap();
    (table, key)
}

/// What a wait has seen is told only as far as it is still wanted when the wait is over.
#[test]
fn a_change_during_the_wait_counts() {
    let now = Instant::now();
    for is_owned in [false, true] {
        let (mut table, key) = table(ffi::POLLIN, is_owned);
        let (_, _, asked) = table.next_dirty().unwrap();
        table.replace(key, Token(2), ffi::POLLOUT).unwrap();
        let slot = table.get(key).unwrap();
        assert!(slot.ready(asked.events, ffi::POLLIN, now).is_none());
        let (_, _, asked) = table.next_dirty().unwrap();
        let slot = table.get(key).unwrap();
        assert!(slot.ready(asked.events, ffi::POLLOUT, now).is_some());
    }
}

/// A place that changes hands while it is among the changes is there once, with its new key_at.
#[test]
fn a_place_that_changes_hands() {
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

/// What was told of an owned source waits for an operation that would block.
#[test]
fn what_was_told_is_armed_again() {
    let (mut table, key) = table(ffi::POLLIN | ffi::POLLOUT, true);
    assert!(!table.rearm(key, BOTH));
    let slot = table.get(key).unwrap();
    let asked = slot.pollfd().events;
    assert!(slot.ready(asked, ffi::POLLOUT, Instant::now()).is_some());
    assert_eq!(slot.pollfd().events, ffi::POLLIN);
    assert!(slot.ready(asked, ffi::POLLOUT, Instant::now()).is_none());
    assert!(table.rearm(key, BOTH));
    assert_eq!(table.get(key).unwrap().pollfd().events, asked);
}

const HUP: PollBits = ffi::POLLHUP;
const ERR: PollBits = ffi::POLLERR;
const IN: PollBits = ffi::POLLIN;

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// What the blocking poll returns.
fn wait(table: &mut Table, key: Key, revents: PollBits, now: Instant) -> Option<PollBits> {
    let slot = table.get(key).unwrap();
    let entry = slot.pollfd();
    assert!(entry.fd >= 0, "a suspended slot is not part of it");
    let record = slot.ready(entry.events, revents, now);
    record.map(|record| record.bits)
}

/// What a probe returns, if the slot wants one now: the event's bits, 0 for none, or -1 where it is
/// suppressed.
fn probe(table: &mut Table, key: Key, revents: PollBits, now: Instant) -> PollBits {
    let entry = match table.get(key).unwrap().probe_request(|| now) {
        ProbeRequest::None => return 0,
        ProbeRequest::Later(until) => {
            assert!(now < until);
            return -1;
        }
        ProbeRequest::Ask(entry) => entry,
    };
    let revents = revents & (entry.events | ALWAYS_REPORTED);
    match table.apply_probe(key, &ffi::pollfd { revents, ..entry }, now) {
        Probe::Nothing => 0,
        Probe::Event(record) => record.bits,
        Probe::Suppressed(until) => {
            assert!(now < until);
            -1
        }
    }
}

/// A hang-up that stays is not part of the blocking poll and is reported again, ever more seldom,
/// and never for the last time.
#[test]
fn hang_up_that_stays_is_reported_again() {
    for is_owned in [false, true] {
        let (mut table, key) = self::table(IN, is_owned);
        let start = Instant::now();
        assert_eq!(wait(&mut table, key, IN | HUP, start), Some(IN | HUP));
        assert_eq!(table.get(key).unwrap().pollfd().fd, -1);
        let mut reports = Vec::new();
        for step in 1..5_000 {
            let now = start + millis(step);
            match probe(&mut table, key, IN | HUP, now) {
                -1 => {}
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

/// What was not there before is reported by the first probe that sees it, and what ended is part of
/// the blocking poll again.
#[test]
fn change_beside_a_hang_up_is_reported_at_once() {
    for is_owned in [false, true] {
        let (mut table, key) = self::table(IN, is_owned);
        let now = Instant::now();
        assert_eq!(wait(&mut table, key, HUP, now), Some(HUP));
        assert_eq!(probe(&mut table, key, HUP, now), -1);
        // The next writer of a FIFO came and went.
        assert_eq!(probe(&mut table, key, IN | HUP, now), IN | HUP);
        assert_eq!(probe(&mut table, key, IN | HUP, now), -1);
        // It was read to its end, which is nothing to report, and the next one came and went.
        assert_eq!(probe(&mut table, key, HUP, now), -1);
        assert_eq!(probe(&mut table, key, IN | HUP, now), IN | HUP);
        // One came and stays.
        assert_eq!(probe(&mut table, key, IN, now), IN);
        assert_eq!(table.get(key).unwrap().pollfd().fd, 5);
        // One came and has not written: the next data is an edge of the blocking poll.
        let (mut table, key) = self::table(IN, is_owned);
        assert_eq!(wait(&mut table, key, IN | HUP, now), Some(IN | HUP));
        assert_eq!(probe(&mut table, key, 0, now), 0);
        assert_eq!(wait(&mut table, key, IN, now), Some(IN));
    }
}

/// A stream socket of which both halves are closed is reported once a second, also when its error
/// was taken, and a change of it at once.
#[cfg(not(mio_fake_kernel = "solaris"))]
#[test]
fn closed_stream_socket_is_reported_once_a_second() {
    use super::super::READ_HANG_UP;

    if READ_HANG_UP == 0 {
        return; // The system does not return that both halves are closed: a hang-up like any other.
    }
    let closed = IN | READ_HANG_UP | HUP;
    for is_owned in [false, true] {
        for interest in [IN | READ_HANG_UP, ffi::POLLOUT] {
            let (mut table, key) = self::table(interest, is_owned);
            let start = Instant::now();
            let bits = closed | ERR | ffi::POLLOUT;
            assert!(wait(&mut table, key, bits, start).is_some());
            assert_eq!(probe(&mut table, key, bits, start), -1);
            let mut reports = Vec::new();
            for step in 1..5_000 {
                let bits = probe(&mut table, key, closed | ffi::POLLOUT, start + millis(step));
                if bits != -1 {
                    reports.push(step);
                }
            }
            assert_eq!(reports, [1_001, 2_001, 3_001, 4_001]);
            // Only a probe can see this.
            let now = start + millis(5_002);
            assert!(probe(&mut table, key, closed | ERR, now) & ERR != 0);
        }
    }
}

/// An operation that would block arms its direction exactly, and an error that stays keeps its
/// delay.
#[test]
fn rearm_keeps_the_delay_of_an_error() {
    let (mut table, key) = self::table(IN | ffi::POLLOUT, true);
    let now = Instant::now();
    assert_eq!(wait(&mut table, key, ERR | IN, now), Some(ERR | IN));
    for _ in 0..10 {
        assert!(table.rearm(key, Interest::READABLE));
        assert!(!table.rearm(key, Interest::READABLE));
        assert_eq!(probe(&mut table, key, ERR, now), -1);
        assert!(
            table.rearm(key, Interest::READABLE),
            "the error may be gone"
        );
        assert_eq!(probe(&mut table, key, ERR, now), -1);
        assert_eq!(probe(&mut table, key, ERR | IN, now), ERR | IN);
        assert_eq!(probe(&mut table, key, ERR | IN, now), -1);
    }
    // The error is gone, and all is as before.
    assert_eq!(probe(&mut table, key, 0, now), 0);
    assert_eq!(table.get(key).unwrap().pollfd().events, IN | ffi::POLLOUT);
}

/// proc(5): polling `mountinfo` clears what it returns. What a probe saw while it was suppressed is
/// reported afterwards, once.
#[test]
fn conditions_that_poll_clears_are_kept() {
    for interest in [PRIORITY, PRIORITY | READ] {
        let (mut table, key) = table(interest, false);
        let always = IN & interest;
        let mut now = Instant::now();
        // Readiness to read is old.
        for _ in 0..100 {
            let bits = wait(&mut table, key, always, now).unwrap_or(0);
            assert!(bits == always || bits == 0);
            now += millis(20);
            probe(&mut table, key, always, now);
        }
        let mut seen = 0;
        for _ in 0..10 {
            // A change that the blocking poll sees, or the probe.
            let change = ERR | PRIORITY | always;
            let bits = if table.get(key).unwrap().pollfd().fd >= 0 {
                wait(&mut table, key, change, now).unwrap_or(0)
            } else {
                probe(&mut table, key, change, now)
            };
            seen += usize::from(bits > 0 && bits & PRIORITY != 0);
            // Another one at once: the probe clears it, and may not report it yet.
            let bits = probe(&mut table, key, change, now);
            if bits == -1 {
                now += millis(10);
                let bits = probe(&mut table, key, always, now);
                assert_eq!(bits & (PRIORITY | ERR), PRIORITY | ERR);
            } else {
                assert_eq!(bits & PRIORITY, PRIORITY);
            }
            seen += 1;
            now += millis(20);
            let bits = probe(&mut table, key, always, now);
            assert!(bits & PRIORITY == 0 || bits == -1);
        }
        assert_eq!(seen, 20);
    }
}

/// Urgent data that nobody reads does not keep a poller busy, whatever else would block meanwhile.
#[test]
fn priority_of_an_owned_source_has_a_delay() {
    let (mut table, key) = self::table(IN | PRIORITY, true);
    let now = Instant::now();
    assert_eq!(
        wait(&mut table, key, IN | PRIORITY, now),
        Some(IN | PRIORITY)
    );
    table.rearm(key, Interest::READABLE);
    assert_eq!(
        table.get(key).unwrap().pollfd().events & (IN | PRIORITY),
        IN
    );
    assert_eq!(probe(&mut table, key, PRIORITY, now), -1);
    assert_eq!(probe(&mut table, key, PRIORITY, now + millis(1)), PRIORITY);
    // Read, it is part of the blocking poll again.
    assert_eq!(probe(&mut table, key, 0, now), 0);
    assert_eq!(table.get(key).unwrap().pollfd().events, IN | PRIORITY);
}
