//! Queries and errors of real pipes, and the change of the port.

use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::io;
use std::os::windows::io::AsHandle;
use std::sync::Arc;

use super::super::ops::{OpErrorKind, OpKind};
use super::{Pipe, create, syscall};
use crate::sys::ffi;
use crate::sys::windows::iocp::Port;
use crate::{Interest, Token};

#[test]
fn is_connected_follows_the_peer() {
    let name = format!(r"\\.\pipe\mio-unit-{}", std::process::id());
    let server = create(OsStr::new(&name)).unwrap();
    let server = server.as_handle();
    assert!(syscall::is_pipe(server));
    assert!(!syscall::is_connected(server), "listening");
    let client = OpenOptions::new()
        .read(true)
        .write(true)
        .open(&name)
        .unwrap();
    assert!(syscall::is_connected(server), "connected");
    assert!(syscall::is_connected(client.as_handle()));
    syscall::disconnect(server).unwrap();
    assert!(!syscall::is_connected(server), "disconnected");
    drop(client);
}

#[test]
fn handle_that_is_no_pipe_counts_as_connected() {
    let file = std::fs::File::open(std::env::current_exe().unwrap()).unwrap();
    assert!(!syscall::is_pipe(file.as_handle()));
    assert!(syscall::is_connected(file.as_handle()));
}

#[test]
fn error_codes_map_to_kinds() {
    for (op, code, kind) in [
        (
            OpKind::Connect,
            ffi::ERROR_PIPE_CONNECTED,
            OpErrorKind::AlreadyConnected,
        ),
        (
            OpKind::Connect,
            ffi::ERROR_NO_DATA,
            OpErrorKind::AlreadyConnected,
        ),
        (OpKind::Write, ffi::ERROR_NO_DATA, OpErrorKind::Other),
        (
            OpKind::Read,
            ffi::ERROR_PIPE_LISTENING,
            OpErrorKind::Listening,
        ),
        (OpKind::Write, ffi::ERROR_PIPE_LISTENING, OpErrorKind::Other),
        (OpKind::Read, ffi::ERROR_BROKEN_PIPE, OpErrorKind::EndOfFile),
        (OpKind::Read, ffi::ERROR_HANDLE_EOF, OpErrorKind::EndOfFile),
        (OpKind::Write, ffi::ERROR_BROKEN_PIPE, OpErrorKind::Other),
        (
            OpKind::Read,
            ffi::ERROR_OPERATION_ABORTED,
            OpErrorKind::Aborted,
        ),
        (
            OpKind::Connect,
            ffi::ERROR_OPERATION_ABORTED,
            OpErrorKind::Aborted,
        ),
    ] {
        let op_error = syscall::classify(op, io::Error::from_raw_os_error(code));
        assert_eq!(op_error.kind, kind, "{op:?} {code}");
        assert_eq!(op_error.error.raw_os_error(), Some(code));
    }
}

#[test]
fn name_without_nul_is_refused() {
    assert!(syscall::create(&[]).is_err());
    assert!(syscall::create(&[1, 2]).is_err());
}

/// Dropping a port ends the registrations of its pipes, so a pipe cannot change to another port
/// before the first one has drained.
#[test]
fn closing_port_keeps_its_pipes() {
    let name = format!(r"\\.\pipe\mio-unit-end-{}", std::process::id());
    let mut pipe = Pipe::new(create(OsStr::new(&name)).unwrap());
    let first = Arc::new(Port::new().unwrap());
    pipe.register(&first, Token(1), Interest::WRITABLE).unwrap();
    // Unreachable but not dropped: the state of a port while its last owner drops it.
    let closing = Arc::try_unwrap(first).unwrap();
    let second = Arc::new(Port::new().unwrap());
    assert!(!pipe.shared.inner().is_released());
    pipe.register(&second, Token(2), Interest::WRITABLE)
        .unwrap_err();
    drop(closing);
    assert!(pipe.shared.inner().is_released());
    // Wine 8 does not support `FileReplaceCompletionInformation` (observed).
    let result = pipe.register(&second, Token(2), Interest::WRITABLE);
    let inner = pipe.shared.inner();
    assert_eq!(inner.state.is_registered(), result.is_ok(), "{result:?}");
    assert_eq!(inner.is_released(), result.is_err());
}
