//! Named pipes: clients that connect and leave, and every outcome of `connect`.
#![cfg(all(windows, feature = "os-ext"))]

mod support;

use std::io::{ErrorKind, Read, Write};
use std::thread;

use mio::Interest;
use mio::windows::NamedPipe;
use support::pipes::{self, BOTH, CLIENT, Kind, SERVER, read_when_ready, receive, send};
use support::{assert_no_event, new_poll, wait_for, would_block};

const ERROR_PIPE_NOT_CONNECTED: i32 = 233;
const ERROR_OPERATION_ABORTED: i32 = 995;

#[test]
fn listening_server_reports_only_its_client() {
    let name = pipes::name();
    let (mut poll, mut events) = new_poll();
    for interest in [BOTH, Interest::WRITABLE] {
        let mut server = pipes::server(&name, Kind::Bytes, 4096);
        poll.registry()
            .register(&mut server, SERVER, interest)
            .unwrap();
        assert_no_event(&mut poll, &mut events, SERVER);
        would_block(server.connect());
        would_block(server.connect());
        would_block(server.read(&mut [0; 4]));
        assert_no_event(&mut poll, &mut events, SERVER);
        let mut client = pipes::client(&name, Kind::Bytes);
        wait_for(&mut poll, &mut events, SERVER, |event| event.is_writable());
        assert!(server.take_error().unwrap().is_none());
        assert_no_event(&mut poll, &mut events, SERVER);
        poll.registry().register(&mut client, CLIENT, BOTH).unwrap();
        send(&mut poll, &mut events, &server, SERVER, b"hello");
        assert_eq!(
            receive(&mut poll, &mut events, &client, CLIENT, 5),
            b"hello"
        );
    }
}

#[test]
fn client_before_connect_is_reported_once() {
    let name = pipes::name();
    let (mut poll, mut events) = new_poll();
    let server = pipes::register_pipe(&poll, pipes::server(&name, Kind::Bytes, 4096), SERVER);
    assert_no_event(&mut poll, &mut events, SERVER);
    let _client = pipes::client(&name, Kind::Bytes);
    server.connect().unwrap();
    wait_for(&mut poll, &mut events, SERVER, |event| event.is_writable());
    assert_no_event(&mut poll, &mut events, SERVER);
    assert!(server.take_error().unwrap().is_none());
}

#[test]
fn vanished_client_is_connected_and_readable() {
    let name = pipes::name();
    let (mut poll, mut events) = new_poll();
    let server = pipes::register_pipe(&poll, pipes::server(&name, Kind::Bytes, 4096), SERVER);
    assert_no_event(&mut poll, &mut events, SERVER);
    let mut client = pipes::blocking_client(&name, Kind::Bytes);
    client.write_all(b"bye").unwrap();
    drop(client);
    // The client has left, but the pipe counts as connected, and its data can be read.
    server.connect().unwrap();
    wait_for(&mut poll, &mut events, SERVER, |event| event.is_writable());
    assert_eq!(receive(&mut poll, &mut events, &server, SERVER, 3), b"bye");
    assert_eq!(
        read_when_ready(&mut poll, &mut events, &server, SERVER).unwrap(),
        0
    );
}

#[test]
fn server_serves_clients_in_sequence() {
    let name = pipes::name();
    let (mut poll, mut events) = new_poll();
    let mut server = pipes::register_pipe(&poll, NamedPipe::new(&name).unwrap(), SERVER);
    for round in 0..20_u8 {
        would_block(server.connect());
        let mut client = pipes::blocking_client(&name, Kind::Bytes);
        wait_for(&mut poll, &mut events, SERVER, |event| event.is_writable());
        assert!(server.take_error().unwrap().is_none());
        client.write_all(&[round]).unwrap();
        assert_eq!(receive(&mut poll, &mut events, &server, SERVER, 1), [round]);
        drop(client);
        for _ in 0..3 {
            // Every read returns the end.
            let end = read_when_ready(&mut poll, &mut events, &server, SERVER);
            assert_eq!(end.unwrap(), 0);
        }
        server.disconnect().unwrap();
        would_block(server.read(&mut [0; 4]));
    }
}

