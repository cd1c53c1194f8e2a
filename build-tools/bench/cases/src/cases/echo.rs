//! Messages that are echoed.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::meter::Meter;
use crate::peer::{Interest, Peer, Watch, must};

/// The message.
const MESSAGE: [u8; 64] = [7; 64];

/// Serves connections. Their clients use std and write in turn. One operation is one message.
pub fn tcp<P: Peer, const CONNECTIONS: usize>(meter: &mut Meter<'_>) {
    let mut selector = P::new();
    let mut events = P::events(1024);
    let (mut listener, address) = P::listen();
    let (mut clients, mut served) = (Vec::new(), Vec::new());
    for token in 0..CONNECTIONS {
        let client = must(TcpStream::connect(address));
        must(client.set_nodelay(true));
        let mut stream = loop {
            if let Ok(stream) = P::accept(&mut listener) {
                break stream;
            }
        };
        selector.registry().add(&mut stream, token, Interest::Read);
        clients.push(client);
        served.push(stream);
    }
    let mut turn = || {
        for client in &mut clients {
            must(client.write_all(&MESSAGE));
        }
        let mut left = CONNECTIONS;
        while left > 0 {
            selector.poll(&mut events, None);
            P::visit(&events, |token, _, _| {
                let Some(stream) = served.get_mut(token) else {
                    return;
                };
                let mut buffer = [0; 256];
                while let Ok(count) = P::read(stream, &mut buffer) {
                    assert_eq!(count, MESSAGE.len());
                    must(P::write(stream, &buffer[..count]));
                    left -= 1;
                }
            });
        }
        for client in &mut clients {
            must(client.read_exact(&mut [0; MESSAGE.len()]));
        }
    };
    turn();
    let turns = meter.n();
    meter.once(turns * CONNECTIONS as u64, || {
        (0..turns).for_each(|_| turn())
    });
    for stream in &mut served {
        selector.registry().remove(stream);
    }
}

/// Two sockets with the same selector send to each other.
pub fn udp<P: Peer>(meter: &mut Meter<'_>) {
    let mut selector = P::new();
    let mut events = P::events(16);
    let ((mut one, here), (mut two, there)) = (P::udp(), P::udp());
    selector.registry().add(&mut one, 1, Interest::Read);
    selector.registry().add(&mut two, 2, Interest::Read);
    let mut buffer = [0; 256];
    meter.each(|| {
        must(P::send_to(&mut one, &MESSAGE, there));
        let mut answered = false;
        while !answered {
            selector.poll(&mut events, None);
            P::visit(&events, |token, _, _| {
                if token == 2 {
                    while P::receive(&mut two, &mut buffer).is_ok() {
                        must(P::send_to(&mut two, &MESSAGE, here));
                    }
                } else {
                    while P::receive(&mut one, &mut buffer).is_ok() {
                        answered = true;
                    }
                }
            });
        }
    });
    selector.registry().remove(&mut one);
    selector.registry().remove(&mut two);
}
