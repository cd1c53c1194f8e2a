//! Every public item of mio 1.2.5, with its type. The file must also compile against mio 1.2.5.
//!
//! A method is assigned to a function pointer of its full type, a constant function is called in a
//! constant. Items that only this library has are in `api_superset.rs`.
#![cfg(all(
    any(unix, windows),
    feature = "os-poll",
    feature = "os-ext",
    feature = "net"
))]
#![allow(clippy::type_complexity)] // The types are the test.

use std::fmt::Debug;
use std::hash::Hash;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr};
use std::ops::{BitOr, BitOrAssign};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::Duration;

use mio::event::{self, Event, Source};
use mio::net::{TcpListener, TcpStream, UdpSocket};
use mio::{Events, Interest, Poll, Registry, Token, Waker};

fn all<T: Send + Sync + Unpin + UnwindSafe + RefUnwindSafe>() {}
fn debug<T: Debug>() {}
fn value<T: Copy + Clone + Debug + PartialEq + Eq + PartialOrd + Ord>() {}
fn from<T: From<U>, U>() {}
fn source<T: Source + ?Sized>() {}
fn reads<T: Read>() {}
fn writes<T: Write>() {}

#[test]
fn auto_traits() {
    all::<Poll>();
    all::<Registry>();
    all::<Events>();
    all::<Event>();
    all::<event::Iter<'_>>();
    all::<Token>();
    all::<Interest>();
    all::<Waker>();
    all::<TcpListener>();
    all::<TcpStream>();
    all::<UdpSocket>();
}

#[test]
fn traits() {
    value::<Token>();
    value::<Interest>();
    fn hash<T: Hash>() {}
    hash::<Token>();
    from::<usize, Token>();
    fn bits<T: BitOr<Output = T> + BitOrAssign>() {}
    bits::<Interest>();
    fn clones<T: Clone>() {}
    clones::<Event>();
    debug::<Poll>();
    debug::<Registry>();
    debug::<Events>();
    debug::<Event>();
    debug::<Waker>();
    debug::<event::Iter<'_>>();
    fn iterates<'a, T: Iterator<Item = &'a Event> + Clone>() {}
    iterates::<event::Iter<'_>>();
    fn into_iter<'a>()
    where
        &'a Events: IntoIterator<Item = &'a Event, IntoIter = event::Iter<'a>>,
    {
    }
    into_iter();
    source::<Box<dyn Source>>();
    source::<Box<TcpStream>>();
    source::<TcpListener>();
    source::<TcpStream>();
    source::<UdpSocket>();
    from::<std::net::TcpListener, TcpListener>();
    from::<std::net::TcpStream, TcpStream>();
    from::<std::net::UdpSocket, UdpSocket>();
    reads::<TcpStream>();
    reads::<&TcpStream>();
    writes::<TcpStream>();
    writes::<&TcpStream>();
}

#[test]
fn poll_and_registry() {
    type Registers = fn(&Registry, &mut TcpStream, Token, Interest) -> io::Result<()>;
    let _: fn() -> io::Result<Poll> = Poll::new;
    let _: fn(&Poll) -> &Registry = Poll::registry;
    let _: fn(&mut Poll, &mut Events, Option<Duration>) -> io::Result<()> = Poll::poll;
    let _: Registers = Registry::register::<TcpStream>;
    let _: Registers = Registry::reregister::<TcpStream>;
    let _: fn(&Registry, &mut TcpStream) -> io::Result<()> = Registry::deregister::<TcpStream>;
    fn unsized_source(registry: &Registry, source: &mut dyn Source) -> io::Result<()> {
        registry.deregister(source)
    }
    let _: fn(&Registry, &mut dyn Source) -> io::Result<()> = unsized_source;
    let _: fn(&Registry) -> io::Result<Registry> = Registry::try_clone;
    let _: fn(&Registry, Token) -> io::Result<Waker> = Waker::new;
    let _: fn(&Waker) -> io::Result<()> = Waker::wake;
    type Changes = fn(&mut TcpStream, &Registry, Token, Interest) -> io::Result<()>;
    let _: Changes = Source::register;
    let _: Changes = Source::reregister;
    let _: fn(&mut TcpStream, &Registry) -> io::Result<()> = Source::deregister;
}

