//! Pipes: one-way streams between threads or processes.
//!
//! [`new`] creates a pipe. `From` converts a pipe of a child process to a [`Sender`] or
//! [`Receiver`].
#![allow(unsafe_code)]

use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::process::{ChildStderr, ChildStdin, ChildStdout};

use crate::event::Source;
use crate::io_source::IoSource;
use crate::sys::unix::syscalls::pipe::{pipe, set_nonblocking};
use crate::{Interest, Registry, Token};

/// Creates a pipe. Both ends are non-blocking, and child processes do not inherit them. On Apple's
/// systems, AIX, Haiku and QNX, which have no pipe2(2), a process that another thread starts while
/// this function runs may inherit them.
///
/// The [`Sender`] reports that it is closed when the [`Receiver`] is dropped. The [`Receiver`]
/// reports that it is closed when the [`Sender`] is dropped.
///
/// # Errors
///
/// Those of [pipe(2)][pipe], such as too many open files.
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// use mio::{Events, Interest, Poll, Token, unix::pipe};
/// use std::io::{ErrorKind, Read, Write};
///
/// let (mut sender, mut receiver) = pipe::new()?;
/// let mut poll = Poll::new()?;
/// let mut events = Events::with_capacity(8);
/// poll.registry().register(&mut receiver, Token(0), Interest::READABLE)?;
///
/// let mut buffer = [0; 8];
/// assert_eq!(receiver.read(&mut buffer).unwrap_err().kind(), ErrorKind::WouldBlock);
/// sender.write_all(b"hello")?;
/// poll.poll(&mut events, None)?;
/// let count = receiver.read(&mut buffer)?;
/// assert_eq!(&buffer[..count], b"hello");
///
/// drop(sender);
/// poll.poll(&mut events, None)?;
/// assert!(events.iter().any(|event| event.is_read_closed()));
/// assert_eq!(receiver.read(&mut buffer)?, 0);
/// # Ok(())
/// # }
/// ```
///
/// [pipe]: https://man7.org/linux/man-pages/man2/pipe.2.html
#[inline]
pub fn new() -> io::Result<(Sender, Receiver)> {
    let (reader, writer) = pipe()?;
    Ok((Sender::from(writer), Receiver::from(reader)))
}

/// The writing end of a pipe. See [`new`] for an example.
///
/// A write to a pipe without a [`Receiver`] fails with [`BrokenPipe`](io::ErrorKind::BrokenPipe) if
/// the program ignores the signal `SIGPIPE`. Rust programs do so by default ([`reset_sigpipe`][std]
/// of the standard library).
///
/// [std]: https://github.com/rust-lang/rust/blob/1.85.0/library/std/src/sys/pal/unix/mod.rs
#[derive(Debug)]
pub struct Sender {
    inner: IoSource<File>,
}

/// The reading end of a pipe. See [`new`] for an example.
#[derive(Debug)]
pub struct Receiver {
    inner: IoSource<File>,
}

impl Sender {
    /// Sets whether a write returns [`WouldBlock`](io::ErrorKind::WouldBlock) instead of waiting.
    ///
    /// All processes that share the open file share its mode, for instance a child process.
    ///
    /// # Errors
    ///
    /// Those of fcntl(2).
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use mio::unix::pipe::Sender;
    /// use std::process::{Command, Stdio};
    ///
    /// let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
    /// let sender = Sender::from(child.stdin.take().unwrap());
    /// sender.set_nonblocking(true)?;
    /// drop(sender);
    /// assert!(child.wait()?.success());
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        set_nonblocking(self.inner.as_fd(), nonblocking)
    }

    /// Runs an I/O operation on the pipe, and re-arms the registration if it returns
    /// [`WouldBlock`](io::ErrorKind::WouldBlock).
    ///
    /// `f` must return `WouldBlock` if, and only if, the pipe was not ready, and should not use the
    /// methods of this type.
    ///
    /// # Errors
    ///
    /// Those of `f`.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use mio::unix::pipe;
    /// use std::fs::File;
    /// use std::io::Write;
    /// use std::os::fd::AsFd;
    ///
    /// let (sender, _receiver) = pipe::new()?;
    /// let count = sender.try_io(|| {
    ///     let mut other = File::from(sender.as_fd().try_clone_to_owned()?);
    ///     other.write(b"hello")
    /// })?;
    /// assert_eq!(count, 5);
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn try_io<F, T>(&self, f: F) -> io::Result<T>
    where
        F: FnOnce() -> io::Result<T>,
    {
        self.inner
            .do_pipe_io(Interest::READABLE | Interest::WRITABLE, |_| f(), |_| false)
    }
}

