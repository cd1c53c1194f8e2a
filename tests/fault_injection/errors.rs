//! The errors that the manual page of each call names, and what else may happen to it.
//!
//! `EINTR` is injected into every call, and `EMFILE`, `ENFILE` and `ENOMEM` into every call that
//! makes an fd, whether their pages name them or not. Left out are errors that the page excludes
//! for the way in which the library makes the call, with the reason.
//! Linux: man-pages 5.13. The pages of kqueue(2) are FreeBSD's, those of event ports illumos'.

use mio::fault_injection::{Call, Effect};

/// Errors by name.
macro_rules! errors {
    ($($name:ident)*) => { &[$((stringify!($name), libc::$name)),*] };
}

type Errors = &'static [(&'static str, i32)];

/// `EBADFD` and `ETIME` of Solaris, which is what the fake kernel returns.
const EBADFD: i32 = 81;
const ETIME: i32 = 62;

/// The errors of the manual page.
fn of_manual(call: Call) -> Errors {
    match call {
        // https://man7.org/linux/man-pages/man2/epoll_create.2.html
        Call::EpollCreate => errors!(EINVAL EMFILE ENFILE ENOMEM),
        // https://man7.org/linux/man-pages/man2/epoll_ctl.2.html
        Call::EpollAdd => errors!(EBADF EEXIST EINVAL ELOOP ENOMEM ENOSPC EPERM),
        Call::EpollModify => errors!(EBADF EINVAL ENOENT ENOMEM EPERM),
        Call::EpollDelete => errors!(EBADF EINVAL ENOENT ENOMEM EPERM),
        // https://man7.org/linux/man-pages/man2/epoll_wait.2.html
        Call::EpollWait | Call::EpollPwait2 => errors!(EBADF EFAULT EINTR EINVAL),
        // https://man7.org/linux/man-pages/man2/poll.2.html
        Call::Poll | Call::Ppoll => errors!(EFAULT EINTR EINVAL ENOMEM),
        // https://man7.org/linux/man-pages/man2/eventfd.2.html
        Call::Eventfd => errors!(EINVAL EMFILE ENFILE ENODEV ENOMEM),
        // https://man7.org/linux/man-pages/man2/pipe.2.html
        Call::Pipe2 => errors!(EFAULT EINVAL EMFILE ENFILE),
        // https://man7.org/linux/man-pages/man2/read.2.html
        Call::Read => errors!(EAGAIN EBADF EFAULT EINTR EINVAL EIO EISDIR),
        // https://man7.org/linux/man-pages/man2/write.2.html
        Call::Write => errors!(
            EAGAIN EBADF EDESTADDRREQ EDQUOT EFAULT EFBIG EINTR EINVAL EIO ENOSPC EPERM EPIPE
        ),
        // https://man7.org/linux/man-pages/man2/fcntl.2.html: the errors that its page does not
        // limit to other commands than F_GETFL, F_SETFL, F_GETFD and F_SETFD.
        Call::Fcntl => errors!(EACCES EAGAIN EBADF EINVAL EPERM),
        // https://man7.org/linux/man-pages/man2/socket.2.html
        Call::Socket => {
            errors!(EACCES EAFNOSUPPORT EINVAL EMFILE ENFILE ENOBUFS ENOMEM EPROTONOSUPPORT)
        }
        // https://man7.org/linux/man-pages/man2/socketpair.2.html
        Call::Socketpair => errors!(EAFNOSUPPORT EFAULT EMFILE ENFILE EOPNOTSUPP EPROTONOSUPPORT),
        // https://man7.org/linux/man-pages/man2/bind.2.html
        Call::Bind => errors!(
            EACCES EADDRINUSE EADDRNOTAVAIL EBADF EFAULT EINVAL ELOOP ENAMETOOLONG ENOENT ENOMEM
            ENOTDIR ENOTSOCK EROFS
        ),
        // https://man7.org/linux/man-pages/man2/connect.2.html
        Call::Connect => errors!(
            EACCES EADDRINUSE EADDRNOTAVAIL EAFNOSUPPORT EAGAIN EALREADY EBADF ECONNREFUSED EFAULT
            EINPROGRESS EINTR EISCONN ENETUNREACH ENOTSOCK EPERM EPROTOTYPE ETIMEDOUT
        ),
        // https://man7.org/linux/man-pages/man2/listen.2.html
        Call::Listen => errors!(EADDRINUSE EBADF ENOTSOCK EOPNOTSUPP),
        // https://man7.org/linux/man-pages/man2/accept.2.html, with the errors of new sockets and
        // of protocols that the page adds. ERESTARTSYS is seen by tracers only.
        Call::Accept | Call::Accept4 => errors!(
            EAGAIN EBADF ECONNABORTED EFAULT EINTR EINVAL EMFILE ENFILE ENOBUFS ENOMEM ENOSR
            ENOTSOCK EOPNOTSUPP EPERM EPROTO EPROTONOSUPPORT ESOCKTNOSUPPORT ETIMEDOUT
        ),
        // https://man7.org/linux/man-pages/man2/setsockopt.2.html
        Call::Getsockopt | Call::Setsockopt => errors!(EBADF EFAULT EINVAL ENOPROTOOPT ENOTSOCK),
        // https://man7.org/linux/man-pages/man2/send.2.html
        Call::Send | Call::Sendmsg => errors!(
            EACCES EAGAIN EALREADY EBADF ECONNRESET EDESTADDRREQ EFAULT EINTR EINVAL EISCONN
            EMSGSIZE ENOBUFS ENOMEM ENOTCONN ENOTSOCK EOPNOTSUPP EPIPE
        ),
        // https://man7.org/linux/man-pages/man2/mmap.2.html
        Call::Mmap => errors!(
            EACCES EAGAIN EBADF EEXIST EINVAL ENFILE ENODEV ENOMEM EOVERFLOW EPERM ETXTBSY
        ),
        // https://man7.org/linux/man-pages/man2/madvise.2.html
        Call::Madvise => errors!(EACCES EAGAIN EBADF EINVAL EIO ENOMEM EPERM),
        // https://man7.org/linux/man-pages/man3/pthread_atfork.3.html
        Call::PthreadAtfork => errors!(ENOMEM),
        // https://man.freebsd.org/cgi/man.cgi?query=kqueue&sektion=2
        Call::Kqueue => errors!(EMFILE ENFILE ENOMEM),
        // The same page. Left out is EBADF of a call with changes, whose fds are open: to the
        // library it is NetBSD's error for a pipe whose reader is closed.
        Call::KeventChange => errors!(EACCES EFAULT EINTR EINVAL ENOENT ENOMEM ESRCH),
        Call::KeventWait => errors!(EACCES EBADF EFAULT EINTR EINVAL ENOENT ENOMEM ESRCH),
        // The same page: the errors of one change. A filter that is added cannot be missing; for
        // EBADF see above.
        Call::ChangeAddRead | Call::ChangeAddWrite | Call::ChangeAddUser => {
            errors!(EACCES EINVAL ENOMEM ESRCH)
        }
        Call::ChangeDelete | Call::ChangeTrigger => {
            errors!(EACCES EBADF EINVAL ENOENT ENOMEM ESRCH)
        }
        // https://illumos.org/man/3C/port_create
        Call::PortCreate => errors!(EAGAIN EMFILE),
        // https://illumos.org/man/3C/port_associate. EACCES, ENOENT and ENOTSUP are errors of
        // `PORT_SOURCE_FILE`.
        Call::PortAssociate => &[
            ("EAGAIN", libc::EAGAIN),
            ("EBADF", libc::EBADF),
            ("EBADFD", EBADFD),
            ("EINVAL", libc::EINVAL),
            ("ENOMEM", libc::ENOMEM),
        ],
        // https://illumos.org/man/3C/port_dissociate
        Call::PortDissociate => &[
            ("EACCES", libc::EACCES),
            ("EBADF", libc::EBADF),
            ("EBADFD", EBADFD),
            ("EINVAL", libc::EINVAL),
            ("ENOENT", libc::ENOENT),
        ],
        // https://illumos.org/man/3C/port_send
        Call::PortSend => &[
            ("EAGAIN", libc::EAGAIN),
            ("EBADF", libc::EBADF),
            ("EBADFD", EBADFD),
            ("ENOMEM", libc::ENOMEM),
        ],
        // https://illumos.org/man/3C/port_get
        Call::PortGetn => &[
            ("EBADF", libc::EBADF),
            ("EBADFD", EBADFD),
            ("EFAULT", libc::EFAULT),
            ("EINTR", libc::EINTR),
            ("EINVAL", libc::EINVAL),
            ("ETIME", ETIME),
        ],
    }
}