#[test]
fn events() {
    let _: fn(usize) -> Events = Events::with_capacity;
    let _: fn(&Events) -> usize = Events::capacity;
    let _: fn(&Events) -> bool = Events::is_empty;
    let _: for<'a> fn(&'a Events) -> event::Iter<'a> = Events::iter;
    let _: fn(&mut Events) = Events::clear;
    let _: fn(&Event) -> Token = Event::token;
    let _: [fn(&Event) -> bool; 8] = [
        Event::is_readable,
        Event::is_writable,
        Event::is_error,
        Event::is_read_closed,
        Event::is_write_closed,
        Event::is_priority,
        Event::is_aio,
        Event::is_lio,
    ];
    let _: fn(Events) = drop::<mio::event::Events>;
}

#[test]
fn interests() {
    const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);
    const IS: [bool; 5] = [
        BOTH.is_readable(),
        BOTH.is_writable(),
        BOTH.is_aio(),
        BOTH.is_lio(),
        BOTH.is_priority(),
    ];
    assert_eq!(IS, [true, true, false, false, false]);
    let _: fn(Interest, Interest) -> Option<Interest> = Interest::remove;
    assert_eq!(format!("{BOTH:?}"), "READABLE | WRITABLE");
    assert_eq!(size_of::<Option<Interest>>(), 1);
    assert!(Interest::READABLE < Interest::WRITABLE);
    let Token(number) = Token(3);
    assert_eq!(usize::from(Token(number)), 3);
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        const PRIORITY: Interest = Interest::PRIORITY;
        assert!(PRIORITY.is_priority() && Interest::WRITABLE < PRIORITY);
        assert_eq!(
            format!("{:?}", BOTH | PRIORITY),
            "READABLE | WRITABLE | PRIORITY"
        );
    }
}

/// The methods of `TcpListener`.
#[test]
fn tcp_listener() {
    let _: fn(SocketAddr) -> io::Result<TcpListener> = TcpListener::bind;
    let _: fn(std::net::TcpListener) -> TcpListener = TcpListener::from_std;
    let _: fn(&TcpListener) -> io::Result<(TcpStream, SocketAddr)> = TcpListener::accept;
    let _: fn(&TcpListener) -> io::Result<SocketAddr> = TcpListener::local_addr;
    let _: fn(&TcpListener, u32) -> io::Result<()> = TcpListener::set_ttl;
    let _: fn(&TcpListener) -> io::Result<u32> = TcpListener::ttl;
    let _: fn(&TcpListener) -> io::Result<Option<io::Error>> = TcpListener::take_error;
}

/// The methods of `TcpStream`.
#[test]
fn tcp_stream() {
    let _: fn(SocketAddr) -> io::Result<TcpStream> = TcpStream::connect;
    let _: fn(std::net::TcpStream) -> TcpStream = TcpStream::from_std;
    let _: fn(&TcpStream) -> io::Result<SocketAddr> = TcpStream::peer_addr;
    let _: fn(&TcpStream) -> io::Result<SocketAddr> = TcpStream::local_addr;
    let _: fn(&TcpStream, Shutdown) -> io::Result<()> = TcpStream::shutdown;
    let _: fn(&TcpStream, bool) -> io::Result<()> = TcpStream::set_nodelay;
    let _: fn(&TcpStream) -> io::Result<bool> = TcpStream::nodelay;
    let _: fn(&TcpStream, u32) -> io::Result<()> = TcpStream::set_ttl;
    let _: fn(&TcpStream) -> io::Result<u32> = TcpStream::ttl;
    let _: fn(&TcpStream) -> io::Result<Option<io::Error>> = TcpStream::take_error;
    let _: fn(&TcpStream, &mut [u8]) -> io::Result<usize> = TcpStream::peek;
    let _: fn(&TcpStream, fn() -> io::Result<u8>) -> io::Result<u8> =
        TcpStream::try_io::<fn() -> io::Result<u8>, u8>;
}

