//! The levels of all sources, and what the model expects of them.

use std::collections::HashMap;
use std::thread;
use std::time::{Duration, Instant};

use super::{DELIVERY, World};
use crate::spec::Class;
use crate::sys::{self, Levels};

/// What the end of a stream and a refused connection are, where they are no data to read.
const END: Levels = if cfg!(windows) {
    sys::HUP | sys::ERR
} else {
    0
};

impl World {
    /// Shows the specification the present levels, if it needs them.
    pub(super) fn look(&mut self) {
        if self.spec.keeps_levels() {
            let levels = self.levels();
            self.spec.saw(&levels);
        }
    }

    /// Whether the model expects a source to be readable once the kernel has delivered everything.
    pub(super) fn is_readable(&self, id: usize) -> bool {
        let source = &self.sources[id];
        match source.class {
            Class::Tcp | Class::Stream => {
                let is_waiting = source.peer.is_none();
                let has_ended = source
                    .peer
                    .is_some_and(|peer| self.is_gone(peer) || self.sources[peer].writing_shut);
                let has_data = source.unread != 0 && !is_waiting;
                let is_shut = source.reading_shut && cfg!(unix);
                has_data || has_ended || is_shut || source.refused
            }
            Class::Listener => !source.pending.is_empty(),
            Class::Terminal => {
                source.unread != 0 && source.peer.is_some_and(|peer| !self.is_gone(peer))
            }
            // Linux purges the queue of a Unix socket that learns that its peer is gone
            // (`unix_dgram_disconnected`:
            // https://github.com/torvalds/linux/blob/v6.12/net/unix/af_unix.c).
            Class::Datagram => {
                source.unread != 0 && source.peer.is_some_and(|peer| !self.is_gone(peer))
            }
            Class::EventFd | Class::PipeReceiver => source.unread != 0,
            Class::PipeSender | Class::NamedPipe => false,
        }
    }

    /// Waits until the kernel has delivered everything.
    pub(super) fn settle(&mut self) -> Result<(), String> {
        for id in 0..self.sources.len() {
            if !self.is_readable(id) {
                continue;
            }
            let Some(io) = &self.sources[id].io else {
                continue;
            };
            let start = Instant::now();
            while io.levels() & (sys::IN | END) == 0 {
                if start.elapsed() > DELIVERY {
                    let levels = io.levels();
                    return Err(format!("model: source {id} has the levels {levels:#x}"));
                }
                thread::sleep(Duration::from_micros(50));
            }
        }
        Ok(())
    }

    /// Waits until a byte of urgent data has arrived, or the connection has ended.
    #[cfg(unix)]
    pub(super) fn await_urgent(&self, id: usize) {
        let start = Instant::now();
        let ends = sys::PRI | sys::HUP | sys::ERR;
        while start.elapsed() < DELIVERY && self.levels_of(id).is_some_and(|it| it & ends == 0) {
            thread::sleep(Duration::from_micros(50));
        }
    }

    /// The levels of an open source.
    fn levels_of(&self, id: usize) -> Option<Levels> {
        #[cfg(windows)]
        if self.sources[id].class == Class::NamedPipe {
            return self.sources[id].io.as_ref().map(|_| self.pipe_levels(id));
        }
        Some(self.sources[id].io.as_ref()?.levels())
    }

    /// The levels of all open sources.
    pub(super) fn levels(&self) -> HashMap<usize, Levels> {
        let sources = self.sources.iter().enumerate();
        sources
            .filter_map(|(id, _)| Some((id, self.levels_of(id)?)))
            .collect()
    }

    /// Informs the specification that a `poll` begins. Returns the levels.
    pub(super) fn begin_poll(&mut self) -> HashMap<usize, Levels> {
        let levels = self.levels();
        self.spec.poll_begins(&levels);
        levels
    }
}
