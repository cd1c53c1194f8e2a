//! Sockets of Unix systems, through the `libc` crate.
//!
//! Every socket made here is non-blocking and close-on-exec. A value owns its fd as soon as the
//! kernel has returned it, so a later step that fails closes it. Other operations are std's.

use std::ffi::c_int;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::sys::errors;
use crate::sys::platform::SOCKETS;
use crate::sys::unix::caps::FlagsToSet;
use crate::sys::unix::syscalls::socket as syscall;
use syscall::{Address, Plain, Storage};

/// Does nothing: only Windows must be started before a socket is used.
#[inline]
pub(crate) fn ensure_winsock_started() {}

/// Whether a call failed because the process or the system has no file descriptor left.
#[inline]
pub(crate) fn is_out_of_descriptors(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE))
}

/// Makes a socket, non-blocking and close-on-exec.
#[inline]
pub(crate) fn new(domain: c_int, kind: c_int) -> io::Result<OwnedFd> {
    let socket = syscall::socket(domain, kind | SOCKETS.creation_flags)?;
    finish_creation(socket.as_fd())?;
    Ok(socket)
}

/// Sets the flags and options that a socket of socket(2) or socketpair(2) still needs.
#[inline]
pub(crate) fn finish_creation(socket: BorrowedFd<'_>) -> io::Result<()> {
    set_flags(socket, SOCKETS.flags_to_set)?;
    match SOCKETS.no_sigpipe {
        Some(option) => syscall::set_option(socket, libc::SOL_SOCKET, option, 1),
        None => Ok(()),
    }
}

#[inline]
fn set_flags(socket: BorrowedFd<'_>, flags: FlagsToSet) -> io::Result<()> {
    if matches!(flags, FlagsToSet::Both | FlagsToSet::CloseOnExec) {
        syscall::set_close_on_exec(socket)?;
    }
    if matches!(flags, FlagsToSet::Both | FlagsToSet::Nonblock) {
        syscall::set_nonblocking(socket)?;
    }
    Ok(())
}

/// Accepts one connection: accept4(2), or accept(2) and fcntl(2) where accept4(2) is missing or
/// refused, with any error but EAGAIN.
pub(crate) fn accept<A: Plain>(
    listener: BorrowedFd<'_>,
    storage: &mut Storage<A>,
) -> io::Result<OwnedFd> {
    /// Set once accept4(2) was refused, for good.
    static IS_REFUSED: AtomicBool = AtomicBool::new(false);

    if let Some(accept4) = SOCKETS
        .accept4
        .filter(|_| !IS_REFUSED.load(Ordering::Relaxed))
    {
        match syscall::accept4(accept4, listener, storage, SOCKETS.creation_flags) {
            // EAGAIN ends each round of accepting, so it must cost no probe.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Err(error),
            // The listener is open, so a filter may have refused the call. accept(2) decides.
            Err(error) if error.raw_os_error() == Some(libc::EBADF) => {}
            Err(_) if syscall::is_refused(accept4) => IS_REFUSED.store(true, Ordering::Relaxed),
            result => return result,
        }
    }
    accept_and_set(listener, storage)
}

/// See [`accept`]. On some systems the new socket inherits the listener's flags:
/// `accepted_flags_to_set` has those that are still to be set.
fn accept_and_set<A: Plain>(
    listener: BorrowedFd<'_>,
    storage: &mut Storage<A>,
) -> io::Result<OwnedFd> {
    let socket = syscall::accept(listener, storage)?;
    set_flags(socket.as_fd(), SOCKETS.accepted_flags_to_set)?;
    Ok(socket)
}

/// Takes a connect(2) that is in progress for a success. After EINTR it goes on in the background,
/// [as after EINPROGRESS].
///
/// [as after EINPROGRESS]: https://pubs.opengroup.org/onlinepubs/9699919799/functions/connect.html
#[inline]
pub(crate) fn ignore_in_progress(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if matches!(error.raw_os_error(), Some(libc::EINPROGRESS | libc::EINTR)) => {
            Ok(())
        }
        result => result,
    }
}

/// The domain of a socket for this address.
#[inline]
pub(crate) fn domain(address: SocketAddr) -> c_int {
    match address {
        SocketAddr::V4(_) => libc::AF_INET,
        SocketAddr::V6(_) => libc::AF_INET6,
    }
}

/// An internet address for the kernel.
pub(crate) enum Internet {
    V4(libc::sockaddr_in),
    V6(libc::sockaddr_in6),
}

impl Internet {
    /// The whole structure.
    #[inline]
    pub(crate) fn address(&self) -> Address<'_> {
        match self {
            Internet::V4(raw) => Address::new(raw, size_of_val(raw)),
            Internet::V6(raw) => Address::new(raw, size_of_val(raw)),
        }
    }
}

