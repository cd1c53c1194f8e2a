//! Which socket AFD knows: the one below all layers that other software has put over it.

use std::io;
use std::os::windows::io::RawSocket;

use crate::sys::raw;

/// The base socket of `socket`, asked for by `ioctl`.
///
/// Some layered providers break `SIO_BASE_HANDLE`, which they must not, to stay in the way of those who look below them. Most
/// of them answer one of three other questions with the next socket below. An answer that is the very same socket is none.
pub(super) fn socket(
    socket: RawSocket,
    ioctl: impl Fn(RawSocket, u32) -> io::Result<RawSocket>,
) -> io::Result<RawSocket> {
    let error = match ioctl(socket, raw::SIO_BASE_HANDLE as u32) {
        Ok(base) => return Ok(base),
        Err(error) => error,
    };
    for code in [
        raw::SIO_BSP_HANDLE_SELECT,
        raw::SIO_BSP_HANDLE_POLL,
        raw::SIO_BSP_HANDLE,
    ] {
        match ioctl(socket, code as u32) {
            Ok(below) if below != socket => return Ok(below),
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
        let asked = RefCell::new(Vec::new());
        let result = socket(LAYERED, |_, code| {
            asked.borrow_mut().push(code as i32);
            answers
                .iter()
                .find(|(answered, _)| *answered == code as i32)
                .map(|(_, answer)| *answer)
                .ok_or_else(|| io::Error::from_raw_os_error(10_000 + asked.borrow().len() as i32))
        });
        (result, asked.into_inner())
    }

    #[test]
    fn the_first_question_is_enough() {
        for base in [BASE, LAYERED] {
            let (result, asked) = ask(&[(raw::SIO_BASE_HANDLE as i32, base)]);
            assert_eq!(result.unwrap(), base);
            assert_eq!(asked, [raw::SIO_BASE_HANDLE as i32]);
        }
    }

    #[test]
    fn three_others_follow_in_order() {
        let others = [
            raw::SIO_BSP_HANDLE_SELECT as i32,
            raw::SIO_BSP_HANDLE_POLL as i32,
            raw::SIO_BSP_HANDLE as i32,
        ];
        for (index, other) in others.into_iter().enumerate() {
            let (result, asked) = ask(&[(other, BASE)]);
            assert_eq!(result.unwrap(), BASE);
            assert_eq!(asked[1..], others[..=index]);
        }
    }

    #[test]
    fn the_same_socket_is_no_answer_and_the_first_error_stays() {
        let (result, asked) = ask(&[
            (raw::SIO_BSP_HANDLE_SELECT as i32, LAYERED),
            (raw::SIO_BSP_HANDLE as i32, LAYERED),
        ]);
        assert_eq!(result.unwrap_err().raw_os_error(), Some(10_001));
        assert_eq!(asked.len(), 4);
        // One that repeats the socket does not hide a better one behind it.
        let (result, _) = ask(&[
            (raw::SIO_BSP_HANDLE_SELECT as i32, LAYERED),
            (raw::SIO_BSP_HANDLE as i32, BASE),
        ]);
        assert_eq!(result.unwrap(), BASE);
    }
}
