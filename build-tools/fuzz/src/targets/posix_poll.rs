//! poll(2): any results of the call, for any registrations.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::ErrorKind;
use std::rc::Rc;
use std::time::Duration;

use arbitrary::Unstructured;

use super::{below, byte, check_debug, interest, number};
use crate::sys::ffi;
use crate::sys::selector::{
    EventBuffer as _, RegisterUnowned as _, Selector as _, SelectorEvent as _, Wake as _,
};
use crate::sys::unix::level_triggered::Events;
use crate::sys::unix::notifier::eventfd::EventFd;
use crate::sys::unix::posix_poll::PosixPoll;
use crate::{Interest, Token};

type Selector = PosixPoll<EventFd>;
type Registration = <Selector as crate::sys::selector::Selector>::Registration;

/// The lowest fd of a source. The selector's own fds are lower.
const FIRST_FD: i32 = 100_000;
const FDS: usize = 24;
const ALWAYS: i16 = libc::POLLERR | libc::POLLHUP;

/// One registration in the model.
struct Source {
    fd: i32,
    interest: Interest,
    /// `None` for an unowned fd.
    registration: Option<Registration>,
    /// Conditions that must be requested by the blocking poll: of an owned source, not reported
    /// since it was armed, while no hang-up, error or priority condition was reported.
    armed: i16,
    is_plain: bool,
    /// Whether it was turned into an unowned fd.
    is_as_unowned: bool,
    /// Every condition that the kernel has returned since the registration.
    returned: i16,
}

impl Source {
    /// Whether the kernel has returned that the fd is not open, which ends the registration unless
    /// there was no room for events.
    fn may_have_ended(&self) -> bool {
        self.returned & libc::POLLNVAL != 0
    }
}

fn bits(interest: Interest) -> i16 {
    let mut bits = 0;
    if interest.is_readable() {
        bits |= libc::POLLIN | libc::POLLRDHUP;
    }
    if interest.is_writable() {
        bits |= libc::POLLOUT;
    }
    if interest.is_priority() {
        bits |= libc::POLLPRI;
    }
    bits
}

/// The kernel's side.
#[derive(Default)]
struct Kernel {
    /// What poll(2) returns for each fd; it also returns `POLLNVAL` for fds with that bit.
    levels: HashMap<i32, i16>,
    error: Option<i32>,
    /// Whether conditions that were not requested are returned, too. No kernel does so.
    unrequested: bool,
    /// What each fd was asked for in the first main poll, which the notifier is part of.
    requested: HashMap<i32, i16>,
    is_requested: bool,
    returned: HashMap<i32, i16>,
    polls: usize,
}

impl Kernel {
    fn poll(&mut self, array: &mut [ffi::pollfd]) -> Result<usize, i32> {
        self.polls += 1;
        assert!(self.polls < 50, "select does not end");
        let is_main = array.first().is_some_and(|first| first.fd < FIRST_FD);
        let mut requested = HashMap::new();
        for entry in &mut *array {
            entry.revents = 0;
            if entry.fd >= FIRST_FD {
                let before = requested.insert(entry.fd, entry.events);
                assert!(before.is_none(), "an fd is twice in the array");
            }
        }
        if is_main && !self.is_requested {
            self.is_requested = true;
            self.requested = requested;
        }
        if let Some(error) = self.error {
            return Err(error);
        }
        let mut count = 0;
        for entry in array {
            let level = self.levels.get(&entry.fd).copied().unwrap_or(0);
            entry.revents = if level & libc::POLLNVAL != 0 {
                libc::POLLNVAL
            } else if self.unrequested {
                level
            } else {
                level & (entry.events | ALWAYS)
            };
            *self.returned.entry(entry.fd).or_default() |= entry.revents;
            count += usize::from(entry.revents != 0);
        }
        Ok(count)
    }
}

