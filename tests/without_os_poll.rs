//! Without the feature `os-poll`, `Poll::new` is an error, and sockets work.
#![cfg(not(feature = "os-poll"))]

use std::io::ErrorKind;

use mio::{Events, Poll};

#[test]
fn poll_new_is_unsupported() {
    assert_eq!(Poll::new().unwrap_err().kind(), ErrorKind::Unsupported);
    let mut events = Events::with_capacity(16);
    assert_eq!(events.capacity(), 16);
    assert!(events.is_empty());
    events.clear();
    assert_eq!(events.iter().count(), 0);
}

#[cfg(feature = "net")]
mod sockets {
    use std::io::{ErrorKind, Read, Write};

    use mio::net::{TcpListener, TcpStream, UdpSocket};

    #[test]
    fn streams_carry_data() {
        let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut server, _) = loop {
            match listener.accept() {
                Ok(accepted) => break accepted,
                Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
            }
        };
        server.write_all(b"hello").unwrap();
        let mut buffer = [0; 16];
        let count = loop {
            match client.read(&mut buffer) {
                Ok(count) => break count,
                Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
            }
        };
        assert_eq!(&buffer[..count], b"hello");
    }

    #[test]
    fn datagrams_carry_data() {
        let one = UdpSocket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let two = UdpSocket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        assert_eq!(
            one.recv(&mut [0; 4]).unwrap_err().kind(),
            ErrorKind::WouldBlock
        );
        two.send_to(b"hi", one.local_addr().unwrap()).unwrap();
        let mut buffer = [0; 4];
        assert_eq!(one.recv(&mut buffer).unwrap(), 2);
    }
}
