//! Operations that create sources.

use std::fs::OpenOptions;
use std::io::{self, ErrorKind};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::fs::OpenOptionsExt as _;

use super::super::subject::net::{
    TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixStream,
};
use super::super::subject::unix::pipe;
use super::files::Io;
use super::{MAX_SOURCES, Outcome, World, local, new_path};
use crate::op::*;
use crate::spec::Class;
use crate::sys;

impl World {
    pub(super) fn create(&mut self, kind: Kind) -> io::Result<Option<String>> {
        if self.sources.iter().filter(|it| it.io.is_some()).count() >= MAX_SOURCES {
            return Ok(None);
        }
        match kind {
            Kind::Tcp | FdTcp => {
                let listener = std::net::TcpListener::bind(local())?;
                let first = std::net::TcpStream::connect(listener.local_addr()?)?;
                let (second, _) = listener.accept()?;
                for end in [&first, &second] {
                    end.set_nonblocking(true)?;
                    end.set_nodelay(true)?;
                    sys::shrink_buffers(end.as_raw_fd())?;
                }
                let ends = [first, second].map(|end| match kind {
                    Kind::Tcp => (Io::Tcp(TcpStream::from_std(end)), Class::Tcp),
                    _ => (Io::Fd(end.into()), Class::Tcp),
                });
                self.add_pair(ends);
            }
            Kind::TcpListener => {
                let listener = TcpListener::bind(local())?;
                self.add(Io::TcpListener(listener), Class::Listener, None);
            }
            Refused => {
                let address = std::net::TcpListener::bind(local())?.local_addr()?;
                match TcpStream::connect(address) {
                    Ok(stream) => {
                        let id = self.add(Io::Tcp(stream), Class::Tcp, None);
                        self.sources[id].refused = true;
                    }
                    Err(error) if error.kind() == ErrorKind::ConnectionRefused => return Ok(None),
                    Err(error) => return Err(error),
                }
            }
            Udp => {
                let (first, second) = (UdpSocket::bind(local())?, UdpSocket::bind(local())?);
                first.connect(second.local_addr()?)?;
                second.connect(first.local_addr()?)?;
                self.add_pair([first, second].map(|it| (Io::Udp(it), Class::Datagram)));
            }
            Kind::UnixStream => {
                let (first, second) = UnixStream::pair()?;
                self.add_pair([first, second].map(|it| (Io::Unix(it), Class::Stream)));
            }
            FdUnix => {
                let (first, second) = std::os::unix::net::UnixStream::pair()?;
                first.set_nonblocking(true)?;
                second.set_nonblocking(true)?;
                self.add_pair([first, second].map(|it| (Io::Fd(it.into()), Class::Stream)));
            }
            Kind::UnixDatagram => {
                let (first, second) = UnixDatagram::pair()?;
                self.add_pair([first, second].map(|it| (Io::UnixDatagram(it), Class::Datagram)));
            }
            Kind::UnixListener => {
                let path = new_path();
                let listener = UnixListener::bind(&path)?;
                let id = self.add(Io::UnixListener(listener), Class::Listener, None);
                self.sources[id].path = Some(path);
            }
            Pipe => {
                let (sender, receiver) = pipe::new()?;
                self.add_pair([
                    (Io::Sender(sender), Class::PipeSender),
                    (Io::Receiver(receiver), Class::PipeReceiver),
                ]);
            }
            FdPipe => {
                let (sender, receiver) = pipe::new()?;
                self.add_pair([
                    (Io::Fd(sender.into()), Class::PipeSender),
                    (Io::Fd(receiver.into()), Class::PipeReceiver),
                ]);
            }
            Fifo => {
                let path = new_path();
                sys::make_fifo(&path)?;
                let open = |options: &mut OpenOptions| -> io::Result<OwnedFd> {
                    let file = options.custom_flags(libc::O_NONBLOCK).open(&path)?;
                    Ok(file.into())
                };
                let receiver = open(OpenOptions::new().read(true))?;
                let sender = open(OpenOptions::new().write(true))?;
                self.add_pair([
                    (Io::Sender(sender.into()), Class::PipeSender),
                    (Io::Receiver(receiver.into()), Class::PipeReceiver),
                ]);
                if let Some(receiver) = self.sources.last_mut() {
                    receiver.path = Some(path);
                }
            }
            EventFd => {
                let fd = sys::eventfd()?;
                self.add(Io::Fd(fd), Class::EventFd, None);
            }
            Pty => {
                let (master, slave) = sys::open_pty()?;
                self.add_pair([master, slave].map(|it| (Io::Fd(it), Class::Terminal)));
            }
        }
        Ok(Some("Ok".into()))
    }

