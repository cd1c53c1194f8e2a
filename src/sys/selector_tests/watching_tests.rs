//! Registration, events of sources, and the end of both.

use std::io::{ErrorKind, Read as _, Write as _};
use std::thread;
use std::time::Duration;

use super::{
    AT_ONCE, BOTH, LONG, Subject, drain, event_buffer, is_kqueue, is_poll_oneoff, stream_pair,
    tokens,
};
use crate::sys::selector::{EventBuffer as _, Owner, SelectorEvent as _, Wake as _};
use crate::sys::{AsRaw as _, Raw};
use crate::{Interest, Token};

pub(in crate::sys) fn each_edge_is_reported_once<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut events = event_buffer::<S>();
    let (left, right) = stream_pair();
    let fd = left.as_raw();
    let registration = selector.register(fd, Token(1), Interest::READABLE).unwrap();
    assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());

    for _ in 0..3 {
        (&right).write_all(b"x").unwrap();
        assert_eq!(tokens(&mut selector, &mut events, LONG), [1]);
        let event = &events.as_slice()[0];
        assert!(event.is_readable() && !event.is_writable() && !event.is_error());
        assert!(!event.is_read_closed() && !event.is_write_closed());
        // Not served, so there is no second event.
        assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
        drain::<S>(&left, &registration);
        assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
    }

    drop(right);
    assert_eq!(tokens(&mut selector, &mut events, LONG), [1]);
    let event = &events.as_slice()[0];
    assert!(event.is_readable() && event.is_read_closed());
    // kqueue, poll_oneoff and AFD report one direction in one event.
    assert!(event.is_write_closed() || is_kqueue::<S>() || is_poll_oneoff::<S>() || cfg!(windows));
    selector.deregister(registration, fd).unwrap();
}

pub(in crate::sys) fn reregister_reports_current_readiness<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut events = event_buffer::<S>();
    let (left, right) = stream_pair();
    let fd = left.as_raw();
    let mut registration = selector.register(fd, Token(1), Interest::READABLE).unwrap();
    (&right).write_all(b"x").unwrap();
    assert_eq!(tokens(&mut selector, &mut events, LONG), [1]);
    assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
    for token in [2, 3] {
        selector
            .reregister(&mut registration, fd, Token(token), BOTH)
            .unwrap();
        let mut got = tokens(&mut selector, &mut events, LONG);
        got.dedup();
        assert_eq!(got, [token]);
        let all = events.as_slice();
        assert!(all.iter().any(|event| event.is_readable()));
        assert!(all.iter().any(|event| event.is_writable()));
    }
    selector
        .reregister(&mut registration, fd, Token(4), Interest::WRITABLE)
        .unwrap();
    assert_eq!(tokens(&mut selector, &mut events, LONG), [4]);
    assert!(!events.as_slice()[0].is_readable());
}

pub(in crate::sys) fn deregistered_source_reports_no_events<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut events = S::Events::with_capacity(1);
    let (left, right) = stream_pair();
    let fd = left.as_raw();
    let registration = selector.register(fd, Token(1), BOTH).unwrap();
    (&right).write_all(b"x").unwrap();
    selector.deregister(registration, fd).unwrap();
    assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());

    // The fd can be registered again.
    let registration = selector.register(fd, Token(2), BOTH).unwrap();
    assert_eq!(tokens(&mut selector, &mut events, LONG), [2]);
    selector.deregister(registration, fd).unwrap();
    assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
}

