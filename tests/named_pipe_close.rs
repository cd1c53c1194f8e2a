//! Named pipes: operations that are cancelled, peers that are gone, and drops.
#![cfg(all(windows, feature = "os-ext"))]

mod support;

use std::io::{ErrorKind, Read, Write};

use support::pipes::{self, BOTH, CLIENT, Kind, SERVER, read_at_last, receive, send};
use support::{nothing_comes, queue, wait_for, would_block};

const ERROR_NO_DATA: i32 = 232;
const ERROR_PIPE_NOT_CONNECTED: i32 = 233;
const ERROR_OPERATION_ABORTED: i32 = 995;

// completions in any state.

#[test]
fn reads_and_writes_that_others_cancel() {
    let (mut queue, mut events) = queue();
    let (mut server, client) = pipes::registered(&mut queue, Kind::Bytes, 4096);
    assert_eq!(server.write(&[7; 300_000]).unwrap(), 300_000);
    pipes::cancel_all(&server);
    wait_for(&mut queue, &mut events, SERVER, |event| event.is_writable());
    // on the next write.
    let error = server.write(b"x").unwrap_err();
    assert_eq!(error.raw_os_error(), Some(ERROR_OPERATION_ABORTED));
    // A read that was cancelled has taken nothing, and is started again.
    would_block(server.read(&mut [0; 4]));
    send(&mut queue, &mut events, &client, CLIENT, b"hello");
    let got = receive(&mut queue, &mut events, &server, SERVER, 5);
    assert_eq!(got, b"hello");
}

#[test]
fn operations_end_after_deregister() {
    let (mut queue, mut events) = queue();
    let (mut server, mut client) = pipes::registered(&mut queue, Kind::Bytes, 4096);
    assert_eq!(client.write(&[7; 10_000]).unwrap(), 10_000);
    queue.registry().deregister(&mut server).unwrap();
    queue.registry().deregister(&mut client).unwrap();
    nothing_comes(&mut queue, &mut events, SERVER);
    nothing_comes(&mut queue, &mut events, CLIENT);
    // What was read is there, and what would have to be started is not.
    assert_eq!(server.read(&mut [0; 9000]).unwrap(), 4096);
    let error = server.read(&mut [0; 4]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(server.write(b"a").unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(server.connect().unwrap_err().kind(), ErrorKind::NotFound);
    // The rest comes with the next registration.
    queue
        .registry()
        .register(&mut server, SERVER, BOTH)
        .unwrap();
    assert_eq!(
        receive(&mut queue, &mut events, &server, SERVER, 10_000 - 4096),
        [7; 10_000 - 4096]
    );
}

#[test]
fn the_peer_is_gone() {
    let (mut queue, mut events) = queue();
    let (mut server, client) = pipes::registered(&mut queue, Kind::Bytes, 4096);
    drop(client);
    wait_for(&mut queue, &mut events, SERVER, |event| event.is_readable());
    assert_eq!(server.read(&mut [0; 4]).unwrap(), 0);
    // on that write.
    let error = server.write(b"1234").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    assert_eq!(error.raw_os_error(), Some(ERROR_NO_DATA));
}

#[test]
fn a_write_fails_when_the_peer_goes() {
    let (mut queue, mut events) = queue();
    let (mut server, client) = pipes::registered(&mut queue, Kind::Bytes, 4096);
    assert_eq!(server.write(&[7; 300_000]).unwrap(), 300_000);
    would_block(server.write(b"more"));
    drop(client);
    wait_for(&mut queue, &mut events, SERVER, |event| event.is_writable());
    assert!(server.write(b"more").unwrap_err().raw_os_error().is_some());
}

#[test]
fn a_client_that_was_disconnected() {
    let (mut queue, mut events) = queue();
    let (server, client) = pipes::registered(&mut queue, Kind::Bytes, 4096);
    server.disconnect().unwrap();
    let error = read_at_last(&mut queue, &mut events, &client, CLIENT).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(ERROR_PIPE_NOT_CONNECTED));
    // That is for servers only.
    assert!(client.disconnect().is_err());
}

// dropping.

#[test]
fn data_written_before_the_drop_arrives() {
    let data: Vec<u8> = (0..200_000).map(|byte| byte as u8).collect();
    for _ in 0..3 {
        let (mut queue, mut events) = queue();
        let (mut server, mut client) = pipes::registered(&mut queue, Kind::Bytes, 4096);
        assert_eq!(client.write(&data).unwrap(), data.len());
        drop(client);
        assert_eq!(
            receive(&mut queue, &mut events, &server, SERVER, data.len()),
            data
        );
        assert_eq!(
            read_at_last(&mut queue, &mut events, &server, SERVER).unwrap(),
            0
        );
        assert!(server.write(b"x").is_err());
    }
}

#[test]
fn a_pipe_outlives_its_queue() {
    for order in 0..2 {
        let (mut queue, mut events) = queue();
        let (mut server, mut client) = pipes::registered(&mut queue, Kind::Bytes, 4096);
        assert_eq!(server.write(b"read").unwrap(), 4);
        wait_for(&mut queue, &mut events, CLIENT, |event| event.is_readable());
        assert_eq!(server.write(&[7; 300_000]).unwrap(), 300_000);
        if order == 0 {
            drop(queue);
        } else {
            let registry = queue.registry().try_clone().unwrap();
            drop(queue);
            would_block(server.read(&mut [0; 4]));
            drop(registry);
        }
        // What was read is there; what was not written is known to be lost; and nothing hangs.
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
fn a_pipe_moves_to_another_queue_when_its_own_is_gone() {
    let (mut first, _) = queue();
    let (mut server, mut client) = pipes::registered(&mut first, Kind::Bytes, 4096);
    drop(first);
    let (mut queue, mut events) = queue();
    match queue.registry().register(&mut server, SERVER, BOTH) {
        // Older systems keep a handle with its first port.
        Err(error) => {
            assert!(error.raw_os_error().is_some());
            support::not_run(format!("this system does not let go of handles: {error}"));
        }
        Ok(()) => {
            queue
                .registry()
                .register(&mut client, CLIENT, BOTH)
                .unwrap();
            send(&mut queue, &mut events, &client, CLIENT, b"again");
            assert_eq!(
                receive(&mut queue, &mut events, &server, SERVER, 5),
                b"again"
            );
        }
    }
}

#[test]
fn it_prints() {
    let (server, _client) = pipes::pair(Kind::Bytes, 4096);
    assert!(format!("{server:?}").starts_with("NamedPipe"));
}
