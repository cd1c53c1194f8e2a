//! Which socket AFD knows: the base provider's (`SIO_BASE_HANDLE`), under the layered service
//! providers (LSP) that other software has installed.
//!
//! Nearly always there are none, and the socket itself is the one. So AFD is asked about that
//! first, and Winsock only if AFD refuses: AFD never takes the handle of another driver for one of
//! its own.

use std::io;

use super::super::platform::{RawSocket, ffi};

/// The socket below `socket`, which AFD has refused with `refusal`; asked for by `ioctl`.
///
/// Without any it is the refusal that counts. A layer that does not answer is an error of its own.
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

/// The base socket of `socket`.
///
/// Some layered providers break `SIO_BASE_HANDLE`, which they must not, to stay in the way of those
/// who look below them. Most of them answer one of three other questions with the next socket
/// below. An answer that is the very same socket is none.
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
    //! Row A-55.

    use super::*;
    use std::cell::RefCell;

    const LAYERED: RawSocket = 100;
    const BASE: RawSocket = 7;

    /// Answers these codes and refuses all others; says what was asked.
    fn ask(answers: &[(i32, RawSocket)]) -> (io::Result<RawSocket>, Vec<i32>) {
        let requested = RefCell::new(Vec::new());
        let result = query(LAYERED, |_, code| {
            requested.borrow_mut().push(code as i32);
            answers
                .iter()
                .find(|(answered, _)| *answered == code as i32)
                .map(|(_, answer)| *answer)
                .ok_or_else(|| {
                    io::Error::from_raw_os_error(10_000 + requested.borrow().len() as i32)
                })
        });
        (result, requested.into_inner())
    }

    #[test]
    fn first_ioctl_suffices() {
        for query in [BASE, LAYERED] {
            let (result, requested) = ask(&[(ffi::SIO_BASE_HANDLE, query)]);
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
            let (result, requested) = ask(&[(other, BASE)]);
            assert_eq!(result.unwrap(), BASE);
            assert_eq!(requested[1..], others[..=index]);
        }
    }

    #[test]
    fn same_socket_is_ignored_and_first_error_kept() {
        let (result, requested) = ask(&[
            (ffi::SIO_BSP_HANDLE_SELECT, LAYERED),
            (ffi::SIO_BSP_HANDLE, LAYERED),
        ]);
        assert_eq!(result.unwrap_err().raw_os_error(), Some(10_001));
        assert_eq!(requested.len(), 4);
        // One that repeats the socket does not hide a better one behind it.
        let (result, _) = ask(&[
            (ffi::SIO_BSP_HANDLE_SELECT, LAYERED),
            (ffi::SIO_BSP_HANDLE, BASE),
        ]);
        assert_eq!(result.unwrap(), BASE);
    }

    /// `ERROR_INVALID_HANDLE`, as AFD refuses what is not its own.
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
        // WSAEFAULT, as a network filter is known to say.
        let result = resolve(LAYERED, refusal(), |_, _| {
            Err(io::Error::from_raw_os_error(10_014))
        });
        assert_eq!(result.unwrap_err().raw_os_error(), Some(10_014));
    }
}
