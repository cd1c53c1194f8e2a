//! Options of UDP sockets.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::net::UdpSocket;
use crate::sys::socket::udp;

/// Options: broadcast, multicast, time to live, errors.
impl UdpSocket {
    /// Sets whether the socket may send to broadcast addresses (`SO_BROADCAST`).
    ///
    /// # Errors
    ///
    /// The error of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use mio::net::UdpSocket;
    ///
    /// let socket = UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    /// assert!(!socket.broadcast()?);
    /// socket.set_broadcast(true)?;
    /// assert!(socket.broadcast()?);
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn set_broadcast(&self, on: bool) -> io::Result<()> {
        self.inner.set_broadcast(on)
    }

    /// Returns the value of `SO_BROADCAST`. See [`set_broadcast`](UdpSocket::set_broadcast) for an
    /// example.
    ///
    /// # Errors
    ///
    /// The error of the system.
    #[inline]
    pub fn broadcast(&self) -> io::Result<bool> {
        self.inner.broadcast()
    }

    /// Sets whether this machine receives the IPv4 multicast datagrams that it sends
    /// (`IP_MULTICAST_LOOP`).
    ///
    /// On Unix the setting of the sender counts, on Windows [that of the receiver][loop]. The
    /// option may have no effect on IPv6 sockets.
    ///
    /// # Errors
    ///
    /// The error of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use mio::net::UdpSocket;
    ///
    /// let socket = UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    /// socket.set_multicast_loop_v4(false)?;
    /// assert!(!socket.multicast_loop_v4()?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// [loop]: https://learn.microsoft.com/windows/win32/winsock/ip-multicast-2
    #[inline]
    pub fn set_multicast_loop_v4(&self, on: bool) -> io::Result<()> {
        self.inner.set_multicast_loop_v4(on)
    }

    /// Returns the value of `IP_MULTICAST_LOOP`. See
    /// [`set_multicast_loop_v4`](UdpSocket::set_multicast_loop_v4) for an example.
    ///
    /// # Errors
    ///
    /// The error of the system.
    #[inline]
    pub fn multicast_loop_v4(&self) -> io::Result<bool> {
        self.inner.multicast_loop_v4()
    }

    /// Sets the time to live of IPv4 multicast datagrams, in hops (`IP_MULTICAST_TTL`). The default
    /// is 1: a datagram passes no router. The option may have no effect on IPv6 sockets.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) on most systems if `ttl` is greater than 255.
    /// Otherwise the error of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use mio::net::UdpSocket;
    ///
    /// let socket = UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    /// assert_eq!(socket.multicast_ttl_v4()?, 1);
    /// socket.set_multicast_ttl_v4(4)?;
    /// assert_eq!(socket.multicast_ttl_v4()?, 4);
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn set_multicast_ttl_v4(&self, ttl: u32) -> io::Result<()> {
        self.inner.set_multicast_ttl_v4(ttl)
    }

    /// Returns the value of `IP_MULTICAST_TTL`. See
    /// [`set_multicast_ttl_v4`](UdpSocket::set_multicast_ttl_v4) for an example.
    ///
    /// # Errors
    ///
    /// The error of the system.
    #[inline]
    pub fn multicast_ttl_v4(&self) -> io::Result<u32> {
        self.inner.multicast_ttl_v4()
    }

