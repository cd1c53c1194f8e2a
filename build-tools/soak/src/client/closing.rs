//! How connections end on the client's side, and the report of what is overdue.

use std::net::Shutdown;

use super::{Client, reset_on_close};
use crate::peer::State;
use crate::shared::{Count, Kind, Shared};

impl Client<'_> {
    pub(super) fn close_all(&mut self) {
        let poll = self.turns.polls;
        self.timers.clear();
        for at in self.streams.occupied() {
            let state = self.streams.get(at).map(|peer| peer.state);
            match (state, self.rng.u32(0..3)) {
                (Some(State::Ending), _) => {}
                (Some(State::Idle), 0) => self.shut_down(at),
                (_, 1) => self.reset(at),
                _ => self.remove(at),
            }
        }
        for at in self.sockets.occupied() {
            drop(self.sockets.remove(at, poll));
        }
        for at in self.pipes.occupied() {
            drop(self.pipes.remove(at, poll));
        }
    }

    pub(super) fn shut_down(&mut self, at: usize) {
        let id = self.streams.id(at);
        if let Some(peer) = self.streams.get(at) {
            peer.enter(State::Ending);
            self.turns.shared.operation(Kind::TcpClient);
            self.turns.shared.count(Count::ShutDown, 1);
            if let Err(error) = peer.stream.shutdown(Shutdown::Write) {
                let trail = &peer.trail;
                let shared = self.turns.shared;
                shared.fault(format_args!("{id}: shutdown: {error}; {trail}"));
            }
        }
    }

    pub(super) fn reset(&mut self, at: usize) {
        if let Some(peer) = self.streams.get(at) {
            reset_on_close(&peer.stream);
            self.turns.shared.count(Count::Reset, 1);
            self.take(at);
        }
    }

    pub(super) fn remove(&mut self, at: usize) {
        self.turns.shared.count(Count::Dropped, 1);
        self.take(at);
    }

    pub(super) fn take(&mut self, at: usize) {
        if let Some(peer) = self.streams.remove(at, self.turns.polls) {
            self.connecting -= usize::from(peer.state == State::Connecting);
        }
    }

    /// Reports what is overdue.
    pub(super) fn check(&self) {
        let shared: &Shared = self.turns.shared;
        let streams = self.streams.iter();
        let streams = streams.filter_map(|(id, peer)| Some((id, peer.overdue()?)));
        let pipes = self.pipes.iter();
        let pipes = pipes.filter_map(|(id, peer)| Some((id, peer.overdue()?)));
        let sockets = self.sockets.iter();
        let sockets = sockets.filter_map(|(id, socket)| Some((id, socket.overdue()?)));
        for (id, fault) in streams.chain(pipes).chain(sockets) {
            shared.fault(format_args!("{id}: {fault}"));
        }
    }
}
