//! Named pipes.
#![allow(unsafe_code)]

use std::ffi::OsStr;
use std::fmt;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::iter;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle, RawHandle};

use crate::event::Source;
use crate::sys::windows::named_pipe::{self, Pipe};
use crate::{Interest, Registry, Token};

/// One end of a named pipe, or another handle for overlapped I/O such as a serial port.
///
/// Windows has no readiness for pipes, only operations that complete. So this type reads before you ask, into a buffer of its
/// own, and writes from a buffer of its own after you have gone on. Its events say that the buffer has data, or that the last
/// write is done.
///
/// # Events
///
/// - Readable: [`read`](Read::read) returns data, the end, or an error.
/// - Writable: a client is connected and no write is in flight, or a write has failed.
/// - Both: a client has come, a [`connect`](NamedPipe::connect) has failed, or
///   [`disconnect`](NamedPipe::disconnect) was called. So a server that is registered for reading
///   only is told of its client, too; its first `read` may be
///   [`WouldBlock`](io::ErrorKind::WouldBlock).
///
/// They are edges: each comes once, and [`reregister`](Registry::reregister) reports what holds by then. Only what was
/// registered is reported, and only a registration that is [`READABLE`](Interest::READABLE) reads ahead. A pipe that waits for
/// its client has no events. `is_read_closed` and `is_write_closed` are never set: the next client may come. The end is a `read`
/// that returns 0.
///
/// A server's end that was made for writing only may not be asked whether it has a client: it is taken to have one until
/// [`connect`](NamedPipe::connect) finds that it has none. So call that before you poll.
///
/// # The server's end
///
/// [`new`](NamedPipe::new), then [`connect`](NamedPipe::connect), then an event, then
/// [`take_error`](NamedPipe::take_error). After [`disconnect`](NamedPipe::disconnect) it can connect to the next client.
///
/// # The client's end
///
/// Open the pipe's name with [`OpenOptions`](std::fs::OpenOptions) and `FILE_FLAG_OVERLAPPED`, and convert the file's handle with
/// [`from_raw_handle`](FromRawHandle::from_raw_handle).
///
/// # Reading and writing
///
/// Both are implemented for `&NamedPipe`, too, and never wait.
///
/// - A read from a pipe is of as many bytes as the caller's last buffer had room for, at least 4 KiB and at most 64 KiB. A
///   message that is longer comes in several pieces, whole. A handle that is not a pipe may wait until all that was asked for
///   is there; so its first read is of one byte, and each later one of what the caller last had room for.
/// - A write takes all that it is given and returns its length; until it is done, the next one is
///   [`WouldBlock`](io::ErrorKind::WouldBlock). If it fails later, the next write returns the error. `flush` does nothing.
/// - Vectored reads and writes use all slices; a vectored write is one message.
/// - While the pipe is not registered, what was read before can be had; what would have to be started is
///   [`NotFound`](io::ErrorKind::NotFound). The end is a read of 0 bytes; other errors are the system's.
/// - A read that others cancel (`CancelIoEx`, or `PurgeComm` on a serial port) is started again; a
///   write that others cancel fails.
///
/// # Dropping
///
/// What was written before the drop arrives as long as the [`Poll`](crate::Poll) lives and polls; the handle is closed then. When
/// the last of the `Poll` and its registries goes, all that is in flight is cancelled, and what was not written yet
/// is lost; the next write of a pipe that still lives says so.
///
/// What is in flight is awaited for at most one second, by the thread that drops the last of them:
/// that may be one that calls the pipe, or drops it, at that moment. A driver may be unable to end
/// an operation (an unplugged serial adapter, a remote pipe); its memory and the pipe's handle are
/// then leaked on purpose, because the system may yet write there.
///
/// # Registering
///
/// A handle belongs to the `Poll` that it was first registered with, also after `deregister`; with another one `register`,
/// `reregister` and `deregister` are [`AlreadyExists`](io::ErrorKind::AlreadyExists). It can be registered anew when that `Poll`
/// is gone (on Windows 8.1 and later). Interests other than reading and writing are [`Unsupported`](io::ErrorKind::Unsupported).
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
/// // SAFETY: the handle is that of a new file, which gives it away.
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
    /// Makes the server's end of a new pipe: bytes in both directions, any number of instances, of which this is the first, with
    /// buffers of 64 KiB. The handle is not inherited. `name` is the whole name, as `\\.\pipe\something`.
    ///
    /// For a pipe of another kind make the handle yourself, with `FILE_FLAG_OVERLAPPED`, and convert that.
    ///
    /// # Errors
    ///
    /// [`PermissionDenied`](io::ErrorKind::PermissionDenied) if there is such a pipe;
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) if the name contains a NUL; else what the system says.
    pub fn new<A: AsRef<OsStr>>(addr: A) -> io::Result<NamedPipe> {
        Ok(NamedPipe {
            pipe: Pipe::new(named_pipe::create(addr.as_ref())?),
        })
    }

    /// Starts to wait for a client.
    ///
    /// `Ok` means that a client is there; a writable event comes, too. Otherwise the attempt goes
    /// on, and it ends with an event that is readable and writable, as far as either was
    /// registered: ask [`take_error`](NamedPipe::take_error) then.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock): the attempt has started, or goes on.
    /// [`NotFound`](io::ErrorKind::NotFound): the pipe is not registered. Others are the system's.
    pub fn connect(&self) -> io::Result<()> {
        self.pipe.connect()
    }

    /// Takes the error of the last attempt to connect, if that has failed.
    ///
    /// # Errors
    ///
    /// None; the `Result` is upstream's.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        Ok(self.pipe.take_error())
    }

    /// Disconnects the client. An attempt to connect ends, and so does all I/O; what was not read or not written is dropped, so
    /// nothing of this client reaches the next one.
    ///
    /// The pipe may be shared by several tasks, so an event that is readable and writable wakes all
    /// that wait, and what was pending or not handed out yet becomes an error, once: the next
    /// [`read`](Read::read) or [`write`](Write::write) returns it, or
    /// [`take_error`](NamedPipe::take_error) for an attempt to connect. It is
    /// `ERROR_PIPE_NOT_CONNECTED`, with which Windows ends pending I/O here, unless there was
    /// another error before. A [`connect`](NamedPipe::connect) and the next client clear such
    /// errors and their events. So let tasks that write learn of the end before you call `connect`:
    /// a task that has more to write afterwards writes to the next client.
    ///
    /// # Errors
    ///
    /// What the system says, for example if this is the client's end; nothing has changed then.
    pub fn disconnect(&self) -> io::Result<()> {
        self.pipe.disconnect()
    }
}