/// Converts an address for the kernel, field by field: std does not specify a layout.
#[inline]
pub(crate) fn to_internet(address: SocketAddr) -> Internet {
    match address {
        SocketAddr::V4(address) => {
            let mut raw = syscall::zeroed::<libc::sockaddr_in>();
            raw.sin_family = libc::AF_INET as libc::sa_family_t;
            raw.sin_port = address.port().to_be();
            // In network order in both.
            raw.sin_addr.s_addr = u32::from_ne_bytes(address.ip().octets());
            Internet::V4(raw)
        }
        SocketAddr::V6(address) => {
            let mut raw = syscall::zeroed::<libc::sockaddr_in6>();
            raw.sin6_family = libc::AF_INET6 as libc::sa_family_t;
            raw.sin6_port = address.port().to_be();
            raw.sin6_addr.s6_addr = address.ip().octets();
            // std has it in the kernel's byte order.
            raw.sin6_flowinfo = address.flowinfo();
            raw.sin6_scope_id = address.scope_id();
            Internet::V6(raw)
        }
    }
}

/// Converts an address of the kernel. An address of another family is `InvalidInput`.
#[inline]
pub(crate) fn from_internet(storage: &Storage<libc::sockaddr_storage>) -> io::Result<SocketAddr> {
    match c_int::from(storage.address().ss_family) {
        libc::AF_INET => {
            let raw = syscall::as_v4(storage.address());
            let ip = Ipv4Addr::from(raw.sin_addr.s_addr.to_ne_bytes());
            Ok(SocketAddrV4::new(ip, u16::from_be(raw.sin_port)).into())
        }
        libc::AF_INET6 => {
            let raw = syscall::as_v6(storage.address());
            let ip = Ipv6Addr::from(raw.sin6_addr.s6_addr);
            let port = u16::from_be(raw.sin6_port);
            Ok(SocketAddrV6::new(ip, port, raw.sin6_flowinfo, raw.sin6_scope_id).into())
        }
        _ => Err(errors::invalid("the peer has no internet address")),
    }
}

pub(crate) mod tcp {
    //! TCP sockets.

    use std::ffi::c_int;
    use std::io::{self, IoSlice};
    use std::net::{SocketAddr, TcpListener, TcpStream};
    use std::os::fd::AsFd;

    use super::{
        accept as accept_fd, domain, from_internet, ignore_in_progress, new, stream, to_internet,
    };
    use crate::sys::platform::SOCKETS;
    use crate::sys::unix::syscalls::socket as syscall;

    /// Starts to connect a stream.
    #[inline]
    pub(crate) fn connect(address: SocketAddr) -> io::Result<TcpStream> {
        let socket = new(domain(address), libc::SOCK_STREAM)?;
        let address = to_internet(address);
        ignore_in_progress(syscall::connect(socket.as_fd(), address.address()))?;
        Ok(socket.into())
    }

    /// Makes a socket that is neither bound nor connected.
    #[inline]
    pub(crate) fn unconnected() -> io::Result<TcpStream> {
        Ok(new(libc::AF_INET, libc::SOCK_STREAM)?.into())
    }

    /// Makes a listener. `SO_REUSEADDR`: connections of an earlier listener may still be in
    /// TIME_WAIT.
    #[inline]
    pub(crate) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
        let socket = new(domain(address), libc::SOCK_STREAM)?;
        syscall::set_option(socket.as_fd(), libc::SOL_SOCKET, libc::SO_REUSEADDR, 1)?;
        syscall::bind(socket.as_fd(), to_internet(address).address())?;
        syscall::listen(socket.as_fd(), SOCKETS.tcp_backlog)?;
        Ok(socket.into())
    }

    /// Changes how many connections may wait, by listen(2) once more.
    #[inline]
    pub(crate) fn set_backlog(listener: &TcpListener, backlog: u32) -> io::Result<()> {
        let backlog = c_int::try_from(backlog).unwrap_or(c_int::MAX);
        // 0 counts as 1: a host of WASI refuses 0, and macOS takes it for its limit (`solisten`):
        // <https://github.com/apple-oss-distributions/xnu/blob/xnu-4903.270.47/bsd/kern/uipc_socket.c>
        syscall::listen(listener.as_fd(), backlog.max(1))
    }

    /// Accepts one connection, and returns it with the address of its peer.
    #[inline]
    pub(crate) fn accept(listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
        let mut storage = syscall::Storage::new();
        let socket = accept_fd(listener.as_fd(), &mut storage)?;
        let peer = peer_of(&storage)?;
        Ok((socket.into(), peer))
    }

    /// The address that accept(2) has written.
    ///
    /// XNU returns a socket without an address for an IPv6 connection that was reset before it was
    /// accepted: [`accept_nocancel`] ignores the error of `soacceptlock`. This is ECONNABORTED, as
    /// [POSIX] names it.
    ///
    /// [`accept_nocancel`]:
    /// https://github.com/apple-oss-distributions/xnu/blob/xnu-11417.101.15/bsd/kern/uipc_syscalls.c
    /// [POSIX]: https://pubs.opengroup.org/onlinepubs/9699919799/functions/accept.html
    #[inline]
    pub(super) fn peer_of(
        storage: &syscall::Storage<libc::sockaddr_storage>,
    ) -> io::Result<SocketAddr> {
        if storage.length() == 0 {
            return Err(io::Error::from_raw_os_error(libc::ECONNABORTED));
        }
        from_internet(storage)
    }

    /// Writes without SIGPIPE.
    #[inline]
    pub(crate) fn write(stream: &TcpStream, buffer: &[u8]) -> io::Result<usize> {
        stream::write(stream, buffer)
    }

    /// Writes several buffers without SIGPIPE.
    #[inline]
    pub(crate) fn write_vectored(stream: &TcpStream, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        stream::write_vectored(stream, buffers)
    }
}

