//! Named pipes of every kind, and other files for overlapped I/O.
#![allow(unsafe_code)]

use std::ffi::c_void;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::windows::ffi::OsStrExt;
use std::os::windows::fs::OpenOptionsExt;
use std::os::windows::io::{AsRawHandle, FromRawHandle, IntoRawHandle, OwnedHandle, RawHandle};
use std::process;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use mio::windows::NamedPipe;
use mio::{Events, Interest, Poll, Token};

use super::LONG;

#[link(name = "kernel32")]
unsafe extern "system" {
    fn CancelIoEx(handle: RawHandle, overlapped: *mut c_void) -> i32;
    fn CreateNamedPipeW(
        name: *const u16,
        open_mode: u32,
        pipe_mode: u32,
        instances: u32,
        out: u32,
        r#in: u32,
        timeout: u32,
        security: *mut c_void,
    ) -> RawHandle;
    fn SetNamedPipeHandleState(
        pipe: RawHandle,
        mode: *const u32,
        count: *const u32,
        timeout: *const u32,
    ) -> i32;
}

const PIPE_ACCESS_INBOUND: u32 = 1;
const PIPE_ACCESS_OUTBOUND: u32 = 2;
const PIPE_TYPE_MESSAGE: u32 = 4;
const PIPE_READMODE_MESSAGE: u32 = 2;
const FILE_FLAG_FIRST_PIPE_INSTANCE: u32 = 0x0008_0000;
const ERROR_PIPE_BUSY: i32 = 231;
const FILE_FLAG_OVERLAPPED: u32 = 0x4000_0000;

pub(crate) const SERVER: Token = Token(0);
pub(crate) const CLIENT: Token = Token(1);
pub(crate) const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

/// The directions of a pipe, and whether it carries bytes or messages.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Bytes,
    Messages,
    ToClient,
    FromClient,
}

/// A pipe name that is not in use.
pub(crate) fn name() -> String {
    static LAST: AtomicUsize = AtomicUsize::new(0);
    let number = LAST.fetch_add(1, Ordering::Relaxed);
    format!(r"\\.\pipe\mio-test-{}-{number}", process::id())
}

/// Creates an instance of a pipe, with a buffer of `quota` bytes in each direction.
pub(crate) fn server(name: &str, kind: Kind, quota: u32) -> NamedPipe {
    let (access, mode) = match kind {
        Kind::Bytes => (PIPE_ACCESS_INBOUND | PIPE_ACCESS_OUTBOUND, 0),
        Kind::Messages => (
            PIPE_ACCESS_INBOUND | PIPE_ACCESS_OUTBOUND,
            PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE,
        ),
        Kind::ToClient => (PIPE_ACCESS_OUTBOUND, 0),
        Kind::FromClient => (PIPE_ACCESS_INBOUND, 0),
    };
    let handle = create(name, access | FILE_FLAG_OVERLAPPED, mode, quota).unwrap();
    // SAFETY: the handle is new, and nothing else owns it.
    unsafe { NamedPipe::from_raw_handle(handle) }
}

fn create(name: &str, access: u32, mode: u32, quota: u32) -> io::Result<RawHandle> {
    let wide: Vec<u16> = std::ffi::OsStr::new(name)
        .encode_wide()
        .chain([0])
        .collect();
    let security = ptr::null_mut();
    // SAFETY: the name ends with a NUL; the other arguments are integers and null.
    let handle =
        unsafe { CreateNamedPipeW(wide.as_ptr(), access, mode, 255, quota, quota, 0, security) };
    if handle as isize == -1 {
        return Err(io::Error::last_os_error());
    }
    Ok(handle)
}

/// Whether the system creates a second "first" instance of a pipe.
pub(crate) fn allows_second_first_instance(name: &str) -> bool {
    let access = PIPE_ACCESS_INBOUND | PIPE_ACCESS_OUTBOUND | FILE_FLAG_FIRST_PIPE_INSTANCE;
    let Ok(handle) = create(name, access, 0, 0) else {
        return false;
    };
    // SAFETY: the handle is new, and nothing else owns it.
    drop(unsafe { OwnedHandle::from_raw_handle(handle) });
    true
}

/// Makes a source of a file for overlapped I/O.
pub(crate) fn from_file(file: File) -> NamedPipe {
    // SAFETY: `into_raw_handle` has given up the handle, which nothing else owns.
    unsafe { NamedPipe::from_raw_handle(file.into_raw_handle()) }
}