pub(in crate::sys) fn unowned_sources_are_registered_by_fd<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut events = event_buffer::<S>();
    let (mut left, mut right) = stream_pair();
    let fd = left.as_raw();
    if is_kqueue::<S>() {
        // kqueue(2) returns ENOENT for `EV_DELETE` of a filter that is not registered
        // (<https://man.freebsd.org/cgi/man.cgi?query=kqueue&sektion=2>), also after it has removed
        // the filter itself. mio 1.2 ignores this error, too.
        selector.deregister_unowned(fd).unwrap();
    } else {
        let error = selector.deregister_unowned(fd).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        let error = selector.reregister_unowned(fd, Token(1), BOTH).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }
    selector
        .register_unowned(fd, Token(1), Interest::READABLE)
        .unwrap();
    if !is_kqueue::<S>() {
        let error = selector.register_unowned(fd, Token(1), BOTH).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    }

    // Reads that this crate does not see drain the source. The next data is an event nevertheless.
    for _ in 0..100 {
        right.write_all(b"x").unwrap();
        assert_eq!(tokens(&mut selector, &mut events, LONG), [1]);
        let mut buffer = [0; 16];
        while left.read(&mut buffer).is_ok() {}
    }
    selector.reregister_unowned(fd, Token(2), BOTH).unwrap();
    let mut got = tokens(&mut selector, &mut events, LONG);
    got.dedup();
    assert_eq!(got, [2]);
    selector.deregister_unowned(fd).unwrap();
    assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
}

/// The registration of a source ends when the source gives its fd away: its events would have a
/// token that the caller may have freed. The fd stays open and can be registered again.
pub(in crate::sys) fn left_source_reports_no_events<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut events = event_buffer::<S>();
    let (left, mut right) = stream_pair();
    let fd = left.as_raw();
    for token in 0..3 {
        let registration = selector.register(fd, Token(token), BOTH).unwrap();
        if token == 1 {
            // Leave with a pending event, and after a delivered one.
            assert!(!tokens(&mut selector, &mut events, LONG).is_empty());
            right.write_all(b"x").unwrap();
        }
        S::leave(registration, fd);
        right.write_all(b"x").unwrap();
        assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
    }
    // Leaving a dropped selector is harmless.
    let registration = selector.register(fd, Token(4), BOTH).unwrap();
    drop(selector);
    S::leave(registration, fd);
}

pub(in crate::sys) fn invalid_fds_are_refused<S: Subject>() {
    #[cfg(unix)]
    let (invalid, code) = ([-1, -2, Raw::MIN], crate::sys::ffi::EBADF);
    // WSAENOTSOCK.
    #[cfg(windows)]
    let (invalid, code) = ([Raw::MAX, 0, Raw::MAX / 4 * 2], 10_038);
    let selector = S::new().unwrap();
    for raw in invalid {
        let error = selector.register_unowned(raw, Token(0), BOTH).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(code));
        // On Windows the selector relies on an owned socket to be valid.
        assert!(cfg!(windows) || selector.register(raw, Token(0), BOTH).is_err());
        assert!(selector.reregister_unowned(raw, Token(0), BOTH).is_err());
        assert!(selector.deregister_unowned(raw).is_err());
    }
}

pub(in crate::sys) fn unsupported_interests_are_refused<S: Subject>() {
    let selector = S::new().unwrap();
    let (left, _right) = stream_pair();
    let (without, with) = if is_kqueue::<S>() {
        let priority = Interest::PRIORITY;
        ([priority, BOTH | priority], Interest::READABLE)
    } else {
        ([Interest::LIO, BOTH | Interest::AIO], Interest::PRIORITY)
    };
    for interest in without {
        let error = selector
            .register(left.as_raw(), Token(0), interest)
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
    }
    // Failed attempts leave no registration.
    let registration = selector.register(left.as_raw(), Token(0), with).unwrap();
    drop(registration);
}

pub(in crate::sys) fn small_buffer_starves_no_source<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut none = S::Events::with_capacity(0);
    let error = selector.poll(&mut none, None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);

    // Three ready sources and a waker with capacity 1: one event at a time, and none starves.
    let mut events = S::Events::with_capacity(1);
    let pairs: Vec<_> = (0..3).map(|_| stream_pair()).collect();
    let mut registrations = Vec::new();
    for (index, (left, _)) in pairs.iter().enumerate() {
        let registration = selector.register(left.as_raw(), Token(index), Interest::WRITABLE);
        registrations.push(registration.unwrap());
    }
    let waker = selector.waker(Token(3)).unwrap();
    waker.wake().unwrap();
    let mut seen = [false; 4];
    for _ in 0..4 {
        let got = tokens(&mut selector, &mut events, LONG);
        assert_eq!(got.len(), 1);
        seen[got[0]] = true;
    }
    assert_eq!(seen, [true; 4]);
    assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
}

