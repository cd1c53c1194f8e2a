//! The macros of the platform selection.

/// Defines, for each family, a macro that keeps its items on the systems of that family.
macro_rules! families {
    (
        $d:tt
        fd: { $($fd:ident: $($fd_system:meta),+;)+ }
        other: { $($other:ident: $($system:meta),+;)+ }
    ) => {
        $(macro_rules! $fd {
            ($d($d item:item)*) => { $d(#[cfg(any($($fd_system),+))] $d item)* };
        })+
        $(#[allow(unused_macros)] // Nothing is compiled for `cfg_poll` alone.
        macro_rules! $other {
            ($d($d item:item)*) => { $d(#[cfg(any($($system),+))] $d item)* };
        })+
        /// Keeps items where the selector is a file descriptor.
        macro_rules! cfg_selector_fd {
            ($d($d item:item)*) => { $d(
                #[cfg(all(
                    any($($($fd_system),+),+),
                    not(any(mio_unsupported_force_poll_poll, mio_fake_kernel = "wasip1"))
                ))]
                $d item
            )* };
        }
        /// Keeps items on every system that the table names: Unix, and systems like it.
        macro_rules! cfg_unix {
            ($d($d item:item)*) => {
                $d(#[cfg(any($($($fd_system),+),+, $($($system),+),+))] $d item)*
            };
        }
        /// Keeps items on all other systems, Windows and WASI preview 1 among them.
        macro_rules! cfg_not_unix {
            ($d($d item:item)*) => {
                $d(#[cfg(not(any($($($fd_system),+),+, $($($system),+),+)))] $d item)*
            };
        }
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
                unix_backlog: libc::SOMAXCONN,
                ..SocketCaps::BASE
            }
        }
    };
    ($($field:ident: $value:expr),+) => {
        SocketCaps { $($field: $value,)+ ..SocketCaps::BASE }
    };
}