/// The methods of `UdpSocket`.
#[test]
fn udp_socket() {
    let _: fn(SocketAddr) -> io::Result<UdpSocket> = UdpSocket::bind;
    let _: fn(std::net::UdpSocket) -> UdpSocket = UdpSocket::from_std;
    let _: fn(&UdpSocket) -> io::Result<SocketAddr> = UdpSocket::local_addr;
    let _: fn(&UdpSocket) -> io::Result<SocketAddr> = UdpSocket::peer_addr;
    let _: fn(&UdpSocket, &[u8], SocketAddr) -> io::Result<usize> = UdpSocket::send_to;
    let _: fn(&UdpSocket, &mut [u8]) -> io::Result<(usize, SocketAddr)> = UdpSocket::recv_from;
    let _: fn(&UdpSocket, &mut [u8]) -> io::Result<(usize, SocketAddr)> = UdpSocket::peek_from;
    let _: fn(&UdpSocket, &[u8]) -> io::Result<usize> = UdpSocket::send;
    let _: fn(&UdpSocket, &mut [u8]) -> io::Result<usize> = UdpSocket::recv;
    let _: fn(&UdpSocket, &mut [u8]) -> io::Result<usize> = UdpSocket::peek;
    let _: fn(&UdpSocket, SocketAddr) -> io::Result<()> = UdpSocket::connect;
    let _: fn(&UdpSocket, bool) -> io::Result<()> = UdpSocket::set_broadcast;
    let _: fn(&UdpSocket) -> io::Result<bool> = UdpSocket::broadcast;
    let _: fn(&UdpSocket, bool) -> io::Result<()> = UdpSocket::set_multicast_loop_v4;
    let _: fn(&UdpSocket) -> io::Result<bool> = UdpSocket::multicast_loop_v4;
    let _: fn(&UdpSocket, u32) -> io::Result<()> = UdpSocket::set_multicast_ttl_v4;
    let _: fn(&UdpSocket) -> io::Result<u32> = UdpSocket::multicast_ttl_v4;
    let _: fn(&UdpSocket, bool) -> io::Result<()> = UdpSocket::set_multicast_loop_v6;
    let _: fn(&UdpSocket) -> io::Result<bool> = UdpSocket::multicast_loop_v6;
    let _: fn(&UdpSocket, u32) -> io::Result<()> = UdpSocket::set_ttl;
    let _: fn(&UdpSocket) -> io::Result<u32> = UdpSocket::ttl;
    let _: fn(&UdpSocket, &Ipv4Addr, &Ipv4Addr) -> io::Result<()> = UdpSocket::join_multicast_v4;
    let _: fn(&UdpSocket, &Ipv6Addr, u32) -> io::Result<()> = UdpSocket::join_multicast_v6;
    let _: fn(&UdpSocket, &Ipv4Addr, &Ipv4Addr) -> io::Result<()> = UdpSocket::leave_multicast_v4;
    let _: fn(&UdpSocket, &Ipv6Addr, u32) -> io::Result<()> = UdpSocket::leave_multicast_v6;
    let _: fn(&UdpSocket) -> io::Result<bool> = UdpSocket::only_v6;
    let _: fn(&UdpSocket) -> io::Result<Option<io::Error>> = UdpSocket::take_error;
    let _: fn(&UdpSocket, fn() -> io::Result<u8>) -> io::Result<u8> =
        UdpSocket::try_io::<fn() -> io::Result<u8>, u8>;
}

/// Modules that only document.
#[test]
fn documentation_modules() {
    #[allow(unused_imports)]
    use mio::{features, guide};
}

