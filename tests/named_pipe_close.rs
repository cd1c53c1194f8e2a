//! Named pipes: cancelled operations, closed peers, and drops.
#![cfg(all(windows, feature = "os-ext"))]

mod support;

use std::io::{ErrorKind, Read, Write};

use support::pipes::{self, BOTH, CLIENT, Kind, SERVER, read_when_ready, receive, send};
use support::{assert_no_event, new_poll, wait_for, would_block};

const ERROR_NO_DATA: i32 = 232;
const ERROR_PIPE_NOT_CONNECTED: i32 = 233;
const ERROR_OPERATION_ABORTED: i32 = 995;

/// A write that is cancelled past the library is an error of the next write. A cancelled read is
/// started again.
#[test]
fn externally_cancelled_io_is_reported_or_restarted() {
    let (mut poll, mut events) = new_poll();
    let (mut server, client) = pipes::registered_pair(&mut poll, Kind::Bytes, 4096);
    assert_eq!(server.write(&[7; 300_000]).unwrap(), 300_000);
    pipes::cancel_all(&server);
    wait_for(&mut poll, &mut events, SERVER, |event| event.is_writable());
    // The next write returns the error.
    let error = server.write(b"x").unwrap_err();
    assert_eq!(error.raw_os_error(), Some(ERROR_OPERATION_ABORTED));
    // A cancelled read has consumed no data.
    would_block(server.read(&mut [0; 4]));
    send(&mut poll, &mut events, &client, CLIENT, b"hello");
    let got = receive(&mut poll, &mut events, &server, SERVER, 5);
    assert_eq!(got, b"hello");
}

/// Operations in flight complete after `deregister`, without events, and no new one starts.
#[test]
fn deregistered_pipe_starts_no_operation() {
    let (mut poll, mut events) = new_poll();
    let (mut server, mut client) = pipes::registered_pair(&mut poll, Kind::Bytes, 4096);
    assert_eq!(client.write(&[7; 10_000]).unwrap(), 10_000);
    poll.registry().deregister(&mut server).unwrap();
    poll.registry().deregister(&mut client).unwrap();
    assert_no_event(&mut poll, &mut events, SERVER);
    assert_no_event(&mut poll, &mut events, CLIENT);
    // Data that was read is available. Anything that would start an operation is an error.
    assert_eq!(server.read(&mut [0; 9000]).unwrap(), 4096);
    let error = server.read(&mut [0; 4]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(server.write(b"a").unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(server.connect().unwrap_err().kind(), ErrorKind::NotFound);
    // The rest arrives after the next registration.
    poll.registry().register(&mut server, SERVER, BOTH).unwrap();
    assert_eq!(
        receive(&mut poll, &mut events, &server, SERVER, 10_000 - 4096),
        [7; 10_000 - 4096]
    );
}

#[test]
fn closed_peer_is_an_end_and_a_write_error() {
    let (mut poll, mut events) = new_poll();
    let (mut server, client) = pipes::registered_pair(&mut poll, Kind::Bytes, 4096);
    drop(client);
    wait_for(&mut poll, &mut events, SERVER, |event| event.is_readable());
    assert_eq!(server.read(&mut [0; 4]).unwrap(), 0);
    // The write itself returns the error.
    let error = server.write(b"1234").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    assert_eq!(error.raw_os_error(), Some(ERROR_NO_DATA));
}

#[test]
fn pending_write_fails_when_the_peer_closes() {
    let (mut poll, mut events) = new_poll();
    let (mut server, client) = pipes::registered_pair(&mut poll, Kind::Bytes, 4096);
    assert_eq!(server.write(&[7; 300_000]).unwrap(), 300_000);
    would_block(server.write(b"more"));
    drop(client);
    wait_for(&mut poll, &mut events, SERVER, |event| event.is_writable());
    assert!(server.write(b"more").unwrap_err().raw_os_error().is_some());
}

#[test]
fn disconnected_client_reads_an_error() {
    let (mut poll, mut events) = new_poll();
    let (server, client) = pipes::registered_pair(&mut poll, Kind::Bytes, 4096);
    server.disconnect().unwrap();
    let error = read_when_ready(&mut poll, &mut events, &client, CLIENT).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(ERROR_PIPE_NOT_CONNECTED));
    // Only a server can disconnect.
    assert!(client.disconnect().is_err());
}

/// Data written before a drop arrives, and then the end.
#[test]
fn data_written_before_drop_arrives() {
    let data: Vec<u8> = (0..200_000).map(|byte| byte as u8).collect();
    for _ in 0..3 {
        let (mut poll, mut events) = new_poll();
        let (mut server, mut client) = pipes::registered_pair(&mut poll, Kind::Bytes, 4096);
        assert_eq!(client.write(&data).unwrap(), data.len());
        drop(client);
        assert_eq!(
            receive(&mut poll, &mut events, &server, SERVER, data.len()),
            data
        );
        assert_eq!(
            read_when_ready(&mut poll, &mut events, &server, SERVER).unwrap(),
            0
        );
        assert!(server.write(b"x").is_err());
    }
}

/// After its `Poll` was dropped a pipe returns the data that was read, reports a lost write once,
/// and then refuses every operation.
#[test]
fn pipe_outlives_its_poll() {
    for order in 0..2 {
        let (mut poll, mut events) = new_poll();
        let (mut server, mut client) = pipes::registered_pair(&mut poll, Kind::Bytes, 4096);
        assert_eq!(server.write(b"read").unwrap(), 4);
        wait_for(&mut poll, &mut events, CLIENT, |event| event.is_readable());
        assert_eq!(server.write(&[7; 300_000]).unwrap(), 300_000);
        if order == 0 {
            drop(poll);
        } else {
            let registry = poll.registry().try_clone().unwrap();
            drop(poll);
            would_block(server.read(&mut [0; 4]));
            drop(registry);
        }
        // The data that was read is available, the write in flight is an error, and nothing hangs.
        let mut buffer = [0; 16];
        assert_eq!(client.read(&mut buffer).unwrap(), 4);
        assert_eq!(&buffer[..4], b"read");
        let error = server.write(b"x").unwrap_err();
        assert_eq!(error.raw_os_error(), Some(ERROR_OPERATION_ABORTED));
        for result in [
            client.read(&mut buffer),
            server.read(&mut buffer),
            server.write(b"x"),
            server.connect().map(|()| 0),
        ] {
            assert_eq!(result.unwrap_err().kind(), ErrorKind::NotFound);
        }
    }
}

#[test]
fn pipe_moves_to_another_poll_after_its_poll_dropped() {
    let (mut first, _) = new_poll();
    let (mut server, mut client) = pipes::registered_pair(&mut first, Kind::Bytes, 4096);
    drop(first);
    let (mut poll, mut events) = new_poll();
    match poll.registry().register(&mut server, SERVER, BOTH) {
        // Older systems keep a handle with its first completion port.
        Err(error) => {
            assert!(error.raw_os_error().is_some());
            support::not_run(format!("handles keep their port on this system: {error}"));
        }
        Ok(()) => {
            poll.registry().register(&mut client, CLIENT, BOTH).unwrap();
            send(&mut poll, &mut events, &client, CLIENT, b"again");
            assert_eq!(
                receive(&mut poll, &mut events, &server, SERVER, 5),
                b"again"
            );
        }
    }
}

#[test]
fn named_pipe_implements_debug() {
    let (server, _client) = pipes::pair(Kind::Bytes, 4096);
    assert!(format!("{server:?}").starts_with("NamedPipe"));
}
