//! Trait implementations that all sockets share. They forward to the field `inner`, an `IoSource`.

/// Implements `Source`, `Debug`, and the conversion to the type of the standard library.
macro_rules! forward_socket {
    ($socket:ty, $std:ty) => {
        impl crate::event::Source for $socket {
            fn register(
                &mut self,
                registry: &crate::Registry,
                token: crate::Token,
                interests: crate::Interest,
            ) -> std::io::Result<()> {
                self.inner.register(registry, token, interests)
            }

            fn reregister(
                &mut self,
                registry: &crate::Registry,
                token: crate::Token,
                interests: crate::Interest,
            ) -> std::io::Result<()> {
                self.inner.reregister(registry, token, interests)
            }

            fn deregister(&mut self, registry: &crate::Registry) -> std::io::Result<()> {
                self.inner.deregister(registry)
            }
        }

        impl std::fmt::Debug for $socket {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Debug::fmt(&self.inner, f)
            }
        }

        /// The socket stays non-blocking. Ends the registration, as
        /// [`Registry::deregister`](crate::Registry::deregister) does.
        impl From<$socket> for $std {
            fn from(socket: $socket) -> $std {
                socket.inner.into_inner()
            }
        }
    };
}

/// Implements `Read` and `Write` for the stream and for a reference to it. `$write` and
/// `$write_vectored` are functions of the platform.
macro_rules! forward_stream {
    ($stream:ty, $write:path, $write_vectored:path) => {
        forward_stream!(impl $stream, $write, $write_vectored);
        forward_stream!(impl &$stream, $write, $write_vectored);
    };
    (impl $stream:ty, $write:path, $write_vectored:path) => {
        impl std::io::Read for $stream {
            fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
                self.inner.do_io(crate::Interest::READABLE, |mut stream| {
                    std::io::Read::read(&mut stream, buf)
                })
            }

            fn read_vectored(
                &mut self,
                bufs: &mut [std::io::IoSliceMut<'_>],
            ) -> std::io::Result<usize> {
                self.inner.do_io(crate::Interest::READABLE, |mut stream| {
                    std::io::Read::read_vectored(&mut stream, bufs)
                })
            }
        }

        impl std::io::Write for $stream {
            fn write(&mut self, buf: &[u8]) -> std::io::Result<usize> {
                self.inner.do_io(crate::Interest::WRITABLE, |stream| $write(stream, buf))
            }

            fn write_vectored(&mut self, bufs: &[std::io::IoSlice<'_>]) -> std::io::Result<usize> {
                self.inner.do_io(crate::Interest::WRITABLE, |stream| $write_vectored(stream, bufs))
            }

            fn flush(&mut self) -> std::io::Result<()> {
                self.inner.do_io(crate::Interest::WRITABLE, |mut stream| {
                    std::io::Write::flush(&mut stream)
                })
            }
        }
    };
}
