//! The words of the specification: selectors, kinds of sources, and what an event reports.

/// The selectors whose rules differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Backend {
    Epoll,
    Poll,
    Kqueue,
    EventPorts,
    /// `poll_oneoff` of WASI preview 1.
    PollOneoff,
    /// AFD and named pipes of Windows.
    Afd,
}

impl Backend {
    /// The selector of this build of the library.
    pub(crate) const fn of_build() -> Backend {
        if cfg!(windows) {
            Backend::Afd
        } else if cfg!(mio_unsupported_force_poll_poll) {
            Backend::Poll
        } else if cfg!(mio_fake_kernel = "wasip1") {
            Backend::PollOneoff
        } else if cfg!(mio_fake_kernel = "solaris") {
            Backend::EventPorts
        } else if cfg!(any(
            mio_fake_kernel = "apple",
            mio_fake_kernel = "dragonfly",
            mio_fake_kernel = "freebsd",
            mio_fake_kernel = "netbsd",
            mio_fake_kernel = "openbsd",
        )) {
            Backend::Kqueue
        } else {
            Backend::Epoll
        }
    }

    /// Whether it has wakers.
    pub(crate) fn has_wakers(self) -> bool {
        self != Backend::PollOneoff
    }

    /// Whether interest in urgent data is supported.
    pub(crate) fn has_priority(self) -> bool {
        matches!(self, Backend::Epoll | Backend::Poll | Backend::EventPorts)
    }

    /// Whether a child process has a copy of the selector, or can drop what it has.
    #[cfg(unix)]
    pub(crate) fn can_fork(self) -> bool {
        matches!(self, Backend::Epoll | Backend::Poll | Backend::Kqueue)
    }

    /// Whether the kernel reports edges.
    pub(crate) fn has_edges(self) -> bool {
        matches!(self, Backend::Epoll | Backend::Kqueue)
    }
}

/// What matters of the kind of a source.
#[cfg_attr(windows, allow(dead_code))] // Some are of Unix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Tcp,
    Stream,
    Datagram,
    Listener,
    PipeSender,
    PipeReceiver,
    EventFd,
    Terminal,
    NamedPipe,
}

/// The methods of an event that return `true`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Flags {
    pub(crate) readable: bool,
    pub(crate) writable: bool,
    pub(crate) read_closed: bool,
    pub(crate) write_closed: bool,
    pub(crate) error: bool,
    pub(crate) priority: bool,
}

impl Flags {
    pub(crate) fn or(self, other: Flags) -> Flags {
        Flags {
            readable: self.readable | other.readable,
            writable: self.writable | other.writable,
            read_closed: self.read_closed | other.read_closed,
            write_closed: self.write_closed | other.write_closed,
            error: self.error | other.error,
            priority: self.priority | other.priority,
        }
    }

    /// Whether a method returns `true` that `allowed` does not have.
    pub(crate) fn beyond(self, allowed: Flags) -> bool {
        self.readable && !allowed.readable
            || self.writable && !allowed.writable
            || self.read_closed && !allowed.read_closed
            || self.write_closed && !allowed.write_closed
            || self.error && !allowed.error
            || self.priority && !allowed.priority
    }
}
