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
