//! The traits that turn sockets into handles and back.
#![allow(unsafe_code)]

use std::os::windows::io::{
    AsRawSocket, AsSocket, BorrowedSocket, FromRawSocket, IntoRawSocket, OwnedSocket, RawSocket,
};

use crate::net::{TcpListener, TcpStream, UdpSocket};

/// For each of the sockets.
macro_rules! handles {
    ($($socket:ident)*) => {$(
        impl AsSocket for $socket {
            fn as_socket(&self) -> BorrowedSocket<'_> {
                self.inner.as_socket()
            }
        }

        impl AsRawSocket for $socket {
            fn as_raw_socket(&self) -> RawSocket {
                self.inner.as_raw_socket()
            }
        }

        /// A registration ends, as by [`Registry::deregister`](crate::Registry::deregister).
        impl IntoRawSocket for $socket {
            fn into_raw_socket(self) -> RawSocket {
                self.inner.into_inner().into_raw_socket()
            }
        }

        /// The socket should be non-blocking and overlapped: its mode is not changed.
        impl FromRawSocket for $socket {
            unsafe fn from_raw_socket(socket: RawSocket) -> $socket {
                // SAFETY: the caller promises that `socket` is open and theirs to give away.
                let socket = unsafe { OwnedSocket::from_raw_socket(socket) };
                $socket::from(socket)
            }
        }

        /// A registration ends, as by [`Registry::deregister`](crate::Registry::deregister).
        impl From<$socket> for OwnedSocket {
            fn from(socket: $socket) -> OwnedSocket {
                socket.inner.into_inner().into()
            }
        }

        /// The socket should be non-blocking and overlapped: its mode is not changed.
        impl From<OwnedSocket> for $socket {
            fn from(socket: OwnedSocket) -> $socket {
                $socket::from_std(socket.into())
            }
        }
    )*};
}

handles!(TcpListener TcpStream UdpSocket);