impl Receiver {
    /// Sets whether a read returns [`WouldBlock`](io::ErrorKind::WouldBlock) instead of waiting.
    ///
    /// All processes that share the open file share its mode, for instance a child process.
    ///
    /// # Errors
    ///
    /// Those of fcntl(2).
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use mio::unix::pipe::Receiver;
    /// use std::io::{ErrorKind, Read};
    /// use std::process::{Command, Stdio};
    ///
    /// let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    /// let mut receiver = Receiver::from(child.stdout.take().unwrap());
    /// receiver.set_nonblocking(true)?;
    /// assert_eq!(receiver.read(&mut [0; 8]).unwrap_err().kind(), ErrorKind::WouldBlock);
    /// child.wait()?;
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        set_nonblocking(self.inner.as_fd(), nonblocking)
    }

    /// Runs an I/O operation on the pipe, and re-arms the registration if it returns
    /// [`WouldBlock`](io::ErrorKind::WouldBlock).
    ///
    /// `f` must return `WouldBlock` if, and only if, the pipe was not ready, and should not use the
    /// methods of this type.
    ///
    /// On poll(2) and event ports, a `Receiver` whose `f` has returned another result is watched
    /// like a [`SourceFd`](crate::unix::SourceFd) from then on: it may be at the end of file, and a
    /// FIFO or a terminal may get another writer.
    ///
    /// # Errors
    ///
    /// Those of `f`.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use mio::unix::pipe;
    /// use std::fs::File;
    /// use std::io::{ErrorKind, Read};
    /// use std::os::fd::AsFd;
    ///
    /// let (_sender, receiver) = pipe::new()?;
    /// let error = receiver
    ///     .try_io(|| {
    ///         let mut other = File::from(receiver.as_fd().try_clone_to_owned()?);
    ///         other.read(&mut [0; 8])
    ///     })
    ///     .unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::WouldBlock);
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn try_io<F, T>(&self, f: F) -> io::Result<T>
    where
        F: FnOnce() -> io::Result<T>,
    {
        // Any result may stand for an end of file.
        self.inner
            .do_pipe_io(Interest::READABLE | Interest::WRITABLE, |_| f(), |_| true)
    }
}

/// Implements the traits that both ends have.
macro_rules! impl_end {
    ($end:ident) => {
        impl Source for $end {
            #[inline]
            fn register(
                &mut self,
                registry: &Registry,
                token: Token,
                interests: Interest,
            ) -> io::Result<()> {
                self.inner.register(registry, token, interests)
            }

            #[inline]
            fn reregister(
                &mut self,
                registry: &Registry,
                token: Token,
                interests: Interest,
            ) -> io::Result<()> {
                self.inner.reregister(registry, token, interests)
            }

            #[inline]
            fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
                self.inner.deregister(registry)
            }
        }

        impl AsFd for $end {
            #[inline]
            fn as_fd(&self) -> BorrowedFd<'_> {
                self.inner.as_fd()
            }
        }

        impl AsRawFd for $end {
            #[inline]
            fn as_raw_fd(&self) -> RawFd {
                self.inner.as_raw_fd()
            }
        }

        /// Ends the registration, as [`Registry::deregister`](crate::Registry::deregister) does. In
        /// a forked child, [`Poll`](crate::Poll#child-processes) describes what happens.
        impl IntoRawFd for $end {
            #[inline]
            fn into_raw_fd(self) -> RawFd {
                self.inner.into_inner().into_raw_fd()
            }
        }

        /// The file descriptor should be non-blocking: its mode is not changed.
        impl FromRawFd for $end {
            #[inline]
            unsafe fn from_raw_fd(fd: RawFd) -> $end {
                // SAFETY: the caller promises that `fd` is open and theirs to give away.
                let fd = unsafe { OwnedFd::from_raw_fd(fd) };
                $end::from(fd)
            }
        }

        /// Ends the registration, as [`Registry::deregister`](crate::Registry::deregister) does. In
        /// a forked child, [`Poll`](crate::Poll#child-processes) describes what happens.
        impl From<$end> for OwnedFd {
            #[inline]
            fn from(end: $end) -> OwnedFd {
                end.inner.into_inner().into()
            }
        }

        /// The file descriptor should be non-blocking: its mode is not changed.
        impl From<OwnedFd> for $end {
            #[inline]
            fn from(fd: OwnedFd) -> $end {
                $end {
                    inner: IoSource::new(File::from(fd)),
                }
            }
        }
    };
}

impl_end!(Sender);
impl_end!(Receiver);

impl Write for &Sender {
    #[inline]
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.inner
            .do_pipe_io(Interest::WRITABLE, |mut pipe| pipe.write(buf), |_| false)
    }

    #[inline]
    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.inner.do_pipe_io(
            Interest::WRITABLE,
            |mut pipe| pipe.write_vectored(bufs),
            |_| false,
        )
    }

    #[inline]
    fn flush(&mut self) -> io::Result<()> {
        self.inner
            .do_io(Interest::WRITABLE, |mut pipe| pipe.flush())
    }
}

impl Write for Sender {
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
        (&*self).flush()
    }
}

impl Read for &Receiver {
    #[inline]
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let has_room = !buf.is_empty();
        self.inner.do_pipe_io(
            Interest::READABLE,
            |mut pipe| pipe.read(buf),
            |count| *count == 0 && has_room,
        )
    }

    #[inline]
    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        let has_room = bufs.iter().any(|buf| !buf.is_empty());
        self.inner.do_pipe_io(
            Interest::READABLE,
            |mut pipe| pipe.read_vectored(bufs),
            |count| *count == 0 && has_room,
        )
    }
}

impl Read for Receiver {
    #[inline]
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        (&*self).read(buf)
    }

    #[inline]
    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        (&*self).read_vectored(bufs)
    }
}

/// The pipe keeps its mode, which is blocking: call [`Sender::set_nonblocking`].
impl From<ChildStdin> for Sender {
    #[inline]
    fn from(stdin: ChildStdin) -> Sender {
        Sender::from(OwnedFd::from(stdin))
    }
}

/// The pipe keeps its mode, which is blocking: call [`Receiver::set_nonblocking`].
impl From<ChildStdout> for Receiver {
    #[inline]
    fn from(stdout: ChildStdout) -> Receiver {
        Receiver::from(OwnedFd::from(stdout))
    }
}

/// The pipe keeps its mode, which is blocking: call [`Receiver::set_nonblocking`].
impl From<ChildStderr> for Receiver {
    #[inline]
    fn from(stderr: ChildStderr) -> Receiver {
        Receiver::from(OwnedFd::from(stderr))
    }
}
