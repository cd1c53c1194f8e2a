//! The peer of a connection: a socket of this process, or a peer on the host for actions that a
//! WASI guest cannot take.
//!
//! One byte names the action of the host's peer (`build-tools/wasi/peer.py`). On preview 1, which
//! can only accept, the peer connects; on preview 2 it listens at the port in `MIO_PEER`.

use mio::net::{TcpListener, TcpStream};

use super::situations::{Situation, situation};

/// An action of the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PeerAction {
    Nothing,
    Write,
    OutOfBand,
    ShutWriting,
    ShutReading,
    Close,
    WriteAndClose,
    Reset,
}

#[cfg(target_os = "wasi")]
impl PeerAction {
    /// The byte that requests the action from the host's peer.
    fn request_byte(self) -> &'static [u8] {
        match self {
            PeerAction::Nothing => b"n",
            PeerAction::Write => b"w",
            PeerAction::OutOfBand => b"o",
            PeerAction::ShutWriting => b"W",
            PeerAction::ShutReading => b"R",
            PeerAction::Close => b"c",
            PeerAction::WriteAndClose => b"d",
            PeerAction::Reset => b"r",
        }
    }
}

/// A connection after an action of its peer, and then of this end.
#[cfg(not(all(target_os = "wasi", target_env = "p1")))]
pub(crate) fn stream_after(action: PeerAction, own: fn(&TcpStream)) -> Situation {
    use std::io::Write as _;
    use std::net::Shutdown;

    #[cfg(target_os = "wasi")]
    if [PeerAction::OutOfBand, PeerAction::Reset].contains(&action) {
        // The guest has no system calls for these.
        return by_host(action);
    }
    let listener = std::net::TcpListener::bind(super::situations::local()).unwrap();
    let mut peer = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (stream, _) = listener.accept().unwrap();
    stream.set_nonblocking(true).unwrap();
    let stream = TcpStream::from_std(stream);
    let mut is_closed = false;
    match action {
        PeerAction::Nothing => {}
        PeerAction::Write => peer.write_all(b"x").unwrap(),
        PeerAction::ShutWriting => peer.shutdown(Shutdown::Write).unwrap(),
        PeerAction::ShutReading => peer.shutdown(Shutdown::Read).unwrap(),
        PeerAction::Close => is_closed = true,
        PeerAction::WriteAndClose => {
            peer.write_all(b"x").unwrap();
            is_closed = true;
        }
        #[cfg(not(target_os = "wasi"))]
        PeerAction::OutOfBand => super::support::syscalls::send_out_of_band(&peer),
        #[cfg(not(target_os = "wasi"))]
        PeerAction::Reset => {
            super::support::syscalls::reset_on_close(&peer);
            is_closed = true;
        }
        #[cfg(target_os = "wasi")]
        PeerAction::OutOfBand | PeerAction::Reset => {}
    }
    own(&stream);
    if is_closed {
        drop(peer);
        return situation(stream, vec![]);
    }
    situation(stream, vec![Box::new(peer)])
}

/// A connection to the host's peer.
#[cfg(all(target_os = "wasi", not(target_env = "p1")))]
fn by_host(action: PeerAction) -> Situation {
    use std::io::Write as _;

    let port = std::env::var("MIO_PEER").expect("needs build-tools/wasi/peer.py");
    let mut stream = std::net::TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
    stream.write_all(action.request_byte()).unwrap();
    wait();
    stream.set_nonblocking(true).unwrap();
    situation(TcpStream::from_std(stream), vec![])
}

/// A listener, with a pending connection or without.
#[cfg(not(all(target_os = "wasi", target_env = "p1")))]
pub(crate) fn listener(is_pending: bool) -> Situation {
    let listener = TcpListener::bind(super::situations::local()).unwrap();
    let mut others: Vec<Box<dyn std::any::Any>> = Vec::new();
    if is_pending {
        let address = listener.local_addr().unwrap();
        others.push(Box::new(std::net::TcpStream::connect(address).unwrap()));
    }
    situation(listener, others)
}

/// Waits until the host's peer has acted.
#[cfg(target_os = "wasi")]
fn wait() {
    std::thread::sleep(std::time::Duration::from_millis(150));
}

#[cfg(all(target_os = "wasi", target_env = "p1"))]
pub(crate) use handed_in::{listener, stream_after};

/// Preview 1: the host has preopened a listener, and connects to it again and again.
#[cfg(all(target_os = "wasi", target_env = "p1"))]
mod handed_in {
    use std::io;
    use std::os::fd::{FromRawFd, IntoRawFd};

    use mio::event::Source;
    use mio::{Interest, Registry, Token};

    use super::*;
    use crate::support;

    /// The listener, which stays open for the next row.
    struct Listener(Option<TcpListener>);

    impl Listener {
        #[allow(unsafe_code)]
        fn new() -> Listener {
            // SAFETY: the host has opened fd 3 for this test, which has one `Listener` at a time
            // and closes none.
            let listener = unsafe { TcpListener::from_raw_fd(3) };
            Listener(Some(listener))
        }

        fn accept(&self) -> TcpStream {
            let listener = self.0.as_ref().unwrap();
            support::retry(|| listener.accept()).0
        }
    }

    impl Drop for Listener {
        fn drop(&mut self) {
            if let Some(listener) = self.0.take() {
                let _ = listener.into_raw_fd();
            }
        }
    }

    impl Source for Listener {
        fn register(
            &mut self,
            registry: &Registry,
            token: Token,
            interest: Interest,
        ) -> io::Result<()> {
            registry.register(self.0.as_mut().unwrap(), token, interest)
        }

        fn reregister(
            &mut self,
            registry: &Registry,
            token: Token,
            interest: Interest,
        ) -> io::Result<()> {
            registry.reregister(self.0.as_mut().unwrap(), token, interest)
        }

        fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
            registry.deregister(self.0.as_mut().unwrap())
        }
    }

    pub(crate) fn stream_after(action: PeerAction, own: fn(&TcpStream)) -> Situation {
        let stream = Listener::new().accept();
        support::send(&stream, action.request_byte());
        wait();
        own(&stream);
        situation(stream, vec![])
    }

    /// The peer connects again after every action; the action "s" delays that.
    pub(crate) fn listener(is_pending: bool) -> Situation {
        let listener = Listener::new();
        let request = if is_pending { b"n" } else { b"s" };
        support::send(&listener.accept(), request);
        wait();
        situation(listener, vec![])
    }
}
