//! What this library has beyond mio 1.2.5.
#![cfg(all(
    any(unix, windows),
    feature = "os-poll",
    feature = "os-ext",
    feature = "net"
))]

use mio::{Interest, event};

#[test]
fn interests_exist_everywhere() {
    const ALL: Interest = Interest::READABLE
        .add(Interest::WRITABLE)
        .add(Interest::AIO)
        .add(Interest::LIO)
        .add(Interest::PRIORITY);
    assert_eq!(
        format!("{ALL:?}"),
        "READABLE | WRITABLE | AIO | LIO | PRIORITY"
    );
    assert!(Interest::AIO < Interest::LIO && Interest::LIO < Interest::PRIORITY);
}

#[test]
fn iterators_know_what_is_left() {
    fn exact<T: ExactSizeIterator>() {}
    exact::<event::Iter<'_>>();
}

/// Sources that are a socket or a handle of somebody else.
#[cfg(windows)]
#[test]
fn sources_by_number() {
    use mio::windows::{SourceHandle, SourceSocket};
    use std::os::windows::io::{RawHandle, RawSocket};

    fn source<T: mio::event::Source + std::fmt::Debug>() {}
    source::<SourceSocket<'_>>();
    source::<SourceHandle<'_>>();
    fn all<T: Send + Sync + Unpin>() {}
    all::<SourceSocket<'_>>();
    let number: RawSocket = 0;
    let SourceSocket(inner) = SourceSocket(&number);
    assert_eq!(*inner, 0);
    let handle: RawHandle = std::ptr::null_mut();
    let SourceHandle(inner) = SourceHandle(&handle);
    assert!(inner.is_null());
}

#[cfg(not(any(
    mio_unsupported_force_poll_poll,
    // poll(2) has no descriptor of its own.
    target_os = "aix",
    target_os = "cygwin",
    target_os = "espidf",
    target_os = "fuchsia",
    target_os = "haiku",
    target_os = "horizon",
    target_os = "hurd",
    target_os = "nto",
    target_os = "nuttx",
    target_os = "vita",
    // A completion port is no descriptor.
    windows,
)))]
#[test]
fn the_queue_is_a_descriptor() {
    fn fd<T: std::os::fd::AsFd>() {}
    fd::<mio::Poll>();
}