/// Items of Unix.
#[cfg(unix)]
mod unix {
    use std::os::fd::{AsFd, AsRawFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
    use std::os::unix::net as uds;
    use std::path::PathBuf;
    use std::process::{ChildStderr, ChildStdin, ChildStdout};

    use mio::net::{UnixListener, UnixStream};
    use mio::unix::{SourceFd, pipe};

    use super::*;

    fn handle<T>()
    where
        T: AsFd + AsRawFd + IntoRawFd + FromRawFd + From<OwnedFd> + Into<OwnedFd> + Debug,
    {
    }

    #[test]
    fn auto_traits() {
        all::<UnixListener>();
        all::<UnixStream>();
        all::<pipe::Sender>();
        all::<pipe::Receiver>();
        all::<SourceFd<'_>>();
    }

    #[test]
    fn traits() {
        source::<UnixListener>();
        source::<UnixStream>();
        source::<pipe::Sender>();
        source::<pipe::Receiver>();
        source::<SourceFd<'_>>();
        debug::<SourceFd<'_>>();
        handle::<TcpListener>();
        handle::<TcpStream>();
        handle::<UdpSocket>();
        handle::<UnixListener>();
        handle::<UnixStream>();
        handle::<pipe::Sender>();
        handle::<pipe::Receiver>();
        from::<uds::UnixListener, UnixListener>();
        from::<uds::UnixStream, UnixStream>();
        from::<pipe::Sender, ChildStdin>();
        from::<pipe::Receiver, ChildStdout>();
        from::<pipe::Receiver, ChildStderr>();
        reads::<UnixStream>();
        reads::<&UnixStream>();
        reads::<pipe::Receiver>();
        reads::<&pipe::Receiver>();
        writes::<UnixStream>();
        writes::<&UnixStream>();
        writes::<pipe::Sender>();
        writes::<&pipe::Sender>();
    }

    #[cfg(not(any(
        mio_unsupported_force_poll_poll,
        mio_fake_kernel = "wasip1",
        // A poll(2) selector has no fd.
        target_os = "aix",
        target_os = "cygwin",
        target_os = "espidf",
        target_os = "fuchsia",
        target_os = "haiku",
        target_os = "horizon",
        target_os = "hurd",
        target_os = "nto",
        target_os = "nuttx",
        target_os = "vita",
    )))]
    #[test]
    fn poll_and_registry_have_fds() {
        fn raw<T: AsRawFd>() {}
        fn fd<T: AsFd>() {}
        raw::<Poll>();
        raw::<Registry>();
        fd::<Registry>();
    }

    /// The methods of `UnixListener`.
    #[test]
    fn unix_listener() {
        let _: fn(PathBuf) -> io::Result<UnixListener> = UnixListener::bind::<PathBuf>;
        let _: fn(&uds::SocketAddr) -> io::Result<UnixListener> = UnixListener::bind_addr;
        let _: fn(uds::UnixListener) -> UnixListener = UnixListener::from_std;
        let _: fn(&UnixListener) -> io::Result<(UnixStream, uds::SocketAddr)> =
            UnixListener::accept;
        let _: fn(&UnixListener) -> io::Result<uds::SocketAddr> = UnixListener::local_addr;
        let _: fn(&UnixListener) -> io::Result<Option<io::Error>> = UnixListener::take_error;
    }

    /// The methods of `UnixStream`.
    #[test]
    fn unix_stream() {
        let _: fn(PathBuf) -> io::Result<UnixStream> = UnixStream::connect::<PathBuf>;
        let _: fn(&uds::SocketAddr) -> io::Result<UnixStream> = UnixStream::connect_addr;
        let _: fn(uds::UnixStream) -> UnixStream = UnixStream::from_std;
        let _: fn() -> io::Result<(UnixStream, UnixStream)> = UnixStream::pair;
        let _: fn(&UnixStream) -> io::Result<uds::SocketAddr> = UnixStream::local_addr;
        let _: fn(&UnixStream) -> io::Result<uds::SocketAddr> = UnixStream::peer_addr;
        let _: fn(&UnixStream) -> io::Result<Option<io::Error>> = UnixStream::take_error;
        let _: fn(&UnixStream, Shutdown) -> io::Result<()> = UnixStream::shutdown;
        let _: fn(&UnixStream, fn() -> io::Result<u8>) -> io::Result<u8> =
            UnixStream::try_io::<fn() -> io::Result<u8>, u8>;
    }

    /// Emscripten has no Unix datagram sockets.
    #[cfg(not(target_os = "emscripten"))]
    #[test]
    fn unix_datagram() {
        use mio::net::UnixDatagram;
        all::<UnixDatagram>();
        source::<UnixDatagram>();
        handle::<UnixDatagram>();
        from::<uds::UnixDatagram, UnixDatagram>();
        let _: fn(PathBuf) -> io::Result<UnixDatagram> = UnixDatagram::bind::<PathBuf>;
        let _: fn(&uds::SocketAddr) -> io::Result<UnixDatagram> = UnixDatagram::bind_addr;
        let _: fn(uds::UnixDatagram) -> UnixDatagram = UnixDatagram::from_std;
        let _: fn(&UnixDatagram, PathBuf) -> io::Result<()> = UnixDatagram::connect::<PathBuf>;
        let _: fn() -> io::Result<UnixDatagram> = UnixDatagram::unbound;
        let _: fn() -> io::Result<(UnixDatagram, UnixDatagram)> = UnixDatagram::pair;
        let _: fn(&UnixDatagram) -> io::Result<uds::SocketAddr> = UnixDatagram::local_addr;
        let _: fn(&UnixDatagram) -> io::Result<uds::SocketAddr> = UnixDatagram::peer_addr;
        let _: fn(&UnixDatagram, &mut [u8]) -> io::Result<(usize, uds::SocketAddr)> =
            UnixDatagram::recv_from;
        let _: fn(&UnixDatagram, &mut [u8]) -> io::Result<usize> = UnixDatagram::recv;
        let _: fn(&UnixDatagram, &[u8], PathBuf) -> io::Result<usize> =
            UnixDatagram::send_to::<PathBuf>;
        let _: fn(&UnixDatagram, &[u8]) -> io::Result<usize> = UnixDatagram::send;
        let _: fn(&UnixDatagram) -> io::Result<Option<io::Error>> = UnixDatagram::take_error;
        let _: fn(&UnixDatagram, Shutdown) -> io::Result<()> = UnixDatagram::shutdown;
        let _: fn(&UnixDatagram, fn() -> io::Result<u8>) -> io::Result<u8> =
            UnixDatagram::try_io::<fn() -> io::Result<u8>, u8>;
    }

    #[test]
    fn pipes_and_source_fd() {
        let _: fn() -> io::Result<(pipe::Sender, pipe::Receiver)> = pipe::new;
        let _: fn(&pipe::Sender, bool) -> io::Result<()> = pipe::Sender::set_nonblocking;
        let _: fn(&pipe::Receiver, bool) -> io::Result<()> = pipe::Receiver::set_nonblocking;
        type Io = fn() -> io::Result<u8>;
        let _: fn(&pipe::Sender, Io) -> io::Result<u8> = pipe::Sender::try_io::<Io, u8>;
        let _: fn(&pipe::Receiver, Io) -> io::Result<u8> = pipe::Receiver::try_io::<Io, u8>;
        let fd: RawFd = 0;
        let SourceFd(inner) = SourceFd(&fd);
        assert_eq!(*inner, 0);
    }
}