#[test]
fn data_of_one_client_never_reaches_the_next() {
    let name = pipes::name();
    let (mut poll, mut events) = new_poll();
    let mut server = pipes::register_pipe(&poll, NamedPipe::new(&name).unwrap(), SERVER);
    would_block(server.connect());
    let mut first = pipes::blocking_client(&name, Kind::Bytes);
    wait_for(&mut poll, &mut events, SERVER, |event| event.is_writable());
    first.write_all(b"old").unwrap();
    wait_for(&mut poll, &mut events, SERVER, |event| event.is_readable());
    // More than the pipe holds, so the write stays in flight.
    assert_eq!(server.write(&[1; 300_000]).unwrap(), 300_000);
    server.disconnect().unwrap();
    would_block(server.connect());
    let mut second = pipes::blocking_client(&name, Kind::Bytes);
    wait_for(&mut poll, &mut events, SERVER, |event| event.is_writable());
    send(&mut poll, &mut events, &server, SERVER, b"new");
    let mut buffer = [0; 3];
    let reader = thread::spawn(move || {
        second.read_exact(&mut buffer).unwrap();
        second.write_all(b"yes").unwrap();
        (buffer, second)
    });
    assert_eq!(receive(&mut poll, &mut events, &server, SERVER, 3), b"yes");
    assert_eq!(&reader.join().unwrap().0, b"new");
}

#[test]
fn cancelled_connect_is_reported_once() {
    let name = pipes::name();
    let (mut poll, mut events) = new_poll();
    let server = pipes::register_pipe(&poll, NamedPipe::new(&name).unwrap(), SERVER);
    // `disconnect` is one event and one error. Windows completes a pending listen with
    // STATUS_PIPE_DISCONNECTED.
    would_block(server.connect());
    server.disconnect().unwrap();
    wait_for(&mut poll, &mut events, SERVER, |event| event.is_writable());
    let error = server.take_error().unwrap().unwrap();
    assert_eq!(error.raw_os_error(), Some(ERROR_PIPE_NOT_CONNECTED));
    assert!(server.take_error().unwrap().is_none());
    assert_no_event(&mut poll, &mut events, SERVER);
    // A cancellation past the library is one event and one error, too.
    would_block(server.connect());
    pipes::cancel_all(&server);
    wait_for(&mut poll, &mut events, SERVER, |event| event.is_writable());
    let error = server.take_error().unwrap().unwrap();
    assert_eq!(error.raw_os_error(), Some(ERROR_OPERATION_ABORTED));
    assert!(server.take_error().unwrap().is_none());
    // The pipe can connect again.
    would_block(server.connect());
    let _client = pipes::client(&name, Kind::Bytes);
    wait_for(&mut poll, &mut events, SERVER, |event| event.is_writable());
    assert!(server.take_error().unwrap().is_none());
}

/// When a task disconnects a shared server, each pending read and write of other tasks returns one
/// error. npfs completes them with STATUS_PIPE_DISCONNECTED, Win32's ERROR_PIPE_NOT_CONNECTED.
#[test]
fn disconnect_fails_pending_reads_and_writes() {
    let name = pipes::name();
    let (mut poll, mut events) = new_poll();
    let mut server = pipes::register_pipe(&poll, NamedPipe::new(&name).unwrap(), SERVER);
    would_block(server.connect());
    let _first = pipes::blocking_client(&name, Kind::Bytes);
    wait_for(&mut poll, &mut events, SERVER, |event| event.is_writable());
    would_block(server.read(&mut [0; 4]));
    // More than the pipe holds, so the write stays in flight.
    assert_eq!(server.write(&[1; 300_000]).unwrap(), 300_000);
    would_block(server.write(b"more"));
    server.disconnect().unwrap();
    support::wait_for_all(
        &mut poll,
        &mut events,
        SERVER,
        &[|e| e.is_readable(), |e| e.is_writable()],
    );
    let error = server.write(b"more").unwrap_err();
    assert_eq!(error.raw_os_error(), Some(ERROR_PIPE_NOT_CONNECTED));
    let error = server.read(&mut [0; 4]).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(ERROR_PIPE_NOT_CONNECTED));
    would_block(server.read(&mut [0; 4]));
    assert_no_event(&mut poll, &mut events, SERVER);
    // The next client is served without an error.
    would_block(server.connect());
    let mut second = pipes::blocking_client(&name, Kind::Bytes);
    wait_for(&mut poll, &mut events, SERVER, |event| event.is_writable());
    second.write_all(b"hello").unwrap();
    let got = receive(&mut poll, &mut events, &server, SERVER, 5);
    assert_eq!(got, b"hello");
}

