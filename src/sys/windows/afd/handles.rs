//! Handles that are no sockets, on the port of the selector.

use std::io;
use std::os::windows::io::RawHandle;

use super::selector::Afd;
use super::shared::Shared;
use crate::sys::wait::Means;
#[cfg(test)]
use crate::sys::wait::Waits;
use crate::{Interest, Token};

impl Afd {
    /// Starts waiting for a handle, once.
    pub(crate) fn register_handle(
        &self,
        handle: RawHandle,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        let Shared { port, waits, .. } = &*self.shared;
        waits.register(port, handle, token, interest, Means::best())
    }

    /// Starts waiting for a handle again, once.
    pub(crate) fn reregister_handle(
        &self,
        handle: RawHandle,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        let Shared { port, waits, .. } = &*self.shared;
        waits.reregister(port, handle, token, interest)
    }

    /// Waits for a handle no more.
    pub(crate) fn deregister_handle(&self, handle: RawHandle) -> io::Result<()> {
        self.shared.waits.deregister(handle)
    }

    /// All handles that are waited for.
    #[cfg(test)]
    pub(crate) fn waits(&self) -> &Waits {
        &self.shared.waits
    }
}
