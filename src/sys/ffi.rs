//! The seam to the generated bindings: nothing else names `generated`.

pub(crate) use crate::generated::*;

// The double of kqueue(2) plays one kernel on Linux: that kernel's records and constants, and functions of its own.
#[cfg(mio_fake_kernel = "apple")]
use crate::generated::apple as played;
#[cfg(mio_fake_kernel = "dragonfly")]
use crate::generated::dragonfly as played;
#[cfg(mio_fake_kernel = "freebsd")]
use crate::generated::freebsd as played;
#[cfg(mio_fake_kernel = "netbsd")]
use crate::generated::netbsd as played;
#[cfg(mio_fake_kernel = "openbsd")]
use crate::generated::openbsd as played;

#[cfg(any(
    mio_fake_kernel = "apple",
    mio_fake_kernel = "dragonfly",
    mio_fake_kernel = "freebsd",
    mio_fake_kernel = "netbsd",
    mio_fake_kernel = "openbsd"
))]
pub(crate) use crate::sys::fake_kqueue::{kevent, kqueue};
#[cfg(any(
    mio_fake_kernel = "apple",
    mio_fake_kernel = "dragonfly",
    mio_fake_kernel = "freebsd"
))]
pub(crate) use played::EVFILT_AIO;
#[cfg(mio_fake_kernel = "freebsd")]
pub(crate) use played::EVFILT_LIO;
#[cfg(any(
    mio_fake_kernel = "apple",
    mio_fake_kernel = "dragonfly",
    mio_fake_kernel = "freebsd",
    mio_fake_kernel = "netbsd",
    mio_fake_kernel = "openbsd"
))]
pub(crate) use played::{
    EV_ADD, EV_CLEAR, EV_DELETE, EV_EOF, EV_ERROR, EV_NAMES, EV_RECEIPT, EVFILT_NAMES, EVFILT_READ,
    EVFILT_USER, EVFILT_WRITE, NOTE_TRIGGER, timespec,
};

#[cfg(any(
    mio_fake_kernel = "apple",
    mio_fake_kernel = "dragonfly",
    mio_fake_kernel = "freebsd",
    mio_fake_kernel = "netbsd",
    mio_fake_kernel = "openbsd"
))]
#[allow(non_camel_case_types)] // The system's name.
pub(crate) type kevent = played::kevent;

// The double of event ports plays Solaris on Linux.
#[cfg(mio_fake_kernel = "solaris")]
pub(crate) use crate::generated::solaris::{
    EBADFD, ETIME, PORT_SOURCE_FD, PORT_SOURCE_USER, port_event, timespec,
};
#[cfg(mio_fake_kernel = "solaris")]
pub(crate) use crate::sys::fake_event_ports::{
    port_associate, port_create, port_dissociate, port_getn, port_send,
};
