//! Windows: sockets over AFD, and named pipes.

use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use crate::meter::Meter;
use crate::peer::{Interest, Peer, Pipes, Watch, loopback, must};

/// A selector, its sockets, and a socket that sends to them.
struct Scene<P: Peer> {
    selector: P,
    events: P::Events,
    sockets: Vec<(P::Udp, SocketAddr)>,
    sender: UdpSocket,
}

impl<P: Peer> Scene<P> {
    fn new(total: usize) -> Scene<P> {
        Scene {
            selector: P::new(),
            events: P::events(1024),
            sockets: (0..total).map(|_| P::udp()).collect(),
            sender: must(UdpSocket::bind(loopback())),
        }
    }

    fn add_all(&mut self) {
        let registry = self.selector.registry();
        for (token, (socket, _)) in self.sockets.iter_mut().enumerate() {
            registry.add(socket, token, Interest::Read);
        }
    }

    fn change_all(&mut self) {
        let registry = self.selector.registry();
        for (token, (socket, _)) in self.sockets.iter_mut().enumerate() {
            registry.change(socket, token + 1, Interest::Read);
        }
    }

    fn remove_all(&mut self) {
        let registry = self.selector.registry();
        for (socket, _) in &mut self.sockets {
            registry.remove(socket);
        }
    }

    /// Polls with a zero timeout. Selectors submit the requests for new registrations to AFD here.
    fn poll(&mut self) {
        self.selector.poll(&mut self.events, Some(Duration::ZERO));
    }
}

/// Registers this number of sockets that never receive anything, calls `started`, and blocks in a
/// poll of them for good.
pub fn idle<P: Peer>(sockets: usize, started: impl FnOnce()) -> ! {
    let mut scene = Scene::<P>::new(sockets);
    scene.add_all();
    scene.poll();
    started();
    loop {
        scene.selector.poll(&mut scene.events, None);
    }
}

/// Registers and reregisters sockets. Selectors submit the requests to AFD in the next poll.
pub fn register<P: Peer, const SOCKETS: usize>(meter: &mut Meter<'_>) {
    let mut scene = Scene::<P>::new(SOCKETS);
    scene.add_all();
    meter.prepared(1, &mut scene, Scene::remove_all, |scene| {
        scene.add_all();
        scene.change_all();
    });
    scene.remove_all();
}

/// Registers and reregisters sockets, and polls, which submits the requests to AFD.
pub fn register_and_poll<P: Peer, const SOCKETS: usize>(meter: &mut Meter<'_>) {
    let mut scene = Scene::<P>::new(SOCKETS);
    scene.add_all();
    let end = |scene: &mut Scene<P>| {
        scene.remove_all();
        // Delivers the packets of the requests in flight.
        (0..4).for_each(|_| scene.poll());
    };
    meter.prepared(1, &mut scene, end, |scene| {
        scene.add_all();
        scene.change_all();
        scene.poll();
    });
    scene.remove_all();
}

/// `READY` of `TOTAL` sockets have a datagram; polls until all are reported.
pub fn ready<P: Peer, const READY: usize, const TOTAL: usize>(meter: &mut Meter<'_>) {
    let mut scene = Scene::<P>::new(TOTAL);
    scene.add_all();
    let first = TOTAL - READY;
    let send = |scene: &mut Scene<P>| {
        for (socket, _) in &mut scene.sockets[first..] {
            while P::receive(socket, &mut [0; 8]).is_ok() {}
        }
        scene.poll();
        for (_, address) in &scene.sockets[first..] {
            must(scene.sender.send_to(&[1], address));
        }
    };
    meter.prepared(1, &mut scene, send, |scene| {
        let mut readable = 0;
        while readable < READY {
            scene.selector.poll(&mut scene.events, None);
            P::visit(&scene.events, |_, read, _| readable += usize::from(read));
        }
    });
    scene.remove_all();
}

/// Sends a message through a named pipe, and one back.
pub fn pipe<P: Pipes>(meter: &mut Meter<'_>) {
    const MESSAGE: [u8; 64] = [7; 64];
    let mut selector = P::new();
    let mut events = P::events(16);
    let (mut server, mut client) = P::pipes(&selector);
    let mut pass = |from: &mut P::Pipe, to: &mut P::Pipe| {
        while let Err(error) = P::write_pipe(from, &MESSAGE) {
            // The last write has not been reported yet.
            assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}");
            selector.poll(&mut events, None);
        }
        let mut got = 0;
        while got < MESSAGE.len() {
            match P::read_pipe(to, &mut [0; 256]) {
                Ok(count) => got += count,
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}");
                    selector.poll(&mut events, None);
                }
            }
        }
    };
    meter.each(|| {
        pass(&mut client, &mut server);
        pass(&mut server, &mut client);
    });
}
