//! Sources that exist on Windows only.
//!
//! - [`NamedPipe`]: either end of a named pipe, or another handle for overlapped I/O.
//! - [`SourceSocket`]: a socket that the caller owns, such as one of another library.
//! - [`SourceHandle`]: a waitable handle, such as that of a process, an event or a timer.
//!
//! [`Poll`] and [`Registry`] are [`AsHandle`], so that another event loop can wait for a `Poll`.
#![allow(unsafe_code)]

use std::ffi::OsStr;
use std::fmt;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::iter;
use std::os::windows::io::{
    AsHandle, AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle, RawHandle,
};

use crate::event::Source;
use crate::sys::windows::named_pipe::{self, Pipe};
use crate::{Interest, Poll, Registry, Token};

pub use crate::unowned_source::{SourceHandle, SourceSocket};

/// One end of a named pipe, or another handle for overlapped I/O such as a serial port.
///
/// Windows reports no readiness for pipes; it completes operations. So this type reads into a
/// buffer of its own before the caller asks, and writes from a buffer of its own after the caller
/// has gone on. Its events report that the buffer has data, or that the last write has completed.
///
/// # Events
///
/// - Readable: [`read`](Read::read) returns data, the end, or an error.
/// - Writable: a client is connected and no write is in flight, or a write has failed.
/// - Both: a client has connected, a [`connect`](NamedPipe::connect) has failed, or
///   [`disconnect`](NamedPipe::disconnect) was called. So a server that is registered for reading
///   only learns of its client, too; its first `read` may return
///   [`WouldBlock`](io::ErrorKind::WouldBlock).
///
/// Events are edges: each comes once, and [`reregister`](Registry::reregister) reports current
/// readiness again. Events are filtered by the registered interest, and only a
/// [`READABLE`](Interest::READABLE) registration reads ahead. A pipe that waits for its client has
/// no events. `is_read_closed` and `is_write_closed` are never set, because another client may
/// connect. The end is a `read` that returns 0.
///
/// A server end that was created for writing only may not be queried for its client. It counts as
/// connected until [`connect`](NamedPipe::connect) finds no client, so call that before `poll`.
///
/// # The server end
///
/// Call [`new`](NamedPipe::new), then [`connect`](NamedPipe::connect), wait for an event, then call
/// [`take_error`](NamedPipe::take_error). After [`disconnect`](NamedPipe::disconnect) it can
/// connect to the next client.
///
/// # The client end
///
/// Open the pipe's name with [`OpenOptions`](std::fs::OpenOptions) and `FILE_FLAG_OVERLAPPED`, and
/// convert the file's handle with [`from_raw_handle`](FromRawHandle::from_raw_handle).
///
/// # Reading and writing
///
/// Both are also implemented for `&NamedPipe`, and never wait.
///
/// - A read from a pipe is as large as the caller's last buffer, at least 4 KiB and at most 64 KiB.
///   A longer message arrives whole, in several pieces. A read from another handle may not complete
///   before all of its bytes are there; so the first one is of one byte, and each later one is as
///   large as the caller's last buffer.
/// - A write takes all bytes and returns their number. Until it has completed, the next write
///   returns [`WouldBlock`](io::ErrorKind::WouldBlock). If it fails, the next write returns the
///   error. `flush` does nothing.
/// - Vectored reads and writes use all slices; a vectored write is one message.
/// - While the pipe is not registered, data that was read before can be read, and what would start
///   an operation returns [`NotFound`](io::ErrorKind::NotFound). Other errors are those of the
///   system.
/// - A read that other code cancels (`CancelIoEx`, or `PurgeComm` on a serial port) is started
///   again; a write that other code cancels fails.
///
/// # Dropping
///
/// Bytes that were written before the drop arrive as long as the [`Poll`](crate::Poll) lives and
/// polls; then the handle is closed. Dropping the last of the `Poll` and its registries cancels all
/// operations: bytes that were not written yet are lost, and the next write of a pipe that still
/// lives returns the error.
///
/// The thread that drops the last of them waits for these operations for at most one second. That
/// may be a thread that calls or drops the pipe at that moment. A driver may be unable to cancel an
/// operation (an unplugged serial adapter, a remote pipe; [Canceling pending I/O][cancel]). Its
/// memory and the pipe's handle are then leaked on purpose, because the kernel may still write to
/// the memory.
///
/// [cancel]: https://learn.microsoft.com/windows/win32/fileio/canceling-pending-i-o-operations
///
/// # Registering
///
/// A handle belongs to the `Poll` that it was first registered with, also after `deregister`; with
/// another one `register`, `reregister` and `deregister` return
/// [`AlreadyExists`](io::ErrorKind::AlreadyExists). After that `Poll` was dropped, the pipe can be
/// registered with another one on Windows 8.1 and later
/// ([`FileReplaceCompletionInformation`][replace]). Interests other than reading and writing are
/// [`Unsupported`](io::ErrorKind::Unsupported), and so are [`LEVEL`](Interest::LEVEL) and
/// [`ONESHOT`](Interest::ONESHOT): operations in flight report their ends once.
///
/// [replace]: https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/ns-ntifs-_file_completion_information
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// use mio::{Events, Interest, Poll, Token, windows::NamedPipe};
/// use std::fs::OpenOptions;
/// use std::io::{ErrorKind, Read, Write};
/// use std::os::windows::fs::OpenOptionsExt;
/// use std::os::windows::io::{FromRawHandle, IntoRawHandle};
///
/// const SERVER: Token = Token(0);
/// const CLIENT: Token = Token(1);
/// const FILE_FLAG_OVERLAPPED: u32 = 0x4000_0000;
///
/// let name = format!(r"\\.\pipe\mio-example-{}", std::process::id());
/// let mut poll = Poll::new()?;
/// let mut events = Events::with_capacity(8);
///
/// let mut server = NamedPipe::new(&name)?;
/// let both = Interest::READABLE | Interest::WRITABLE;
/// poll.registry().register(&mut server, SERVER, both)?;
/// assert_eq!(server.connect().unwrap_err().kind(), ErrorKind::WouldBlock);
///
/// let file = OpenOptions::new()
///     .read(true)
///     .write(true)
///     .custom_flags(FILE_FLAG_OVERLAPPED)
///     .open(&name)?;
/// // SAFETY: `into_raw_handle` passes the ownership of an open handle.
/// let mut client = unsafe { NamedPipe::from_raw_handle(file.into_raw_handle()) };
/// poll.registry().register(&mut client, CLIENT, both)?;
/// assert_eq!(client.write(b"hello")?, 5);
///
/// let mut received = Vec::new();
/// while received.len() < 5 {
///     poll.poll(&mut events, None)?;
///     for event in &events {
///         if event.token() == SERVER && event.is_readable() {
///             let mut buffer = [0; 64];
///             match server.read(&mut buffer) {
///                 Ok(count) => received.extend_from_slice(&buffer[..count]),
///                 Err(error) if error.kind() == ErrorKind::WouldBlock => {}
///                 Err(error) => return Err(error),
///             }
///         }
///     }
/// }
/// assert_eq!(received, b"hello");
/// # Ok(())
/// # }
/// ```
pub struct NamedPipe {
    pipe: Pipe,
}

