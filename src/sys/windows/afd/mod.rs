//! AFD, the driver behind Winsock: poll requests (`IOCTL_AFD_POLL`) ask it for the conditions of a
//! socket, and each answer comes as a completion packet.
//!
//! # The contract
//!
//! A request is answered once: as soon as one of the conditions that it names holds, or when it is
//! cancelled, or when the socket is closed. A request whose conditions hold already is answered
//! before the call returns, with success, and a packet comes all the same; `STATUS_PENDING` means
//! that none of them held. An answer names only conditions that the request named, except:
//!
//! - on a listening socket an AFD may answer a request for `RECEIVE` with `ACCEPT`. That of NT 4
//!   does; the Windows versions on which Wine's `test_poll` passes do not. Here the two are one
//!   condition (`masks::covered`), which is right in either case;
//! - `LOCAL_CLOSE` comes unasked (`test_poll`);
//! - after a reset a socket has `ABORT` and `SEND` (`test_poll_reset`);
//! - two requests for one socket in flight on one handle of AFD get mixed up: one is answered with
//!   the other's conditions, and the other with nothing ([trio's experiment], [trio#52]).
//!   `device` keeps such sources on different handles. It cannot know duplicates of a socket; and
//!   [wepoll#35] saw requests mixed up on different handles and ports, too.
//!
//! Conditions are levels: edges are what `state` makes of them. What breaks this contract may
//! cost an event or 10 ms, and never a `poll` that spins: see "Stray answers" in `state`.
//!
//! Sources: [Wine's tests], which Wine runs on Windows, too (`test_poll`, `test_poll_reset`,
//! `test_poll_completion_port`); [ReactOS' AFD]; [wepoll].
//!
//! [Wine's tests]: https://github.com/wine-mirror/wine/blob/01afb21bf2b3a9c6b03847b03a1ac4a572ed49a3/dlls/ws2_32/tests/afd.c
//! [ReactOS' AFD]: https://github.com/reactos/reactos/blob/03fe564d330319f3b5b522677fbf6d9c585d76e7/drivers/network/afd/afd/select.c
//! [wepoll]: https://github.com/piscisaureus/wepoll/blob/0088a1f263452eda5b82fb04dbb31dd072171060/src/sock.c
//! [trio's experiment]: https://github.com/python-trio/trio/blob/7818f589326220c21f9b15cb9f7d257c6e14d44b/notes-to-self/afd-lab.py
//! [trio#52]: https://github.com/python-trio/trio/issues/52
//! [wepoll#35]: https://github.com/piscisaureus/wepoll/issues/35
//!
//! # Calls
//!
//! Registering, registering anew and arming make no system call while no thread waits: the sources
//! that need a request stand in a list, each of them once, and the next `select` starts the
//! requests. A source that changes while another thread waits is seen to at once by the thread
//! that changes it.
//!
//! # Threads
//!
//! Any thread starts and cancels requests; the one that waits completes them. A thread that exits
//! takes only those requests along whose handle has no completion port ([ExitThread]), so none of
//! these. A request that ends as cancelled although nobody here asked for that is started again.
//!
//! [ExitThread]: https://learn.microsoft.com/windows/win32/api/processthreadsapi/nf-processthreadsapi-exitthread
//!
//! # One bad source
//!
//! A source that AFD refuses fails no other source, and no `select`. A lack of memory may pass: the
//! request is tried again every 10 ms, whether AFD refuses it, ends it with that error, or Winsock
//! cannot return the base socket for it. Anything else is reported as an error, readable and
//! writable as the source asked for; the source is left out until it is armed again, and
//! `take_error` returns the code. A source that is armed again and refused again is reported at
//! most every 10 ms after the first few times. An unowned socket that is closed loses its
//! registration, as on epoll.
//!
//! # Locks
//!
//! A source's states come first, then its route, then the handles of AFD and the sockets of one,
//! then the list; a reference to a handle that is let go under them may lock the port's table of
//! receivers. Whoever upgrades a reference to the selector does so before it locks, for the last
//! one to let go ends the port (see `iocp`).

mod base_provider;
pub(crate) mod completion;
mod handle;
mod masks;
mod poller;
mod selector;
mod shared;
mod socket_state;
mod source;
mod waker;

#[cfg(all(test, not(windows)))]
mod portable_tests;
#[cfg(all(test, windows))]
mod tests;

#[cfg(windows)]
pub(crate) use selector::Afd;
pub(crate) use socket_state::{Completion, Started};
pub(crate) use source::AfdPoll;
