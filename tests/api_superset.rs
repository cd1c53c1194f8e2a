//! What this library has beyond mio 1.2.5.
#![cfg(all(unix, feature = "os-poll", feature = "os-ext", feature = "net"))]

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

#[cfg(not(mio_unsupported_force_poll_poll))]
#[test]
fn the_queue_is_a_descriptor() {
    fn fd<T: std::os::fd::AsFd>() {}
    fd::<mio::Poll>();
}
