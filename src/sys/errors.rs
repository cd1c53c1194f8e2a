//! Errors that this crate creates. Downstream tests match on kind and text: both are API.

use std::io;

/// `register` of a source that is registered, with this `Poll` or another one.
#[allow(dead_code)] // Without `net` and `os-ext` there are no owned sources.
pub(crate) fn already_registered() -> io::Error {
    io::Error::new(
        io::ErrorKind::AlreadyExists,
        "I/O source already registered with a `Registry`",
    )
}

cfg_levels! {
    /// `register` of an fd that the selector has in a table of its own. The fd may have been closed
    /// and reused since.
    #[allow(dead_code)] // The kernel of some selectors has this error itself.
    pub(crate) fn fd_already_registered() -> io::Error {
        io::Error::new(
            io::ErrorKind::AlreadyExists,
            "file descriptor already registered with this `Registry`; if it was closed while \
             registered and then reused, deregister `SourceFd` of it first",
        )
    }
}

/// `reregister` of a source that is registered with another `Poll`.
#[allow(dead_code)] // Without `net` and `os-ext` there are no owned sources.
pub(crate) fn other_registry() -> io::Error {
    io::Error::new(
        io::ErrorKind::AlreadyExists,
        "I/O source already registered with a different `Registry`",
    )
}

/// `reregister` or `deregister` of a source that is not registered with this `Poll`.
#[allow(dead_code)] // Without `net` and `os-ext` there are no owned sources.
pub(crate) fn not_registered() -> io::Error {
    io::Error::new(
        io::ErrorKind::NotFound,
        "I/O source not registered with `Registry`",
    )
}

/// The platform, or the enabled features, do not support the operation.
pub(crate) fn unsupported(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, what)
}

/// An argument that is invalid on every platform.
#[allow(dead_code)] // Without features there is nothing to pass.
pub(crate) fn invalid(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, what)
}