impl NamedPipe {
    /// Creates the server end of a new pipe, whose full name is `addr`, such as
    /// `\\.\pipe\something`.
    ///
    /// It is a byte pipe for both directions with buffers of 64 KiB. Any number of instances can be
    /// created, and this is the first. Child processes do not inherit the handle. For a pipe of
    /// another kind, create the handle with `FILE_FLAG_OVERLAPPED` and convert it.
    ///
    /// # Errors
    ///
    /// [`PermissionDenied`](io::ErrorKind::PermissionDenied) if the pipe exists;
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) if the name contains a NUL; otherwise an error
    /// of the system.
    pub fn new<A: AsRef<OsStr>>(addr: A) -> io::Result<NamedPipe> {
        Ok(NamedPipe {
            pipe: Pipe::new(named_pipe::create(addr.as_ref())?),
        })
    }

    /// Starts to wait for a client.
    ///
    /// `Ok` means that a client is connected; a writable event follows. Otherwise the attempt goes
    /// on and ends with an event that is readable and writable, filtered by the registered
    /// interest. Then call [`take_error`](NamedPipe::take_error).
    ///
    /// # Errors
    ///
    /// - [`WouldBlock`](io::ErrorKind::WouldBlock): the attempt was started, or goes on.
    /// - [`NotFound`](io::ErrorKind::NotFound): the pipe is not registered.
    /// - Otherwise an error of the system.
    #[inline]
    pub fn connect(&self) -> io::Result<()> {
        self.pipe.connect()
    }

    /// Takes the error of the last attempt to connect, if it has failed.
    ///
    /// # Errors
    ///
    /// None. The `Result` is for compatibility.
    #[inline]
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        Ok(self.pipe.take_error())
    }

    /// Disconnects the client. This cancels all operations and discards the data that was not read
    /// or not written, so that no byte of this client reaches the next one.
    ///
    /// Several tasks may share the pipe. An event that is readable and writable wakes all of them,
    /// and each pending operation and each result that was not returned yet becomes one error. The
    /// next [`read`](Read::read) or [`write`](Write::write) returns it, or
    /// [`take_error`](NamedPipe::take_error) for an attempt to connect. The error is
    /// `ERROR_PIPE_NOT_CONNECTED`, with which Windows fails pending operations here, unless there
    /// was another error before. [`connect`](NamedPipe::connect) and the next client clear such
    /// errors and their events. So let writing tasks see the error before you call `connect`: what
    /// a task writes afterwards goes to the next client.
    ///
    /// # Errors
    ///
    /// An error of the system, for example for a client end. Then nothing has changed.
    #[inline]
    pub fn disconnect(&self) -> io::Result<()> {
        self.pipe.disconnect()
    }
}

