//! epoll(7): any events of epoll_wait(2), through the public `Poll`.

use std::cell::RefCell;
use std::io::ErrorKind;
use std::rc::Rc;
use std::time::Duration;

use arbitrary::Unstructured;

use super::{byte, check_debug, number};
use crate::event::Event;
use crate::sys::ffi;
use crate::{Events, Poll};

/// Checked: `poll` returns the events of the kernel, in their order, with their tokens, as many as
/// fit; an error comes with its code and without events; and each accessor of an event follows its
/// documentation.
pub fn run(data: &[u8]) {
    let mut input = Unstructured::new(data);
    let capacity = usize::from(byte(&mut input) % 9);
    let mut poll = Poll::new().unwrap();
    let mut events = Events::with_capacity(capacity);
    let given = Rc::new(RefCell::new((Vec::new(), None)));
    let its = Rc::clone(&given);
    crate::kernel::set_epoll_wait(Some(Box::new(move |room| {
        let (given, error) = &*its.borrow();
        if let Some(error) = *error {
            // A kernel that fails may have written events, which do not count.
            return Err(error);
        }
        let count = given.len().min(room.len());
        for (to, (flags, data)) in room.iter_mut().zip(given) {
            *to = ffi::epoll_event {
                events: *flags,
                data: ffi::epoll_data { u64_: *data },
            };
        }
        Ok(count)
    })));
    while !input.is_empty() {
        let control = byte(&mut input);
        let error = (control & 0x80 != 0).then(|| 1 + i32::from(byte(&mut input)) % 130);
        let kernel: Vec<(u32, u64)> = (0..control % 12)
            .map(|_| {
                let flags = match byte(&mut input) {
                    // Flags that no kernel has sets now.
                    255 => number(&mut input),
                    // IN, PRI, OUT, ERR and HUP, and RDHUP.
                    flags => u32::from(flags & 0x1f) | u32::from(flags & 0x20) << 8,
                };
                (flags, number(&mut input))
            })
            .collect();
        given.replace((kernel.clone(), error));
        let result = poll.poll(&mut events, Some(Duration::ZERO));
        match (result, error) {
            (Err(returned), Some(error)) => {
                assert_eq!(returned.raw_os_error(), Some(error));
                assert!(events.is_empty());
            }
            (Err(error), None) => {
                assert_eq!((error.kind(), capacity), (ErrorKind::InvalidInput, 0));
            }
            (Ok(()), error) => {
                assert!(error.is_none());
                let count = events.iter().count();
                assert_eq!(count, kernel.len().min(capacity));
                for (event, (flags, data)) in events.iter().zip(&kernel) {
                    check(event, *flags, *data);
                }
            }
        }
    }
    crate::kernel::set_epoll_wait(None);
}

/// An event against the documentation of `Event`, written independently.
fn check(event: &Event, flags: u32, data: u64) {
    let has = |name: i32| flags & name as u32 != 0;
    let (input, priority, output) = (has(libc::EPOLLIN), has(libc::EPOLLPRI), has(libc::EPOLLOUT));
    let (error, hang_up, half) = (
        has(libc::EPOLLERR),
        has(libc::EPOLLHUP),
        has(libc::EPOLLRDHUP),
    );
    assert_eq!(event.token().0 as u64, data);
    assert_eq!(event.is_readable(), input || priority);
    assert_eq!(event.is_writable(), output);
    assert_eq!(event.is_error(), error);
    assert_eq!(event.is_priority(), priority);
    assert_eq!(event.is_read_closed(), hang_up || input && half);
    let only_error = flags == libc::EPOLLERR as u32;
    assert_eq!(
        event.is_write_closed(),
        hang_up || output && error || only_error
    );
    assert!(!event.is_aio() && !event.is_lio());
    check_debug(event);
}
