//! Platform selection. To add a system, name it in the table of families and write its block below.
//! Besides this file, the table in the documentation of `Poll` names systems, and `cfg_nosignal!`
//! (`macros.rs`) those that lack a flag.
//!
//! `families!` lists the systems that compile a mechanism: `cfg_kqueue! { .. }` keeps its items on
//! systems with kqueue(2). `platform!` has the selector of a system, and the capabilities of its
//! calls. What a block leaves out is as in `EventCaps::BASE` and `SocketCaps::BASE`.

#[macro_use]
mod macros;

// `families!` defines macros, which need a `$` of their own. A macro cannot write one, so it gets
// it as its first argument.
families! { $
    cfg_epoll: target_os = "android", target_os = "emscripten", target_os = "illumos",
        target_os = "linux", target_os = "redox";
    cfg_kqueue: target_vendor = "apple", target_os = "dragonfly", target_os = "freebsd",
        target_os = "netbsd", target_os = "openbsd", mio_fake_kernel = "apple",
        mio_fake_kernel = "dragonfly", mio_fake_kernel = "freebsd", mio_fake_kernel = "netbsd",
        mio_fake_kernel = "openbsd";
    cfg_event_ports: target_os = "solaris", mio_fake_kernel = "solaris";
    cfg_poll: target_os = "aix", target_os = "cygwin", target_os = "espidf",
        target_os = "fuchsia", target_os = "haiku", target_os = "hermit", target_os = "horizon",
        target_os = "hurd", target_os = "nto", target_os = "nuttx", target_os = "vita",
        all(target_os = "wasi", not(target_env = "p1"));
    cfg_eventfd: target_os = "android", target_os = "espidf", target_os = "fuchsia",
        target_os = "hermit", target_os = "illumos", target_os = "linux", target_os = "nuttx";
    cfg_linux: target_os = "android", target_os = "linux";
    cfg_busy_poll: target_os = "linux"; cfg_macos: target_os = "macos";
    cfg_ppoll: target_os = "cygwin"; // ppoll(2) of the C library.
    cfg_drained: target_os = "illumos", test;
}

use crate::sys::selector;
#[cfg(mio_fault_injection)]
use crate::testing::injection::calls::syscall::libc;

/// The mechanisms that the blocks name.
#[cfg(feature = "os-poll")]
#[allow(unused_imports)] // Each system uses some of them.
mod events {
    cfg_unix! {
        pub(super) use crate::sys::ffi;
        pub(super) use crate::sys::unix::caps::{ControllingTerminal, EventCaps, ForkDetection};
        pub(super) use crate::sys::unix::caps::{PipeCall, PollBits};
        cfg_drained! { pub(super) use crate::sys::unix::notifier::Drained; }
        cfg_levels! {
            pub(super) use crate::sys::unix::notifier::NoNotifier;
            pub(super) use crate::sys::unix::posix_poll::PosixPoll;
        }
        cfg_waker_pipe! { pub(super) use crate::sys::unix::notifier::pipe::Pipe; }
    }
    cfg_epoll! { pub(super) use crate::sys::unix::epoll::Epoll; }
    cfg_eventfd! { pub(super) use crate::sys::unix::notifier::eventfd::EventFd; }
    cfg_event_ports! { pub(super) use crate::sys::unix::event_ports::EventPorts; }
    cfg_kqueue! { pub(super) use crate::sys::unix::kqueue::{Kqueue, Pipes, UserEvents}; }
    cfg_linux! { pub(super) use crate::sys::unix::syscalls::{linux, wipe_on_fork::WIPE_ON_FORK}; }
    cfg_ppoll! { pub(super) use crate::sys::unix::syscalls::poll::ppoll; }
}
#[cfg(feature = "os-poll")]
#[allow(unused_imports)] // As above.
use events::*;

cfg_unix! {
    #[cfg(feature = "net")]
    #[allow(unused_imports)] // Each system uses some of them.
    use crate::sys::unix::caps::{FlagsToSet, MAX_BACKLOG, SocketCaps};
}
cfg_unix! {
    cfg_nosignal! {
        #[cfg(feature = "net")]
        #[allow(unused_imports)] // Apple's systems do not use it.
        use crate::sys::unix::syscalls::send::NO_SIGNAL;
    }
}

// --- epoll(7) ---

