//! Operations that create sources.

use std::io::{self, ErrorKind};

#[cfg(unix)]
use super::super::subject::net::UnixStream;
use super::super::subject::net::{TcpListener, TcpStream, UdpSocket};
use super::files::Io;
use super::{MAX_SOURCES, Outcome, World, local};
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
                    sys::shrink_buffers(sys::raw(end))?;
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
            kind => return self.create_for_system(kind),
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
        let (io, class) = match &source.io {
            Some(Io::TcpListener(listener)) => {
                let stream = TcpStream::connect(listener.local_addr()?)?;
                sys::shrink_buffers(sys::raw(&stream))?;
                (Io::Tcp(stream), Class::Tcp)
            }
            #[cfg(unix)]
            Some(Io::UnixListener(_)) => {
                let Some(path) = &source.path else {
                    return Ok(None);
                };
                (Io::Unix(UnixStream::connect(path)?), Class::Stream)
            }
            #[cfg(windows)]
            Some(Io::Pipe(_)) => return Ok(self.connect_pipe(id)),
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
            #[cfg(unix)]
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
                io.shrink_buffers();
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
}
