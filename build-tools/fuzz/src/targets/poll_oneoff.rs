//! `poll_oneoff` of WASI preview 1: a host that returns any events.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::io;
use std::os::fd::RawFd;
use std::time::Duration;

use arbitrary::Unstructured;

use super::{below, byte, interest, number};
use crate::sys::selector::{
    EventBuffer as _, RegisterUnowned as _, Selector as _, SelectorEvent as _,
};
use crate::sys::wasip1::PollOneoff;
use crate::sys::wasip1::{Host, HostEvent, Subscription};
use crate::{Interest, Token};

type Selector = PollOneoff<AnyHost>;
type Registration = <Selector as crate::sys::selector::Selector>::Registration;
type Events = <Selector as crate::sys::selector::Selector>::Events;

/// What the host does in the next calls.
#[derive(Default)]
struct Script {
    /// The events of each call; the index counts from the start of the list.
    calls: Vec<(Vec<HostEvent>, Option<i32>)>,
    closed: HashSet<RawFd>,
    /// The directions that a call requested since the last `select`, and those that the host has
    /// reported ready, refused or closed.
    requested: HashSet<(RawFd, bool)>,
    reported: HashSet<(RawFd, bool)>,
    /// Whether any list was not polled for what it holds: the call failed, or named no event.
    is_unclear: bool,
    calls_made: usize,
}

thread_local! {
    static SCRIPT: RefCell<Script> = RefCell::default();
}

#[derive(Debug, Default)]
struct AnyHost;

impl Host for AnyHost {
    const THREADS: bool = false;

    fn wait(&mut self, list: &[Subscription], events: &mut Vec<HostEvent>) -> io::Result<()> {
        SCRIPT.with_borrow_mut(|script| {
            script.calls_made += 1;
            assert!(script.calls_made < 200, "select does not end");
            assert!(!list.is_empty(), "hosts refuse an empty list");
            let direction = |subscription: &Subscription| match *subscription {
                Subscription::Read(fd) => Some((fd, false)),
                Subscription::Write(fd) => Some((fd, true)),
                Subscription::Clock(_) => None,
            };
            let all: Vec<_> = list.iter().filter_map(direction).collect();
            let distinct: HashSet<_> = all.iter().copied().collect();
            assert_eq!(
                distinct.len(),
                all.len(),
                "a subscription is twice in the list"
            );
            script.requested.extend(&distinct);
            let (returned, error) = script.calls.pop().unwrap_or_default();
            *events = returned;
            if let Some(error) = error {
                script.is_unclear = true;
                return Err(io::Error::from_raw_os_error(error));
            }
            for event in events.iter() {
                if let Some(direction) = list.get(event.index).and_then(direction) {
                    script.reported.insert(direction);
                }
            }
            Ok(())
        })
    }

    fn is_open(fd: RawFd) -> bool {
        SCRIPT.with_borrow(|script| !script.closed.contains(&fd))
    }
}

struct Source {
    fd: RawFd,
    interest: Interest,
    registration: Option<Registration>,
    /// Whether reading and writing must be requested.
    armed: [bool; 2],
    /// Whether they have hung up, after which they are probed.
    hung_up: [bool; 2],
    /// Whether the selector may have noticed that the fd is closed, which ends the registration.
    may_have_ended: bool,
}

