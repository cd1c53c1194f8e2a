//! Two connected ends that can both read and write: two pipes on Unix, a named pipe on Windows.

use std::io::{self, Read, Write};

use mio::{Interest, Registry};

use crate::shared::Id;

#[cfg(unix)]
mod system {
    use super::{Id, Interest, Read, Registry, Write, io};
    use mio::unix::pipe::{self, Receiver, Sender};

    /// One end: the reading end of one pipe, and the writing end of the other.
    #[derive(Debug)]
    pub(crate) struct End {
        reader: Receiver,
        writer: Sender,
    }

    /// The ends of the client and of the server.
    pub(crate) fn pair() -> io::Result<(End, End)> {
        let (to_server, from_client) = pipe::new()?;
        let (to_client, from_server) = pipe::new()?;
        let client = End {
            reader: from_server,
            writer: to_server,
        };
        let server = End {
            reader: from_client,
            writer: to_client,
        };
        Ok((client, server))
    }

    impl End {
        pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.reader.read(buffer)
        }

        pub(super) fn write(&mut self, data: &[u8]) -> io::Result<usize> {
            self.writer.write(data)
        }

        pub(crate) fn register(&mut self, registry: &Registry, id: Id) -> io::Result<()> {
            let writer = Id { writer: true, ..id };
            registry.register(&mut self.reader, id.token(), Interest::READABLE)?;
            registry.register(&mut self.writer, writer.token(), Interest::WRITABLE)
        }
    }
}

#[cfg(windows)]
mod system {
    use super::{Id, Interest, Read, Registry, Write, io};
    use std::fs::OpenOptions;
    use std::os::windows::fs::OpenOptionsExt;
    use std::os::windows::io::{FromRawHandle, IntoRawHandle};
    use std::sync::atomic::{AtomicU64, Ordering};

    use mio::windows::NamedPipe;

    /// <https://learn.microsoft.com/en-us/windows/win32/api/fileapi/nf-fileapi-createfilew>
    const FILE_FLAG_OVERLAPPED: u32 = 0x4000_0000;

    #[derive(Debug)]
    pub(crate) struct End {
        pipe: NamedPipe,
    }

    #[allow(unsafe_code)]
    pub(crate) fn pair() -> io::Result<(End, End)> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!(r"\\.\pipe\mio-soak-{}-{number}", std::process::id());
        let server = NamedPipe::new(&name)?;
        let mut options = OpenOptions::new();
        options.read(true).write(true);
        let client = options.custom_flags(FILE_FLAG_OVERLAPPED).open(&name)?;
        // SAFETY: `into_raw_handle` has given up the handle, which nothing else owns.
        let client = unsafe { NamedPipe::from_raw_handle(client.into_raw_handle()) };
        Ok((End { pipe: client }, End { pipe: server }))
    }

    impl End {
        pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.pipe.read(buffer)
        }

        pub(super) fn write(&mut self, data: &[u8]) -> io::Result<usize> {
            self.pipe.write(data)
        }

        pub(crate) fn register(&mut self, registry: &Registry, id: Id) -> io::Result<()> {
            let both = Interest::READABLE | Interest::WRITABLE;
            registry.register(&mut self.pipe, id.token(), both)
        }
    }
}

pub(crate) use system::{End, pair};

impl Read for End {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        system::End::read(self, buffer)
    }
}

impl Write for End {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        system::End::write(self, data)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
