//! Queries and errors of real pipes, and the change of the port.

use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::os::windows::io::AsHandle;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use super::super::ops::{OpErrorKind, OpKind};
use super::{Pipe, create, syscall};
use crate::sys::ffi;
use crate::sys::selector::{EventBuffer as _, Selector as _};
use crate::sys::selector_tests::{LONG, tokens};
use crate::sys::windows::afd::Afd;
use crate::sys::windows::event::Events;
use crate::sys::windows::iocp::Port;
use crate::sys::windows::iocp::in_flight::Outcome;
use crate::sys::windows::syscalls::faults;
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

/// The bytes that a canceled read has consumed are lost, which the caller must hear of.
#[test]
fn canceled_read_with_bytes_is_an_error() {
    for (bytes, kind) in [(0, OpErrorKind::Aborted), (3, OpErrorKind::Other)] {
        let status = ffi::STATUS_CANCELLED;
        let result = syscall::result(OpKind::Read, Outcome { status, bytes });
        let op_error = result.unwrap_err();
        assert_eq!(op_error.kind, kind, "{bytes} bytes");
        let code = Some(ffi::ERROR_OPERATION_ABORTED);
        assert_eq!(op_error.error.raw_os_error(), code);
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

/// The state of a pipe is queried without its lock, which the polling thread needs. A client whose
/// arrival is reported meanwhile stays connected.
#[test]
fn client_that_arrives_during_the_query_stays_connected() {
    let name = format!(r"\\.\pipe\mio-unit-query-{}", std::process::id());
    let mut selector = Afd::new().unwrap();
    let mut events = Events::with_capacity(4);
    let mut pipe = Pipe::new(create(OsStr::new(&name)).unwrap());
    let port = Arc::clone(selector.port());
    pipe.register(&port, Token(1), Interest::WRITABLE).unwrap();
    let error = pipe.connect().unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
    let shared = Arc::downgrade(&pipe.shared);
    let (send, receive) = mpsc::channel();
    faults::AFTER_PIPE_QUERY.set(Some(Box::new(move || {
        let shared = shared.upgrade().unwrap();
        // The lock is free, so the completion of the connect is dispatched.
        assert!(shared.inner.try_lock().is_ok());
        let client = OpenOptions::new().read(true).write(true).open(&name);
        assert_eq!(tokens(&mut selector, &mut events, LONG), [1]);
        send.send((client.unwrap(), selector, events)).unwrap();
    })));
    pipe.reregister(&port, Token(2), Interest::WRITABLE)
        .unwrap();
    let (_client, mut selector, mut events) = receive.try_recv().unwrap();
    assert_eq!(tokens(&mut selector, &mut events, LONG), [2]);
    assert!(pipe.take_error().is_none());
}

/// Making a pipe queries nothing, so it returns while a read of a handle for synchronous operations
/// waits. Registering such a handle is an error.
#[test]
fn synchronous_handle_is_refused_at_registration() {
    let name = format!(r"\\.\pipe\mio-unit-sync-{}", std::process::id());
    let server = create(OsStr::new(&name)).unwrap();
    let client = OpenOptions::new()
        .read(true)
        .write(true)
        .open(&name)
        .unwrap();
    let mut reader = client.try_clone().unwrap();
    thread::scope(|scope| {
        let reading = scope.spawn(move || reader.read(&mut [0; 4]).unwrap());
        thread::sleep(Duration::from_millis(50));
        // On Windows a query would wait for the read, which waits for the write below.
        let mut pipe = Pipe::new(client.into());
        assert!(!reading.is_finished());
        let mut writer = std::fs::File::from(server);
        writer.write_all(b"x").unwrap();
        assert_eq!(reading.join().unwrap(), 1);
        let port = Arc::new(Port::new().unwrap());
        pipe.register(&port, Token(1), Interest::READABLE)
            .unwrap_err();
    });
}
