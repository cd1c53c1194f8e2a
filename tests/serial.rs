//! A serial port as a `NamedPipe`, as mio-serial and tokio-serial use it.
//!
//! `MIO_TEST_SERIAL` names a port whose other end echoes, and is unplugged when it reads a byte 4.
//! Under Wine a pseudo-terminal can stand for one: `dosdevices/com9` of the prefix links to it.
#![cfg(all(windows, feature = "os-ext"))]

mod support;

use std::fs::OpenOptions;
use std::io::{ErrorKind, Read, Write};
use std::os::windows::fs::OpenOptionsExt;
use std::time::Instant;

use mio::Token;
use support::pipes::{self, BOTH};
use support::{LONG, new_poll, poll_events, would_block};

const FILE_FLAG_OVERLAPPED: u32 = 0x4000_0000;
const PORT: Token = Token(3);

/// A serial port without COMMTIMEOUTS completes a read only when it is full
/// (<https://learn.microsoft.com/windows/win32/api/winbase/ns-winbase-commtimeouts>), so the first
/// read must be of one byte. Unplugging the port with a read in flight is an error, no panic.
#[test]
#[ignore = "needs a serial port: MIO_TEST_SERIAL"]
fn serial_port_reports_each_byte_and_its_end() {
    let name = std::env::var("MIO_TEST_SERIAL").expect("MIO_TEST_SERIAL names a serial port");
    let port = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(FILE_FLAG_OVERLAPPED)
        .open(name);
    let mut port = pipes::from_file(port.unwrap());
    let (mut poll, mut events) = new_poll();
    poll.registry().register(&mut port, PORT, BOTH).unwrap();
    for message in [&b"x"[..], b"hello", &[7; 600]] {
        would_block(port.read(&mut [0; 1]));
        assert_eq!(port.write(message).unwrap(), message.len());
        let mut got = Vec::new();
        let end = Instant::now() + LONG;
        while got.len() < message.len() {
            assert!(Instant::now() < end, "{got:?}");
            poll_events(&mut poll, &mut events, LONG);
            assert!(events.iter().all(|event| event.token() == PORT));
            let mut byte = [0; 1];
            loop {
                match port.read(&mut byte) {
                    Ok(count) => got.extend_from_slice(&byte[..count]),
                    Err(error) => {
                        assert_eq!(error.kind(), ErrorKind::WouldBlock);
                        break;
                    }
                }
            }
        }
        assert_eq!(got, message);
    }

    assert_eq!(port.write(&[4]).unwrap(), 1);
    let end = Instant::now() + LONG;
    loop {
        assert!(Instant::now() < end);
        match port.read(&mut [0; 8]) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                poll_events(&mut poll, &mut events, LONG);
            }
            // The driver decides between an end and an error.
            Ok(count) => {
                assert_eq!(count, 0);
                break;
            }
            Err(_) => break,
        }
    }
    // The write in flight fails, or the next one.
    let mut written = Ok(0);
    while written.is_ok() {
        assert!(Instant::now() < end);
        written = port.write(b"x");
        match &written {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                poll_events(&mut poll, &mut events, LONG);
                written = Ok(0);
            }
            _ => {}
        }
    }
    poll.registry().deregister(&mut port).unwrap();
    support::assert_no_event(&mut poll, &mut events, PORT);
}
