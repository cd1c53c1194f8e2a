//! Registered handles, with each backend that this system has.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use std::io;
use std::os::windows::io::{AsRawHandle, RawHandle};
use std::process::Command;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use super::wait_set::WaitBackend;
use crate::sys::selector::{EventBuffer as _, Selector as _, SelectorEvent as _};
use crate::sys::selector_tests::{AT_ONCE, LONG, tokens};
use crate::sys::windows::afd::Afd;
use crate::sys::windows::event::Events;
use crate::sys::windows::syscalls::wait_packet::fake::{Event, TIMERS_USE_IT};
use crate::sys::windows::syscalls::wait_packet::{self as syscall, Functions};
use crate::{Interest, Token};

/// Runs a check with each backend: the thread pool, fake wait completion packets, and those of the
/// system if it has them.
fn with_each_backend(check: fn(WaitBackend)) {
    check(WaitBackend::Pool);
    check(WaitBackend::Packets(Functions::fake()));
    if let Some(functions) = Functions::find() {
        check(WaitBackend::Packets(functions));
    }
}

/// Windows 8 and later have wait completion packets, Wine 8 has not.
#[test]
fn wait_completion_packets_are_available() {
    if Functions::find().is_none() {
        crate::not_run::not_run("no wait completion packets here: checked with fake ones alone");
    }
}

/// A selector, its event buffer and the backend under test.
struct TestSelector {
    selector: Afd,
    events: Events,
    backend: WaitBackend,
}

impl TestSelector {
    fn new(backend: WaitBackend) -> TestSelector {
        TestSelector {
            selector: Afd::new().unwrap(),
            events: Events::with_capacity(8),
            backend,
        }
    }

    fn register(&self, object: &impl AsRawHandle, token: usize) -> io::Result<()> {
        self.register_for(object, token, Interest::READABLE)
    }

    fn register_for(
        &self,
        object: &impl AsRawHandle,
        token: usize,
        interest: Interest,
    ) -> io::Result<()> {
        self.selector.waits().register(
            self.selector.port(),
            object.as_raw_handle(),
            Token(token),
            interest,
            self.backend,
        )
    }

    fn reregister(&self, object: &impl AsRawHandle, token: usize) -> io::Result<()> {
        self.selector.waits().reregister(
            self.selector.port(),
            object.as_raw_handle(),
            Token(token),
            Interest::READABLE,
        )
    }

    fn deregister(&self, object: &impl AsRawHandle) -> io::Result<()> {
        self.selector.waits().deregister(object.as_raw_handle())
    }

    fn events(&mut self, timeout: Option<Duration>) -> Vec<usize> {
        let got = tokens(&mut self.selector, &mut self.events, timeout);
        let all = self.events.as_slice();
        assert!(
            all.iter()
                .all(|event| event.is_readable() && !event.is_writable())
        );
        got
    }

    /// Checks that no event comes while the threads of the pool have time to run.
    fn is_silent(&mut self) {
        assert!(self.events(Some(Duration::from_millis(30))).is_empty());
    }
}

#[test]
fn each_arming_gives_one_event() {
    with_each_backend(|backend| {
        let mut test = TestSelector::new(backend);
        for is_manual in [true, false] {
            let event = Event::new(is_manual).unwrap();
            test.register(&event, 1).unwrap();
            test.is_silent();
            event.set();
            assert_eq!(test.events(LONG), [1]);
            // Once, even if a manual-reset event stays signaled.
            event.set();
            test.is_silent();
            test.reregister(&event, 2).unwrap();
            assert_eq!(test.events(LONG), [2]);
            event.reset();
            test.reregister(&event, 3).unwrap();
            test.is_silent();
            event.set();
            assert_eq!(test.events(LONG), [3]);
            test.deregister(&event).unwrap();
        }
    });
}

/// Rearming does not lose a signal that the wait has consumed, as that of an auto-reset event.
#[test]
fn rearming_an_armed_handle_changes_its_token() {
    with_each_backend(|backend| {
        let mut test = TestSelector::new(backend);
        let event = Event::new(false).unwrap();
        test.register(&event, 1).unwrap();
        event.set();
        thread::sleep(Duration::from_millis(30));
        test.reregister(&event, 2).unwrap();
        assert_eq!(test.events(LONG), [2]);
        test.is_silent();
    });
}