/// Checked: an event belongs to a live registration, and has directions that it requests and the
/// host has reported, refused or found closed; an armed direction is in the list of every `select`;
/// and `select` ends.
pub fn run(data: &[u8]) {
    let mut input = Unstructured::new(data);
    SCRIPT.take();
    let mut selector = Selector::new().unwrap();
    let capacity = 1 + below(&mut input, 5);
    let mut events = Events::with_capacity(capacity);
    let mut sources: HashMap<usize, Source> = HashMap::new();
    let mut last_token = 0;
    while !input.is_empty() {
        let operation = below(&mut input, 9);
        let fd = below(&mut input, 8) as RawFd;
        let by_fd = sources.iter().find(|(_, source)| source.fd == fd);
        let found = by_fd.map(|(token, _)| *token);
        match operation {
            0 | 1 => {
                last_token += 1;
                let (token, interest) = (Token(last_token), interest(&mut input, None));
                let registration = if operation == 0 {
                    selector.register(fd, token, interest).map(Some)
                } else {
                    selector
                        .register_unowned(fd, token, interest)
                        .map(|()| None)
                };
                let Ok(registration) = registration else {
                    assert!(found.is_some());
                    continue;
                };
                if let Some(ended) = found.and_then(|token| sources.remove(&token)) {
                    assert!(ended.may_have_ended, "{fd} is registered twice");
                }
                let armed = [interest.is_readable(), interest.is_writable()];
                let source = Source {
                    fd,
                    interest,
                    registration,
                    armed,
                    hung_up: [false; 2],
                    may_have_ended: false,
                };
                sources.insert(last_token, source);
            }
            2 => match found.and_then(|token| sources.remove(&token)) {
                Some(source) => {
                    let result = match source.registration {
                        Some(registration) => selector.deregister(registration, fd),
                        None => selector.deregister_unowned(fd),
                    };
                    assert!(result.is_ok() || source.may_have_ended, "{result:?}");
                }
                None => assert!(selector.deregister_unowned(fd).is_err()),
            },
            3 => {
                let Some(mut source) = found.and_then(|token| sources.remove(&token)) else {
                    continue;
                };
                last_token += 1;
                let (token, interest) = (Token(last_token), interest(&mut input, None));
                let result = match &mut source.registration {
                    Some(registration) => selector.reregister(registration, fd, token, interest),
                    None => selector.reregister_unowned(fd, token, interest),
                };
                if let Err(error) = result {
                    assert!(source.may_have_ended, "{error}");
                    continue;
                }
                source.may_have_ended = false;
                source.interest = interest;
                source.armed = [interest.is_readable(), interest.is_writable()];
                source.hung_up = [false; 2];
                sources.insert(last_token, source);
            }
            4 => {
                let direction = interest(&mut input, None);
                if let Some(source) = found.and_then(|token| sources.get_mut(&token)) {
                    if let Some(registration) = &source.registration {
                        Selector::rearm(registration, direction).unwrap();
                        let interest = source.interest;
                        source.armed[0] |= direction.is_readable() && interest.is_readable();
                        source.armed[1] |= direction.is_writable() && interest.is_writable();
                    }
                }
            }
            5 => SCRIPT.with_borrow_mut(|script| {
                if !script.closed.remove(&fd) {
                    script.closed.insert(fd);
                }
            }),
            _ => {
                let calls = (0..below(&mut input, 4))
                    .map(|_| any_call(&mut input))
                    .collect();
                SCRIPT.with_borrow_mut(|script| {
                    script.calls = calls;
                    script.requested.clear();
                    script.reported.clear();
                    script.is_unclear = false;
                    script.calls_made = 0;
                });
                let result = selector.poll(&mut events, Some(Duration::ZERO));
                if result.is_err() {
                    assert!(events.as_slice().is_empty());
                }
                SCRIPT.with_borrow(|script| {
                    check(script, &events, &mut sources, capacity, result.is_ok());
                });
            }
        }
    }
}

fn any_call(input: &mut Unstructured<'_>) -> (Vec<HostEvent>, Option<i32>) {
    let control = byte(input);
    let error = (control >= 0xe0).then(|| [libc::EINTR, libc::EBADF, libc::EPERM][below(input, 3)]);
    let events = (0..control % 6).map(|_| {
        let flags = byte(input);
        HostEvent {
            // Sometimes of no subscription.
            index: if flags & 0x40 != 0 {
                number(input)
            } else {
                below(input, 16)
            },
            hang_up: flags & 1 != 0,
            error: if flags & 2 != 0 { number(input) } else { 0 },
        }
    });
    (events.collect(), error)
}

fn check(
    script: &Script,
    events: &Events,
    sources: &mut HashMap<usize, Source>,
    capacity: usize,
    is_ok: bool,
) {
    let all = events.as_slice();
    assert!(all.len() <= capacity);
    let is_reported = |fd, is_write| {
        script.reported.contains(&(fd, is_write))
            || script.is_unclear
            || script.closed.contains(&fd)
    };
    // A full buffer ends the call before the rest is requested.
    if is_ok && all.len() < capacity {
        for source in sources
            .values()
            .filter(|source| source.registration.is_some())
        {
            if source.may_have_ended || script.closed.contains(&source.fd) {
                continue;
            }
            for (is_write, armed) in [false, true].into_iter().zip(source.armed) {
                assert!(
                    !armed
                        || source.hung_up[usize::from(is_write)]
                        || script.requested.contains(&(source.fd, is_write)),
                    "an armed direction of {} is not requested",
                    source.fd
                );
            }
        }
    }
    for event in all {
        let token = event.token().0;
        let source = sources.get_mut(&token);
        let source = source.unwrap_or_else(|| panic!("{token} is not registered"));
        let interest = source.interest;
        assert!(event.is_readable() || event.is_writable());
        assert!(!event.is_readable() || interest.is_readable() && is_reported(source.fd, false));
        assert!(!event.is_writable() || interest.is_writable() && is_reported(source.fd, true));
        assert!(!event.is_read_closed() || event.is_readable());
        assert!(!event.is_write_closed() || event.is_writable());
        source.armed[0] &= !event.is_readable();
        source.armed[1] &= !event.is_writable();
        source.hung_up[0] |= event.is_read_closed();
        source.hung_up[1] |= event.is_write_closed();
    }
    for source in sources.values_mut() {
        source.may_have_ended |= script.closed.contains(&source.fd);
    }
}