impl Read for &NamedPipe {
    #[inline]
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let len = buf.len();
        self.pipe.read(len, |data| scatter(data, iter::once(buf)))
    }

    #[inline]
    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        let len = bufs
            .iter()
            .map(|buf| buf.len())
            .fold(0, usize::saturating_add);
        self.pipe.read(len, |data| {
            scatter(data, bufs.iter_mut().map(|buf| &mut **buf))
        })
    }
}

impl Write for &NamedPipe {
    #[inline]
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.pipe.write(iter::once(buf))
    }

    #[inline]
    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.pipe.write(bufs.iter().map(|buf| &**buf))
    }

    #[inline]
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for NamedPipe {
    #[inline]
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        (&*self).read(buf)
    }

    #[inline]
    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        (&*self).read_vectored(bufs)
    }
}

impl Write for NamedPipe {
    #[inline]
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        (&*self).write(buf)
    }

    #[inline]
    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        (&*self).write_vectored(bufs)
    }

    #[inline]
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Copies `data` into `slices`, one after the other, and returns how many bytes fitted.
#[inline]
fn scatter<'s>(data: &[u8], slices: impl Iterator<Item = &'s mut [u8]>) -> usize {
    let mut rest = data;
    for slice in slices {
        let (now, later) = rest.split_at(rest.len().min(slice.len()));
        if let Some(slice) = slice.get_mut(..now.len()) {
            slice.copy_from_slice(now);
        }
        rest = later;
    }
    data.len() - rest.len()
}

impl Source for NamedPipe {
    #[inline]
    fn register(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        let port = registry.selector().port();
        self.pipe.register(port, token, interests)
    }

    #[inline]
    fn reregister(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        let port = registry.selector().port();
        self.pipe.reregister(port, token, interests)
    }

    #[inline]
    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        self.pipe.deregister(registry.selector().port())
    }
}

impl AsRawHandle for NamedPipe {
    #[inline]
    fn as_raw_handle(&self) -> RawHandle {
        self.pipe.handle().as_raw_handle()
    }
}