pub(crate) mod udp {
    //! UDP sockets.

    use std::io;
    use std::net::{SocketAddr, UdpSocket};
    use std::os::fd::AsFd;

    use super::{domain, new, to_internet};
    use crate::sys::unix::syscalls::socket as syscall;

    /// Makes a bound socket.
    #[inline]
    pub(crate) fn bind(address: SocketAddr) -> io::Result<UdpSocket> {
        let socket = new(domain(address), libc::SOCK_DGRAM)?;
        syscall::bind(socket.as_fd(), to_internet(address).address())?;
        Ok(socket.into())
    }

    /// `IPV6_V6ONLY`.
    #[inline]
    pub(crate) fn only_v6(socket: &UdpSocket) -> io::Result<bool> {
        let value = syscall::option(socket.as_fd(), libc::IPPROTO_IPV6, libc::IPV6_V6ONLY)?;
        Ok(value != 0)
    }

    /// Does nothing: only Windows resets a UDP socket.
    #[inline]
    pub(crate) fn set_connection_resets(_: &UdpSocket, _: bool) -> io::Result<()> {
        Ok(())
    }
}

pub(crate) mod stream {
    //! Writing to a stream without SIGPIPE: with a flag of send(2), or as std does where no SIGPIPE
    //! comes or an option of the socket suppresses it.

    use std::io::{self, IoSlice, Write};
    use std::os::fd::AsFd;
    use std::sync::atomic::{AtomicBool, Ordering};

    use crate::sys::platform::SOCKETS;
    use crate::sys::unix::caps::NoSignal;