/// A client that the server has disconnected before it registers reads and writes with an error.
/// For such a handle npfs has no state to report: it counts as connected, and its operations fail.
#[test]
fn client_disconnected_before_register_reads_an_error() {
    let name = pipes::name();
    let (mut poll, mut events) = new_poll();
    let server = pipes::register_pipe(&poll, NamedPipe::new(&name).unwrap(), SERVER);
    would_block(server.connect());
    let mut client = pipes::client(&name, Kind::Bytes);
    wait_for(&mut poll, &mut events, SERVER, |event| event.is_writable());
    server.disconnect().unwrap();
    poll.registry().register(&mut client, CLIENT, BOTH).unwrap();
    wait_for(&mut poll, &mut events, CLIENT, |event| event.is_readable());
    let error = client.read(&mut [0; 4]).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(ERROR_PIPE_NOT_CONNECTED));
    let error = client.write(b"x").unwrap_err();
    assert_eq!(error.raw_os_error(), Some(ERROR_PIPE_NOT_CONNECTED));
}

/// A server with an interest in reading only reports its client. mio 1.2 reports the end of a
/// connect to every registration.
#[test]
fn client_is_reported_to_a_readable_only_server() {
    let name = pipes::name();
    let (mut poll, mut events) = new_poll();
    let mut server = NamedPipe::new(&name).unwrap();
    poll.registry()
        .register(&mut server, SERVER, Interest::READABLE)
        .unwrap();
    would_block(server.connect());
    assert_no_event(&mut poll, &mut events, SERVER);
    let _client = pipes::client(&name, Kind::Bytes);
    wait_for(&mut poll, &mut events, SERVER, |event| event.is_readable());
    server.connect().unwrap();
    assert!(server.take_error().unwrap().is_none());
}

/// Operations continue after the thread that started them has exited. Windows cancels only I/O that
/// is not associated with a completion port ([ExitThread]).
///
/// [ExitThread]:
/// https://learn.microsoft.com/windows/win32/api/processthreadsapi/nf-processthreadsapi-exitthread
#[test]
fn operations_outlive_their_thread() {
    let name = pipes::name();
    let (mut poll, mut events) = new_poll();
    let server = pipes::register_pipe(&poll, NamedPipe::new(&name).unwrap(), SERVER);
    let server = thread::spawn(move || {
        would_block(server.connect());
        server
    });
    let server = server.join().unwrap();
    let mut client = pipes::blocking_client(&name, Kind::Bytes);
    wait_for(&mut poll, &mut events, SERVER, |event| event.is_writable());
    let error = server.take_error().unwrap();
    assert!(error.is_none(), "{error:?}");
    client.write_all(b"hello").unwrap();
    let got = receive(&mut poll, &mut events, &server, SERVER, 5);
    assert_eq!(got, b"hello");
}

/// `NamedPipe::new` fails for a name in use. FILE_FLAG_FIRST_PIPE_INSTANCE makes every later
/// instance fail with ERROR_ACCESS_DENIED:
/// <https://learn.microsoft.com/windows/win32/api/winbase/nf-winbase-createnamedpipea>.
#[test]
fn name_in_use_is_permission_denied() {
    let name = pipes::name();
    let _server = NamedPipe::new(&name).unwrap();
    if pipes::allows_second_first_instance(&name) {
        return support::not_run("this system creates a second first instance");
    }
    let error = NamedPipe::new(&name).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
}

#[test]
fn invalid_name_is_an_error() {
    let error = NamedPipe::new("\\\\.\\pipe\\a\0b").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(
        NamedPipe::new("no pipe")
            .unwrap_err()
            .raw_os_error()
            .is_some()
    );
}