// Linux and Android: epoll(7), woken by an eventfd(2), or by a pipe on request.
platform! {
    all(any(target_os = "android", target_os = "linux"), not(any(
        mio_fake_kernel = "apple", mio_fake_kernel = "dragonfly", mio_fake_kernel = "freebsd",
        mio_fake_kernel = "netbsd", mio_fake_kernel = "openbsd", mio_fake_kernel = "solaris",
        mio_fake_kernel = "wasip1"
    ))),
    Selector = Epoll<LinuxNotifier>, forced = PosixPoll<LinuxNotifier>,
    EVENTS = {
        forks: LINUX_FORKS, pipe: value!(pipe2), eventfd_flags: value!(eventfd_flags),
        priority: ffi::POLLPRI, read_hang_up: ffi::POLLRDHUP, ppoll: Some(linux::ppoll),
        poll_returns_for_hang_up: true
    },
}
platform! {
    any(target_os = "android", target_os = "linux"),
    SOCKETS = sockets!(
        creation_flags: value!(both_flags), flags_to_set: FlagsToSet::Nothing,
        accept4: if ANDROID_FORBIDS_ACCEPT4 { None } else { Some(libc::accept4) },
        no_signal: if UPSTREAM_CALLS { None } else { Some(NO_SIGNAL) }, tcp_backlog: MAX_BACKLOG,
        unix_backlog: if cfg!(target_os = "android") { libc::SOMAXCONN } else { -1 },
        abstract_names: Some(ABSTRACT_NAMES)
    ),
}

// Emscripten: its epoll, woken by a pipe. There is no exec(2). accept4 ignores its flags
// (__syscall_accept4):
// https://github.com/emscripten-core/emscripten/blob/018f3c3bae2fa2a832558a2a0e1821e387285341/src/lib/libsyscall.js
platform! {
    target_os = "emscripten",
    Selector = Epoll<Pipe>, forced = PosixPoll<Pipe>,
    EVENTS = { pipe: value!(pipe2), priority: ffi::POLLPRI, read_hang_up: ffi::POLLRDHUP },
    SOCKETS = sockets!(
        creation_flags: value!(both_flags), flags_to_set: FlagsToSet::Nothing,
        accepted_flags_to_set: FlagsToSet::Nonblock, no_signal: Some(NO_SIGNAL),
        unix_backlog: libc::SOMAXCONN
    ),
}

// illumos: epoll(7) as on Linux, woken by an eventfd(2). A readable eventfd gets no new edge, so it
// is drained before it is written: https://github.com/tokio-rs/mio/pull/1826
platform! {
    target_os = "illumos",
    Selector = Epoll<Drained<EventFd>>, forced = PosixPoll<Drained<EventFd>>,
    EVENTS = {
        forks: if cfg!(miri) { ForkDetection::Unneeded } else { value!(atfork) },
        pipe: value!(pipe2), eventfd_flags: value!(eventfd_flags), priority: ffi::POLLPRI,
        read_hang_up: ffi::POLLRDHUP, may_remove_oneshot: true
    },
    SOCKETS = sockets!(accept4),
}

// Redox: epoll over its event scheme, woken by a pipe.
platform! {
    target_os = "redox",
    Selector = Epoll<Pipe>, forced = PosixPoll<Pipe>,
    EVENTS = { forks: value!(atfork), pipe: value!(pipe2), priority: ffi::POLLPRI,
        has_epoll_modes: false },
    SOCKETS = sockets!(creation_flags: value!(both_flags), flags_to_set: FlagsToSet::Nothing),
}

// --- kqueue(2), woken by a user event ---

// Apple's systems. An accepted socket inherits the listener's file flags and SO_NOSIGPIPE:
// https://github.com/apple-oss-distributions/xnu/blob/836167ae90b2c5a86bf3f5f9becc34c7be73be4b/bsd/kern/uipc_syscalls.c
// (accept_nocancel) and
// https://github.com/apple-oss-distributions/xnu/blob/e7776783b89a353188416a9a346c6cdb4928faad/bsd/kern/uipc_socket2.c
// (sonewconn_internal).
platform! {
    target_vendor = "apple",
    Selector = Kqueue<Wakers>, forced = PosixPoll<Pipe>,
    EVENTS = {
        forks: value!(atfork), pipe: value!(pipe), priority: ffi::POLLPRI,
        aio: Some(ffi::EVFILT_AIO as _), controlling_terminal: value!(controlling_terminal)
    },
    SOCKETS = sockets!(
        accepted_flags_to_set: FlagsToSet::CloseOnExec, no_sigpipe: Some(libc::SO_NOSIGPIPE),
        tcp_backlog: MAX_BACKLOG, unix_backlog: -1
    ),
}

