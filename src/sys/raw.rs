//! The seam to the generated bindings: nothing else names `generated`.

pub(crate) use crate::generated::*;

// The double of kqueue(2) plays one kernel on Linux: that kernel's records and constants, and functions of its own.
#[cfg(mio_kqueue_double = "apple")]
use crate::generated::apple as played;
#[cfg(mio_kqueue_double = "dragonfly")]
use crate::generated::dragonfly as played;
#[cfg(mio_kqueue_double = "freebsd")]
use crate::generated::freebsd as played;
#[cfg(mio_kqueue_double = "netbsd")]
use crate::generated::netbsd as played;
#[cfg(mio_kqueue_double = "openbsd")]
use crate::generated::openbsd as played;

#[cfg(any(
    mio_kqueue_double = "apple",
    mio_kqueue_double = "dragonfly",
    mio_kqueue_double = "freebsd",
    mio_kqueue_double = "netbsd",
    mio_kqueue_double = "openbsd"
))]
pub(crate) use crate::sys::kqueue_double::{kevent, kqueue};
#[cfg(any(
    mio_kqueue_double = "apple",
    mio_kqueue_double = "dragonfly",
    mio_kqueue_double = "freebsd"
))]
pub(crate) use played::EVFILT_AIO;
#[cfg(mio_kqueue_double = "freebsd")]
pub(crate) use played::EVFILT_LIO;
#[cfg(any(
    mio_kqueue_double = "apple",
    mio_kqueue_double = "dragonfly",
    mio_kqueue_double = "freebsd",
    mio_kqueue_double = "netbsd",
    mio_kqueue_double = "openbsd"
))]
pub(crate) use played::{
    EV_ADD, EV_CLEAR, EV_DELETE, EV_EOF, EV_ERROR, EV_NAMES, EV_RECEIPT, EVFILT_NAMES, EVFILT_READ,
    EVFILT_USER, EVFILT_WRITE, NOTE_TRIGGER, timespec,
};

#[cfg(any(
    mio_kqueue_double = "apple",
    mio_kqueue_double = "dragonfly",
    mio_kqueue_double = "freebsd",
    mio_kqueue_double = "netbsd",
    mio_kqueue_double = "openbsd"
))]
#[allow(non_camel_case_types)] // The system's name.
pub(crate) type kevent = played::kevent;

// The double of event ports plays Solaris on Linux.
#[cfg(mio_event_ports_double)]
pub(crate) use crate::generated::solaris::{
    EBADFD, ETIME, PORT_SOURCE_FD, PORT_SOURCE_USER, port_event, timespec,
};
#[cfg(mio_event_ports_double)]
pub(crate) use crate::sys::event_ports_double::{
    port_associate, port_create, port_dissociate, port_getn, port_send,
};
