//! The situations of the table, one row each.

use std::net::Shutdown;
#[cfg(not(all(target_os = "wasi", target_env = "p1")))]
use std::net::SocketAddr;

use mio::event::Source;
#[cfg(not(all(target_os = "wasi", target_env = "p1")))]
use mio::net::{TcpStream, UdpSocket};

use super::peer::{PeerAction, listener, stream_after};
#[cfg(not(all(target_os = "wasi", target_env = "p1")))]
use super::support;

/// A source in its situation, and the objects that must live as long.
pub(crate) struct Situation {
    pub(crate) source: Box<dyn Source>,
    _others: Vec<Box<dyn std::any::Any>>,
}

pub(crate) fn situation(
    source: impl Source + 'static,
    others: Vec<Box<dyn std::any::Any>>,
) -> Situation {
    Situation {
        source: Box::new(source),
        _others: others,
    }
}

#[cfg(not(all(target_os = "wasi", target_env = "p1")))]
pub(crate) fn local() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

pub(crate) type NewSituation = fn() -> Situation;

type Row = (&'static str, NewSituation);

/// All situations, in the order of the table.
pub(crate) fn situations() -> Vec<Row> {
    let mut all = TCP.to_vec();
    #[cfg(not(all(target_os = "wasi", target_env = "p1")))]
    all.extend(CONNECTING);
    all.extend(listener_situations());
    #[cfg(unix)]
    all.extend(unix::stream_situations());
    #[cfg(not(all(target_os = "wasi", target_env = "p1")))]
    all.extend(udp_situations());
    #[cfg(unix)]
    all.extend(unix::pipe_situations());
    all
}

/// The situations that do not exist on this backend, each with its reason.
pub(crate) fn not_available() -> &'static [(&'static str, &'static str)] {
    if cfg!(windows) {
        &[(
            "Unix stream, Unix listener, pipe",
            "`mio::net` and `mio::unix` have them on Unix only; named pipes have own tests",
        )]
    } else if cfg!(all(target_os = "wasi", target_env = "p1")) {
        &[
            (
                "TCP: refused, made, never connected",
                "preview 1 has no call that creates a socket: it can only accept",
            ),
            (
                "UDP",
                "no call creates a datagram socket, and no host preopens one",
            ),
            ("Unix stream, Unix listener, pipe", "there are none"),
        ]
    } else if cfg!(target_os = "wasi") {
        &[
            (
                "TCP: connection refused",
                "sometimes it is the error of `connect`, and sometimes R and W",
            ),
            ("Unix stream, Unix listener, pipe", "there are none"),
        ]
    } else {
        &[]
    }
}

const TCP: &[Row] = &[
    ("TCP: connected, idle", || {
        stream_after(PeerAction::Nothing, |_| ())
    }),
    ("TCP: data arrived", || {
        stream_after(PeerAction::Write, |_| ())
    }),
    ("TCP: out-of-band byte", || {
        stream_after(PeerAction::OutOfBand, |_| ())
    }),
    ("TCP: peer shut its writing half", || {
        stream_after(PeerAction::ShutWriting, |_| ())
    }),
    ("TCP: peer shut its reading half", || {
        stream_after(PeerAction::ShutReading, |_| ())
    }),
    ("TCP: own writing half shut", || {
        stream_after(PeerAction::Nothing, |stream| {
            stream.shutdown(Shutdown::Write).unwrap();
        })
    }),
    ("TCP: own reading half shut", || {
        stream_after(PeerAction::Nothing, |stream| {
            stream.shutdown(Shutdown::Read).unwrap();
        })
    }),
    ("TCP: both halves shut", || {
        stream_after(PeerAction::Nothing, |stream| {
            stream.shutdown(Shutdown::Both).unwrap();
        })
    }),
    ("TCP: peer closed", || {
        stream_after(PeerAction::Close, |_| ())
    }),
    ("TCP: peer closed, data left", || {
        stream_after(PeerAction::WriteAndClose, |_| ())
    }),
    ("TCP: reset by peer", || {
        stream_after(PeerAction::Reset, |_| ())
    }),
];

/// Connections that this process starts.
#[cfg(not(all(target_os = "wasi", target_env = "p1")))]
const CONNECTING: &[Row] = &[
    // On WASI the refusal is sometimes the error of `connect`, and sometimes R and W.
    #[cfg(not(target_os = "wasi"))]
    ("TCP: connection refused", || {
        let listener = std::net::TcpListener::bind(local()).unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        situation(TcpStream::connect(address).unwrap(), vec![])
    }),
    ("TCP: connection made", || {
        let listener = std::net::TcpListener::bind(local()).unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        situation(stream, vec![Box::new(listener)])
    }),
    ("TCP: never connected", || {
        situation(
            TcpStream::from_std(support::syscalls::unconnected()),
            vec![],
        )
    }),
];

