//! Short connections.

use std::net::{TcpListener, TcpStream};
use std::os::fd::AsRawFd;

use crate::meter::Meter;
use crate::peer::{Interest, Peer, Watch, loopback, must};

/// Makes `close` reset the connection. Ports in TIME_WAIT would run out.
fn reset_on_close(stream: &TcpStream) {
    let linger = libc::linger {
        l_onoff: 1,
        l_linger: 0,
    };
    // SAFETY: setsockopt(2) reads an option of the given length.
    let result = unsafe {
        libc::setsockopt(
            stream.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_LINGER,
            (&raw const linger).cast(),
            size_of::<libc::linger>() as libc::socklen_t,
        )
    };
    assert_eq!(result, 0);
}

/// Accepts, registers and closes a connection.
pub fn accept<P: Peer>(meter: &mut Meter<'_>) {
    let mut selector = P::new();
    let mut events = P::events(16);
    let (mut listener, address) = P::listen();
    selector.registry().add(&mut listener, 1, Interest::Read);
    meter.each(|| {
        let client = must(TcpStream::connect(address));
        reset_on_close(&client);
        let mut accepted = None;
        while accepted.is_none() {
            selector.poll(&mut events, None);
            while let Ok(stream) = P::accept(&mut listener) {
                accepted = Some(stream);
            }
        }
        drop(client);
        if let Some(stream) = &mut accepted {
            selector.registry().add(stream, 2, Interest::Read);
            selector.registry().remove(stream);
        }
    });
    selector.registry().remove(&mut listener);
}

/// Connects, waits and closes.
pub fn connect<P: Peer>(meter: &mut Meter<'_>) {
    let mut selector = P::new();
    let mut events = P::events(16);
    let listener = must(TcpListener::bind(loopback()));
    let address = must(listener.local_addr());
    meter.each(|| {
        let mut stream = P::connect(address);
        selector.registry().add(&mut stream, 1, Interest::Write);
        let mut connected = false;
        while !connected {
            selector.poll(&mut events, None);
            P::visit(&events, |_, _, writable| connected |= writable);
        }
        selector.registry().remove(&mut stream);
        let (server, _) = must(listener.accept());
        reset_on_close(&server);
        drop(server);
    });
}
