//! The crate `polling` with std's sockets, edge-triggered if its backend supports that.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::num::NonZeroUsize;
#[cfg(unix)]
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
#[cfg(windows)]
use std::os::windows::io::{AsRawSocket, AsSocket};
use std::sync::Arc;
use std::time::Duration;

use polling::{Event, Events, PollMode};

use crate::peer::{Interest, Peer, Watch, loopback, must};

/// A poller of `polling`.
pub struct Poller {
    registry: Registry,
}

/// Registers sources.
#[derive(Clone)]
pub struct Registry {
    poller: Arc<polling::Poller>,
    mode: PollMode,
}

fn event(token: usize, interest: Interest) -> Event {
    match interest {
        Interest::Read => Event::readable(token),
        Interest::Write => Event::writable(token),
    }
}

macro_rules! watch {
    ($($source:ty: $raw:ident $safe:ident),*) => { $(
        impl Watch<$source> for Registry {
            #[inline(always)]
            fn add(&self, source: &mut $source, token: usize, interest: Interest) {
                // SAFETY: every case deregisters its sources or drops the poller before it drops
                // them.
                let result = unsafe {
                    self.poller.add_with_mode(source.$raw(), event(token, interest), self.mode)
                };
                must(result);
            }

            #[inline(always)]
            fn change(&self, source: &mut $source, token: usize, interest: Interest) {
                let source = source.$safe();
                must(self.poller.modify_with_mode(source, event(token, interest), self.mode));
            }

            #[inline(always)]
            fn remove(&self, source: &mut $source) {
                must(self.poller.delete(source.$safe()));
            }
        }
    )* };
}

#[cfg(unix)]
watch! {
    OwnedFd: as_raw_fd as_fd,
    TcpStream: as_raw_fd as_fd,
    TcpListener: as_raw_fd as_fd,
    UdpSocket: as_raw_fd as_fd
}
#[cfg(windows)]
watch! {
    TcpStream: as_raw_socket as_socket,
    TcpListener: as_raw_socket as_socket,
    UdpSocket: as_raw_socket as_socket
}

impl Peer for Poller {
    const NAME: &'static str = "polling";
    type Events = Events;
    type Registry = Registry;
    type Waker = Arc<polling::Poller>;
    #[cfg(unix)]
    type Source = OwnedFd;
    type Stream = TcpStream;
    type Listener = TcpListener;
    type Udp = UdpSocket;

    fn new() -> Poller {
        let poller = Arc::new(must(polling::Poller::new()));
        let mode = if poller.supports_edge() {
            PollMode::Edge
        } else {
            PollMode::Level
        };
        Poller {
            registry: Registry { poller, mode },
        }
    }

    fn events(capacity: usize) -> Events {
        NonZeroUsize::new(capacity).map_or_else(Events::new, Events::with_capacity)
    }

    #[inline(always)]
    fn poll(&mut self, events: &mut Events, timeout: Option<Duration>) {
        events.clear();
        match self.registry.poller.wait(events, timeout) {
            Ok(_) => {}
            // The poll(2) backend returns `WouldBlock` when several threads notify at once. A
            // caller polls again.
            Err(error)
                if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock) => {}
            Err(error) => panic!("{error}"),
        }
    }

    #[inline(always)]
    fn visit(events: &Events, mut see: impl FnMut(usize, bool, bool)) {
        for event in events.iter() {
            see(event.key, event.readable, event.writable);
        }
    }

    fn registry(&self) -> &Registry {
        &self.registry
    }

    fn another_registry(&self) -> Registry {
        self.registry.clone()
    }

    fn waker(&self, _: usize) -> Arc<polling::Poller> {
        Arc::clone(&self.registry.poller)
    }

    #[inline(always)]
    fn wake(waker: &Arc<polling::Poller>) {
        must(waker.notify());
    }

    #[cfg(unix)]
    fn source(descriptor: OwnedFd) -> OwnedFd {
        descriptor
    }

    #[cfg(unix)]
    #[inline(always)]
    fn read_source(source: &mut OwnedFd, buffer: &mut [u8]) -> io::Result<usize> {
        crate::peer::bare_socket::read(source.as_fd(), buffer)
    }

    fn listen() -> (TcpListener, SocketAddr) {
        let listener = must(TcpListener::bind(loopback()));
        must(listener.set_nonblocking(true));
        let address = must(listener.local_addr());
        (listener, address)
    }

    #[inline(always)]
    fn accept(listener: &mut TcpListener) -> io::Result<TcpStream> {
        let (stream, _) = listener.accept()?;
        stream.set_nonblocking(true)?;
        Ok(stream)
    }

    #[cfg(unix)]
    #[inline(always)]
    fn connect(address: SocketAddr) -> TcpStream {
        // std has no non-blocking connect.
        TcpStream::from(crate::peer::bare_socket::connect(address))
    }

    #[cfg(windows)]
    #[inline(always)]
    fn connect(address: SocketAddr) -> TcpStream {
        let stream = must(TcpStream::connect(address));
        must(stream.set_nonblocking(true));
        stream
    }

    #[inline(always)]
    fn read(stream: &mut TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
        stream.read(buffer)
    }

    #[inline(always)]
    fn write(stream: &mut TcpStream, buffer: &[u8]) -> io::Result<usize> {
        stream.write(buffer)
    }

    fn udp() -> (UdpSocket, SocketAddr) {
        let socket = must(UdpSocket::bind(loopback()));
        must(socket.set_nonblocking(true));
        let address = must(socket.local_addr());
        (socket, address)
    }

    #[inline(always)]
    fn send_to(socket: &mut UdpSocket, data: &[u8], to: SocketAddr) -> io::Result<usize> {
        socket.send_to(data, to)
    }

    #[inline(always)]
    fn receive(socket: &mut UdpSocket, buffer: &mut [u8]) -> io::Result<usize> {
        socket.recv_from(buffer).map(|(count, _)| count)
    }
}
