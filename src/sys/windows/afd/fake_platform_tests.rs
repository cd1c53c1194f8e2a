//! What AFD's selector is built on, over the fake kernel: the constants, the completion port, the
//! events, and the system calls. Each item stands for the one of the same name on Windows.

use std::cell::{Cell, RefCell};
use std::io;
use std::time::{Duration, Instant};

use super::fake_kernel_tests::{AnswerSlot, Kernel};

pub(super) type RawSocket = u64;

thread_local! {
    /// The kernel of this thread's test.
    static KERNEL: RefCell<Kernel> = RefCell::new(Kernel::default());
    /// What other threads do while this one waits. Says whether it has done something.
    static MEANWHILE: RefCell<Option<Box<dyn FnMut() -> bool>>> = const { RefCell::new(None) };
    /// The clock of this thread, which only its waits advance.
    static CLOCK: Cell<Instant> = Cell::new(Instant::now());
}

/// The clock.
pub(super) fn now() -> Instant {
    CLOCK.get()
}

fn advance(duration: Duration) {
    CLOCK.set(now() + duration);
}

/// Makes `kernel` the one of this thread.
pub(super) fn enter(kernel: &Kernel) {
    KERNEL.set(kernel.clone());
    meanwhile(None);
}

/// While this thread waits, others do this.
pub(super) fn meanwhile(action: Option<Box<dyn FnMut() -> bool>>) {
    MEANWHILE.set(action);
}

fn do_meanwhile() -> bool {
    let Some(mut action) = MEANWHILE.take() else {
        return false;
    };
    let has_acted = action();
    MEANWHILE.set(Some(action));
    has_acted
}

fn kernel() -> Kernel {
    KERNEL.with_borrow(Clone::clone)
}

#[derive(Debug)]
pub(super) struct OwnedHandle {
    kernel: Kernel,
    id: usize,
}

#[derive(Clone, Copy)]
pub(super) struct BorrowedHandle<'h>(&'h OwnedHandle);

pub(super) trait AsHandle {
    fn as_handle(&self) -> BorrowedHandle<'_>;
}

impl AsHandle for OwnedHandle {
    fn as_handle(&self) -> BorrowedHandle<'_> {
        BorrowedHandle(self)
    }
}

/// The constants, with their values on Windows.
pub(super) mod ffi {
    #[allow(clippy::upper_case_acronyms)] // As Windows spells it.
    pub(in super::super) type NTSTATUS = i32;

    pub(in super::super) const AFD_POLL_RECEIVE: u32 = 0x001;
    pub(in super::super) const AFD_POLL_RECEIVE_EXPEDITED: u32 = 0x002;
    pub(in super::super) const AFD_POLL_SEND: u32 = 0x004;
    pub(in super::super) const AFD_POLL_DISCONNECT: u32 = 0x008;
    pub(in super::super) const AFD_POLL_ABORT: u32 = 0x010;
    pub(in super::super) const AFD_POLL_LOCAL_CLOSE: u32 = 0x020;
    pub(in super::super) const AFD_POLL_CONNECT: u32 = 0x040;
    pub(in super::super) const AFD_POLL_ACCEPT: u32 = 0x080;
    pub(in super::super) const AFD_POLL_CONNECT_FAIL: u32 = 0x100;

    pub(in super::super) const STATUS_CANCELLED: NTSTATUS = 0xC000_0120_u32 as NTSTATUS;
    pub(in super::super) const STATUS_INVALID_HANDLE: NTSTATUS = 0xC000_0008_u32 as NTSTATUS;
    pub(in super::super) const STATUS_NOT_FOUND: NTSTATUS = 0xC000_0225_u32 as NTSTATUS;
    pub(in super::super) const STATUS_OBJECT_TYPE_MISMATCH: NTSTATUS = 0xC000_0024_u32 as NTSTATUS;

    pub(in super::super) const WSAENOTSOCK: i32 = 10_038;
    pub(in super::super) const SIO_BASE_HANDLE: i32 = 0x4800_0022;
    pub(in super::super) const SIO_BSP_HANDLE: i32 = 0x4800_001B;
    pub(in super::super) const SIO_BSP_HANDLE_SELECT: i32 = 0x4800_001C;
    pub(in super::super) const SIO_BSP_HANDLE_POLL: i32 = 0x4800_001D;
}

pub(super) mod winsock {
    pub(in super::super) fn start() -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(feature = "os-ext")]
pub(super) mod wait {
    #[derive(Debug, Default)]
    pub(in super::super) struct Waits {}
}

/// `record.rs`, as far as the selector sees it.
pub(super) mod event {
    use std::fmt;

    use super::ffi;
    use crate::Token;
    use crate::sys::event_buffer::EventVec;
    use crate::sys::selector;

    pub(in super::super) const FAULT: u32 = 1 << 31;

    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Event {
        pub(in super::super) flags: u32,
        token: Token,
    }

    impl Event {
        pub(in super::super) fn new(token: Token, flags: u32) -> Event {
            Event { flags, token }
        }
    }

    impl selector::SelectorEvent for Event {
        fn token(&self) -> Token {
            self.token
        }

        fn is_readable(&self) -> bool {
            let broken = ffi::AFD_POLL_ABORT | ffi::AFD_POLL_CONNECT_FAIL;
            let readable = ffi::AFD_POLL_RECEIVE | ffi::AFD_POLL_DISCONNECT | ffi::AFD_POLL_ACCEPT;
            self.flags & (readable | broken) != 0
        }