impl Read for &NamedPipe {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let len = buf.len();
        self.pipe.read(len, |data| scatter(data, iter::once(buf)))
    }

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
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.pipe.write(iter::once(buf))
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.pipe.write(bufs.iter().map(|buf| &**buf))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for NamedPipe {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        (&*self).read(buf)
    }

    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        (&*self).read_vectored(bufs)
    }
}

impl Write for NamedPipe {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        (&*self).write(buf)
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        (&*self).write_vectored(bufs)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Copies `data` into `places`, one after the other, and returns how much fitted.
fn scatter<'p>(data: &[u8], places: impl Iterator<Item = &'p mut [u8]>) -> usize {
    let mut rest = data;
    for place in places {
        let (now, later) = rest.split_at(rest.len().min(place.len()));
        if let Some(place) = place.get_mut(..now.len()) {
            place.copy_from_slice(now);
        }
        rest = later;
    }
    data.len() - rest.len()
}

impl Source for NamedPipe {
    fn register(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        let port = registry.selector().port();
        self.pipe.register(port, token, interests)
    }

    fn reregister(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        let port = registry.selector().port();
        self.pipe.reregister(port, token, interests)
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        self.pipe.deregister(registry.selector().port())
    }
}

impl AsRawHandle for NamedPipe {
    fn as_raw_handle(&self) -> RawHandle {
        self.pipe.handle().as_raw_handle()
    }
}

impl FromRawHandle for NamedPipe {
    /// Takes either end of a pipe, or another handle for overlapped I/O: one that was opened with `FILE_FLAG_OVERLAPPED` and is
    /// not associated with a completion port. Otherwise registering it is an error.
    ///
    /// # Safety
    ///
    /// The handle is open and owned by the caller, who gives it away.
    ///
    /// # Duplicates
    ///
    /// Overlapped I/O by a duplicate of the handle, also in another process, sends its completions
    /// to the same
    /// [`Poll`](crate::Poll), which ignores them: they name no operation of this pipe.
    /// `FILE_SKIP_COMPLETION_PORT_ON_SUCCESS` must not be set on any of them: what succeeds at once
    /// would never be reported, and never freed.
    unsafe fn from_raw_handle(handle: RawHandle) -> NamedPipe {
        // SAFETY: the caller promises that the handle is open and now owned here.
        let handle = unsafe { OwnedHandle::from_raw_handle(handle) };
        NamedPipe {
            pipe: Pipe::new(handle),
        }
    }
}

impl fmt::Debug for NamedPipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("NamedPipe").field(&self.pipe).finish()
    }
}