impl FromRawHandle for NamedPipe {
    /// Converts either end of a pipe, or another handle for overlapped I/O: one that was opened
    /// with `FILE_FLAG_OVERLAPPED` and is not associated with a completion port. Registering
    /// another handle is an error.
    ///
    /// # Safety
    ///
    /// The handle is open, and the caller passes its ownership.
    ///
    /// # Duplicates
    ///
    /// Overlapped I/O by a duplicate of the handle, also in another process, queues its completions
    /// to the same [`Poll`](crate::Poll), which ignores them because they name no operation of this
    /// pipe. `FILE_SKIP_COMPLETION_PORT_ON_SUCCESS` must not be set on any of the duplicates: an
    /// operation that succeeds at once would never be reported, and its memory never freed.
    #[inline]
    unsafe fn from_raw_handle(handle: RawHandle) -> NamedPipe {
        // SAFETY: the caller guarantees that the handle is open and passes its ownership.
        let handle = unsafe { OwnedHandle::from_raw_handle(handle) };
        NamedPipe {
            pipe: Pipe::new(handle),
        }
    }
}

impl fmt::Debug for NamedPipe {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("NamedPipe").field(&self.pipe).finish()
    }
}

/// The completion port of the selector, to wait for it in another event loop.
///
/// A completion port is signaled while it holds a completion packet, as [compio] uses it on Windows
/// 10 and later. So `WaitForSingleObject` or a [`SourceHandle`] of another `Poll` can wait for it.
///
/// - Only [`Poll::poll`] starts the requests of sources that were registered or that returned
///   [`WouldBlock`](io::ErrorKind::WouldBlock). Call it, with a timeout of zero, before each wait
///   for the handle.
/// - Then call it again when the handle is signaled. It may return no events, because some packets
///   are internal. It may leave events for the next call if the capacity of `Events` is too small.
/// - Of a source that is always ready and that its owner does not drain, later events may come only
///   with a `poll` that has no signal.
/// - The wait takes no packet. Do not take packets from the port or associate handles with it.
///
/// [compio]: https://github.com/compio-rs/compio/pull/223
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// use mio::windows::SourceHandle;
/// use mio::{Events, Interest, Poll, Token, Waker};
/// use std::os::windows::io::AsRawHandle;
/// use std::time::Duration;
///
/// let mut inner = Poll::new()?;
/// let waker = Waker::new(inner.registry(), Token(1))?;
/// let mut outer = Poll::new()?;
/// let handle = inner.as_raw_handle();
/// outer.registry().register(&mut SourceHandle(&handle), Token(2), Interest::READABLE)?;
///
/// let mut events = Events::with_capacity(8);
/// inner.poll(&mut events, Some(Duration::ZERO))?;
/// waker.wake()?;
/// outer.poll(&mut events, None)?;
/// assert!(events.iter().all(|event| event.token() == Token(2)));
/// inner.poll(&mut events, Some(Duration::ZERO))?;
/// assert!(events.iter().all(|event| event.token() == Token(1)));
/// # Ok(())
/// # }
/// ```
impl AsHandle for Poll {
    #[inline]
    fn as_handle(&self) -> BorrowedHandle<'_> {
        self.registry().as_handle()
    }
}

/// The same as a [`RawHandle`]; see `AsHandle`.
impl AsRawHandle for Poll {
    #[inline]
    fn as_raw_handle(&self) -> RawHandle {
        self.as_handle().as_raw_handle()
    }
}

/// The completion port on which the [`Poll`] waits. All clones of a registry return the same one.
/// See `AsHandle` of [`Poll`].
impl AsHandle for Registry {
    #[inline]
    fn as_handle(&self) -> BorrowedHandle<'_> {
        self.selector().as_handle()
    }
}

/// The same as a [`RawHandle`]; see `AsHandle` of [`Poll`].
impl AsRawHandle for Registry {
    #[inline]
    fn as_raw_handle(&self) -> RawHandle {
        self.as_handle().as_raw_handle()
    }
}
