//! Finds the base service provider's socket (`SIO_BASE_HANDLE`) under layered service providers
//! (LSP): AFD knows only that one.
//!
//! Few systems have layered providers, and without them a socket is its own base socket. So the
//! first request names the socket itself, and only a refusal by AFD leads here. That AFD refuses
//! the handle of another driver is not documented; we know of no report that it does not.

use std::io;

use crate::sys::windows::platform::{RawSocket, ffi};

/// The base socket of `socket`, which AFD has refused with `refusal`. `ioctl` is `WSAIoctl`.
///
/// If `socket` is its own base socket, or not a socket, the error is `refusal`. If a layered
/// provider fails the query, the error is its own.
pub(super) fn resolve(
    socket: RawSocket,
    refusal: io::Error,
    ioctl: impl Fn(RawSocket, u32) -> io::Result<RawSocket>,
) -> io::Result<RawSocket> {
    match query(socket, ioctl) {
        Ok(query) if query != socket => Ok(query),
        Ok(_) => Err(refusal),
        Err(error) if error.raw_os_error() == Some(ffi::WSAENOTSOCK) => Err(refusal),
        Err(error) => Err(error),
    }
}

/// Queries the base socket of `socket`.
///
/// Layered providers must not intercept `SIO_BASE_HANDLE` ([Winsock IOCTLs][ioctls]), but some do
/// so that they cannot be bypassed ([Komodia's release notes][komodia]). Of these, most return the
/// next lower socket for one of three other codes. The same socket in return is no result.
///
/// [ioctls]: https://learn.microsoft.com/windows/win32/winsock/winsock-ioctls
/// [komodia]: https://www.komodia.com/newwiki/index.php?title=Komodia%27s_Redirector_bug_fixes#Version_2.2.2.6
fn query(
    socket: RawSocket,
    ioctl: impl Fn(RawSocket, u32) -> io::Result<RawSocket>,
) -> io::Result<RawSocket> {
    let error = match ioctl(socket, ffi::SIO_BASE_HANDLE as u32) {
        Ok(query) => return Ok(query),
        Err(error) => error,
    };
    for code in [
        ffi::SIO_BSP_HANDLE_SELECT,
        ffi::SIO_BSP_HANDLE_POLL,
        ffi::SIO_BSP_HANDLE,
    ] {
        match ioctl(socket, code as u32) {
            Ok(resolve) if resolve != socket => return Ok(resolve),
            _ => {}
        }
    }
    Err(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    const LAYERED: RawSocket = 100;
    const BASE: RawSocket = 7;

    /// Queries with an `ioctl` that supports these codes alone. Returns the codes of its calls,
    /// too.
    fn query_with(supported: &[(i32, RawSocket)]) -> (io::Result<RawSocket>, Vec<i32>) {
        let requested = RefCell::new(Vec::new());
        let result = query(LAYERED, |_, code| {
            requested.borrow_mut().push(code as i32);
            supported
                .iter()
                .find(|(supported, _)| *supported == code as i32)
                .map(|(_, socket)| *socket)
                .ok_or_else(|| {
                    io::Error::from_raw_os_error(10_000 + requested.borrow().len() as i32)
                })
        });
        (result, requested.into_inner())
    }

    #[test]
    fn first_ioctl_suffices() {
        for query in [BASE, LAYERED] {
            let (result, requested) = query_with(&[(ffi::SIO_BASE_HANDLE, query)]);
            assert_eq!(result.unwrap(), query);
            assert_eq!(requested, [ffi::SIO_BASE_HANDLE]);
        }
    }

    #[test]
    fn three_fallback_ioctls_follow_in_order() {
        let others = [
            ffi::SIO_BSP_HANDLE_SELECT,
            ffi::SIO_BSP_HANDLE_POLL,
            ffi::SIO_BSP_HANDLE,
        ];
        for (index, other) in others.into_iter().enumerate() {
            let (result, requested) = query_with(&[(other, BASE)]);
            assert_eq!(result.unwrap(), BASE);
            assert_eq!(requested[1..], others[..=index]);
        }
    }

    #[test]
    fn same_socket_is_ignored_and_first_error_kept() {
        let (result, requested) = query_with(&[
            (ffi::SIO_BSP_HANDLE_SELECT, LAYERED),
            (ffi::SIO_BSP_HANDLE, LAYERED),
        ]);
        assert_eq!(result.unwrap_err().raw_os_error(), Some(10_001));
        assert_eq!(requested.len(), 4);
        // A code that returns the same socket does not hide the next code.
        let (result, _) = query_with(&[
            (ffi::SIO_BSP_HANDLE_SELECT, LAYERED),
            (ffi::SIO_BSP_HANDLE, BASE),
        ]);
        assert_eq!(result.unwrap(), BASE);
    }

    /// `ERROR_INVALID_HANDLE`, with which AFD refuses the handle of another driver.
    fn refusal() -> io::Error {
        io::Error::from_raw_os_error(6)
    }

    #[test]
    fn refused_socket_resolves_to_its_base_socket() {
        let result = resolve(LAYERED, refusal(), |_, _| Ok(BASE));
        assert_eq!(result.unwrap(), BASE);
    }

    #[test]
    fn refusal_is_kept_without_layered_providers() {
        let result = resolve(LAYERED, refusal(), |socket, _| Ok(socket));
        assert_eq!(result.unwrap_err().raw_os_error(), Some(6));
        let not_a_socket = || io::Error::from_raw_os_error(ffi::WSAENOTSOCK);
        let result = resolve(LAYERED, refusal(), |_, _| Err(not_a_socket()));
        assert_eq!(result.unwrap_err().raw_os_error(), Some(6));
    }

    #[test]
    fn failing_layered_provider_returns_its_error() {
        // WSAEFAULT.
        let result = resolve(LAYERED, refusal(), |_, _| {
            Err(io::Error::from_raw_os_error(10_014))
        });
        assert_eq!(result.unwrap_err().raw_os_error(), Some(10_014));
    }
}