platform! {
    target_os = "dragonfly",
    Selector = Kqueue<Wakers>, forced = PosixPoll<Pipe>,
    EVENTS = {
        forks: value!(atfork), pipe: value!(pipe2), priority: ffi::POLLPRI,
        aio: Some(ffi::EVFILT_AIO as _)
    },
    SOCKETS = sockets!(accept4),
}

// FreeBSD. Only on request poll(2): measured on 13.1, it ignores `POLLRDHUP`, so the end of a
// peer's stream is reported as data; it reports nothing for a socket that was never connected, as
// kqueue does, and a refused datagram as data without POLLERR. There is nothing to make an event
// of.
platform! {
    target_os = "freebsd",
    Selector = Kqueue<Wakers>, forced = PosixPoll<Pipe>,
    EVENTS = {
        forks: value!(atfork), pipe: value!(pipe2), priority: ffi::POLLPRI,
        read_hang_up: ffi::POLLRDHUP, aio: Some(ffi::EVFILT_AIO as _),
        lio: Some(ffi::EVFILT_LIO as _)
    },
    SOCKETS = sockets!(accept4; unix_backlog: -1),
}

// NetBSD 10 and later.
platform! {
    target_os = "netbsd",
    Selector = Kqueue<Wakers>, forced = PosixPoll<Pipe>,
    EVENTS = { forks: value!(atfork), pipe: value!(pipe2), priority: ffi::POLLPRI },
    SOCKETS = sockets!(accept4),
}

// OpenBSD. Kernels before user events (https://github.com/ziglang/zig/pull/23953) are woken by a
// pipe.
platform! {
    target_os = "openbsd",
    Selector = Kqueue<Wakers>, forced = PosixPoll<Pipe>,
    EVENTS = { forks: value!(atfork), pipe: value!(pipe2), priority: ffi::POLLPRI },
    SOCKETS = sockets!(accept4; unix_backlog: -1),
}

// --- Event ports ---

// Solaris. poll(2) has no condition for the end of a peer's stream: it is reported as data.
platform! {
    target_os = "solaris",
    Selector = EventPorts, forced = PosixPoll<Pipe>,
    EVENTS = {
        forks: value!(atfork), pipe: value!(pipe2), priority: ffi::POLLPRI, level_event: PORT_EVENT
    },
    SOCKETS = sockets!(accept4),
}

// --- poll(2) ---

// AIX, woken by a pipe.
platform! {
    target_os = "aix",
    Selector = PosixPoll<Pipe>,
    EVENTS = { forks: value!(atfork), pipe: value!(pipe), priority: ffi::POLLPRI },
    SOCKETS = sockets!(
        no_signal: Some(NO_SIGNAL), tcp_backlog: MAX_BACKLOG, unix_backlog: libc::SOMAXCONN
    ),
}

// Cygwin, woken by a pipe.
platform! {
    target_os = "cygwin",
    Selector = PosixPoll<Pipe>,
    EVENTS = {
        forks: value!(atfork), pipe: value!(pipe2), priority: ffi::POLLPRI, ppoll: Some(ppoll)
    },
    SOCKETS = sockets!(accept4),
}

// ESP-IDF: poll(2) of lwIP, woken by an eventfd of its virtual file system, which is non-blocking
// by itself and refuses any flag but its own. There is no exec(2).
// https://github.com/espressif/esp-idf/blob/7155146f9c77f6345cbbe62b5734e76d66faa369/components/vfs/vfs_eventfd.c
platform! {
    target_os = "espidf",
    Selector = PosixPoll<EventFd>,
    EVENTS = { pipe: value!(pipe), priority: ffi::POLLPRI },
    SOCKETS = sockets!(
        flags_to_set: FlagsToSet::Nonblock, accepted_flags_to_set: FlagsToSet::Nonblock,
        no_signal: Some(NO_SIGNAL)
    ),
}

