//! The rules by which levels become edges, without a kernel.

use super::*;
use crate::sys::contract_tests::BOTH;

fn table(interest: PollBits, is_raw: bool) -> (Table, Key) {
    let mut table = Table::default();
    let key = table.insert(5, Token(1), interest, is_raw).unwrap();
    (table, key)
}

/// What a wait has seen is told only as far as it is still wanted when the wait is over.
#[test]
fn a_change_during_the_wait_counts() {
    let now = Instant::now();
    for is_raw in [false, true] {
        let (mut table, key) = table(raw::POLLIN, is_raw);
        let (_, _, asked) = table.next_change().unwrap();
        table.replace(key, Token(2), raw::POLLOUT).unwrap();
        let slot = table.get(key).unwrap();
        assert!(slot.ready(asked.events, raw::POLLIN, now).is_none());
        let (_, _, asked) = table.next_change().unwrap();
        let slot = table.get(key).unwrap();
        assert!(slot.ready(asked.events, raw::POLLOUT, now).is_some());
    }
}

/// A place that changes hands while it is among the changes is there once, with its new tenant.
#[test]
fn a_place_that_changes_hands() {
    let (mut table, old) = table(raw::POLLIN, false);
    assert!(table.remove(old));
    let new = table.insert(6, Token(2), raw::POLLOUT, false).unwrap();
    assert_eq!(new.index, old.index);
    let (index, generation, pollfd) = table.next_change().unwrap();
    assert_eq!(Key { index, generation }, new);
    assert_eq!((pollfd.fd, pollfd.events), (6, raw::POLLOUT));
    assert!(table.next_change().is_none());
    assert!(!table.rearm(old, BOTH) && !table.remove(old));
}

/// What was told of an owned source waits for an operation that would block.
#[test]
fn what_was_told_is_armed_again() {
    let (mut table, key) = table(raw::POLLIN | raw::POLLOUT, false);
    assert!(!table.rearm(key, BOTH));
    let slot = table.get(key).unwrap();
    let asked = slot.pollfd().events;
    assert!(slot.ready(asked, raw::POLLOUT, Instant::now()).is_some());
    assert_eq!(slot.pollfd().events, raw::POLLIN);
    assert!(slot.ready(asked, raw::POLLOUT, Instant::now()).is_none());
    assert!(table.rearm(key, BOTH));
    assert_eq!(table.get(key).unwrap().pollfd().events, asked);
}
