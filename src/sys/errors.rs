//! The errors of our own. Clients' tests read these texts and kinds: they are behaviour.

use std::io;

/// `register` of something registered, with this `Poll` or another.
#[allow(dead_code)] // Without `net` and `os-ext` there are no owned sources.
pub(crate) fn already_registered() -> io::Error {
    io::Error::new(
        io::ErrorKind::AlreadyExists,
        "I/O source already registered with a `Registry`",
    )
}

/// `register` of a file descriptor that a selector of ours has, so that a closed one may still be
/// there.
#[allow(dead_code)] // The kernel of some selectors has this error itself.
pub(crate) fn fd_already_registered() -> io::Error {
    io::Error::new(
        io::ErrorKind::AlreadyExists,
        "file descriptor already registered with this `Registry`; if another one was closed without being deregistered, and \
         this one got its number: deregister `SourceFd` of it first",
    )
}

/// `reregister` of something registered with another `Poll`.
#[allow(dead_code)] // Without `net` and `os-ext` there are no owned sources.
pub(crate) fn other_registry() -> io::Error {
    io::Error::new(
        io::ErrorKind::AlreadyExists,
        "I/O source already registered with a different `Registry`",
    )
}

/// `reregister` or `deregister` of something that is not registered here.
#[allow(dead_code)] // Without `net` and `os-ext` there are no owned sources.
pub(crate) fn not_registered() -> io::Error {
    io::Error::new(
        io::ErrorKind::NotFound,
        "I/O source not registered with `Registry`",
    )
}

/// The system, or the chosen features, have no such thing.
pub(crate) fn unsupported(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, what)
}

/// An argument that no system accepts.
#[allow(dead_code)] // Without features there is nothing to pass.
pub(crate) fn invalid(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, what)
}