/// Checked: an event belongs to a live registration or waker and has conditions that the kernel
/// returned and the registration requests; an armed direction is requested by every poll; a source
/// whose fd is not open loses its registration; a waker is reported; and `select` ends.
pub fn run(data: &[u8]) {
    let mut input = Unstructured::new(data);
    let mut selector = Selector::new().unwrap();
    let capacity = 1 + below(&mut input, 6);
    let mut events = Events::with_capacity(capacity);
    let kernel = Rc::new(RefCell::new(Kernel::default()));
    let its = Rc::clone(&kernel);
    crate::kernel::set_poll(Some(Box::new(move |array| its.borrow_mut().poll(array))));
    let waker = selector.waker(Token(0)).unwrap();
    let mut is_woken = false;
    let mut sources: HashMap<usize, Source> = HashMap::new();
    let mut last_token = 0;
    while !input.is_empty() {
        let operation = below(&mut input, 12);
        let fd = FIRST_FD + below(&mut input, FDS) as i32;
        let by_fd = sources.iter().find(|(_, source)| source.fd == fd);
        let found = by_fd.map(|(token, _)| *token);
        match operation {
            0 | 1 => {
                last_token += 1;
                let token = Token(last_token);
                let interest = interest(&mut input, Some(Interest::PRIORITY));
                let registration = if operation == 0 {
                    selector.register(fd, token, interest).map(Some)
                } else {
                    selector
                        .register_unowned(fd, token, interest)
                        .map(|()| None)
                };
                let ended = found.filter(|token| sources[token].may_have_ended());
                match (registration, found) {
                    (Ok(registration), found) if found == ended => {
                        found.and_then(|token| sources.remove(&token));
                        let source = Source {
                            fd,
                            interest,
                            registration,
                            armed: bits(interest),
                            is_plain: true,
                            is_as_unowned: false,
                            returned: 0,
                        };
                        sources.insert(last_token, source);
                    }
                    (Err(error), Some(_)) => assert_eq!(error.kind(), ErrorKind::AlreadyExists),
                    (result, found) => panic!("{result:?}, {found:?}"),
                }
            }
            2 => {
                let Some(source) = found.and_then(|token| sources.remove(&token)) else {
                    let error = selector.deregister_unowned(fd).unwrap_err();
                    assert_eq!(error.kind(), ErrorKind::NotFound);
                    continue;
                };
                let may_have_ended = source.may_have_ended();
                let result = match source.registration {
                    Some(registration) if byte(&mut input) % 2 == 0 => {
                        selector.deregister(registration, fd)
                    }
                    // As when the source is dropped.
                    Some(registration) => {
                        drop(registration);
                        Ok(())
                    }
                    None => selector.deregister_unowned(fd),
                };
                assert!(result.is_ok() || may_have_ended, "{result:?}");
            }
            3 => {
                let interest = interest(&mut input, Some(Interest::PRIORITY));
                let Some(old) = found else {
                    let result = selector.reregister_unowned(fd, Token(0), interest);
                    assert_eq!(result.unwrap_err().kind(), ErrorKind::NotFound);
                    continue;
                };
                last_token += 1;
                let token = Token(last_token);
                let mut source = sources.remove(&old).unwrap();
                let result = match &mut source.registration {
                    Some(registration) => selector.reregister(registration, fd, token, interest),
                    None => selector.reregister_unowned(fd, token, interest),
                };
                if let Err(error) = result {
                    assert!(source.may_have_ended(), "{error}");
                    continue;
                }
                source.returned &= !libc::POLLNVAL;
                source.interest = interest;
                source.armed = bits(interest);
                source.is_plain = !source.is_as_unowned;
                sources.insert(last_token, source);
            }
            4 => {
                // An operation would block.
                let direction = interest(&mut input, None);
                if let Some(source) = found.and_then(|token| sources.get_mut(&token)) {
                    if let Some(registration) = &source.registration {
                        Selector::rearm(registration, direction).unwrap();
                        source.armed |= bits(direction) & bits(source.interest);
                    }
                }
            }
            5 => {
                if let Some(source) = found.and_then(|token| sources.get_mut(&token)) {
                    if let Some(registration) = &source.registration {
                        Selector::watch_as_unowned(registration).unwrap();
                        source.is_plain = false;
                        source.is_as_unowned = true;
                    }
                }
            }
            6 => {
                waker.wake().unwrap();
                is_woken = true;
            }
            7 => {
                let mut kernel = kernel.borrow_mut();
                let level = match byte(&mut input) {
                    255 => number(&mut input),
                    254 => libc::POLLNVAL,
                    level => i16::from(level & 0x1f) | i16::from(level & 0x20) << 8,
                };
                kernel.levels.insert(fd, level);
            }
            8 => {
                kernel.borrow_mut().unrequested = byte(&mut input) % 4 == 0;
            }
            _ => {
                let error = (byte(&mut input) % 16 == 0).then_some(libc::EINTR);
                let mut locked = kernel.borrow_mut();
                locked.error = error;
                locked.polls = 0;
                locked.returned.clear();
                locked.is_requested = false;
                drop(locked);
                let result = selector.poll(&mut events, Some(Duration::ZERO));
                let kernel = kernel.borrow();
                if let Err(error) = &result {
                    assert_eq!(error.raw_os_error(), kernel.error);
                    assert!(events.is_empty());
                }
                assert!(events.as_slice().len() <= capacity);
                check_select(&kernel, &events, &mut sources, &mut is_woken, capacity);
            }
        }
    }
    crate::kernel::set_poll(None);
}