// Fuchsia, woken by an eventfd.
platform! {
    target_os = "fuchsia",
    Selector = PosixPoll<EventFd>,
    EVENTS = { pipe: value!(pipe2), eventfd_flags: value!(eventfd_flags), priority: ffi::POLLPRI },
    SOCKETS = sockets!(accept4),
}

// Haiku, woken by a pipe.
platform! {
    target_os = "haiku",
    Selector = PosixPoll<Pipe>,
    EVENTS = { forks: value!(atfork), pipe: value!(pipe), priority: ffi::POLLPRI },
    SOCKETS = sockets!(no_signal: Some(NO_SIGNAL), tcp_backlog: 32, unix_backlog: libc::SOMAXCONN),
}

// Hermit, woken by an eventfd. There are no pipes and no Unix sockets.
platform! {
    target_os = "hermit",
    Selector = PosixPoll<EventFd>,
    EVENTS = {
        eventfd_flags: value!(eventfd_flags), priority: ffi::POLLPRI, read_hang_up: ffi::POLLRDHUP
    },
    SOCKETS = sockets!(creation_flags: value!(both_flags), flags_to_set: FlagsToSet::Nothing),
}

// Nintendo 3DS, without a waker: there are neither pipes nor eventfds.
platform! {
    target_os = "horizon",
    Selector = PosixPoll<NoNotifier>,
    EVENTS = { priority: ffi::POLLPRI },
    SOCKETS = sockets!(
        flags_to_set: FlagsToSet::Nonblock, accepted_flags_to_set: FlagsToSet::Nonblock,
        tcp_backlog: 20
    ),
}

// GNU Hurd, woken by a pipe.
platform! {
    target_os = "hurd",
    Selector = PosixPoll<Pipe>,
    EVENTS = { forks: value!(atfork), pipe: value!(pipe2), priority: ffi::POLLPRI },
    SOCKETS = sockets!(accept4),
}

// QNX Neutrino, woken by a pipe.
platform! {
    target_os = "nto",
    Selector = PosixPoll<Pipe>,
    EVENTS = { forks: value!(atfork), pipe: value!(pipe), priority: ffi::POLLPRI },
    SOCKETS = sockets!(
        creation_flags: libc::SOCK_CLOEXEC, flags_to_set: FlagsToSet::Nonblock,
        no_signal: Some(NO_SIGNAL), unix_backlog: libc::SOMAXCONN
    ),
}

// NuttX, woken by an eventfd. `POLLRDHUP` has the value of `POLLHUP`, so it adds nothing:
// https://github.com/apache/nuttx/blob/0a95c7721bab13b329bb681ecf38e558498f2d77/include/sys/poll.h
platform! {
    target_os = "nuttx",
    Selector = PosixPoll<EventFd>,
    EVENTS = { pipe: value!(pipe2), eventfd_flags: value!(eventfd_flags), priority: ffi::POLLPRI },
    SOCKETS = sockets!(
        creation_flags: value!(both_flags), flags_to_set: FlagsToSet::Nothing,
        accept4: Some(libc::accept4), unix_backlog: libc::SOMAXCONN
    ),
}

// PlayStation Vita: poll(2) of newlib, woken by a pipe. There is no exec(2). `POLLPRI` has the
// value of `POLLIN`, so it would report priority data for any data:
// https://github.com/vitasdk/newlib/blob/46104fe207a40eeb1567eb097b5a7a2b7310c816/newlib/libc/sys/vita/sys/poll.h
platform! {
    target_os = "vita",
    Selector = PosixPoll<Pipe>,
    EVENTS = { pipe: value!(pipe2) },
    SOCKETS = sockets!(
        flags_to_set: FlagsToSet::Nonblock, accepted_flags_to_set: FlagsToSet::Nonblock,
        unix_backlog: libc::SOMAXCONN
    ),
}

// WASI preview 2: poll(2) of wasi-libc. Waking a blocked poll(2) is not supported, and there are no
// processes. There is no priority data, and no report of a half-close apart from an end of file.
platform! {
    all(target_os = "wasi", not(target_env = "p1")),
    Selector = PosixPoll<NoNotifier>,
    EVENTS = { has_wasi_poll: true, poll_returns_for_hang_up: true },
    SOCKETS = sockets!(
        creation_flags: libc::SOCK_NONBLOCK, flags_to_set: FlagsToSet::Nothing,
        accepted_flags_to_set: FlagsToSet::Nonblock
    ),
}

