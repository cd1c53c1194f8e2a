//! What the system calls of one Unix system can do. `platform` has one value of each type per
//! system; the mechanisms branch on these constants.
//!
//! A function that only some systems have is passed as a pointer, so that the mechanism compiles
//! everywhere. Read a field through a constant of its own (`const PIPE: PipeCall = EVENTS.pipe;`):
//! then a branch that a system does not take costs nothing, and code without optimization links no
//! function of another field. A system may lack that function: ESP-IDF has no `pipe`.

#[cfg(feature = "os-poll")]
#[allow(unused_imports)] // Not every system has kqueue(2).
pub(crate) use events::ControllingTerminal;
cfg_levels! {
    #[cfg(feature = "os-poll")]
    #[allow(unused_imports)] // `poll_oneoff` makes no entries for poll(2).
    pub(crate) use events::{Ppoll, pollfd};
}
#[cfg(feature = "os-poll")]
pub(crate) use events::{EventCaps, ForkDetection, PipeCall, PollBits};
#[cfg(all(unix, feature = "net"))]
#[allow(unused_imports)] // For Linux and Android.
pub(crate) use sockets::AbstractNames;
#[cfg(feature = "net")]
#[allow(unused_imports)] // Some systems have no such calls.
pub(crate) use sockets::NoSignal;
#[cfg(feature = "net")]
pub(crate) use sockets::{FlagsToSet, MAX_BACKLOG, SocketCaps};

/// For selectors, wakers and pipes.
#[cfg(feature = "os-poll")]
mod events {
    use std::ffi::c_int;
    use std::io;
    use std::time::Duration;

    use crate::sys::ffi;
    use crate::sys::sync::AtomicUsize;
    use crate::sys::unix::syscalls::{Pipe, Pipe2, PthreadAtfork};
    use crate::sys::wake_bits::Generation;

    /// The type of `pollfd.events` and `pollfd.revents`: `short` in POSIX, `int` on Horizon and
    /// `unsigned int` on NuttX.
    #[cfg(not(any(target_os = "horizon", target_os = "nuttx")))]
    pub(crate) type PollBits = std::ffi::c_short;
    /// As above.
    #[cfg(target_os = "horizon")]
    pub(crate) type PollBits = c_int;
    /// As above.
    #[cfg(target_os = "nuttx")]
    pub(crate) type PollBits = std::ffi::c_uint;

    cfg_levels! {
        use std::os::fd::RawFd;

        /// An entry for poll(2) that requests `events` of `fd`. On NuttX it has three more fields,
        /// which poll(2) overwrites.
        #[inline]
        #[allow(dead_code)] // Only selectors that make edges from levels use it.
        pub(crate) const fn pollfd(fd: RawFd, events: PollBits) -> ffi::pollfd {
            ffi::pollfd {
                fd,
                events,
                revents: 0,
                #[cfg(target_os = "nuttx")]
                arg: 0,
                #[cfg(target_os = "nuttx")]
                cb: 0,
                #[cfg(target_os = "nuttx")]
                priv_: 0,
            }
        }
    }

    /// The capabilities of one system.
    #[allow(dead_code)] // Each selector reads some of the fields.
    pub(crate) struct EventCaps {
        /// How a process learns that it was forked.
        pub(crate) forks: ForkDetection,
        /// How a pipe is made.
        pub(crate) pipe: PipeCall,
        /// The flags of eventfd(2).
        pub(crate) eventfd_flags: c_int,
        /// The condition of poll(2) for priority data; 0 if the system reports none.
        pub(crate) priority: PollBits,
        /// The condition of poll(2) for the end of a peer's stream; 0 if the system reports none.
        pub(crate) read_hang_up: PollBits,
        /// ppoll(2), which waits with nanoseconds. It returns `None` if the kernel or a sandbox
        /// refuses it.
        pub(crate) ppoll: Option<Ppoll>,
        /// Whether a blocked poll(2) returns for a hang-up or error of an entry that asks for no
        /// events.
        pub(crate) poll_returns_for_hang_up: bool,
        /// Whether poll(2) is wasi-libc's, which needs an array without gaps: see `wasi_poll`.
        pub(crate) has_wasi_poll: bool,
        /// The filter of kqueue(2) for asynchronous I/O, and that for lists of it.
        pub(crate) aio: Option<i32>,
        pub(crate) lio: Option<i32>,
        /// Whether epoll(7) has level-triggered and one-shot registrations.
        pub(crate) has_epoll_modes: bool,
        /// Whether epoll(7) may have removed a one-shot registration together with its event.
        pub(crate) may_remove_oneshot: bool,
        /// How to find the terminal that `/dev/tty` stands for, where kqueue(2) refuses `/dev/tty`.
        pub(crate) controlling_terminal: Option<ControllingTerminal>,
        /// The kernel's structure that a level-triggered selector makes its events of, and its
        /// field with the conditions, for `Debug`.
        pub(crate) level_event: [&'static str; 2],
    }

    impl EventCaps {
        /// A system that has nothing but poll(2).
        pub(crate) const BASE: EventCaps = EventCaps {
            forks: ForkDetection::Unneeded,
            pipe: PipeCall::Missing,
            eventfd_flags: 0,
            priority: 0,
            read_hang_up: 0,
            ppoll: None,
            poll_returns_for_hang_up: false,
            has_wasi_poll: false,
            aio: None,
            lio: None,
            has_epoll_modes: true,
            may_remove_oneshot: false,
            controlling_terminal: None,
            level_event: ["pollfd", "revents"],
        };
    }

    /// See `EventCaps::ppoll`.
    pub(crate) type Ppoll = fn(&mut [ffi::pollfd], Duration) -> io::Result<Option<usize>>;