/// A packet that cannot be posted is no event, and the next registration waits again: otherwise the
/// handle would be armed for good, with nothing that waits for it.
#[test]
fn lost_packet_leaves_the_handle_usable() {
    let mut test = TestSelector::new(WaitBackend::Pool);
    let event = Event::new(true).unwrap();
    let handle = event.as_raw_handle();
    test.register(&event, 1).unwrap();
    let not_a_port = syscall::duplicate(handle).unwrap();
    test.selector
        .waits()
        .lose_packet(handle, not_a_port)
        .unwrap();
    event.set();
    let end = Instant::now() + LONG.unwrap();
    while !test.selector.waits().is_lost(handle) {
        assert!(Instant::now() < end, "the packet was posted");
        thread::sleep(Duration::from_millis(1));
    }
    test.is_silent();
    test.reregister(&event, 2).unwrap();
    assert_eq!(test.events(LONG), [2]);
    test.deregister(&event).unwrap();
}

#[test]
fn signal_from_another_thread_ends_the_wait() {
    with_each_backend(|backend| {
        let mut test = TestSelector::new(backend);
        let event = Event::new(false).unwrap();
        test.register(&event, 7).unwrap();
        for _ in 0..50 {
            thread::scope(|scope| {
                scope.spawn(|| event.set());
                assert_eq!(test.events(None), [7]);
            });
            test.reregister(&event, 7).unwrap();
        }
    });
}

/// No event comes after `deregister`, whether the signal comes before, meanwhile or later.
#[test]
fn deregistered_handle_reports_no_event() {
    with_each_backend(|backend| {
        let mut test = TestSelector::new(backend);
        for sink in 0..50 {
            let event = Event::new(sink % 2 == 0).unwrap();
            test.register(&event, 1).unwrap();
            thread::scope(|scope| {
                scope.spawn(|| event.set());
                test.deregister(&event).unwrap();
            });
            assert!(test.events(AT_ONCE).is_empty());
            event.set();
            assert!(test.events(AT_ONCE).is_empty());
            // A new registration receives only its own packets.
            event.set();
            test.register(&event, 2).unwrap();
            assert_eq!(test.events(LONG), [2]);
            test.deregister(&event).unwrap();
        }
        test.is_silent();
    });
}

/// Waits are unregistered while their objects are signaled. There Wine 8 was seen to crash for
/// waits with `WT_EXECUTEINWAITTHREAD`, and to run the callback of other waits after they were
/// unregistered.
#[test]
fn signal_racing_deregistration_reports_no_late_event() {
    with_each_backend(|backend| {
        let mut test = TestSelector::new(backend);
        let rounds = if matches!(backend, WaitBackend::Pool) {
            2000
        } else {
            50
        };
        let (to_signal, signals) = std::sync::mpsc::sync_channel::<Arc<Event>>(0);
        let signaller = thread::spawn(move || signals.iter().for_each(|event| event.set()));
        for sink in 0..rounds {
            let event = Arc::new(Event::new(true).unwrap());
            test.register(&*event, 1).unwrap();
            to_signal.send(Arc::clone(&event)).unwrap();
            for _ in 0..sink % 64 * 40 {
                std::hint::spin_loop();
            }
            test.deregister(&*event).unwrap();
            if sink % 16 == 0 {
                assert!(test.events(AT_ONCE).is_empty());
            }
        }
        drop(to_signal);
        signaller.join().unwrap();
        test.is_silent();
    });
}

#[test]
fn exited_process_is_reported() {
    with_each_backend(|backend| {
        let mut test = TestSelector::new(backend);
        let mut child = Command::new("cmd").args(["/c", "exit 3"]).spawn().unwrap();
        test.register(&child, 1).unwrap();
        assert_eq!(test.events(LONG), [1]);
        assert_eq!(child.wait().unwrap().code(), Some(3));
        test.reregister(&child, 2).unwrap();
        assert_eq!(test.events(LONG), [2]);
        test.deregister(&child).unwrap();
    });
}

