//! The selector on AFD, the driver behind Winsock.
//!
//! A poll request (`IOCTL_AFD_POLL`) names conditions of a socket. AFD completes it once one of
//! them holds, and its completion packet arrives at the selector's completion port.
//!
//! # What AFD guarantees
//!
//! A request completes once: when one of its conditions holds, when it is canceled, or when the
//! socket is closed. A request whose conditions hold already completes before the call returns,
//! with success, and still queues a packet; `STATUS_PENDING` means that none of them held. A
//! completion names only conditions that were requested, with these exceptions:
//!
//! - On a listening socket AFD may complete a request for `RECEIVE` with `ACCEPT`. NT 4 does; the
//!   Windows versions on which Wine's `test_poll` passes do not. This module treats the two as one
//!   condition (`masks::with_alias`), which is right in either case.
//! - `LOCAL_CLOSE` is reported without being requested (`test_poll`).
//! - After a reset a socket has `ABORT` and `SEND` (`test_poll_reset`).
//! - Two requests for one socket in flight on one AFD handle get mixed up: one completes with the
//!   other's conditions, and the other is lost ([trio's experiment], [trio#52]). `handle` keeps
//!   such sources on different handles. It cannot detect duplicates of a socket, and [wepoll#35]
//!   reports requests that were mixed up on different handles and ports, too.
//!
//! Conditions are levels; `socket_state` turns them into edges. An AFD that breaks these guarantees
//! may cost an event or a delay of 10 ms, but cannot make `poll` spin: see "Stray completions" in
//! `socket_state`.
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
//! # System calls
//!
//! While no thread waits in `select`, `register`, `reregister` and `rearm` start no request:
//! they put the source into the update list, once, and the next `select` starts the requests. While
//! a thread waits, the calling thread starts or cancels the request itself.
//!
//! # Threads
//!
//! Any thread starts and cancels requests; the waiting thread completes them. When a thread exits,
//! Windows cancels its pending I/O, except on handles that are associated with a completion port
//! ([ExitThread]), as all AFD handles are. A request that was canceled by other code is started
//! again.
//!
//! [ExitThread]: https://learn.microsoft.com/windows/win32/api/processthreadsapi/nf-processthreadsapi-exitthread
//!
//! # Errors
//!
//! A source whose request is refused fails no other source, and no `select`. A lack of memory may
//! pass: the request is retried every 10 ms, whether AFD refuses it, AFD completes it with that
//! error, or Winsock cannot return the base socket. Any other error is an error event with the
//! requested readiness; the source is not polled until it is armed again, and `take_error` returns
//! the code. A source that is armed and refused again and again has an error event at most every
//! 10 ms after the first few. An unowned socket that is closed loses its registration, as on epoll.
//!
//! # Lock order
//!
//! A source's state, its route, the AFD handles, the sockets of one handle, the update list.
//! Dropping a reference to a handle under these may lock the port's table of receivers. A thread
//! that upgrades a reference to the selector does so before it locks: dropping the last reference
//! drains the port (see `iocp`).

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

pub(crate) use completion::{Completion, Started};
#[cfg(windows)]
pub(crate) use selector::Afd;
pub(crate) use source::AfdPoll;