fn check_select(
    kernel: &Kernel,
    events: &Events,
    sources: &mut HashMap<usize, Source>,
    is_woken: &mut bool,
    capacity: usize,
) {
    // What was requested was requested before this call reported anything.
    for source in sources.values() {
        let is_owned = source.registration.is_some();
        if is_owned && source.is_plain && kernel.is_requested {
            let requested = kernel.requested.get(&source.fd).copied();
            assert_eq!(
                requested.unwrap_or(0) & source.armed,
                source.armed,
                "an armed direction of {} is not requested: {requested:?}",
                source.fd
            );
        }
    }
    for source in sources.values_mut() {
        source.returned |= kernel.returned.get(&source.fd).copied().unwrap_or(0);
    }
    let mut wakes = 0;
    for event in events.as_slice() {
        check_debug(&format_args!("{}", Details(event)));
        let token = event.token().0;
        if token == 0 {
            wakes += 1;
            assert!(*is_woken, "a wake that was not made");
            assert!(event.is_readable());
            continue;
        }
        let source = sources.get_mut(&token);
        let source = source.unwrap_or_else(|| panic!("{token} is not registered"));
        let wanted = bits(source.interest);
        let seen = source.returned;
        let input = libc::POLLIN | libc::POLLRDHUP | libc::POLLPRI;
        if event.is_readable() {
            assert!(wanted & input != 0 && seen & input != 0);
        }
        if event.is_writable() {
            assert!(wanted & seen & libc::POLLOUT != 0);
            source.armed &= !libc::POLLOUT;
        }
        if event.is_priority() {
            assert!(wanted & seen & libc::POLLPRI != 0);
        }
        if event.is_error() {
            assert!(seen & libc::POLLERR != 0);
        }
        if event.is_readable() || event.is_read_closed() {
            source.armed &= !(libc::POLLIN | libc::POLLRDHUP);
        }
    }
    assert!(wakes <= 1, "a waker is reported twice");
    if events.as_slice().len() < capacity && kernel.error.is_none() {
        assert!(wakes == 1 || !*is_woken, "a wake is lost");
        // There was room, so whatever an armed direction has is reported now.
        for (token, source) in &*sources {
            if source.registration.is_none() || !source.is_plain {
                continue;
            }
            let returned = kernel.returned.get(&source.fd).copied().unwrap_or(0);
            let due = returned & source.armed & (libc::POLLIN | libc::POLLOUT);
            let is_closed = returned & libc::POLLNVAL != 0;
            assert!(
                due == 0 || is_closed,
                "{token} has {due:#x}, which is not reported"
            );
        }
    }
    *is_woken &= wakes == 0;
    // Hang-ups, errors and priority data are probed, by rules of their own.
    for source in sources.values_mut() {
        source.is_plain &= source.returned & (ALWAYS | libc::POLLPRI | libc::POLLNVAL) == 0;
    }
}

/// What `Debug` of the public event writes.
struct Details<'e>(&'e crate::sys::unix::level_triggered::Event);

impl std::fmt::Display for Details<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.details(f)
    }
}
