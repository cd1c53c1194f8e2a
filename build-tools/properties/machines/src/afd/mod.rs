//! The selector on AFD, on the fake AFD.
//!
//! # Events that must come
//!
//! A condition of an owned registration is *armed* by `register`, `reregister` and an operation in
//! its direction that would block; the event that reports it disarms it. Both directions of an
//! unowned socket are always armed. What is in the interest, armed and holds is *owed*; a reset is
//! in each interest. A `wake` is owed.
//!
//! A `poll` that returns no event after at least [`LONG`] owes nothing. What is owed when it begins
//! ends it. A `poll` without a timeout may miss the packet of a request that is late, and a refused
//! request pauses its source for 10 ms, so that such a `poll` is not held to this.
//!
//! # Events that may come
//!
//! A condition of a registration that has held since its last event, and is armed if the source is
//! owned. A fault, after AFD has failed a request.
//!
//! # Events that must not come
//!
//! - Of a token that is not registered, or of a condition that is not in the interest.
//! - Twice for one arming of an owned source; without conditions; without a `wake`.
//! - More than the capacity.
//!
//! # Calls
//!
//! A `poll` makes a bounded number of requests and waits, and few requests if it has no event and
//! no socket is unowned. Two requests for a socket are never on one handle, and the end returns all
//! memory (the fake port panics if it does not).

mod world;

use crate::sys::selector::{Selector as _, Wake as _};
use crate::sys::windows::afd::portable_tests::selector;
use crate::testing::windows::during_wait;
use crate::testing::windows::kernel::{ACCESS_DENIED, INSUFFICIENT_RESOURCES, Quirks};
use crate::{Token, checked};
use world::{World, conditions};

pub use Op::*;

/// The number of sockets. Those with an odd number listen.
const SOCKETS: u64 = 5;

/// A `poll` with at least this timeout outlasts every pause.
pub const LONG: u64 = 100;

/// One operation. A registration is a number in the order of creation; if it has ended, one that
/// has not is used instead, or the operation is skipped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// Registers a socket for an interest. `true`: as an unowned one.
    Register(u64, u8, bool),
    /// Registers again.
    Reregister(usize, u8),
    /// Deregisters.
    Deregister(usize),
    /// Drops a registration. An unowned one is deregistered.
    Drop(usize),
    /// An operation would block: of reading, or of writing if `true`.
    WouldBlock(usize, bool),
    /// Begins conditions of a socket.
    Set(u64, u8),
    /// Ends conditions of a socket.
    Clear(u64, u8),
    /// Closes a socket with all of its registrations, and opens another with its number.
    Close(u64),
    /// AFD refuses the next request for lack of memory.
    Refuse,
    /// AFD accepts the next request, and completes it with an error that is permanent if `true`.
    Fail(bool),
    /// The next cancel fails.
    FailCancel,
    /// Wakes.
    Wake,
    /// A `poll` of a number of milliseconds, with a capacity.
    Poll(u64, usize),
    /// A number of `poll`s that do not wait.
    Polls(u8),
    /// A `poll` of [`LONG`], while another thread sets conditions of a socket.
    DuringSet(u64, u8),
}

/// What holds of the AFD of a sequence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kind {
    /// It completes a request for RECEIVE on a listener with ACCEPT, as NT 4 does.
    pub receive_is_accept: bool,
    /// It completes requests with a warning.
    pub completes_with_warning: bool,
    /// One packet of this number is late. 0: none.
    pub one_late_of: u64,
}

/// Runs a sequence. Returns the number of operations, or what is wrong.
pub fn check(kind: Kind, ops: &[Op]) -> Result<usize, String> {
    checked("afd", &format!("{kind:?}, "), ops, |ops| run(kind, ops))
}

/// Panics unless the specification holds for a sequence.
pub fn holds(kind: Kind, ops: &[Op]) {
    if let Err(what) = check(kind, ops) {
        panic!("{what}");
    }
}

fn run(kind: Kind, ops: &[Op]) -> Result<(), String> {
    let quirks = Quirks {
        receive_is_accept: kind.receive_is_accept,
        completes_with_warning: kind.completes_with_warning,
        one_late_of: kind.one_late_of,
        ..Quirks::default()
    };
    let (kernel, mut selector, _) = selector(1, quirks);
    for socket in 0..SOCKETS {
        kernel.open_socket(socket, socket % 2 == 1);
    }
    let waker = selector
        .waker(Token(0))
        .map_err(|error| error.to_string())?;
    let registry = selector.try_clone().map_err(|error| error.to_string())?;
    let mut world = World {
        kernel,
        registry,
        sources: Vec::new(),
        last_token: 0,
        dying: Vec::new(),
        has_trouble: false,
        has_failed: false,
        is_woken: false,
    };
    // What is owed at the end comes, too.
    let end = std::iter::repeat_n(&Op::Poll(LONG, 64), 4);
    for op in ops.iter().chain(end) {
        match *op {
            Register(socket, bits, is_unowned) => {
                world.register(socket % SOCKETS, bits, is_unowned)?;
            }
            Set(socket, bits) => {
                let socket = socket % SOCKETS;
                world.set(socket, conditions(socket, bits));
            }
            Clear(socket, bits) => {
                let socket = socket % SOCKETS;
                world.kernel.clear(socket, conditions(socket, bits));
            }
            Close(socket) => world.close(socket % SOCKETS)?,
            Refuse => {
                world.has_trouble = true;
                let refusal = INSUFFICIENT_RESOURCES;
                world.kernel.quirks(|it| it.refusals.push_back(refusal));
            }
            Fail(is_permanent) => {
                (world.has_trouble, world.has_failed) = (true, world.has_failed | is_permanent);
                let status = match is_permanent {
                    true => ACCESS_DENIED,
                    false => INSUFFICIENT_RESOURCES,
                };
                world.kernel.quirks(|it| it.failures.push_back(status));
            }
            FailCancel => {
                world.has_trouble = true;
                world.kernel.quirks(|it| it.failing_cancels += 1);
            }
            Wake => {
                waker
                    .wake()
                    .map_err(|error| format!("`wake` returned {error}"))?;
                world.is_woken = true;
            }
            Op::Poll(millis, capacity) => world.poll(&mut selector, millis, capacity.max(1))?,
            Polls(count) => {
                for _ in 0..count {
                    world.poll(&mut selector, 0, 16)?;
                }
            }
            DuringSet(socket, bits) => {
                let socket = socket % SOCKETS;
                let mask = conditions(socket, bits);
                let mut of = Some(world.kernel.clone());
                for source in world.sources.iter_mut().flatten() {
                    if source.socket == socket {
                        source.recent |= mask;
                    }
                }
                during_wait(Some(Box::new(move || match of.take() {
                    Some(kernel) => {
                        kernel.set(socket, mask);
                        true
                    }
                    None => false,
                })));
                world.poll(&mut selector, LONG, 64)?;
            }
            Reregister(number, _) | Deregister(number) | Drop(number) | WouldBlock(number, _) => {
                let Some(index) = world.find(number) else {
                    continue;
                };
                match *op {
                    Reregister(_, bits) => world.reregister(index, bits)?,
                    Deregister(_) => world.end(index, false)?,
                    Drop(_) => world.end(index, true)?,
                    WouldBlock(_, is_write) => world.would_block(index, is_write),
                    _ => {}
                }
            }
        }
    }
    drop(world);
    Ok(())
}