/// Items of Windows.
#[cfg(windows)]
mod windows {
    use std::ffi::OsString;
    use std::os::windows::io::{
        AsRawHandle, AsRawSocket, AsSocket, FromRawHandle, FromRawSocket, IntoRawSocket,
        OwnedSocket,
    };

    use mio::windows::NamedPipe;

    use super::*;

    fn socket<T>()
    where
        T: AsSocket + AsRawSocket + IntoRawSocket + FromRawSocket,
        T: From<OwnedSocket> + Into<OwnedSocket> + Debug,
    {
    }

    #[test]
    fn traits() {
        socket::<TcpListener>();
        socket::<TcpStream>();
        socket::<UdpSocket>();
    }

    #[test]
    fn named_pipe() {
        fn handle<T: AsRawHandle + FromRawHandle + Debug>() {}
        handle::<NamedPipe>();
        fn shared<T: Send + Sync + Unpin>() {}
        shared::<NamedPipe>();
        source::<NamedPipe>();
        reads::<NamedPipe>();
        reads::<&NamedPipe>();
        writes::<NamedPipe>();
        writes::<&NamedPipe>();
        let _: fn(OsString) -> io::Result<NamedPipe> = NamedPipe::new::<OsString>;
        let _: fn(&NamedPipe) -> io::Result<()> = NamedPipe::connect;
        let _: fn(&NamedPipe) -> io::Result<()> = NamedPipe::disconnect;
        let _: fn(&NamedPipe) -> io::Result<Option<io::Error>> = NamedPipe::take_error;
    }
}