#[test]
fn invalid_registrations_are_errors() {
    with_each_backend(|backend| {
        let mut test = TestSelector::new(backend);
        let event = Event::new(true).unwrap();
        event.set();
        for result in [test.reregister(&event, 1), test.deregister(&event)] {
            assert_eq!(result.unwrap_err().kind(), io::ErrorKind::NotFound);
        }
        for interest in [
            Interest::WRITABLE,
            Interest::READABLE | Interest::WRITABLE,
            Interest::PRIORITY,
        ] {
            let error = test.register_for(&event, 1, interest).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::Unsupported);
        }
        test.register(&event, 1).unwrap();
        let error = test.register(&event, 2).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(test.events(LONG), [1]);

        /// A value that is not a handle.
        struct Nothing(usize);
        impl AsRawHandle for Nothing {
            fn as_raw_handle(&self) -> RawHandle {
                std::ptr::without_provenance_mut(self.0)
            }
        }
        for value in [0, 0x7fff_fff0] {
            let error = test.register(&Nothing(value), 3).unwrap_err();
            // ERROR_INVALID_HANDLE.
            assert_eq!(error.raw_os_error(), Some(6));
        }
        // A handle that was closed while registered does not affect other registrations.
        let closed = Event::new(false).unwrap();
        let value = Nothing(closed.as_raw_handle().addr());
        test.register(&value, 4).unwrap();
        drop(closed);
        test.is_silent();
        test.deregister(&value).unwrap();
    });
}

/// The selector is dropped while some handles wait, some have fired and some are being signaled.
#[test]
fn dropped_selector_closes_its_port() {
    with_each_backend(|backend| {
        for _ in 0..20 {
            let mut test = TestSelector::new(backend);
            let events: Vec<_> = (0..6).map(|n| Event::new(n % 2 == 0).unwrap()).collect();
            for (token, event) in events.iter().enumerate() {
                test.register(event, token).unwrap();
            }
            events[0].set();
            assert_eq!(test.events(LONG), [0]);
            events[1].set();
            let handle = Arc::downgrade(test.selector.port().handle());
            thread::scope(|scope| {
                scope.spawn(|| events[2].set());
                scope.spawn(|| events[3].set());
                drop(test);
            });
            assert_eq!(Weak::strong_count(&handle), 0);
            for event in &events {
                event.set();
            }
        }
    });
}

/// Many handles are registered and signaled by many threads.
#[test]
fn hundreds_of_handles_each_report_once() {
    with_each_backend(|backend| {
        const COUNT: usize = 200;
        let mut test = TestSelector::new(backend);
        let events: Vec<_> = (0..COUNT).map(|_| Event::new(false).unwrap()).collect();
        for (token, event) in events.iter().enumerate() {
            test.register(event, token).unwrap();
        }
        for _ in 0..3 {
            thread::scope(|scope| {
                for part in events.chunks(COUNT / 4) {
                    scope.spawn(move || part.iter().for_each(|event| event.set()));
                }
                let mut seen = vec![0; COUNT];
                while seen.iter().sum::<u32>() < COUNT as u32 {
                    for token in test.events(LONG) {
                        seen[token] += 1;
                        test.reregister(&events[token], token).unwrap();
                    }
                }
                assert!(seen.iter().all(|count| *count == 1));
            });
        }
        test.is_silent();
    });
}

/// Short waits, with a timer of the system and a fake wait completion packet, end after their
/// timeout, and with an event before it. Dropping the selector closes its port.
#[test]
fn short_waits_end_after_their_timeout() {
    TIMERS_USE_IT.set(true);
    let mut test = TestSelector::new(WaitBackend::Pool);
    let event = Event::new(false).unwrap();
    test.register(&event, 1).unwrap();
    for micros in [1, 100, 1_000, 5_000, 20_000, 31_000] {
        let timeout = Duration::from_micros(micros);
        for _ in 0..3 {
            let start = Instant::now();
            assert!(test.events(Some(timeout)).is_empty());
            assert!(start.elapsed() >= timeout, "{timeout:?}");
            event.set();
            while test.events(Some(SHORT)).is_empty() {}
            test.reregister(&event, 1).unwrap();
        }
    }
    test.is_silent();
    let handle = Arc::downgrade(test.selector.port().handle());
    drop(test);
    assert_eq!(Weak::strong_count(&handle), 0);
}

/// The timeout of a short wait.
const SHORT: Duration = Duration::from_millis(31);