/// Unowned sources that are always ready leave room for each other, for owned sources and wakers.
pub(in crate::sys) fn unowned_sources_do_not_starve_others<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut events = S::Events::with_capacity(1);
    let pairs: Vec<_> = (0..3).map(|_| stream_pair()).collect();
    for (token, (left, _)) in pairs.iter().enumerate().take(2) {
        selector
            .register_unowned(left.as_raw(), Token(token), Interest::WRITABLE)
            .unwrap();
    }
    // Until they are probed, where edges are emulated.
    for _ in 0..200 {
        tokens(&mut selector, &mut events, AT_ONCE);
    }
    let owned = pairs[2].0.as_raw();
    let _registration = selector
        .register(owned, Token(2), Interest::WRITABLE)
        .unwrap();
    let waker = selector.waker(Token(3));
    if let Ok(waker) = &waker {
        waker.wake().unwrap();
    }
    let mut seen = [false; 4];
    for _ in 0..16 {
        // Longer than an unowned source is suppressed.
        thread::sleep(Duration::from_millis(15));
        for token in tokens(&mut selector, &mut events, AT_ONCE) {
            seen[token] = true;
        }
    }
    let repeats = S::EMULATES_EDGE;
    assert_eq!(seen, [repeats, repeats, true, waker.is_ok()]);
}

pub(in crate::sys) fn owner_of_a_registration_is_found<S: Subject>() {
    let selector = S::new().unwrap();
    let clone = selector.try_clone().unwrap();
    let other = S::new().unwrap();
    let (left, _right) = stream_pair();
    let registration = selector.register(left.as_raw(), Token(0), BOTH).unwrap();
    assert_eq!(selector.owner(&registration), Owner::This);
    assert_eq!(clone.owner(&registration), Owner::This);
    assert_eq!(other.owner(&registration), Owner::Other);
    drop(selector);
    assert_eq!(clone.owner(&registration), Owner::This);
    assert_eq!(other.owner(&registration), Owner::Other);
    drop(clone);
    assert_eq!(other.owner(&registration), Owner::Dropped);
    S::rearm(&registration, BOTH).unwrap();
    assert!(size_of::<S::Registration>() <= 16);
}

pub(in crate::sys) fn dropped_source_reports_no_events<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut events = event_buffer::<S>();
    let (left, right) = stream_pair();
    let fd = left.as_raw();
    let registration = selector.register(fd, Token(1), BOTH).unwrap();
    // A source drops its registration first, and then its fd.
    drop(registration);
    drop(left);
    assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
    drop(right);

    // The new source gets the same fd, and has events of its own.
    let (left, right) = stream_pair();
    let registration = selector.register(left.as_raw(), Token(2), BOTH).unwrap();
    (&right).write_all(b"x").unwrap();
    let mut got = tokens(&mut selector, &mut events, LONG);
    got.dedup();
    assert_eq!(got, [2]);
    selector.deregister(registration, left.as_raw()).unwrap();
}

pub(in crate::sys) fn tokens_are_returned_unchanged<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut events = event_buffer::<S>();
    let address = (&raw const events).addr();
    for token in [
        0,
        usize::MAX,
        usize::MAX - 1,
        1 << (usize::BITS - 1),
        address,
    ] {
        let (left, _right) = stream_pair();
        let registration = selector
            .register(left.as_raw(), Token(token), Interest::WRITABLE)
            .unwrap();
        let waker = selector.waker(Token(token)).unwrap();
        waker.wake().unwrap();
        let mut got = tokens(&mut selector, &mut events, LONG);
        while got.len() < 2 {
            got.extend(tokens(&mut selector, &mut events, LONG));
        }
        assert_eq!(got, [token, token]);
        selector.deregister(registration, left.as_raw()).unwrap();
    }
}
