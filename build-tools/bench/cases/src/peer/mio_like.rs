//! This library and upstream's, which have the same API.

macro_rules! mio_like {
    ($module:ident, $crate_name:ident, $peer:ident, $name:literal) => {
        #[doc = concat!("The crate `", stringify!($crate_name), "`.")]
        pub mod $module {
            use std::io::{self, ErrorKind, Read, Write};
            use std::net::SocketAddr;
            #[cfg(unix)]
            use std::os::fd::{FromRawFd, IntoRawFd, OwnedFd};
            #[cfg(windows)]
            use std::os::windows::fs::OpenOptionsExt as _;
            #[cfg(windows)]
            use std::os::windows::io::{FromRawHandle as _, IntoRawHandle as _};
            use std::time::Duration;

            use $crate_name::event::Source;
            use $crate_name::net::{TcpListener, TcpStream, UdpSocket};
            #[cfg(unix)]
            use $crate_name::unix::pipe::Receiver;
            #[cfg(windows)]
            use $crate_name::windows::NamedPipe;
            use $crate_name::{Events, Poll, Registry, Token, Waker};

            use crate::peer::{Interest, Peer, Watch, loopback, must};

            #[doc = $name]
            pub struct $peer(Poll);

            #[inline(always)]
            fn interest(interest: Interest) -> $crate_name::Interest {
                match interest {
                    Interest::Read => $crate_name::Interest::READABLE,
                    Interest::Write => $crate_name::Interest::WRITABLE,
                }
            }

            impl<S: Source> Watch<S> for Registry {
                #[inline(always)]
                fn add(&self, source: &mut S, token: usize, wanted: Interest) {
                    must(self.register(source, Token(token), interest(wanted)));
                }

                #[inline(always)]
                fn change(&self, source: &mut S, token: usize, wanted: Interest) {
                    must(self.reregister(source, Token(token), interest(wanted)));
                }

                #[inline(always)]
                fn remove(&self, source: &mut S) {
                    must(self.deregister(source));
                }
            }

            impl Peer for $peer {
                const NAME: &'static str = $name;
                type Events = Events;
                type Registry = Registry;
                type Waker = Waker;
                #[cfg(unix)]
                type Source = Receiver;
                type Stream = TcpStream;
                type Listener = TcpListener;
                type Udp = UdpSocket;

                fn new() -> $peer {
                    $peer(must(Poll::new()))
                }

                fn events(capacity: usize) -> Events {
                    Events::with_capacity(capacity)
                }

                #[inline(always)]
                fn poll(&mut self, events: &mut Events, timeout: Option<Duration>) {
                    match self.0.poll(events, timeout) {
                        Ok(()) => {}
                        Err(error) if error.kind() == ErrorKind::Interrupted => {}
                        Err(error) => panic!("{error}"),
                    }
                }

                #[inline(always)]
                fn visit(events: &Events, mut see: impl FnMut(usize, bool, bool)) {
                    for event in events {
                        see(event.token().0, event.is_readable(), event.is_writable());
                    }
                }

                fn registry(&self) -> &Registry {
                    self.0.registry()
                }

                fn another_registry(&self) -> Registry {
                    must(self.0.registry().try_clone())
                }

                fn waker(&self, token: usize) -> Waker {
                    must(Waker::new(self.0.registry(), Token(token)))
                }

                #[inline(always)]
                fn wake(waker: &Waker) {
                    must(waker.wake());
                }

                #[cfg(unix)]
                fn source(descriptor: OwnedFd) -> Receiver {
                    // SAFETY: the source has released the fd, which is open and has no other owner.
                    unsafe { Receiver::from_raw_fd(descriptor.into_raw_fd()) }
                }

                #[cfg(unix)]
                fn read_source(source: &mut Receiver, buffer: &mut [u8]) -> io::Result<usize> {
                    source.read(buffer)
                }

                fn listen() -> (TcpListener, SocketAddr) {
                    let listener = must(TcpListener::bind(loopback()));
                    let address = must(listener.local_addr());
                    (listener, address)
                }

                #[inline(always)]
                fn accept(listener: &mut TcpListener) -> io::Result<TcpStream> {
                    listener.accept().map(|(stream, _)| stream)
                }

                #[inline(always)]
                fn connect(address: SocketAddr) -> TcpStream {
                    must(TcpStream::connect(address))
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
                    let address = must(socket.local_addr());
                    (socket, address)
                }

                #[inline(always)]
                fn send_to(
                    socket: &mut UdpSocket,
                    data: &[u8],
                    to: SocketAddr,
                ) -> io::Result<usize> {
                    socket.send_to(data, to)
                }

                #[inline(always)]
                fn receive(socket: &mut UdpSocket, buffer: &mut [u8]) -> io::Result<usize> {
                    socket.recv_from(buffer).map(|(count, _)| count)
                }
            }

            #[cfg(windows)]
            impl crate::peer::Pipes for $peer {
                type Pipe = NamedPipe;

                fn pipes(selector: &$peer) -> (NamedPipe, NamedPipe) {
                    const FILE_FLAG_OVERLAPPED: u32 = 0x4000_0000;
                    let name = crate::peer::pipe_name();
                    let mut server = must(NamedPipe::new(&name));
                    let client = std::fs::OpenOptions::new()
                        .read(true)
                        .write(true)
                        .custom_flags(FILE_FLAG_OVERLAPPED)
                        .open(&name);
                    // SAFETY: the source has released the handle, which is open and unowned.
                    let mut client =
                        unsafe { NamedPipe::from_raw_handle(must(client).into_raw_handle()) };
                    let registry = selector.registry();
                    registry.add(&mut server, 1, Interest::Read);
                    registry.add(&mut client, 2, Interest::Read);
                    match server.connect() {
                        Err(error) if error.kind() != ErrorKind::WouldBlock => panic!("{error}"),
                        _ => {}
                    }
                    (server, client)
                }

                fn read_pipe(pipe: &mut NamedPipe, buffer: &mut [u8]) -> io::Result<usize> {
                    pipe.read(buffer)
                }

                fn write_pipe(pipe: &mut NamedPipe, data: &[u8]) -> io::Result<usize> {
                    pipe.write(data)
                }
            }
        }
    };
}

mio_like!(ours, mio, Ours, "ours");
mio_like!(upstream, upstream, Upstream, "upstream");
