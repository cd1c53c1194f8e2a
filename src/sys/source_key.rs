//! The key by which the system knows a source: its fd or socket.

/// An fd.
#[cfg(any(unix, target_os = "hermit", target_os = "wasi"))]
pub(crate) type Raw = std::os::fd::RawFd;
/// A socket.
#[cfg(windows)]
pub(crate) type Raw = std::os::windows::io::RawSocket;
/// A system without a platform module has no sources.
#[cfg(not(any(unix, windows, target_os = "hermit", target_os = "wasi")))]
pub(crate) type Raw = ();

/// A source with such a key.
#[allow(dead_code)] // Without `net` and `os-ext` there are no sources.
pub(crate) trait AsRaw {
    /// The key.
    fn as_raw(&self) -> Raw;
}

#[cfg(any(unix, target_os = "hermit", target_os = "wasi"))]
impl<T: std::os::fd::AsRawFd> AsRaw for T {
    fn as_raw(&self) -> Raw {
        self.as_raw_fd()
    }
}

#[cfg(windows)]
impl<T: std::os::windows::io::AsRawSocket> AsRaw for T {
    fn as_raw(&self) -> Raw {
        self.as_raw_socket()
    }
}

#[cfg(not(any(unix, windows, target_os = "hermit", target_os = "wasi")))]
impl<T> AsRaw for T {
    fn as_raw(&self) -> Raw {}
}