        fn is_writable(&self) -> bool {
            let broken = ffi::AFD_POLL_ABORT | ffi::AFD_POLL_CONNECT_FAIL;
            self.flags & (ffi::AFD_POLL_SEND | broken) != 0
        }

        fn is_error(&self) -> bool {
            let broken = ffi::AFD_POLL_ABORT | ffi::AFD_POLL_CONNECT_FAIL;
            self.flags & (broken | FAULT) != 0
        }

        fn details(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            fmt::Debug::fmt(self, f)
        }
    }

    pub(crate) type Events = EventVec<Event>;
}

#[path = "fake_iocp_tests.rs"]
pub(super) mod iocp;

/// `syscall.rs` of AFD.
pub(super) mod syscall {
    use super::super::answer::{self, is_error};
    use super::super::fake_kernel_tests::{DENIED, NO_RESOURCES};
    use super::super::machine::{Answer, Taken};
    use super::super::source::AfdPoll;
    use super::iocp::in_flight::{Pending, Reserved, Submission};
    use super::{AnswerSlot, BorrowedHandle, OwnedHandle, RawSocket, ffi, io, kernel};

    /// `RtlNtStatusToDosError`.
    pub(in super::super) fn code(status: ffi::NTSTATUS) -> i32 {
        match status {
            NO_RESOURCES => 1450,
            DENIED => 5,
            ffi::STATUS_INVALID_HANDLE | ffi::STATUS_OBJECT_TYPE_MISMATCH => 6,
            ffi::STATUS_NOT_FOUND => 1168,
            _ => 317,
        }
    }

    fn status_error(status: ffi::NTSTATUS) -> io::Error {
        io::Error::from_raw_os_error(code(status))
    }

    pub(in super::super) struct PollInfo(AnswerSlot);

    impl PollInfo {
        pub(in super::super) fn new(_: RawSocket, _: u32) -> PollInfo {
            PollInfo(AnswerSlot::default())
        }

        pub(in super::super) fn answer(&self, status: ffi::NTSTATUS) -> Answer {
            let (count, conditions) = *self.0.lock().unwrap();
            answer::answer(status, count, conditions, code)
        }
    }

    pub(in super::super) fn says_gone(error: &io::Error) -> bool {
        error.raw_os_error() == Some(6)
    }

    pub(in super::super) fn is_transient(error: &io::Error) -> bool {
        error.raw_os_error().is_some_and(answer::is_transient)
    }

    pub(in super::super) fn open() -> io::Result<OwnedHandle> {
        let kernel = kernel();
        let id = kernel.open_afd().map_err(io::Error::from_raw_os_error)? as usize;
        Ok(OwnedHandle { kernel, id })
    }

    pub(in super::super) fn signal_no_handle(_: BorrowedHandle<'_>) {}

    pub(in super::super) fn poll<'r>(
        handle: BorrowedHandle<'_>,
        socket: RawSocket,
        conditions: u32,
        reserved: Reserved<'r, AfdPoll>,
    ) -> (Submission<'r>, Taken) {
        let BorrowedHandle(OwnedHandle { kernel, id }) = handle;
        let slot = AnswerSlot::default();
        reserved.operation.info = PollInfo(slot.clone());
        let status = kernel.submit(*id, socket, conditions, reserved.id, slot);
        let error = is_error(status).then(|| status_error(status));
        (Submission::new(error), answer::taken(status))
    }

    pub(in super::super) fn cancel(
        handle: BorrowedHandle<'_>,
        poll: &Pending<AfdPoll>,
    ) -> io::Result<()> {
        let status = handle.0.kernel.cancel(poll.id);
        if is_error(status) && status != ffi::STATUS_NOT_FOUND {
            return Err(status_error(status));
        }
        Ok(())
    }

    pub(in super::super) fn cancel_all(handle: BorrowedHandle<'_>) {
        handle.0.kernel.cancel_all(handle.0.id);
    }

    pub(in super::super) fn socket_ioctl(socket: RawSocket, _: u32) -> io::Result<RawSocket> {
        kernel().base(socket).map_err(io::Error::from_raw_os_error)
    }

    pub(in super::super) fn check(socket: RawSocket) -> io::Result<()> {
        match kernel().level(socket) {
            Some(_) => Ok(()),
            None => Err(io::Error::from_raw_os_error(ffi::WSAENOTSOCK)),
        }
    }

    pub(in super::super) struct Look {
        socket: RawSocket,
        asked: u32,
        seen: u32,
    }

    impl Look {
        pub(in super::super) fn new(socket: RawSocket, asked: u32) -> Look {
            let seen = 0;
            Look {
                socket,
                asked,
                seen,
            }
        }

        pub(in super::super) fn set_closed(&mut self) {
            self.seen = ffi::AFD_POLL_LOCAL_CLOSE;
        }

        pub(in super::super) fn set_unknown(&mut self) {
            self.seen = 0;
        }

        pub(in super::super) fn seen(&self) -> u32 {
            self.seen
        }
    }

    pub(in super::super) fn says_no_socket(error: &io::Error) -> bool {
        error.raw_os_error() == Some(ffi::WSAENOTSOCK)
    }

    pub(in super::super) fn look(sockets: &mut [Look]) -> io::Result<()> {
        for look in sockets {
            look.seen = kernel().look(look.socket, look.asked);
        }
        Ok(())
    }
}