// --- Other systems ---

// WASI preview 1: `poll_oneoff`. Waking it is not supported. The host passes sockets in; a guest
// can accept, but neither connect nor bind.
#[cfg(all(target_os = "wasi", target_env = "p1", feature = "os-poll"))]
pub(crate) type Selector = crate::sys::wasip1::PollOneoff<crate::sys::wasip1::syscall::Preview1>;

// Windows: AFD, the driver of sockets, polls them; its results and wakes come through a completion
// port.
#[cfg(all(windows, feature = "os-poll"))]
pub(crate) type Selector = crate::sys::windows::afd::Afd;

// Any other system: `Poll::new` and new sockets are `Unsupported`. So is `Poll::new` everywhere
// without `os-poll`.
cfg_not_unix! {
    #[cfg(not(any(not(feature = "os-poll"), windows, target_os = "wasi")))]
    pub(crate) type Selector = crate::sys::unsupported::Never;
}
#[cfg(not(feature = "os-poll"))]
pub(crate) type Selector = crate::sys::unsupported::Never;

// --- Fake kernels on Linux, for tests only: see `testing` ---

platform! {
    any(
        mio_fake_kernel = "apple", mio_fake_kernel = "dragonfly", mio_fake_kernel = "freebsd",
        mio_fake_kernel = "netbsd", mio_fake_kernel = "openbsd"
    ),
    Selector = Kqueue<Wakers>, forced = PosixPoll<Pipe>,
    EVENTS = {
        forks: LINUX_FORKS, pipe: value!(pipe2), eventfd_flags: value!(eventfd_flags),
        priority: ffi::POLLPRI, read_hang_up: ffi::POLLRDHUP, ppoll: Some(linux::ppoll),
        poll_returns_for_hang_up: true, aio: ffi::FAKE_AIO, lio: ffi::FAKE_LIO,
        controlling_terminal: ffi::FAKE_TERMINAL
    },
}

platform! {
    mio_fake_kernel = "solaris",
    Selector = EventPorts, forced = PosixPoll<Pipe>,
    EVENTS = {
        forks: LINUX_FORKS, pipe: value!(pipe2), eventfd_flags: value!(eventfd_flags),
        priority: ffi::POLLPRI, ppoll: Some(linux::ppoll), poll_returns_for_hang_up: true,
        level_event: PORT_EVENT
    },
}

platform! {
    mio_fake_kernel = "wasip1",
    Selector = crate::sys::wasip1::PollOneoff<
        crate::testing::wasip1::FakeHost<crate::testing::wasip1::Wasmtime48>,
    >,
    EVENTS = {
        forks: LINUX_FORKS, pipe: value!(pipe2), eventfd_flags: value!(eventfd_flags),
        priority: ffi::POLLPRI, ppoll: Some(linux::ppoll)
    },
}

// --- Constants of the blocks ---

/// Whether only those system calls may be made that mio 1.2 makes, too: in a sandbox that kills a
/// process for any other.
#[cfg(any(feature = "os-poll", feature = "net"))]
#[allow(dead_code)] // Only the block of Linux and the calls that Linux has read it.
pub(crate) const UPSTREAM_CALLS: bool = cfg!(mio_unsupported_force_upstream_calls);

/// Whether a newer system call must not even be tried. Android's sandbox of apps kills the process
/// for one (SIGSYS), and Miri ends the program.
#[cfg(feature = "os-poll")]
#[allow(dead_code)] // Only the calls that Linux has read it.
pub(crate) const NO_NEW_CALLS: bool = cfg!(any(target_os = "android", miri)) || UPSTREAM_CALLS;

/// Whether accept4(2) kills the process, as the sandbox of apps on x86 does:
/// <https://github.com/tokio-rs/mio/issues/1445>.
#[cfg(feature = "net")]
#[allow(dead_code)] // Only the block of Linux and Android reads it.
const ANDROID_FORBIDS_ACCEPT4: bool = cfg!(all(target_os = "android", target_arch = "x86"));

