//! Operations that move data or end its flow.

use std::io::ErrorKind;
use std::net::Shutdown;

use super::files::Io;
use super::{Outcome, World, shown};
use crate::op::*;
use crate::spec::Class;
#[cfg(unix)]
use crate::sys;

impl World {
    pub(super) fn read(&mut self, id: usize, how: How) -> Option<String> {
        let source = self.sources.get(id)?;
        let io = source.io.as_ref()?;
        if io.is_listener() || source.class == Class::PipeSender {
            return None;
        }
        let is_peek = how == Peek && matches!(io, Io::Tcp(_));
        let is_datagram = source.class == Class::Datagram;
        let is_pipe = io.is_pipe();
        let mut buffer = [0; 4096];
        let room = match (how, source.class) {
            (All, _) | (_, Class::EventFd | Class::Datagram) => buffer.len(),
            _ => 3,
        };
        let mut unread = source.unread;
        let (mut would_block, mut ended) = (false, false);
        let mut outcome = "Ok".to_owned();
        for _ in 0..4096 {
            match io.read(&mut buffer[..room], is_peek) {
                Ok(0) if !is_datagram => {
                    outcome = "End".into();
                    ended = true;
                    break;
                }
                Ok(_) if is_peek => break,
                Ok(count) => {
                    unread = match source.class {
                        Class::EventFd => 0,
                        Class::Datagram => unread.saturating_sub(1),
                        _ => unread.saturating_sub(count),
                    };
                }
                Err(error) => {
                    would_block = error.kind() == ErrorKind::WouldBlock;
                    ended = !would_block;
                    outcome = format!("{:?}", error.kind());
                    break;
                }
            }
            if how != All {
                break;
            }
        }
        self.sources[id].unread = unread;
        self.touch(id);
        if would_block {
            self.spec.would_block(id, false);
        }
        if ended && is_pipe {
            self.spec.pipe_ended(id);
        }
        Some(outcome)
    }

    pub(super) fn write(&mut self, id: usize, how: How) -> Option<String> {
        let source = self.sources.get(id)?;
        let io = source.io.as_ref()?;
        if io.is_listener() || source.class == Class::PipeReceiver {
            return None;
        }
        let receiver = match source.class {
            Class::EventFd => Some(id),
            _ => source.peer.filter(|peer| !self.is_gone(*peer)),
        };
        let bytes: &[u8] = match (source.class, how) {
            (Class::EventFd, _) => &1_u64.to_ne_bytes(),
            (Class::Datagram | Class::Terminal, _) => b"x",
            (_, All) => &[b'x'; 16 * 1024],
            _ => b"xyz",
        };
        let most = match (source.class, how) {
            (Class::Datagram, All) if matches!(io, Io::Udp(_)) => 3,
            (Class::EventFd | Class::Terminal, All) => 3,
            (_, All) => 1024,
            _ => 1,
        };
        if matches!(io, Io::Udp(_)) && receiver.is_some_and(|it| self.sources[it].unread > 20) {
            return None;
        }
        let is_pipe = io.is_pipe();
        let (mut sent, mut would_block, mut failed) = (0, false, false);
        let mut outcome = "Ok".to_owned();
        for _ in 0..most {
            match io.write(bytes) {
                Ok(count) => {
                    sent += match source.class {
                        Class::Datagram | Class::EventFd => 1,
                        _ => count,
                    };
                }
                Err(error) => {
                    would_block = error.kind() == ErrorKind::WouldBlock;
                    failed = !would_block;
                    outcome = format!("{:?}", error.kind());
                    break;
                }
            }
        }
        let is_waiting = source.peer.is_none() && source.class != Class::EventFd;
        self.touch(id);
        match receiver {
            Some(receiver) if sent != 0 => self.arrive(receiver, sent),
            // Of a stream that is not accepted yet: `accept` moves it to the peer.
            None if is_waiting => self.sources[id].unread += sent,
            _ => {}
        }
        #[cfg(windows)]
        if self.sources[id].class == Class::Datagram && receiver.is_none() {
            // Wine misses conditions of a socket whose datagram was refused:
            // `wsapoll_misses_datagrams_after_a_refusal` in `tests/wine_differences.rs`.
            self.spec.loses_conditions(id);
        }
        if would_block {
            self.spec.would_block(id, true);
        }
        if failed && is_pipe {
            self.spec.pipe_ended(id);
        }
        Some(outcome)
    }

    /// Sends urgent data, or receives it. There is at most one byte of it at a time.
    #[cfg(unix)]
    pub(super) fn urgent(&mut self, id: usize, is_write: bool) -> Option<String> {
        let source = self.sources.get(id)?;
        let io = source.io.as_ref()?;
        let peer = source.peer.filter(|peer| self.is_open(*peer))?;
        let receiver = &self.sources[peer];
        let is_at_receiver = receiver.io.as_ref()?.levels() & sys::PRI != 0;
        if source.class != Class::Tcp || source.writing_shut || receiver.reading_shut {
            return None;
        }
        // With a full window the byte would wait.
        if is_write && (is_at_receiver || receiver.unread > 1024) {
            return None;
        }
        let result = sys::urgent(io.raw(), is_write).map(drop);
        if result.is_ok() && is_write {
            self.await_urgent(peer);
        }
        self.touch(id);
        Some(shown(&result))
    }

    pub(super) fn shut_down(&mut self, id: usize, half: Half) -> Option<String> {
        let source = self.sources.get_mut(id)?;
        #[cfg(windows)]
        if source.class == Class::NamedPipe {
            return self.disconnect_pipe(id);
        }
        let is_stream = matches!(source.class, Class::Tcp | Class::Stream);
        let how = match half {
            Reading => Shutdown::Read,
            Writing => Shutdown::Write,
            BothHalves => Shutdown::Both,
        };
        let io = source.io.as_ref().filter(|_| is_stream)?;
        let result = io.shut_down(how)?;
        if result.is_ok() {
            source.reading_shut |= half != Writing;
            source.writing_shut |= half != Reading;
        }
        self.touch(id);
        Some(shown(&result))
    }

    pub(super) fn take_error(&mut self, id: usize) -> Option<String> {
        let error = match self.sources.get(id)?.io.as_ref()? {
            Io::Tcp(io) => io.take_error(),
            Io::Udp(io) => io.take_error(),
            _ => return None,
        };
        self.touch(id);
        Some(match error {
            Ok(None) => "Ok".into(),
            Ok(Some(error)) | Err(error) => format!("{:?}", error.kind()),
        })
    }

    /// A stream whose connection was refused is not connected; one whose both ends are open is.
    pub(super) fn finish_connect(&mut self, id: usize) -> Outcome {
        let Some(Io::Tcp(io)) = self.sources.get(id).and_then(|source| source.io.as_ref()) else {
            return Ok(None);
        };
        let result = super::super::finish_connect(io);
        let is_whole = |id: usize| {
            let source = &self.sources[id];
            source.io.is_some() && !source.reading_shut && !source.writing_shut
        };
        let source = &self.sources[id];
        let must_be = source
            .peer
            .is_some_and(|peer| is_whole(id) && is_whole(peer));
        if must_be && !matches!(result, Ok(true)) || source.refused && matches!(result, Ok(true)) {
            return Err(format!("`finish_connect` returned {result:?}"));
        }
        self.touch(id);
        Ok(Some(match result {
            Ok(is_connected) => format!("{is_connected}"),
            Err(error) => format!("{:?}", error.kind()),
        }))
    }
}
