//! Sockets of Linux and Android, whoever plays the kernel's queue.

#[path = "../unix/uds/abstract_name.rs"]
pub(crate) mod abstract_name;
#[path = "../unix/socket/mod.rs"]
pub(crate) mod socket;
// std calls writev(2), as upstream does.
#[cfg_attr(
    mio_unsupported_force_upstream_calls,
    path = "../unix/socket/write_std.rs"
)]
#[cfg_attr(
    not(mio_unsupported_force_upstream_calls),
    path = "../unix/socket/write_nosignal/mod.rs"
)]
pub(crate) mod socket_write;
#[path = "../unix/uds/mod.rs"]
pub(crate) mod uds;

use crate::sys::android;
use socket::facts::{Facts, Later};

pub(crate) const SOCKETS: Facts = Facts {
    at_once: libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC,
    later: Later::Nothing,
    accept4: if android::FORBIDS_ACCEPT4 {
        None
    } else {
        Some(libc::accept4)
    },
    unix_backlog: if android::IS { libc::SOMAXCONN } else { -1 },
    ..Facts::PLAIN
};
