//! kqueue(2): any events of kevent(2), beside those of real registrations.

use std::collections::{HashMap, HashSet};
use std::io::{self, Write as _};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use arbitrary::Unstructured;

use super::{below, byte, check_debug, interest, number};
use crate::sys::ffi;
use crate::sys::selector::{
    EventBuffer as _, RegisterUnowned as _, Selector as _, SelectorEvent as _, Wake as _,
};
use crate::sys::unix::kqueue::{Event, Events, Kqueue, UserEvents};
use crate::testing::injection::{Call, Effect, Fault};
use crate::testing::kqueue::KernelEvent;
use crate::testing::kqueue::faults::{self, Faults};
use crate::{Interest, Token};

type Selector = Kqueue<UserEvents>;
type Registration = <Selector as crate::sys::selector::Selector>::Registration;

/// Tokens of registrations begin here; any events have lower ones.
const FIRST_TOKEN: usize = 1 << 32;

/// One event with the widths of the system's fields.
type Fields = (usize, i32, u32, u32, i64, usize);

fn fields(event: &Event) -> Fields {
    (
        event.ident(),
        event.filter(),
        event.flags(),
        event.fflags(),
        event.data(),
        event.udata(),
    )
}

/// What the selector reads back of an event, whose fields may be narrower than the fake's.
fn stored(event: &KernelEvent) -> Fields {
    let token = Token(event.udata);
    let filter = event.filter;
    let stored = Event::new(event.ident, filter, event.flags, event.fflags, token);
    let (ident, filter, flags, fflags, _, udata) = fields(&stored);
    (ident, filter, flags, fflags, event.data, udata)
}

fn any_event(input: &mut Unstructured<'_>) -> KernelEvent {
    let filter = match below(input, 6) {
        0 => ffi::EVFILT_READ as i32,
        1 => ffi::EVFILT_WRITE as i32,
        2 => ffi::EVFILT_USER as i32,
        // `EVFILT_AIO` of most systems.
        3 => -3,
        // Most systems have 16 bits.
        _ => number::<i16>(input).into(),
    };
    let ident = match below(input, 4) {
        // Those that the selector's wake events have.
        0 => usize::MAX - below(input, 4),
        1 => below(input, 64),
        _ => number(input),
    };
    KernelEvent {
        ident,
        filter,
        flags: number::<u16>(input).into(),
        fflags: number(input),
        data: number::<i32>(input).into(),
        udata: number::<u32>(input) as usize,
    }
}

/// Whether an event may be taken for the selector's own wake event: a user event or a pipe.
fn may_be_wake_event(event: &KernelEvent) -> bool {
    event.filter == ffi::EVFILT_USER as i32 && event.ident >= usize::MAX - 64
        || event.filter == ffi::EVFILT_READ as i32 && event.ident < 1024
}

/// A stream with its peer, whose writer a registration watches.
struct Source {
    stream: UnixStream,
    peer: Option<UnixStream>,
    token: usize,
    interest: Interest,
    registration: Option<Registration>,
}

