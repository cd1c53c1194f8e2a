//! Named pipes. No call returns the levels of one, because the library reads ahead: they follow
//! from the operations on both ends.

use std::fs::OpenOptions;
use std::io;
use std::os::windows::fs::OpenOptionsExt as _;
use std::os::windows::io::{FromRawHandle as _, IntoRawHandle as _};
use std::sync::atomic::Ordering;

use super::super::subject::windows::NamedPipe;
use super::files::Io;
use super::{LAST_NAME, MAX_SOURCES, World, shown};
use crate::op::*;
use crate::spec::{CHANGED, Class, DISCONNECTED, SPACE};
use crate::sys::{IN, Levels, OUT};

/// With at most this many bytes in the pipe, a write completes. The buffer has 64 KiB.
const ROOM: usize = 32 * 1024;

const FILE_FLAG_OVERLAPPED: u32 = 0x4000_0000;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// A client may connect.
    #[default]
    Listening,
    Connected,
    /// The other end has left.
    Gone,
    /// The server has disconnected, and has not called `connect` since.
    Disconnected,
}

/// What the model knows of one end.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    /// Of a server.
    name: Option<String>,
    phase: Phase,
    /// Whether the library knows that a client is connected.
    is_known: bool,
    /// Whether `connect` waits for a client.
    is_connecting: bool,
    /// Whether the client has come or gone since the last event.
    has_changed: bool,
}

impl World {
    /// The levels of an open pipe.
    pub(super) fn pipe_levels(&self, id: usize) -> Levels {
        let source = &self.sources[id];
        let pipe = &source.pipe;
        let mut levels = 0;
        if pipe.has_changed {
            levels |= CHANGED | IN | OUT;
        }
        match pipe.phase {
            Phase::Connected if pipe.is_known => {
                levels |= SPACE;
                if source.unread != 0 {
                    levels |= IN;
                }
                let peer = source.peer.filter(|peer| self.is_open(*peer));
                if peer.is_some_and(|peer| self.sources[peer].unread <= ROOM) {
                    levels |= OUT;
                }
            }
            Phase::Gone if pipe.is_known => levels |= SPACE | IN,
            Phase::Disconnected => levels |= DISCONNECTED,
            _ => {}
        }
        levels
    }

    pub(super) fn create_for_system(&mut self, kind: Kind) -> io::Result<Option<String>> {
        let number = LAST_NAME.fetch_add(1, Ordering::Relaxed);
        let name = format!(r"\\.\pipe\mio-properties-{}-{number}", std::process::id());
        if !matches!(kind, Kind::NamedPipe | NamedPipeServer) {
            return Ok(None);
        }
        let server = self.add(Io::Pipe(NamedPipe::new(&name)?), Class::NamedPipe, None);
        self.sources[server].pipe.name = Some(name);
        if kind == Kind::NamedPipe {
            self.reopen(server)?;
        }
        Ok(Some("Ok".into()))
    }

    /// Opens a client.
    pub(super) fn reopen(&mut self, id: usize) -> io::Result<Option<String>> {
        let open = self.sources.iter().filter(|it| it.io.is_some()).count();
        let Some(source) = self.sources.get(id).filter(|_| open < MAX_SOURCES) else {
            return Ok(None);
        };
        let (Some(name), Phase::Listening) = (&source.pipe.name, source.pipe.phase) else {
            return Ok(None);
        };
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true);
        let file = options.custom_flags(FILE_FLAG_OVERLAPPED).open(name)?;
        // SAFETY: `into_raw_handle` passes the ownership of an open handle.
        let client = unsafe { NamedPipe::from_raw_handle(file.into_raw_handle()) };
        let client = self.add(Io::Pipe(client), Class::NamedPipe, Some(id));
        self.sources[client].pipe.phase = Phase::Connected;
        let server = &mut self.sources[id];
        server.peer = Some(client);
        server.unread = 0;
        let pipe = &mut server.pipe;
        pipe.phase = Phase::Connected;
        if std::mem::take(&mut pipe.is_connecting) {
            pipe.is_known = true;
            self.pipe_changed(id);
        }
        self.touch(id);
        Ok(Some("Ok".into()))
    }

    /// Both directions are owed an event.
    fn pipe_changed(&mut self, id: usize) {
        self.sources[id].pipe.has_changed = self.spec.is_registered(id);
        self.spec.would_block(id, false);
        self.spec.would_block(id, true);
    }

    /// `register` or `reregister` has succeeded. The library has asked for the client.
    pub(super) fn pipe_registered(&mut self, id: usize) {
        let pipe = &mut self.sources[id].pipe;
        match pipe.phase {
            Phase::Connected => pipe.is_known = true,
            Phase::Gone => pipe.has_changed |= !pipe.is_known,
            Phase::Listening | Phase::Disconnected => {}
        }
    }

    /// `connect` of a server.
    pub(super) fn connect_pipe(&mut self, id: usize) -> Option<String> {
        let source = &mut self.sources[id];
        source.pipe.name.as_ref()?;
        let Some(Io::Pipe(pipe)) = &source.io else {
            return None;
        };
        let result = pipe.connect();
        let outcome = shown(&result);
        let pipe = &mut source.pipe;
        match (&*outcome, pipe.phase) {
            ("Ok", _) => {
                pipe.is_known = true;
                self.spec.would_block(id, false);
                self.spec.would_block(id, true);
            }
            ("WouldBlock", Phase::Listening | Phase::Disconnected) => {
                pipe.phase = Phase::Listening;
                pipe.is_connecting = true;
                pipe.has_changed = false;
            }
            _ => {}
        }
        self.touch(id);
        Some(outcome)
    }

    /// `disconnect` of a server. Wine fails for a server that listens, so it is not called there.
    pub(super) fn disconnect_pipe(&mut self, id: usize) -> Option<String> {
        let source = &mut self.sources[id];
        source.pipe.name.as_ref()?;
        let (Some(Io::Pipe(pipe)), Phase::Connected | Phase::Gone) =
            (&source.io, source.pipe.phase)
        else {
            return None;
        };
        let outcome = shown(&pipe.disconnect());
        if outcome == "Ok" {
            source.unread = 0;
            source.pipe.phase = Phase::Disconnected;
            source.pipe.is_known = false;
            let peer = source.peer.take();
            self.pipe_changed(id);
            if let Some(client) = peer {
                self.sources[client].unread = 0;
                self.sources[client].peer = None;
                self.pipe_left(client);
            }
        }
        self.touch(id);
        Some(outcome)
    }

    /// The other end of a pipe has left.
    pub(super) fn pipe_left(&mut self, id: usize) {
        let source = &mut self.sources[id];
        if source.pipe.phase == Phase::Connected {
            source.pipe.phase = Phase::Gone;
            if source.unread == 0 {
                // The read in flight ends.
                self.spec.would_block(id, false);
            }
        }
    }

    /// An event of the source has come.
    pub(super) fn pipe_reported(&mut self, id: usize) {
        self.sources[id].pipe.has_changed = false;
    }
}
