//! What the system says of pipes.

use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::io;
use std::os::windows::io::AsHandle;
use std::sync::Arc;

use super::super::ops::{Call, Meaning};
use super::{Pipe, create, syscall};
use crate::sys::ffi;
use crate::sys::windows::iocp::Port;
use crate::{Interest, Token};

#[test]
fn whether_there_is_another_end() {
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
fn what_is_no_pipe_is_connected() {
    let file = std::fs::File::open(std::env::current_exe().unwrap()).unwrap();
    assert!(!syscall::is_pipe(file.as_handle()));
    assert!(syscall::is_connected(file.as_handle()));
}

#[test]
fn what_errors_mean() {
    for (call, code, meaning) in [
        (Call::Connect, ffi::ERROR_PIPE_CONNECTED, Meaning::Connected),
        (Call::Connect, ffi::ERROR_NO_DATA, Meaning::Connected),
        (Call::Write, ffi::ERROR_NO_DATA, Meaning::Failed),
        (Call::Read, ffi::ERROR_PIPE_LISTENING, Meaning::Listening),
        (Call::Write, ffi::ERROR_PIPE_LISTENING, Meaning::Failed),
        (Call::Read, ffi::ERROR_BROKEN_PIPE, Meaning::Ended),
        (Call::Read, ffi::ERROR_HANDLE_EOF, Meaning::Ended),
        (Call::Write, ffi::ERROR_BROKEN_PIPE, Meaning::Failed),
        (Call::Read, ffi::ERROR_OPERATION_ABORTED, Meaning::Aborted),
        (
            Call::Connect,
            ffi::ERROR_OPERATION_ABORTED,
            Meaning::Aborted,
        ),
    ] {
        let fault = syscall::fault(call, io::Error::from_raw_os_error(code));
        assert_eq!(fault.meaning, meaning, "{call:?} {code}");
        assert_eq!(fault.error.raw_os_error(), Some(code));
    }
}

#[test]
fn a_name_without_its_nul_is_refused() {
    assert!(syscall::create(&[]).is_err());
    assert!(syscall::create(&[1, 2]).is_err());
}

/// The end of a port ends the registrations of its pipes, so no pipe changes over before it.
#[test]
fn a_port_that_is_about_to_go_keeps_its_pipes() {
    let name = format!(r"\\.\pipe\mio-unit-end-{}", std::process::id());
    let mut pipe = Pipe::new(create(OsStr::new(&name)).unwrap());
    let first = Arc::new(Port::new().unwrap());
    pipe.register(&first, Token(1), Interest::WRITABLE).unwrap();
    // Out of reach, and not at its end yet: so it is for a moment when its last owner goes.
    let going = Arc::try_unwrap(first).unwrap();
    let second = Arc::new(Port::new().unwrap());
    assert!(!pipe.shared.inner().is_released());
    pipe.register(&second, Token(2), Interest::WRITABLE)
        .unwrap_err();
    drop(going);
    assert!(pipe.shared.inner().is_released());
    // Wine 8 cannot take a handle from its port.
    let result = pipe.register(&second, Token(2), Interest::WRITABLE);
    let inner = pipe.shared.inner();
    assert_eq!(inner.state.is_registered(), result.is_ok(), "{result:?}");
    assert_eq!(inner.is_released(), result.is_err());
}
