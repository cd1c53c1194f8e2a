//! Connections that come and go.

use std::net::{TcpListener, TcpStream};
use std::os::fd::AsRawFd;

use crate::meter::Meter;
use crate::peer::{Interest, Peer, Watch, loopback, must};

/// Makes `close` forget the connection at once, so that ports do not run out.
fn forget_at_once(stream: &TcpStream) {
    let linger = libc::linger {
        l_onoff: 1,
        l_linger: 0,
    };
    // SAFETY: setsockopt(2) reads an option of the length that is told.
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

/// A client comes, is accepted and registered, and goes.
pub fn accept<P: Peer>(meter: &mut Meter<'_>) {
    let mut queue = P::new();
    let mut events = P::events(16);
    let (mut listener, address) = P::listen();
    queue.registry().add(&mut listener, 1, Interest::Read);
    meter.each(|| {
        let client = must(TcpStream::connect(address));
        forget_at_once(&client);
        let mut accepted = None;
        while accepted.is_none() {
            queue.poll(&mut events, None);
            while let Ok(stream) = P::accept(&mut listener) {
                accepted = Some(stream);
            }
        }
        drop(client);
        if let Some(stream) = &mut accepted {
            queue.registry().add(stream, 2, Interest::Read);
            queue.registry().remove(stream);
        }
    });
    queue.registry().remove(&mut listener);
}

/// A connection is made, waited for and closed.
pub fn connect<P: Peer>(meter: &mut Meter<'_>) {
    let mut queue = P::new();
    let mut events = P::events(16);
    let listener = must(TcpListener::bind(loopback()));
    let address = must(listener.local_addr());
    meter.each(|| {
        let mut stream = P::connect(address);
        queue.registry().add(&mut stream, 1, Interest::Write);
        let mut connected = false;
        while !connected {
            queue.poll(&mut events, None);
            P::visit(&events, |_, _, writable| connected |= writable);
        }
        queue.registry().remove(&mut stream);
        let (server, _) = must(listener.accept());
        forget_at_once(&server);
        drop(server);
    });
}