    /// Sets whether this machine receives the IPv6 multicast datagrams that it sends
    /// (`IPV6_MULTICAST_LOOP`). The option may have no effect on IPv4 sockets.
    ///
    /// # Errors
    ///
    /// The error of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use mio::net::UdpSocket;
    ///
    /// // Without IPv6 there is no such socket.
    /// if let Ok(socket) = UdpSocket::bind("[::1]:0".parse().unwrap()) {
    ///     socket.set_multicast_loop_v6(false)?;
    ///     assert!(!socket.multicast_loop_v6()?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn set_multicast_loop_v6(&self, on: bool) -> io::Result<()> {
        self.inner.set_multicast_loop_v6(on)
    }

    /// Returns the value of `IPV6_MULTICAST_LOOP`. See
    /// [`set_multicast_loop_v6`](UdpSocket::set_multicast_loop_v6) for an example.
    ///
    /// # Errors
    ///
    /// The error of the system.
    #[inline]
    pub fn multicast_loop_v6(&self) -> io::Result<bool> {
        self.inner.multicast_loop_v6()
    }

    /// Sets the time to live of its datagrams, in hops (`IP_TTL`).
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) on most systems if `ttl` is not in `1..=255`.
    /// Otherwise the error of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use mio::net::UdpSocket;
    ///
    /// let socket = UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    /// socket.set_ttl(42)?;
    /// assert_eq!(socket.ttl()?, 42);
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.inner.set_ttl(ttl)
    }

    /// Returns the value of `IP_TTL`. See [`set_ttl`](UdpSocket::set_ttl) for an example.
    ///
    /// # Errors
    ///
    /// The error of the system.
    #[inline]
    pub fn ttl(&self) -> io::Result<u32> {
        self.inner.ttl()
    }

    /// Joins the multicast group `multiaddr` on the interface with the address `interface`: the
    /// socket then receives the datagrams that are sent to the group. For
    /// [`UNSPECIFIED`](Ipv4Addr::UNSPECIFIED), the system chooses an interface.
    ///
    /// # Errors
    ///
    /// [`AddrInUse`](io::ErrorKind::AddrInUse) if the socket has joined the group already.
    /// Otherwise the error of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use mio::net::UdpSocket;
    /// use std::net::Ipv4Addr;
    ///
    /// let socket = UdpSocket::bind("0.0.0.0:0".parse().unwrap())?;
    /// let group = Ipv4Addr::new(224, 0, 0, 251);
    /// // Without a network there may be no interface for it.
    /// if socket.join_multicast_v4(&group, &Ipv4Addr::LOCALHOST).is_ok() {
    ///     socket.leave_multicast_v4(&group, &Ipv4Addr::LOCALHOST)?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[allow(clippy::trivially_copy_pass_by_ref)]
    #[inline]
    pub fn join_multicast_v4(&self, multiaddr: &Ipv4Addr, interface: &Ipv4Addr) -> io::Result<()> {
        self.inner.join_multicast_v4(multiaddr, interface)
    }

    /// Joins the multicast group `multiaddr` on the interface with the index `interface`: the
    /// socket then receives the datagrams that are sent to the group. For 0, the system chooses an
    /// interface.
    ///
    /// # Errors
    ///
    /// [`AddrInUse`](io::ErrorKind::AddrInUse) if the socket has joined the group already.
    /// Otherwise the error of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use mio::net::UdpSocket;
    /// use std::net::Ipv6Addr;
    ///
    /// let group = Ipv6Addr::new(0xff01, 0, 0, 0, 0, 0, 0, 0xfb);
    /// // Without IPv6, or without a network, there may be no socket or no interface for it.
    /// if let Ok(socket) = UdpSocket::bind("[::]:0".parse().unwrap()) {
    ///     if socket.join_multicast_v6(&group, 0).is_ok() {
    ///         socket.leave_multicast_v6(&group, 0)?;
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[allow(clippy::trivially_copy_pass_by_ref)]
    #[inline]
    pub fn join_multicast_v6(&self, multiaddr: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.inner.join_multicast_v6(multiaddr, interface)
    }

    /// Leaves a group. See [`join_multicast_v4`](UdpSocket::join_multicast_v4) for an example.
    ///
    /// # Errors
    ///
    /// [`AddrNotAvailable`](io::ErrorKind::AddrNotAvailable) if the socket has not joined the
    /// group. Otherwise the error of the system.
    #[allow(clippy::trivially_copy_pass_by_ref)]
    #[inline]
    pub fn leave_multicast_v4(&self, multiaddr: &Ipv4Addr, interface: &Ipv4Addr) -> io::Result<()> {
        self.inner.leave_multicast_v4(multiaddr, interface)
    }

    /// Leaves a group. See [`join_multicast_v6`](UdpSocket::join_multicast_v6) for an example.
    ///
    /// # Errors
    ///
    /// [`AddrNotAvailable`](io::ErrorKind::AddrNotAvailable) if the socket has not joined the
    /// group. Otherwise the error of the system.
    #[allow(clippy::trivially_copy_pass_by_ref)]
    #[inline]
    pub fn leave_multicast_v6(&self, multiaddr: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.inner.leave_multicast_v6(multiaddr, interface)
    }

    /// Sets whether an operation may return the error of an earlier datagram on Windows.
    ///
    /// There, if no socket receives on the port of a datagram, a later receive of the *sender*
    /// returns [`ConnectionReset`](io::ErrorKind::ConnectionReset), even on a socket that is not
    /// connected; [`SIO_UDP_CONNRESET`][ioctls] has the details. A server that serves many clients
    /// gains nothing from this error. With `false`, such errors (and those of datagrams whose time
    /// to live ran out, `SIO_UDP_NETRESET`) are discarded. A new socket returns them, unless the
    /// Cargo feature `udp-quiet` is enabled: it turns them off for every socket that
    /// [`bind`](UdpSocket::bind) makes or [`from_std`](UdpSocket::from_std) converts.
    ///
    /// On other systems this does nothing: a socket that is not connected returns no such error,
    /// and a connected one [`ConnectionRefused`](io::ErrorKind::ConnectionRefused).
    ///
    /// # Errors
    ///
    /// The error of the system. There is none on systems other than Windows.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use mio::net::UdpSocket;
    ///
    /// let server = UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    /// server.set_connection_resets(false)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// [ioctls]: https://learn.microsoft.com/windows/win32/winsock/winsock-ioctls
    #[inline]
    pub fn set_connection_resets(&self, on: bool) -> io::Result<()> {
        udp::set_connection_resets(&self.inner, on)
    }

    /// Returns whether an IPv6 socket is restricted to IPv6 (`IPV6_V6ONLY`), and has no IPv4-mapped
    /// addresses.
    ///
    /// # Errors
    ///
    /// The error of the system. On most systems, this is an error on an IPv4 socket.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use mio::net::UdpSocket;
    ///
    /// // Without IPv6 there is no such socket.
    /// if let Ok(socket) = UdpSocket::bind("[::1]:0".parse().unwrap()) {
    ///     println!("only IPv6: {}", socket.only_v6()?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[allow(clippy::trivially_copy_pass_by_ref)]
    #[inline]
    pub fn only_v6(&self) -> io::Result<bool> {
        udp::only_v6(&self.inner)
    }
}
