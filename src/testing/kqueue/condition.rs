//! The condition of a filter, evaluated as a BSD kernel does.

use std::os::fd::RawFd;

use super::kernel::Knote;
use super::quirks::QUIRKS;
use super::syscall::{self, File};
use super::{EOF, Filter, Key, ONE_SHOT};

/// The fields of an event that its knote does not determine.
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

/// Whether `fd` is a pipe whose other end is closed. Linux reports that to a reader as POLLHUP and
/// to a writer as POLLERR (`pipe_poll`: <https://github.com/torvalds/linux/blob/v6.12/fs/pipe.c>).
pub(super) fn is_dead_pipe(fd: RawFd) -> bool {
    let pipe = matches!(syscall::file(fd), File::PipeReader | File::PipeWriter);
    pipe && syscall::poll(fd) & (libc::POLLHUP | libc::POLLERR) != 0
}

/// The condition of a knote, if it holds.
pub(super) fn evaluate(key: Key, knote: &mut Knote) -> Option<Condition> {
    let (ident, filter) = key;
    if filter == Filter::User {
        return knote.triggered.then_some(Condition {
            fflags: knote.event.fflags,
            ..Condition::default()
        });
    }
    // The ident was checked when the knote was added.
    let fd = ident as RawFd;
    let ready = syscall::poll(fd);
    let is_read = filter == Filter::Read;
    match syscall::file(fd) {
        File::Stream => of_stream(fd, is_read, ready, knote),
        File::Listener => (is_read && ready & libc::POLLIN != 0).then_some(READY),
        File::Datagram | File::Other => {
            let wanted = if is_read { libc::POLLIN } else { libc::POLLOUT };
            // Both filters report a terminal whose other side is closed (`tty_kqops_read_event` and
            // `tty_kqops_write_event`:
            // https://github.com/freebsd/freebsd-src/blob/release/13.1.0/sys/kern/tty.c).
            let hung_up = ready & libc::POLLHUP != 0;
            let flags = if hung_up { EOF } else { 0 };
            let condition = Condition { flags, ..READY };
            (hung_up || ready & (wanted | libc::POLLERR) != 0)
                .then(|| with_byte_count(fd, is_read, condition))
        }
        end @ (File::PipeReader | File::PipeWriter) => of_pipe(fd, end, is_read, ready),
    }
}

/// The condition of a pipe. Both filters report `EV_EOF` at both ends. See `Quirks` for the
/// sources.
fn of_pipe(fd: RawFd, end: File, is_read: bool, ready: i16) -> Option<Condition> {
    let is_dead = ready & (libc::POLLHUP | libc::POLLERR) != 0;
    let is_ready = match (end, is_read) {
        (File::PipeReader, true) => ready & libc::POLLIN != 0,
        (File::PipeReader, false) => QUIRKS.pipes_are_full_duplex,
        // No test writes to the reading end, although some kernels allow it.
        (_, true) => false,
        (_, false) => ready & libc::POLLOUT != 0,
    };
    let flags = match (is_dead, is_read) {
        (false, _) => 0,
        (true, false) if QUIRKS.dead_pipe_is_one_shot => EOF | ONE_SHOT,
        (true, _) => EOF,
    };
    let condition = Condition { flags, ..READY };
    (is_dead || is_ready).then(|| with_byte_count(fd, is_read, condition))
}

/// The condition of a connected stream socket.
///
/// `fflags` holds `so_error` beside `EV_EOF` (`filt_soread`, `filt_sowrite`:
/// <https://github.com/freebsd/freebsd-src/blob/release/13.1.0/sys/kern/uipc_socket.c>). A Unix
/// stream has no error when its peer is closed, even if the peer had unread data:
/// `unp_disconnect` calls `soisdisconnected` and sets no error, where Linux sets ECONNRESET
/// ([FreeBSD], [xnu]). The fake assumes the same of the other kernels.
///
/// [FreeBSD]: https://github.com/freebsd/freebsd-src/blob/release/13.1.0/sys/kern/uipc_usrreq.c
/// [xnu]: https://github.com/apple-oss-distributions/xnu/blob/xnu-8019.61.5/bsd/kern/uipc_usrreq.c
fn of_stream(fd: RawFd, is_read: bool, ready: i16, knote: &mut Knote) -> Option<Condition> {
    let failed = ready & libc::POLLERR != 0;
    let hung_up = ready & libc::POLLHUP != 0;
    let peer_shut = ready & libc::POLLRDHUP != 0;
    if hung_up && !peer_shut && !failed {
        // Linux reports POLLHUP for a socket that was never connected (`tcp_poll`:
        // https://github.com/torvalds/linux/blob/v6.12/net/ipv4/tcp.c). FreeBSD 12.3 reports no
        // event (measured).
        return None;
    }
    knote.connected |= syscall::is_connected(fd);
    // SO_ERROR is not read, because reading it clears it
    // (https://man7.org/linux/man-pages/man7/socket.7.html).
    let fflags = match (failed && !syscall::is_unix(fd), knote.connected) {
        (false, _) => 0,
        (true, false) => libc::ECONNREFUSED as u32,
        (true, true) => libc::ECONNRESET as u32,
    };
    let has_ended = if is_read {
        failed || hung_up || peer_shut
    } else {
        failed || hung_up || ready & libc::POLLOUT != 0 && syscall::is_writing_shut_down(fd)
    };
    let wanted = if is_read { libc::POLLIN } else { libc::POLLOUT };
    let condition = Condition {
        flags: if has_ended { EOF } else { 0 },
        fflags,
        data: 1,
    };
    (has_ended || ready & wanted != 0).then(|| with_byte_count(fd, is_read, condition))
}

/// Sets `data` of `EVFILT_READ` to the number of unread bytes.
fn with_byte_count(fd: RawFd, is_read: bool, condition: Condition) -> Condition {
    let data = if is_read {
        syscall::unread_bytes(fd)
    } else {
        1
    };
    Condition { data, ..condition }
}
