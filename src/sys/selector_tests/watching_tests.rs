//! What a source is told, and when no more.

use std::io::{ErrorKind, Read as _, Write as _};
use std::thread;
use std::time::Duration;

use super::{
    AT_ONCE, BOTH, LONG, Subject, drain, is_kqueue, is_poll_oneoff, records, stream_pair, tokens,
};
use crate::sys::selector::{EventBuffer as _, Owner, SelectorEvent as _, Wake as _};
use crate::sys::{AsRaw as _, Raw};
use crate::{Interest, Token};

pub(in crate::sys) fn readiness_and_edges<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut records = records::<S>();
    let (left, right) = stream_pair();
    let fd = left.as_raw();
    let registration = selector.register(fd, Token(1), Interest::READABLE).unwrap();
    assert!(tokens(&mut selector, &mut records, AT_ONCE).is_empty());

    for _ in 0..3 {
        (&right).write_all(b"x").unwrap();
        assert_eq!(tokens(&mut selector, &mut records, LONG), [1]);
        let record = &records.as_slice()[0];
        assert!(record.is_readable() && !record.is_writable() && !record.is_error());
        assert!(!record.is_read_closed() && !record.is_write_closed());
        // Not served: no second event.
        assert!(tokens(&mut selector, &mut records, AT_ONCE).is_empty());
        drain::<S>(&left, &registration);
        assert!(tokens(&mut selector, &mut records, AT_ONCE).is_empty());
    }

    drop(right);
    assert_eq!(tokens(&mut selector, &mut records, LONG), [1]);
    let record = &records.as_slice()[0];
    assert!(record.is_readable() && record.is_read_closed());
    // Where a filter or a subscription is one direction, and on Windows, it says no more.
    assert!(record.is_write_closed() || is_kqueue::<S>() || is_poll_oneoff::<S>() || cfg!(windows));
    selector.deregister(registration, fd).unwrap();
}

pub(in crate::sys) fn reregister_reports_again<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut records = records::<S>();
    let (left, right) = stream_pair();
    let fd = left.as_raw();
    let mut registration = selector.register(fd, Token(1), Interest::READABLE).unwrap();
    (&right).write_all(b"x").unwrap();
    assert_eq!(tokens(&mut selector, &mut records, LONG), [1]);
    assert!(tokens(&mut selector, &mut records, AT_ONCE).is_empty());
    for token in [2, 3] {
        selector
            .reregister(&mut registration, fd, Token(token), BOTH)
            .unwrap();
        let mut got = tokens(&mut selector, &mut records, LONG);
        got.dedup();
        assert_eq!(got, [token]);
        let all = records.as_slice();
        assert!(all.iter().any(|record| record.is_readable()));
        assert!(all.iter().any(|record| record.is_writable()));
    }
    selector
        .reregister(&mut registration, fd, Token(4), Interest::WRITABLE)
        .unwrap();
    assert_eq!(tokens(&mut selector, &mut records, LONG), [4]);
    assert!(!records.as_slice()[0].is_readable());
}

pub(in crate::sys) fn no_event_after_deregister<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut records = S::Events::with_capacity(1);
    let (left, right) = stream_pair();
    let fd = left.as_raw();
    let registration = selector.register(fd, Token(1), BOTH).unwrap();
    (&right).write_all(b"x").unwrap();
    selector.deregister(registration, fd).unwrap();
    assert!(tokens(&mut selector, &mut records, AT_ONCE).is_empty());

    // The number can be registered again.
    let registration = selector.register(fd, Token(2), BOTH).unwrap();
    assert_eq!(tokens(&mut selector, &mut records, LONG), [2]);
    selector.deregister(registration, fd).unwrap();
    assert!(tokens(&mut selector, &mut records, AT_ONCE).is_empty());
}

pub(in crate::sys) fn raw_numbers<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut records = records::<S>();
    let (mut left, mut right) = stream_pair();
    let fd = left.as_raw();
    if is_kqueue::<S>() {
        // EV_DELETE of a filter that is not there is ENOENT, which kqueue(2) also answers once it
        // has taken the filter out itself. mio 1.2 ignores it, too.
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

    // Drained by plain reads, the next data gives an event all the same.
    for _ in 0..100 {
        right.write_all(b"x").unwrap();
        assert_eq!(tokens(&mut selector, &mut records, LONG), [1]);
        let mut buffer = [0; 16];
        while left.read(&mut buffer).is_ok() {}
    }
    selector.reregister_unowned(fd, Token(2), BOTH).unwrap();
    let mut got = tokens(&mut selector, &mut records, LONG);
    got.dedup();
    assert_eq!(got, [2]);
    selector.deregister_unowned(fd).unwrap();
    assert!(tokens(&mut selector, &mut records, AT_ONCE).is_empty());
}