fn options(kind: Kind) -> OpenOptions {
    let mut options = OpenOptions::new();
    options
        .read(!matches!(kind, Kind::FromClient))
        .write(!matches!(kind, Kind::ToClient));
    options
}

/// Opens the client's end for overlapped I/O.
pub(crate) fn client(name: &str, kind: Kind) -> NamedPipe {
    let file = options(kind)
        .custom_flags(FILE_FLAG_OVERLAPPED)
        .open(name)
        .unwrap();
    if let Kind::Messages = kind {
        let mode = PIPE_READMODE_MESSAGE;
        // SAFETY: the handle is open; the call reads one `u32`.
        let result = unsafe {
            SetNamedPipeHandleState(file.as_raw_handle(), &mode, ptr::null(), ptr::null())
        };
        assert_ne!(result, 0, "{}", io::Error::last_os_error());
    }
    from_file(file)
}

/// Opens the client's end for blocking I/O. Waits for an instance without a client.
pub(crate) fn blocking_client(name: &str, kind: Kind) -> File {
    let end = Instant::now() + LONG;
    loop {
        match options(kind).open(name) {
            Ok(file) => return file,
            Err(error) => {
                assert_eq!(error.raw_os_error(), Some(ERROR_PIPE_BUSY));
                assert!(Instant::now() < end, "{error}");
                thread::yield_now();
            }
        }
    }
}

/// Two connected ends.
pub(crate) fn pair(kind: Kind, quota: u32) -> (NamedPipe, NamedPipe) {
    let name = name();
    let server = server(&name, kind, quota);
    let client = client(&name, kind);
    (server, client)
}

/// Two connected ends, registered as `SERVER` and `CLIENT`, after their first events.
pub(crate) fn registered_pair(poll: &mut Poll, kind: Kind, quota: u32) -> (NamedPipe, NamedPipe) {
    let (mut server, mut client) = pair(kind, quota);
    let registry = poll.registry();
    registry.register(&mut server, SERVER, BOTH).unwrap();
    registry.register(&mut client, CLIENT, BOTH).unwrap();
    let mut events = Events::with_capacity(8);
    let (mut first, mut second) = (false, false);
    let end = Instant::now() + LONG;
    while !(first && second) {
        assert!(Instant::now() < end, "not both ends became writable");
        super::poll_events(poll, &mut events, LONG);
        for event in &events {
            first |= event.token() == SERVER && event.is_writable();
            second |= event.token() == CLIENT && event.is_writable();
        }
    }
    (server, client)
}

/// Registers a pipe for both directions.
pub(crate) fn register_pipe(poll: &Poll, mut pipe: NamedPipe, token: Token) -> NamedPipe {
    poll.registry().register(&mut pipe, token, BOTH).unwrap();
    pipe
}

/// Cancels the pipe's operations in flight, past the library.
pub(crate) fn cancel_all(pipe: &NamedPipe) {
    // SAFETY: the handle is open; a null address stands for all operations.
    let result = unsafe { CancelIoEx(pipe.as_raw_handle(), ptr::null_mut()) };
    assert_ne!(result, 0, "{}", io::Error::last_os_error());
}

/// Reads `len` bytes, and polls after each `WouldBlock`.
pub(crate) fn receive(
    poll: &mut Poll,
    events: &mut Events,
    mut pipe: &NamedPipe,
    token: Token,
    len: usize,
) -> Vec<u8> {
    let mut all = Vec::new();
    let mut buffer = [0; 1024];
    while all.len() < len {
        match pipe.read(&mut buffer) {
            Ok(0) => panic!("the end after {} bytes", all.len()),
            Ok(count) => all.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                super::wait_for(poll, events, token, |event| event.is_readable());
            }
            Err(error) => panic!("read: {error}"),
        }
    }
    all
}

/// Polls until a read no longer returns `WouldBlock`.
pub(crate) fn read_when_ready(
    poll: &mut Poll,
    events: &mut Events,
    mut pipe: &NamedPipe,
    token: Token,
) -> io::Result<usize> {
    loop {
        match pipe.read(&mut [0; 64]) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                super::wait_for(poll, events, token, |event| event.is_readable());
            }
            other => return other,
        }
    }
}

/// Writes all data in one call, and polls after each `WouldBlock`.
pub(crate) fn send(
    poll: &mut Poll,
    events: &mut Events,
    mut pipe: &NamedPipe,
    token: Token,
    data: &[u8],
) {
    loop {
        match pipe.write(data) {
            Ok(count) => return assert_eq!(count, data.len()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                super::wait_for(poll, events, token, |event| event.is_writable());
            }
            Err(error) => panic!("write: {error}"),
        }
    }
}