/// Checked: every event of the kernel comes through unchanged and in order, but for those of the
/// selector's own wake event; no event has the token of a registration or waker that has ended;
/// accessors follow the manual page; and `select` ends.
pub fn run(data: &[u8]) {
    let mut input = Unstructured::new(data);
    let mut selector = Selector::new().unwrap();
    let capacity = 1 + below(&mut input, 6);
    let mut events = Events::with_capacity(capacity);
    let mut sources: Vec<Source> = Vec::new();
    let mut wakers = HashMap::new();
    let mut last_token = FIRST_TOKEN;
    // Whether the selector has a wake event of its own, which takes events.
    let mut has_pipe = false;
    let mut pipes = Vec::new();
    while !input.is_empty() {
        match below(&mut input, 10) {
            0 if sources.len() < 4 => {
                let (stream, peer) = UnixStream::pair().unwrap();
                stream.set_nonblocking(true).unwrap();
                last_token += 1;
                let interest = interest(&mut input, None);
                let fd = stream.as_raw_fd();
                let registration = selector.register(fd, Token(last_token), interest).unwrap();
                sources.push(Source {
                    stream,
                    peer: Some(peer),
                    token: last_token,
                    interest,
                    registration: Some(registration),
                });
            }
            1 if !sources.is_empty() => {
                let mut source = sources.swap_remove(below(&mut input, sources.len()));
                let registration = source.registration.take().unwrap();
                if byte(&mut input) % 2 == 0 {
                    let fd = source.stream.as_raw_fd();
                    selector.deregister(registration, fd).unwrap();
                }
            }
            2 => {
                if let Some(source) = super::pick(&mut input, &mut sources) {
                    let interest = interest(&mut input, None);
                    last_token += 1;
                    let registration = source.registration.as_mut().unwrap();
                    let fd = source.stream.as_raw_fd();
                    let token = Token(last_token);
                    selector
                        .reregister(registration, fd, token, interest)
                        .unwrap();
                    (source.token, source.interest) = (last_token, interest);
                }
            }
            3 => {
                if let Some(source) = super::pick(&mut input, &mut sources) {
                    match byte(&mut input) % 4 {
                        0 => source.peer = None,
                        _ => {
                            let peer = source.peer.as_mut();
                            let _ = peer.map(|peer| peer.write(b"x"));
                        }
                    }
                }
            }
            4 if wakers.len() < 3 => {
                last_token += 1;
                wakers.insert(last_token, selector.waker(Token(last_token)).unwrap());
            }
            5 => {
                if let Some(waker) = wakers.values().next() {
                    waker.wake().unwrap();
                }
            }
            6 => {
                let first = wakers.keys().next().copied();
                first.and_then(|token| wakers.remove(&token));
            }
            7 if pipes.len() < 3 => {
                // Some kernels refuse this registration, and the selector makes the event.
                #[allow(clippy::incompatible_msrv)] // Not built by the oldest compiler.
                let (reader, writer) = io::pipe().unwrap();
                drop(reader);
                last_token += 1;
                let fd = writer.as_raw_fd();
                let result = selector.register_unowned(fd, Token(last_token), Interest::WRITABLE);
                result.unwrap();
                has_pipe = true;
                pipes.push((writer, last_token));
            }
            8 if !pipes.is_empty() => {
                let (writer, _) = pipes.swap_remove(below(&mut input, pipes.len()));
                selector.deregister_unowned(writer.as_raw_fd()).unwrap();
            }
            _ => {
                let count = below(&mut input, 6);
                let mut given: Vec<KernelEvent> =
                    (0..count).map(|_| any_event(&mut input)).collect();
                // A call returns one filter once, so not the wake event a second time.
                given.retain(|event| !has_pipe || !may_be_wake_event(event));
                let returns_one = byte(&mut input) % 4 == 0;
                let is_interrupted = byte(&mut input) % 16 == 0;
                let mut errors = Vec::new();
                if is_interrupted {
                    errors.push(Fault::next(Call::KeventWait, 1, libc::EINTR));
                } else if returns_one {
                    errors.push(Fault {
                        call: Call::KeventWait,
                        first: 1,
                        times: usize::MAX,
                        effect: Effect::Short(1),
                    });
                }
                let faults = Faults {
                    errors,
                    spurious: given.clone(),
                    ..Faults::default()
                };
                let room = if returns_one { 1 } else { capacity };
                let result =
                    faults::with(faults, || selector.poll(&mut events, Some(Duration::ZERO)));
                if is_interrupted {
                    assert_eq!(result.unwrap_err().kind(), io::ErrorKind::Interrupted);
                    assert!(events.as_slice().is_empty());
                    continue;
                }
                result.unwrap();
                let live = sources.iter().map(|source| source.token);
                let live = live.chain(wakers.keys().copied());
                let live: HashSet<usize> = live.chain(pipes.iter().map(|pipe| pipe.1)).collect();
                check(&events, &given, &live, &sources, has_pipe, room);
            }
        }
    }
}

fn check(
    events: &Events,
    given: &[KernelEvent],
    live: &HashSet<usize>,
    sources: &[Source],
    has_pipe: bool,
    room: usize,
) {
    let all = events.as_slice();
    assert!(all.len() <= events.capacity());
    // The selector adds the events of pipes to those of the kernel.
    assert!(has_pipe || all.len() <= room);
    let given: Vec<Fields> = given.iter().map(stored).collect();
    let passed: Vec<Fields> = all
        .iter()
        .map(fields)
        .filter(|fields| fields.5 < FIRST_TOKEN)
        .collect();
    if has_pipe {
        // The wake event may have taken the room of one. The others keep their order.
        let mut rest = given.iter();
        for event in &passed {
            // A wake event with the token 0 is never passed on.
            assert!(rest.any(|given| given == event), "{event:x?} of {given:x?}");
        }
        let is_full = all.len() + 1 >= room;
        assert!(
            is_full || passed.len() == given.len(),
            "{passed:x?} of {given:x?}"
        );
    } else {
        // They are returned as far as there is room beside others.
        assert!(passed.len() == given.len() || all.len() == room);
        // The fake adds the last ones first.
        assert!(given.ends_with(&passed), "{passed:x?} of {given:x?}");
    }
    for event in all {
        check_debug(&format_args!("{}", Details(event)));
        let (_, filter, flags, fflags, _, udata) = fields(event);
        assert_eq!(event.token().0, udata);
        assert!(
            udata < FIRST_TOKEN || live.contains(&udata),
            "{udata} has ended"
        );
        if let Some(source) = sources.iter().find(|source| source.token == udata) {
            assert!(!event.is_readable() || source.interest.is_readable());
            assert!(!event.is_writable() || source.interest.is_writable());
        }
        let (read, write) = (ffi::EVFILT_READ as i32, ffi::EVFILT_WRITE as i32);
        let is_eof = flags & ffi::EV_EOF as u32 != 0;
        assert_eq!(
            event.is_readable(),
            filter == read || filter == ffi::EVFILT_USER as i32
        );
        assert_eq!(event.is_writable(), filter == write);
        assert_eq!(event.is_read_closed(), filter == read && is_eof);
        assert_eq!(event.is_write_closed(), filter == write && is_eof);
        let is_error = flags & ffi::EV_ERROR as u32 != 0;
        assert_eq!(event.is_error(), is_error || is_eof && fflags != 0);
        assert!(!event.is_priority());
    }
}

/// What `Debug` of the public event writes.
struct Details<'e>(&'e Event);

impl std::fmt::Display for Details<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.details(f)
    }
}