/// A source that gives its fd away takes its registration with it, on every selector: its events
/// would carry a token that is in no one's hands. The fd stays open and can be registered again.
pub(in crate::sys) fn left_registration<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut records = records::<S>();
    let (left, mut right) = stream_pair();
    let fd = left.as_raw();
    for token in 0..3 {
        let registration = selector.register(fd, Token(token), BOTH).unwrap();
        if token == 1 {
            // An event that is due, and one that was delivered.
            assert!(!tokens(&mut selector, &mut records, LONG).is_empty());
            right.write_all(b"x").unwrap();
        }
        S::leave(registration, fd);
        right.write_all(b"x").unwrap();
        assert!(tokens(&mut selector, &mut records, AT_ONCE).is_empty());
    }
    // The selector may be gone.
    let registration = selector.register(fd, Token(4), BOTH).unwrap();
    drop(selector);
    S::leave(registration, fd);
}

pub(in crate::sys) fn bad_numbers<S: Subject>() {
    #[cfg(unix)]
    let (numbers, code) = ([-1, -2, Raw::MIN], crate::sys::ffi::EBADF);
    // WSAENOTSOCK.
    #[cfg(windows)]
    let (numbers, code) = ([Raw::MAX, 0, Raw::MAX / 4 * 2], 10_038);
    let selector = S::new().unwrap();
    for number in numbers {
        let error = selector
            .register_unowned(number, Token(0), BOTH)
            .unwrap_err();
        assert_eq!(error.raw_os_error(), Some(code));
        // An owned socket is one: its number is not looked at again on Windows.
        assert!(cfg!(windows) || selector.register(number, Token(0), BOTH).is_err());
        assert!(selector.reregister_unowned(number, Token(0), BOTH).is_err());
        assert!(selector.deregister_unowned(number).is_err());
    }
}

pub(in crate::sys) fn unsupported_interests<S: Subject>() {
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
    // The failed attempts have left nothing behind.
    let registration = selector.register(left.as_raw(), Token(0), with).unwrap();
    drop(registration);
}

pub(in crate::sys) fn capacity<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut none = S::Events::with_capacity(0);
    let error = selector.select(&mut none, None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);

    // Three ready sources and a waker through one place: one at a time, and nobody starves.
    let mut records = S::Events::with_capacity(1);
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
        let got = tokens(&mut selector, &mut records, LONG);
        assert_eq!(got.len(), 1);
        seen[got[0]] = true;
    }
    assert_eq!(seen, [true; 4]);
    assert!(tokens(&mut selector, &mut records, AT_ONCE).is_empty());
}

/// Raw sources that are ready whenever they are looked at leave room for each other, and for everybody else.
pub(in crate::sys) fn raw_sources_starve_nobody<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut records = S::Events::with_capacity(1);
    let pairs: Vec<_> = (0..3).map(|_| stream_pair()).collect();
    for (token, (left, _)) in pairs.iter().enumerate().take(2) {
        selector
            .register_unowned(left.as_raw(), Token(token), Interest::WRITABLE)
            .unwrap();
    }
    // Until their readiness says nothing any more, where it is no edge.
    for _ in 0..200 {
        tokens(&mut selector, &mut records, AT_ONCE);
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
        // Longer than a raw source is silent for.
        thread::sleep(Duration::from_millis(15));
        for token in tokens(&mut selector, &mut records, AT_ONCE) {
            seen[token] = true;
        }
    }
    let again = S::EMULATES_EDGE;
    assert_eq!(seen, [again, again, true, waker.is_ok()]);
}

pub(in crate::sys) fn owners<S: Subject>() {
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

pub(in crate::sys) fn dropped_registration<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut records = records::<S>();
    let (left, right) = stream_pair();
    let fd = left.as_raw();
    let registration = selector.register(fd, Token(1), BOTH).unwrap();
    // The order in which a source is dropped: registration first, then the descriptor.
    drop(registration);
    drop(left);
    assert!(tokens(&mut selector, &mut records, AT_ONCE).is_empty());
    drop(right);

    // The number comes back, and the new source is its own.
    let (left, right) = stream_pair();
    let registration = selector.register(left.as_raw(), Token(2), BOTH).unwrap();
    (&right).write_all(b"x").unwrap();
    let mut got = tokens(&mut selector, &mut records, LONG);
    got.dedup();
    assert_eq!(got, [2]);
    selector.deregister(registration, left.as_raw()).unwrap();
}

pub(in crate::sys) fn tokens_round_trip<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut records = records::<S>();
    let address = (&raw const records).addr();
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
        let mut got = tokens(&mut selector, &mut records, LONG);
        while got.len() < 2 {
            got.extend(tokens(&mut selector, &mut records, LONG));
        }
        assert_eq!(got, [token, token]);
        selector.deregister(registration, left.as_raw()).unwrap();
    }
}
