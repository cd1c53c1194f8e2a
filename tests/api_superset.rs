//! The public items that mio 1.2.5 does not have.
#![cfg(all(
    any(unix, windows),
    feature = "os-poll",
    feature = "os-ext",
    feature = "net"
))]

use mio::{Interest, event};

#[test]
fn every_interest_exists_on_every_platform() {
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

/// The modes of a registration are bits of an interest, which stays one byte.
#[test]
fn modes_are_bits_of_an_interest() {
    const MODES: Interest = Interest::EXCLUSIVE
        .add(Interest::LEVEL)
        .add(Interest::ONESHOT);
    const { assert!(MODES.is_exclusive() && MODES.is_level() && MODES.is_oneshot()) };
    assert!(!MODES.is_readable() && !MODES.is_writable() && !MODES.is_priority());
    assert_eq!(format!("{MODES:?}"), "EXCLUSIVE | LEVEL | ONESHOT");
    assert_eq!(size_of::<Option<Interest>>(), 1);
}

/// Busy polling has functions on every Unix.
#[cfg(unix)]
#[test]
fn busy_polling_has_functions() {
    use mio::Registry;
    use mio::unix::{BusyPoll, busy_poll, set_busy_poll};
    use std::io;

    let _: fn(&Registry, BusyPoll) -> io::Result<()> = set_busy_poll;
    let _: fn(&Registry) -> io::Result<BusyPoll> = busy_poll;
    let off = BusyPoll {
        micros: 0,
        budget: 0,
        prefer: false,
    };
    assert_eq!(off, BusyPoll::default());
}

#[test]
fn event_iterator_has_an_exact_size() {
    fn exact<T: ExactSizeIterator>() {}
    exact::<event::Iter<'_>>();
}

/// `SourceSocket` and `SourceHandle` are sources of an unowned socket or handle.
#[cfg(windows)]
#[test]
fn source_socket_and_source_handle_are_sources() {
    use mio::windows::{SourceHandle, SourceSocket};
    use std::os::windows::io::{RawHandle, RawSocket};

    fn source<T: mio::event::Source + std::fmt::Debug>() {}
    source::<SourceSocket<'_>>();
    source::<SourceHandle<'_>>();
    fn all<T: Send + Sync + Unpin>() {}
    all::<SourceSocket<'_>>();
    let socket: RawSocket = 0;
    let SourceSocket(inner) = SourceSocket(&socket);
    assert_eq!(*inner, 0);
    let handle: RawHandle = std::ptr::null_mut();
    let SourceHandle(inner) = SourceHandle(&handle);
    assert!(inner.is_null());
}

#[cfg(not(any(
    mio_unsupported_force_poll_poll,
    mio_fake_kernel = "wasip1",
    // A poll(2) selector has no fd.
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
    // A completion port is a handle.
    windows,
)))]
#[test]
fn poll_implements_as_fd() {
    fn fd<T: std::os::fd::AsFd>() {}
    fd::<mio::Poll>();
}

#[cfg(windows)]
#[test]
fn poll_and_registry_implement_as_handle() {
    use std::os::windows::io::{AsHandle, AsRawHandle};

    fn handle<T: AsHandle + AsRawHandle>() {}
    handle::<mio::Poll>();
    handle::<mio::Registry>();
}
