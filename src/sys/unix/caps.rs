//! What differs between the socket calls of Unix systems. Each page says it once.

use std::ffi::c_int;

use super::syscall::Accept4;

/// Which flags a new descriptor still needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code)] // A page uses some of them.
pub(crate) enum Later {
    /// None: it was made with them.
    Nothing,
    /// `O_NONBLOCK`: there is no exec(2) to close it for, or it was made with `FD_CLOEXEC`.
    Nonblock,
    /// `FD_CLOEXEC`: it has the flags of the listener, `O_NONBLOCK` among them.
    CloseOnExec,
    /// `O_NONBLOCK` and `FD_CLOEXEC`.
    Both,
}

/// The facts of one system.
pub(crate) struct Facts {
    /// The flags that socket(2), socketpair(2) and accept4(2) take.
    pub(crate) at_once: c_int,
    /// What a socket of socket(2) and socketpair(2) needs afterwards.
    pub(crate) later: Later,
    /// accept4(2), where it may be called and heeds its flags.
    pub(crate) accept4: Option<Accept4>,
    /// What a socket of accept(2) needs afterwards.
    pub(crate) after_accept: Later,
    /// The option that keeps SIGPIPE away, where it is one of the socket. An accepted socket has it
    /// from its listener.
    pub(crate) no_sigpipe: Option<c_int>,
    /// How many TCP connections may wait to be accepted: std's number.
    pub(crate) tcp_backlog: c_int,
    /// The same for Unix sockets, std's number again. -1 is as many as the system allows.
    #[allow(dead_code)] // Not every system has Unix sockets.
    pub(crate) unix_backlog: c_int,
}

impl Facts {
    /// A system on which every flag is set afterwards.
    #[allow(dead_code)] // Not every page builds on it.
    pub(crate) const PLAIN: Facts = Facts {
        at_once: 0,
        later: Later::Both,
        accept4: None,
        after_accept: Later::Both,
        no_sigpipe: None,
        tcp_backlog: 128,
        unix_backlog: 128,
    };
}
