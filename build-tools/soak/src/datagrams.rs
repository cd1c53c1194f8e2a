//! A client of datagrams: one request at a time, to a server that echoes it.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Instant;

use mio::net::UdpSocket;
use mio::{Interest, Registry};

use crate::shared::{BOUND, Count, Id, Kind, Latency, Shared};
use crate::slots::Trail;

/// The bytes of the number that a datagram starts with.
const NUMBER: usize = 8;

pub(crate) struct Datagrams {
    socket: UdpSocket,
    /// The datagram on its way.
    request: Vec<u8>,
    waits: bool,
    started: Instant,
    pub(crate) requests: u32,
    pub(crate) trail: Trail,
}

impl Datagrams {
    pub(crate) fn new(
        registry: &Registry,
        id: Id,
        server: SocketAddr,
        requests: u32,
    ) -> io::Result<Datagrams> {
        let mut socket = UdpSocket::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        socket.connect(server)?;
        registry.register(&mut socket, id.token(), Interest::READABLE)?;
        Ok(Datagrams {
            socket,
            request: Vec::with_capacity(2048),
            waits: false,
            started: Instant::now(),
            requests,
            trail: Trail::default(),
        })
    }

    pub(crate) fn send(&mut self, rng: &mut fastrand::Rng, shared: &Shared) -> io::Result<()> {
        self.request.clear();
        self.request.extend(rng.u64(..).to_le_bytes());
        let length = rng.usize(0..1200);
        self.request.extend((0..length).map(|byte| byte as u8));
        self.started = Instant::now();
        match self.socket.send(&self.request) {
            Ok(_) => {
                shared.operation(Kind::UdpClient);
                self.waits = true;
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Reads all datagrams. Returns whether the reply was among them.
    pub(crate) fn receive(&mut self, shared: &Shared, buffer: &mut [u8]) -> Result<bool, String> {
        let mut has_replied = false;
        loop {
            match self.socket.recv(buffer) {
                Ok(count) => {
                    shared.operation(Kind::UdpClient);
                    let reply = &buffer[..count];
                    let is_stray = !self.waits || reply.get(..NUMBER) != self.request.get(..NUMBER);
                    if is_stray {
                        // The reply to an earlier socket with the same port.
                        shared.count(Count::StrayDatagrams, 1);
                    } else if reply != self.request {
                        return Err(format!("wrong bytes in a datagram; {}", self.trail));
                    } else {
                        self.waits = false;
                        has_replied = true;
                        shared.timed(Latency::Udp, self.started);
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(has_replied),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(format!("recv: {error}; {}", self.trail)),
            }
        }
    }

    pub(crate) fn overdue(&self) -> Option<String> {
        let waits = self.waits && self.started.elapsed() > BOUND;
        waits.then(|| {
            format!(
                "no reply for {:.1} s; {}",
                self.started.elapsed().as_secs_f64(),
                self.trail
            )
        })
    }
}
