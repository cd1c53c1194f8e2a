//! Whether a filter's condition holds, as a BSD kernel would see it.

use std::os::fd::RawFd;

use super::syscall::{self, File};
use super::world::Knote;
use super::{EOF, Filter, Key, ONE_SHOT};

/// What an event says beyond its knote.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Condition {
    pub(super) flags: u32,
    pub(super) fflags: u32,
    pub(super) data: i64,
}

const READY: Condition = Condition {
    flags: 0,
    fflags: 0,
    data: 1,
};

/// The writing end of a pipe without a reader.
pub(super) fn is_dead_pipe(fd: RawFd) -> bool {
    syscall::file(fd) == File::Pipe && syscall::poll(fd) & libc::POLLERR != 0
}

/// The condition of a knote, if it holds.
pub(super) fn of(key: Key, knote: &mut Knote) -> Option<Condition> {
    let (ident, filter) = key;
    if filter == Filter::User {
        return knote.triggered.then_some(Condition {
            fflags: knote.event.fflags,
            ..Condition::default()
        });
    }
    // The number was checked when it was added.
    let fd = ident as RawFd;
    let ready = syscall::poll(fd);
    let reads = filter == Filter::Read;
    match syscall::file(fd) {
        File::Stream => of_stream(fd, reads, ready, knote),
        File::Listener => (reads && ready & libc::POLLIN != 0).then_some(READY),
        File::Datagram | File::Other => {
            let wanted = if reads { libc::POLLIN } else { libc::POLLOUT };
            (ready & (wanted | libc::POLLERR) != 0).then(|| with_count(fd, reads, READY))
        }
        File::Pipe if reads => {
            let flags = if ready & libc::POLLHUP != 0 { EOF } else { 0 };
            let condition = Condition { flags, ..READY };
            (ready & (libc::POLLIN | libc::POLLHUP) != 0).then(|| with_count(fd, reads, condition))
        }
        File::Pipe => {
            let dead = ready & libc::POLLERR != 0;
            let flags = if dead { EOF | ONE_SHOT } else { 0 };
            (dead || ready & libc::POLLOUT != 0).then_some(Condition { flags, ..READY })
        }
    }
}

fn of_stream(fd: RawFd, reads: bool, ready: i16, knote: &mut Knote) -> Option<Condition> {
    let failed = ready & libc::POLLERR != 0;
    let hung_up = ready & libc::POLLHUP != 0;
    let peer_shut = ready & libc::POLLRDHUP != 0;
    if hung_up && !peer_shut && !failed {
        // Never connected: nothing to say here.
        return None;
    }
    knote.connected |= syscall::is_connected(fd);
    // Asking for the error would take it away from the user.
    let fflags = match (failed, knote.connected) {
        (false, _) => 0,
        (true, false) => libc::ECONNREFUSED as u32,
        (true, true) => libc::ECONNRESET as u32,
    };
    let ended = if reads {
        failed || hung_up || peer_shut
    } else {
        failed || hung_up || ready & libc::POLLOUT != 0 && syscall::writing_is_shut(fd)
    };
    let wanted = if reads { libc::POLLIN } else { libc::POLLOUT };
    let condition = Condition {
        flags: if ended { EOF } else { 0 },
        fflags,
        data: 1,
    };
    (ended || ready & wanted != 0).then(|| with_count(fd, reads, condition))
}

fn with_count(fd: RawFd, reads: bool, condition: Condition) -> Condition {
    let data = if reads { syscall::unread(fd) } else { 1 };
    Condition { data, ..condition }
}