/// The errors of a system that has run out of something. Kernels return them for every call that
/// makes an fd, whether its page names all of them or not.
fn exhaustion(call: Call) -> Errors {
    match call {
        Call::EpollCreate
        | Call::Eventfd
        | Call::Pipe2
        | Call::Socket
        | Call::Socketpair
        | Call::Accept
        | Call::Accept4
        | Call::Kqueue
        | Call::PortCreate => errors!(EMFILE ENFILE ENOMEM),
        _ => &[],
    }
}

/// Whether the call takes effect before it fails.
fn takes_effect(call: Call, name: &str) -> bool {
    match call {
        // An interrupted connect(2) goes on in the background, as one in progress does:
        // https://pubs.opengroup.org/onlinepubs/9699919799/functions/connect.html
        Call::Connect => matches!(name, "EINPROGRESS" | "EINTR"),
        // All changes are applied before a signal is noticed:
        // https://man.freebsd.org/cgi/man.cgi?query=kevent&sektion=2
        Call::KeventChange => name == "EINTR",
        // The kernel reports that the filter does not exist, so it does not.
        Call::ChangeDelete => name == "ENOENT",
        _ => false,
    }
}

/// Everything that may happen to a call, by name.
///
/// Short reads are those of a pipe: a waker's pipe is read with room for many bytes. A counter of
/// eventfd(2) is read as a whole, or the call fails with EINVAL
/// (<https://man7.org/linux/man-pages/man2/eventfd.2.html>), which is what a short read of it does
/// here. A waker's write cannot be short: a pipe takes up to PIPE_BUF bytes in one piece, or fails
/// (<https://man7.org/linux/man-pages/man7/pipe.7.html>).
pub(crate) fn effects(call: Call) -> Vec<(&'static str, Effect)> {
    let is_change = matches!(
        call,
        Call::ChangeAddRead
            | Call::ChangeAddUser
            | Call::ChangeAddWrite
            | Call::ChangeDelete
            | Call::ChangeTrigger
    );
    let mut names = Vec::new();
    // A signal ends a call. One change of kevent(2) is not interrupted.
    if !is_change {
        names.push(("EINTR", libc::EINTR));
    }
    names.extend(of_manual(call).iter().filter(|(name, _)| *name != "EINTR"));
    for error in exhaustion(call) {
        if !names.contains(error) {
            names.push(*error);
        }
    }
    let mut effects: Vec<_> = names
        .into_iter()
        .map(|(name, error)| match takes_effect(call, name) {
            true => (name, Effect::FailAfter(error)),
            false => (name, Effect::Fail(error)),
        })
        .collect();
    if matches!(
        call,
        Call::EpollWait | Call::KeventWait | Call::Read | Call::Send | Call::Sendmsg
    ) {
        effects.push(("short", Effect::Short(1)));
    }
    effects
}