    pub(super) fn connect(&mut self, id: usize) -> io::Result<Option<String>> {
        let open = self.sources.iter().filter(|it| it.io.is_some()).count();
        let Some(source) = self.sources.get(id).filter(|_| open < MAX_SOURCES) else {
            return Ok(None);
        };
        if source.pending.len() > 4 {
            return Ok(None);
        }
        let (io, class) = match (&source.io, &source.path) {
            (Some(Io::TcpListener(listener)), _) => {
                let stream = TcpStream::connect(listener.local_addr()?)?;
                sys::shrink_buffers(stream.as_raw_fd())?;
                (Io::Tcp(stream), Class::Tcp)
            }
            (Some(Io::UnixListener(_)), Some(path)) => {
                (Io::Unix(UnixStream::connect(path)?), Class::Stream)
            }
            _ => return Ok(None),
        };
        let client = self.add(io, class, None);
        self.sources[id].pending.push_back(client);
        self.spec.arrived(id);
        self.touch(id);
        Ok(Some("Ok".into()))
    }

    pub(super) fn accept(&mut self, id: usize) -> Outcome {
        let open = self.sources.iter().filter(|it| it.io.is_some()).count();
        if open >= MAX_SOURCES || !self.is_open(id) {
            return Ok(None);
        }
        let accepted = match &self.sources[id].io {
            Some(Io::TcpListener(listener)) => {
                listener.accept().map(|(it, _)| (Io::Tcp(it), Class::Tcp))
            }
            Some(Io::UnixListener(listener)) => listener
                .accept()
                .map(|(it, _)| (Io::Unix(it), Class::Stream)),
            _ => return Ok(None),
        };
        self.touch(id);
        match accepted {
            Ok((io, class)) => {
                let client = self.sources[id].pending.pop_front();
                let client = client.ok_or("model: a connection that was not made")?;
                let _ = sys::shrink_buffers(io.fd());
                let server = self.add(io, class, Some(client));
                self.sources[client].peer = Some(server);
                // What the client has sent before it was accepted.
                let sent = std::mem::take(&mut self.sources[client].unread);
                self.sources[server].unread = sent;
                self.touch(server);
                Ok(Some("Ok".into()))
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                if !self.sources[id].pending.is_empty() {
                    return Err("model: no connection where one is pending".into());
                }
                self.spec.would_block(id, false);
                Ok(Some("WouldBlock".into()))
            }
            Err(error) => Err(format!("model: accept: {error}")),
        }
    }

    pub(super) fn reopen(&mut self, id: usize) -> io::Result<Option<String>> {
        let Some(source) = self.sources.get(id) else {
            return Ok(None);
        };
        let (Some(Io::Receiver(_)), Some(path), Some(peer)) =
            (&source.io, &source.path, source.peer)
        else {
            return Ok(None);
        };
        let open = self.sources.iter().filter(|it| it.io.is_some()).count();
        if open >= MAX_SOURCES || !self.is_gone(peer) {
            return Ok(None);
        }
        let mut options = OpenOptions::new();
        let options = options.write(true).custom_flags(libc::O_NONBLOCK);
        let sender = OwnedFd::from(options.open(path)?);
        let sender = self.add(Io::Sender(sender.into()), Class::PipeSender, Some(id));
        self.sources[id].peer = Some(sender);
        self.touch(id);
        Ok(Some("Ok".into()))
    }
}