cfg_linux! {
    #[cfg(feature = "os-poll")]
    const LINUX_FORKS: ForkDetection =
        if cfg!(miri) { ForkDetection::Unneeded } else { WIPE_ON_FORK };

    #[cfg(all(feature = "os-poll", not(mio_unsupported_force_waker_pipe)))]
    #[allow(dead_code)] // Fake kernels have other wakers.
    type LinuxNotifier = EventFd;
    #[cfg(all(feature = "os-poll", mio_unsupported_force_waker_pipe))]
    #[allow(dead_code)] // Fake kernels have other wakers.
    type LinuxNotifier = Pipe;

    #[cfg(feature = "os-poll")]
    pub(crate) const EPOLL_PWAIT2: Option<crate::sys::unix::syscalls::epoll::EpollPwait2> =
        Some(linux::epoll_pwait2);
    #[cfg(feature = "os-poll")]
    pub(crate) const EPOLLEXCLUSIVE: Option<u32> = Some(libc::EPOLLEXCLUSIVE as u32);

    #[cfg(feature = "net")]
    const ABSTRACT_NAMES: crate::sys::unix::caps::AbstractNames = {
        #[cfg(target_os = "android")]
        use std::os::android::net::SocketAddrExt;
        #[cfg(target_os = "linux")]
        use std::os::linux::net::SocketAddrExt;
        use std::os::unix::net::SocketAddr;

        crate::sys::unix::caps::AbstractNames {
            name_of: SocketAddr::as_abstract_name,
            address_of: |name| SocketAddr::from_abstract_name(name).ok(),
        }
    };
}
cfg_epoll! {
    #[cfg(all(feature = "os-poll", not(any(target_os = "android", target_os = "linux"))))]
    pub(crate) const EPOLL_PWAIT2: Option<crate::sys::unix::syscalls::epoll::EpollPwait2> = None;
    #[cfg(all(feature = "os-poll", not(any(target_os = "android", target_os = "linux"))))]
    pub(crate) const EPOLLEXCLUSIVE: Option<u32> = None;
    #[cfg(all(feature = "os-ext", not(target_os = "linux")))]
    pub(crate) const BUSY_POLL: Option<crate::sys::unix::syscalls::epoll::BusyPollCalls> = None;
}
cfg_busy_poll! { #[cfg(feature = "os-ext")] pub(crate) use linux::BUSY_POLL; }
cfg_kqueue! {
    #[cfg(feature = "os-poll")]
    pub(crate) const AIO: Option<i32> = EVENTS.aio;
    #[cfg(feature = "os-poll")]
    pub(crate) const LIO: Option<i32> = EVENTS.lio;
    #[cfg(all(feature = "os-poll", not(mio_unsupported_force_waker_pipe)))]
    #[allow(dead_code)] // poll(2) may be chosen instead.
    type Wakers = UserEvents;
    #[cfg(all(feature = "os-poll", mio_unsupported_force_waker_pipe))]
    #[allow(dead_code)] // poll(2) may be chosen instead.
    type Wakers = Pipes;
}
cfg_event_ports! {
    #[cfg(feature = "os-poll")]
    const PORT_EVENT: [&str; 2] = match cfg!(mio_unsupported_force_poll_poll) {
        true => ["pollfd", "revents"],
        false => ["port_event", "portev_events"],
    };
}

// The chosen selector is complete, and so is every other that the system compiles.
const _: () = selector::is_complete::<Selector>();
#[cfg(feature = "os-poll")]
const _: () = {
    cfg_unix! { cfg_levels! {
        const _: () = selector::registers_unowned::<PosixPoll<NoNotifier>>();
        cfg_waker_pipe! { const _: () = selector::registers_unowned::<PosixPoll<Pipe>>(); }
        cfg_eventfd! { const _: () = selector::registers_unowned::<PosixPoll<EventFd>>(); }
    } }
    cfg_epoll! {
        cfg_waker_pipe! { const _: () = selector::registers_unowned::<Epoll<Pipe>>(); }
        cfg_eventfd! { const _: () = selector::registers_unowned::<Epoll<EventFd>>(); }
    }
    cfg_event_ports! { const _: () = selector::registers_unowned::<EventPorts>(); }
    cfg_kqueue! {
        const _: () = selector::registers_unowned::<Kqueue<Pipes>>();
        const _: () = selector::registers_unowned::<Kqueue<UserEvents>>();
    }
};