    /// See `EventCaps::controlling_terminal`.
    #[allow(dead_code)] // Only the selector over kqueue(2) reads it.
    pub(crate) struct ControllingTerminal {
        /// The device number of the terminal that controls this process, if it has one.
        pub(crate) device: fn() -> Option<u64>,
        /// The folder that has the files of terminals.
        pub(crate) folder: &'static str,
    }

    /// How a process learns that it was forked.
    #[allow(dead_code)] // Each system constructs one variant.
    pub(crate) enum ForkDetection {
        /// The system has no fork(2).
        Unneeded,
        /// Handlers of the C library, which is the only way to fork(2).
        Atfork(PthreadAtfork),
        /// Linux: handlers, and a page that the kernel wipes in a copy of the process.
        WipeOnFork {
            generation: fn() -> Generation,
            process: fn() -> &'static AtomicUsize,
        },
    }

    /// How a pipe is made, with both ends non-blocking and close-on-exec.
    #[allow(dead_code)] // Each system constructs one variant.
    pub(crate) enum PipeCall {
        /// pipe2(2) and its flags.
        Pipe2(Pipe2, c_int),
        /// pipe(2), and the command and argument of fcntl(2) for close-on-exec.
        Pipe(Pipe, [c_int; 2]),
        /// The system has no pipes.
        Missing,
    }
}

/// For sockets.
#[cfg(feature = "net")]
mod sockets {
    use std::ffi::c_int;
    use std::io::{self, IoSlice};
    use std::os::fd::BorrowedFd;

    use crate::sys::unix::syscalls::socket::Accept4;

    /// The capabilities of one system.
    #[allow(dead_code)] // A system without Unix sockets does not read all fields.
    pub(crate) struct SocketCaps {
        /// The flags that socket(2), socketpair(2) and accept4(2) take.
        pub(crate) creation_flags: c_int,
        /// Which flags a socket of socket(2) and socketpair(2) still needs.
        pub(crate) flags_to_set: FlagsToSet,
        /// accept4(2), where it may be called and heeds its flags.
        pub(crate) accept4: Option<Accept4>,
        /// Which flags a socket of accept(2) still needs.
        pub(crate) accepted_flags_to_set: FlagsToSet,
        /// The socket option that suppresses SIGPIPE, where it is one of the socket. An accepted
        /// socket inherits it from its listener.
        pub(crate) no_sigpipe: Option<c_int>,
        /// The calls whose flag suppresses SIGPIPE; without them std writes.
        pub(crate) no_signal: Option<NoSignal>,
        /// How many TCP connections may wait to be accepted: [`MAX_BACKLOG`], or std's number where
        /// a number without a limit is not known to be reduced.
        pub(crate) tcp_backlog: c_int,
        /// The same for Unix sockets, std's number again. -1 is as many as the system allows.
        pub(crate) unix_backlog: c_int,
        /// Abstract names of Unix sockets, where the system has them.
        #[cfg(unix)]
        pub(crate) abstract_names: Option<AbstractNames>,
    }

    /// As many as the system allows: it may [silently reduce] the number that listen(2) is given.
    ///
    /// [silently reduce]: https://pubs.opengroup.org/onlinepubs/9699919799/functions/listen.html
    #[allow(dead_code)] // For systems that reduce the number.
    pub(crate) const MAX_BACKLOG: c_int = c_int::MAX;

    impl SocketCaps {
        /// A system on which every flag is set after the socket is made.
        pub(crate) const BASE: SocketCaps = SocketCaps {
            creation_flags: 0,
            flags_to_set: FlagsToSet::Both,
            accept4: None,
            accepted_flags_to_set: FlagsToSet::Both,
            no_sigpipe: None,
            no_signal: None,
            tcp_backlog: 128,
            unix_backlog: 128,
            #[cfg(unix)]
            abstract_names: None,
        };
    }

    /// Which flags a new fd still needs.
    #[derive(Clone, Copy)]
    #[cfg_attr(test, derive(Debug))]
    #[allow(dead_code)] // Each system constructs some of them.
    pub(crate) enum FlagsToSet {
        /// None: the call that made it has set them.
        Nothing,
        /// `O_NONBLOCK`: the system has no exec(2), or the fd is close-on-exec already.
        Nonblock,
        /// `FD_CLOEXEC`: it has the flags of the listener, `O_NONBLOCK` among them.
        CloseOnExec,
        /// `O_NONBLOCK` and `FD_CLOEXEC`.
        Both,
    }

    /// send(2) and sendmsg(2) that raise no SIGPIPE.
    pub(crate) struct NoSignal {
        pub(crate) send: fn(BorrowedFd<'_>, &[u8]) -> io::Result<usize>,
        pub(crate) sendmsg: fn(BorrowedFd<'_>, &[IoSlice<'_>]) -> io::Result<usize>,
        /// Whether sendmsg(2) fails although the system has it, as in a sandbox.
        pub(crate) refuses_sendmsg: fn() -> bool,
    }

    /// Abstract names of Unix sockets ([unix(7)]): they begin with NUL and are in no directory.
    ///
    /// [unix(7)]: https://man7.org/linux/man-pages/man7/unix.7.html
    #[cfg(unix)]
    pub(crate) struct AbstractNames {
        /// The name without its first NUL, if the address is abstract.
        pub(crate) name_of: fn(&std::os::unix::net::SocketAddr) -> Option<&[u8]>,
        /// The address of a name; `None` if the name is too long.
        pub(crate) address_of: fn(&[u8]) -> Option<std::os::unix::net::SocketAddr>,
    }
}