    /// Writes one buffer.
    pub(crate) fn write<'a, S>(mut stream: &'a S, buffer: &[u8]) -> io::Result<usize>
    where
        S: AsFd,
        &'a S: Write,
    {
        match SOCKETS.no_signal {
            Some(calls) => (calls.send)(stream.as_fd(), buffer),
            None => stream.write(buffer),
        }
    }

    /// Writes several buffers, as many as the system takes.
    ///
    /// A stream may be made from the fd of a pipe or a terminal, which sendmsg(2) refuses and the
    /// writev(2) of std takes. So does a sandbox that knows the calls of mio 1.2 alone. A refused
    /// sendmsg(2) has sent nothing.
    pub(crate) fn write_vectored<'a, S>(
        mut stream: &'a S,
        buffers: &[IoSlice<'_>],
    ) -> io::Result<usize>
    where
        S: AsFd,
        &'a S: Write,
    {
        let Some(calls) = SOCKETS.no_signal else {
            return stream.write_vectored(buffers);
        };
        match (calls.sendmsg)(stream.as_fd(), buffers) {
            Err(error) if is_refused(calls, &error) => stream.write_vectored(buffers),
            result => result,
        }
    }

    /// Whether the call was refused, and not the data. With the first errors sendmsg(2) has sent
    /// nothing, so no probe is needed (EBADF: the stream is open). After EPIPE it must not be
    /// repeated by writev(2), which raises SIGPIPE, unless the call itself is refused. EAGAIN is
    /// the common error, so it must cost no probe.
    #[inline]
    fn is_refused(calls: NoSignal, error: &io::Error) -> bool {
        /// Set once a probe was refused, so that later errors need none.
        static IS_REFUSED: AtomicBool = AtomicBool::new(false);

        match error.raw_os_error() {
            Some(
                libc::EACCES
                | libc::EBADF
                | libc::EINVAL
                | libc::ENOSYS
                | libc::ENOTSOCK
                | libc::EPERM,
            ) => true,
            _ if error.kind() == io::ErrorKind::WouldBlock => false,
            _ if IS_REFUSED.load(Ordering::Relaxed) => true,
            _ => {
                let is_refused = (calls.refuses_sendmsg)();
                if is_refused {
                    IS_REFUSED.store(true, Ordering::Relaxed);
                }
                is_refused
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(unix)]
    use std::os::fd::AsRawFd;
    #[cfg(unix)]
    use std::time::{Duration, Instant};

    /// Whether an fd is close-on-exec, and whether it is non-blocking: fcntl(2) shows both on every
    /// Unix.
    #[cfg(unix)]
    #[allow(unsafe_code)]
    fn flags(socket: &OwnedFd) -> (bool, bool) {
        // SAFETY: fcntl(2) with F_GETFD takes no argument and touches no memory.
        let descriptor = unsafe { libc::fcntl(socket.as_raw_fd(), libc::F_GETFD) };
        // SAFETY: fcntl(2) with F_GETFL takes no argument and touches no memory.
        let status = unsafe { libc::fcntl(socket.as_raw_fd(), libc::F_GETFL) };
        assert!(descriptor != -1 && status != -1);
        (
            descriptor & libc::FD_CLOEXEC != 0,
            status & libc::O_NONBLOCK != 0,
        )
    }

    /// The path without accept4(2) sets both flags.
    #[cfg(unix)]
    #[test]
    fn accept_without_accept4_sets_both_flags() {
        let listener = tcp::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let mut storage = syscall::Storage::new();
        let end = Instant::now() + Duration::from_secs(30);
        // connect(2) may return before the listener has the connection.
        let accepted = loop {
            match accept_and_set(listener.as_fd(), &mut storage) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && Instant::now() < end => {
                    std::thread::sleep(Duration::from_millis(1));
                }
                accepted => break accepted.unwrap(),
            }
        };
        assert_eq!(flags(&accepted), (true, true));
        let peer = from_internet(&storage).unwrap();
        assert_eq!(peer, client.local_addr().unwrap());
    }

    #[cfg(unix)]
    #[test]
    fn set_flags_sets_those_it_names() {
        for (to_set, closes, is_nonblocking) in [
            (FlagsToSet::Nothing, false, false),
            (FlagsToSet::CloseOnExec, true, false),
            (FlagsToSet::Nonblock, false, true),
            (FlagsToSet::Both, true, true),
        ] {
            let socket = syscall::socket(libc::AF_INET, libc::SOCK_STREAM).unwrap();
            set_flags(socket.as_fd(), to_set).unwrap();
            assert_eq!(flags(&socket), (closes, is_nonblocking), "{to_set:?}");
        }
    }

    #[test]
    fn interrupted_connect_is_no_error() {
        let error = |code| Err(io::Error::from_raw_os_error(code));
        assert!(ignore_in_progress(error(libc::EINTR)).is_ok());
        assert!(ignore_in_progress(error(libc::EINPROGRESS)).is_ok());
        assert!(ignore_in_progress(error(libc::ECONNREFUSED)).is_err());
    }

    #[test]
    fn internet_addresses_keep_their_fields() {
        let v4: SocketAddr = "1.2.3.4:5678".parse().unwrap();
        let Internet::V4(raw) = to_internet(v4) else {
            panic!("not an IPv4 address");
        };
        assert_eq!(raw.sin_port.to_ne_bytes(), 5678u16.to_be_bytes());
        assert_eq!(raw.sin_addr.s_addr.to_ne_bytes(), [1, 2, 3, 4]);

        let ip: Ipv6Addr = "1:2:3:4:5:6:7:8".parse().unwrap();
        let Internet::V6(raw) = to_internet(SocketAddrV6::new(ip, 9, 10, 11).into()) else {
            panic!("not an IPv6 address");
        };
        assert_eq!(raw.sin6_port.to_ne_bytes(), [0, 9]);
        assert_eq!(raw.sin6_addr.s6_addr, ip.octets());
        assert_eq!((raw.sin6_flowinfo, raw.sin6_scope_id), (10, 11));
    }

    /// XNU accepts a connection that was reset, and returns no address.
    #[test]
    #[cfg(unix)]
    fn accepted_socket_without_an_address_is_aborted() {
        let mut storage = Storage::new();
        let address = *storage.address();
        storage.set(address, 0);
        let error = super::tcp::peer_of(&storage).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionAborted);
    }

    #[test]
    fn address_of_another_family_is_invalid_input() {
        let error = from_internet(&Storage::new()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    }
}
