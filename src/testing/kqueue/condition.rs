//! Whether a filter's condition holds, as a BSD kernel would see it.

use std::os::fd::RawFd;

use super::kernel::Knote;
use super::quirks::PERSONALITY;
use super::syscall::{self, File};
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

/// A pipe whose other end is closed. Linux reports that to a reader as POLLHUP and to a writer as
/// POLLERR.
pub(super) fn is_dead_pipe(fd: RawFd) -> bool {
    let pipe = matches!(syscall::file(fd), File::PipeReader | File::PipeWriter);
    pipe && syscall::poll(fd) & (libc::POLLHUP | libc::POLLERR) != 0
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
            // Both filters report a terminal whose other side is gone (`tty_kqops_read_event` and
            // `tty_kqops_write_event`:
            // https://github.com/freebsd/freebsd-src/blob/release/13.1.0/sys/kern/tty.c).
            let hung_up = ready & libc::POLLHUP != 0;
            let flags = if hung_up { EOF } else { 0 };
            let condition = Condition { flags, ..READY };
            (hung_up || ready & (wanted | libc::POLLERR) != 0)
                .then(|| with_count(fd, reads, condition))
        }
        end @ (File::PipeReader | File::PipeWriter) => of_pipe(fd, end, reads, ready),
    }
}

/// Either filter reports the end of the pipe at either of its ends. See `Quirks` for the
/// sources.
fn of_pipe(fd: RawFd, end: File, reads: bool, ready: i16) -> Option<Condition> {
    let dead = ready & (libc::POLLHUP | libc::POLLERR) != 0;
    let is_ready = match (end, reads) {
        (File::PipeReader, true) => ready & libc::POLLIN != 0,
        (File::PipeReader, false) => PERSONALITY.pipes_are_full_duplex,
        // Nothing is ever written to the reading end, although some kernels let it be.
        (_, true) => false,
        (_, false) => ready & libc::POLLOUT != 0,
    };
    let flags = match (dead, reads) {
        (false, _) => 0,
        (true, false) if PERSONALITY.dead_pipe_is_one_shot => EOF | ONE_SHOT,
        (true, _) => EOF,
    };
    let condition = Condition { flags, ..READY };
    (dead || is_ready).then(|| with_count(fd, reads, condition))
}

/// `EV_EOF` comes with `so_error` in `fflags` (`filt_soread`, `filt_sowrite`:
/// <https://github.com/freebsd/freebsd-src/blob/release/13.1.0/sys/kern/uipc_socket.c>). A Unix
/// stream has none when its peer goes, whatever was unread: `unp_disconnect` calls
/// `soisdisconnected` and nothing else, where Linux sets ECONNRESET
/// (<https://github.com/freebsd/freebsd-src/blob/release/13.1.0/sys/kern/uipc_usrreq.c>; the others
/// do the same).
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
    let fflags = match (failed && !syscall::is_unix(fd), knote.connected) {
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