fn listener_situations() -> Vec<Row> {
    vec![
        ("TCP listener: idle", || listener(false)),
        ("TCP listener: a connection waits", || listener(true)),
    ]
}

#[cfg(not(all(target_os = "wasi", target_env = "p1")))]
fn udp_situations() -> Vec<Row> {
    vec![
        ("UDP: idle", || {
            situation(UdpSocket::bind(local()).unwrap(), vec![])
        }),
        ("UDP: a datagram waits", || {
            let socket = UdpSocket::bind(local()).unwrap();
            let peer = std::net::UdpSocket::bind(local()).unwrap();
            peer.send_to(b"x", socket.local_addr().unwrap()).unwrap();
            situation(socket, vec![Box::new(peer)])
        }),
        ("UDP: connected to a closed port", || {
            let gone = std::net::UdpSocket::bind(local()).unwrap();
            let socket = UdpSocket::bind(local()).unwrap();
            socket.connect(gone.local_addr().unwrap()).unwrap();
            drop(gone);
            socket.send(b"x").unwrap();
            situation(socket, vec![])
        }),
    ]
}

/// Situations of Unix.
#[cfg(unix)]
mod unix {
    use std::fs;
    use std::io::Write as _;
    use std::os::unix::net as std_net;

    use mio::net::{UnixListener, UnixStream};
    use mio::unix::pipe;

    use super::*;

    fn uds() -> (UnixStream, std_net::UnixStream) {
        let (left, right) = std_net::UnixStream::pair().unwrap();
        left.set_nonblocking(true).unwrap();
        (UnixStream::from_std(left), right)
    }

    pub(super) fn stream_situations() -> Vec<Row> {
        vec![
            ("Unix stream: connected, idle", || {
                let (stream, peer) = uds();
                situation(stream, vec![Box::new(peer)])
            }),
            ("Unix stream: data arrived", || {
                let (stream, mut peer) = uds();
                peer.write_all(b"x").unwrap();
                situation(stream, vec![Box::new(peer)])
            }),
            ("Unix stream: peer shut its writing half", || {
                let (stream, peer) = uds();
                peer.shutdown(Shutdown::Write).unwrap();
                situation(stream, vec![Box::new(peer)])
            }),
            ("Unix stream: peer closed", || {
                let (stream, peer) = uds();
                drop(peer);
                situation(stream, vec![])
            }),
            ("Unix stream: peer closed, our data unread", || {
                let (mut stream, peer) = uds();
                stream.write_all(b"x").unwrap();
                drop(peer);
                situation(stream, vec![])
            }),
            ("Unix listener: a connection waits", || {
                // Short, because a path has at most 104 bytes on the BSDs:
                // <https://man.freebsd.org/cgi/man.cgi?query=unix&sektion=4>.
                let path = std::env::temp_dir().join(format!("semantics-{}", std::process::id()));
                let _ = fs::remove_file(&path);
                let listener = UnixListener::bind(&path).unwrap();
                let peer = std_net::UnixStream::connect(&path).unwrap();
                fs::remove_file(&path).unwrap();
                situation(listener, vec![Box::new(peer)])
            }),
        ]
    }

    pub(super) fn pipe_situations() -> Vec<Row> {
        vec![
            ("Pipe reader: idle", || {
                let (sender, receiver) = pipe::new().unwrap();
                situation(receiver, vec![Box::new(sender)])
            }),
            ("Pipe reader: data arrived", || {
                let (mut sender, receiver) = pipe::new().unwrap();
                sender.write_all(b"x").unwrap();
                situation(receiver, vec![Box::new(sender)])
            }),
            ("Pipe reader: writer gone", || {
                let (sender, receiver) = pipe::new().unwrap();
                drop(sender);
                situation(receiver, vec![])
            }),
            ("Pipe reader: writer gone, data left", || {
                let (mut sender, receiver) = pipe::new().unwrap();
                sender.write_all(b"x").unwrap();
                drop(sender);
                situation(receiver, vec![])
            }),
            ("Pipe writer: room", || {
                let (sender, receiver) = pipe::new().unwrap();
                situation(sender, vec![Box::new(receiver)])
            }),
            ("Pipe writer: reader gone", || {
                let (sender, receiver) = pipe::new().unwrap();
                drop(receiver);
                situation(sender, vec![])
            }),
        ]
    }
}
