//! The macros of the platform selection.

/// Defines, for each family, a macro that keeps its items on the systems of that family, and the
/// macros of several families.
macro_rules! families {
    (
        $d:tt
        cfg_epoll: $($epoll:meta),+;
        cfg_kqueue: $($kqueue:meta),+;
        cfg_event_ports: $($ports:meta),+;
        cfg_poll: $($poll:meta),+;
        cfg_eventfd: $($eventfd:meta),+;
        $($other:ident: $($system:meta),+;)+
    ) => {
        families! { $d define:
            cfg_epoll: $($epoll),+;
            cfg_kqueue: $($kqueue),+;
            cfg_event_ports: $($ports),+;
            cfg_eventfd: $($eventfd),+;
            $($other: $($system),+;)+
            // Every system that the table names: Unix, and systems like it.
            cfg_unix: $($epoll),+, $($kqueue),+, $($ports),+, $($poll),+;
            // All others, Windows and WASI preview 1 among them.
            cfg_not_unix: not(any($($epoll),+, $($kqueue),+, $($ports),+, $($poll),+));
            // Where there is no selector.
            cfg_unsupported: not(feature = "os-poll"),
                not(any(windows, $($epoll),+, $($kqueue),+, $($ports),+, $($poll),+));
            // Where the selector is a file descriptor.
            cfg_selector_fd: all(
                any($($epoll),+, $($kqueue),+, $($ports),+),
                not(any(mio_unsupported_force_poll_poll, mio_fake_kernel = "wasip1"))
            );
            // Where edges are made from levels, Windows and WASI among these systems, and in tests.
            cfg_levels: $($ports),+, $($poll),+, windows, target_os = "wasi",
                mio_fake_kernel = "wasip1", mio_unsupported_force_poll_poll, mio_fault_injection,
                test;
            // Where the selector is another than epoll(7), and in tests.
            cfg_not_epoll: $($kqueue),+, $($ports),+, $($poll),+, windows, target_os = "wasi",
                mio_fake_kernel = "wasip1", mio_unsupported_force_poll_poll, mio_fault_injection,
                test;
            // Where a pipe wakes, and in tests.
            cfg_waker_pipe: all(
                not(target_os = "wasi"),
                any($($kqueue),+, $($ports),+, not(any($($eventfd),+)),
                    mio_unsupported_force_waker_pipe, test)
            );
        }
    };
    ($d:tt define: $($family:ident: $($system:meta),+;)+) => {
        $(#[allow(unused_macros)] // Each feature and system uses some of them.
        macro_rules! $family {
            ($d($d item:item)*) => { $d(#[cfg(any($($system),+))] $d item)* };
        })+
    };
}

/// Keeps items where the library reads, writes and makes fds itself: on Unix, and not on WASI.
#[allow(unused_macros)] // Without features nothing is kept.
macro_rules! cfg_pipes {
    ($($item:item)*) => { $(#[cfg(not(target_os = "wasi"))] $item)* };
}

/// Keeps items where a flag of sendmsg(2) suppresses SIGPIPE, and libc has it.
#[allow(unused_macros)] // Without features nothing is kept.
macro_rules! cfg_nosignal {
    ($($item:item)*) => { $(
        #[cfg(not(any(
            target_os = "hermit",
            target_os = "horizon",
            target_os = "nuttx",
            target_os = "redox",
            target_os = "vita",
            target_os = "wasi"
        )))]
        $item
    )* };
}

/// What one system uses. `forced` is the selector with `mio_unsupported_force_poll_poll`.
macro_rules! platform {
    (
        $system:meta
        $(, Selector = $selector:ty $(, forced = $forced:ty)?, EVENTS = { $($event:tt)* })?
        $(, SOCKETS = $sockets:expr)?
        $(,)?
    ) => {
        $(
            selector!($system, $selector $(, $forced)?);
            #[cfg(all($system, feature = "os-poll"))]
            pub(crate) const EVENTS: EventCaps = EventCaps { $($event)*, ..EventCaps::BASE };
        )?
        $(
            #[cfg(all($system, feature = "net"))]
            pub(crate) const SOCKETS: SocketCaps = $sockets;
        )?
    };
}
macro_rules! selector {
    ($system:meta, $selector:ty) => {
        #[cfg(all($system, feature = "os-poll"))]
        pub(crate) type Selector = $selector;
    };
    ($system:meta, $selector:ty, $forced:ty) => {
        #[cfg(all($system, feature = "os-poll", not(mio_unsupported_force_poll_poll)))]
        pub(crate) type Selector = $selector;
        #[cfg(all($system, feature = "os-poll", mio_unsupported_force_poll_poll))]
        pub(crate) type Selector = $forced;
    };
}

/// Values that several blocks share.
#[allow(unused_macros)] // Each system uses some of them.
macro_rules! value {
    // `forks`, where the C library's fork(2) is the only way to copy a process.
    (atfork) => {
        ForkDetection::Atfork(libc::pthread_atfork)
    };
    // `pipe`: pipe2(2), or pipe(2) and fcntl(2).
    (pipe2) => {
        PipeCall::Pipe2(ffi::pipe2, ffi::O_CLOEXEC | ffi::O_NONBLOCK)
    };
    (pipe) => {
        PipeCall::Pipe(ffi::pipe, [ffi::F_SETFD, ffi::FD_CLOEXEC])
    };
    // `controlling_terminal` of Apple's systems: all but macOS run apps, which have none.
    (controlling_terminal) => {{
        #[cfg(target_os = "macos")]
        const TERMINAL: Option<ControllingTerminal> = Some(ControllingTerminal {
            device: crate::sys::unix::syscalls::kqueue::controlling_terminal,
            folder: "/dev",
        });
        #[cfg(not(target_os = "macos"))]
        const TERMINAL: Option<ControllingTerminal> = None;
        TERMINAL
    }};
    // The nanoseconds of the change time in `libc::stat`.
    (change_nanoseconds $status:ident) => {{
        #[cfg(target_os = "netbsd")]
        let nanoseconds = $status.st_ctimensec;
        #[cfg(not(target_os = "netbsd"))]
        let nanoseconds = $status.st_ctime_nsec;
        nanoseconds
    }};
    (eventfd_flags) => {
        (ffi::EFD_CLOEXEC | ffi::EFD_NONBLOCK) as std::ffi::c_int
    };
    // `creation_flags`.
    (both_flags) => {
        libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK
    };
}
/// `SocketCaps` of a system: with `accept4`, what systems with that call have in common.
#[allow(unused_macros)] // Some systems have no sockets.
macro_rules! sockets {
    (accept4 $(; $($field:ident: $value:expr),+)?) => {
        SocketCaps {
            $($($field: $value,)+)?
            ..SocketCaps {
                creation_flags: value!(both_flags),
                flags_to_set: FlagsToSet::Nothing,
                accept4: Some(libc::accept4),
                no_signal: Some(NO_SIGNAL),
                tcp_backlog: MAX_BACKLOG,
                unix_backlog: libc::SOMAXCONN,
                ..SocketCaps::BASE
            }
        }
    };
    ($($field:ident: $value:expr),+) => {
        SocketCaps { $($field: $value,)+ ..SocketCaps::BASE }
    };
}
