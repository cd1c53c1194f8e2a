//! Sources of Unix systems.

use std::fs::OpenOptions;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt as _;

use super::super::subject::net::{UnixDatagram, UnixListener, UnixStream};
use super::super::subject::unix::pipe;
use super::files::Io;
use super::{MAX_SOURCES, World, new_path};
use crate::op::*;
use crate::spec::Class;
use crate::sys;

impl World {
    pub(super) fn create_for_system(&mut self, kind: Kind) -> io::Result<Option<String>> {
        match kind {
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
            _ => return Ok(None),
        }
        Ok(Some("Ok".into()))
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
