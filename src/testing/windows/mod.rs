//! What AFD's selector is built on, over the fake kernel: the constants, the completion port, the
//! events, and the system calls. Each item stands for the one of the same name on Windows.

use std::cell::{Cell, RefCell};
use std::io;
use std::time::{Duration, Instant};

use kernel::{AnswerSlot, Kernel};

pub(crate) type RawSocket = u64;

thread_local! {
    /// The kernel of this thread's test.
    static KERNEL: RefCell<Kernel> = RefCell::new(Kernel::default());
    /// What other threads do while this one waits. Says whether it has done something.
    static DURING_WAIT: RefCell<Option<Box<dyn FnMut() -> bool>>> = const { RefCell::new(None) };
    /// The clock of this thread, which only its waits advance.
    static CLOCK: Cell<Instant> = Cell::new(Instant::now());
}

/// The clock.
pub(crate) fn now() -> Instant {
    CLOCK.get()
}

fn advance(duration: Duration) {
    CLOCK.set(now() + duration);
}

/// Makes `kernel` the one of this thread.
pub(crate) fn enter(kernel: &Kernel) {
    KERNEL.set(kernel.clone());
    during_wait(None);
}

/// While this thread waits, others do this.
pub(crate) fn during_wait(action: Option<Box<dyn FnMut() -> bool>>) {
    DURING_WAIT.set(action);
}

fn run_during_wait() -> bool {
    let Some(mut action) = DURING_WAIT.take() else {
        return false;
    };
    let has_acted = action();
    DURING_WAIT.set(Some(action));
    has_acted
}

fn kernel() -> Kernel {
    KERNEL.with_borrow(Clone::clone)
}

#[derive(Debug)]
pub(crate) struct OwnedHandle {
    kernel: Kernel,
    id: usize,
}

#[derive(Clone, Copy)]
pub(crate) struct BorrowedHandle<'h>(&'h OwnedHandle);

pub(crate) trait AsHandle {
    fn as_handle(&self) -> BorrowedHandle<'_>;
}

impl AsHandle for OwnedHandle {
    fn as_handle(&self) -> BorrowedHandle<'_> {
        BorrowedHandle(self)
    }
}

/// The constants, with their values on Windows.
pub(crate) mod ffi {
    #[allow(clippy::upper_case_acronyms)] // As Windows spells it.
    pub(crate) type NTSTATUS = i32;

    pub(crate) const AFD_POLL_RECEIVE: u32 = 0x001;
    pub(crate) const AFD_POLL_RECEIVE_EXPEDITED: u32 = 0x002;
    pub(crate) const AFD_POLL_SEND: u32 = 0x004;
    pub(crate) const AFD_POLL_DISCONNECT: u32 = 0x008;
    pub(crate) const AFD_POLL_ABORT: u32 = 0x010;
    pub(crate) const AFD_POLL_LOCAL_CLOSE: u32 = 0x020;
    pub(crate) const AFD_POLL_CONNECT: u32 = 0x040;
    pub(crate) const AFD_POLL_ACCEPT: u32 = 0x080;
    pub(crate) const AFD_POLL_CONNECT_FAIL: u32 = 0x100;

    pub(crate) const STATUS_CANCELLED: NTSTATUS = 0xC000_0120_u32 as NTSTATUS;
    pub(crate) const STATUS_INVALID_HANDLE: NTSTATUS = 0xC000_0008_u32 as NTSTATUS;
    pub(crate) const STATUS_NOT_FOUND: NTSTATUS = 0xC000_0225_u32 as NTSTATUS;
    pub(crate) const STATUS_OBJECT_TYPE_MISMATCH: NTSTATUS = 0xC000_0024_u32 as NTSTATUS;

    pub(crate) const WSAENOTSOCK: i32 = 10_038;
    pub(crate) const SIO_BASE_HANDLE: i32 = 0x4800_0022;
    pub(crate) const SIO_BSP_HANDLE: i32 = 0x4800_001B;
    pub(crate) const SIO_BSP_HANDLE_SELECT: i32 = 0x4800_001C;
    pub(crate) const SIO_BSP_HANDLE_POLL: i32 = 0x4800_001D;
}

pub(crate) mod iocp;
pub(crate) mod kernel;

/// `syscalls` of Windows.
pub(crate) mod syscalls {
    pub(crate) use afd as winsock;
    pub(crate) mod afd {
        /// WSAStartup.
        pub(crate) fn startup() -> i32 {
            0
        }
        use super::super::iocp::in_flight::{Pending, Reserved, Submission};
        use super::super::kernel::{ACCESS_DENIED, INSUFFICIENT_RESOURCES};
        use super::super::{AnswerSlot, BorrowedHandle, OwnedHandle, RawSocket, ffi, io, kernel};
        use crate::sys::windows::afd::AfdPoll;
        use crate::sys::windows::afd::{Completion, Started};
        use crate::sys::windows::{afd::completion, ntstatus::is_error};

        /// `RtlNtStatusToDosError`.
        pub(crate) fn code(status: ffi::NTSTATUS) -> i32 {
            match status {
                INSUFFICIENT_RESOURCES => 1450,
                ACCESS_DENIED => 5,
                ffi::STATUS_INVALID_HANDLE | ffi::STATUS_OBJECT_TYPE_MISMATCH => 6,
                ffi::STATUS_NOT_FOUND => 1168,
                _ => 317,
            }
        }

        fn status_error(status: ffi::NTSTATUS) -> io::Error {
            io::Error::from_raw_os_error(code(status))
        }

        pub(crate) struct PollInfo(AnswerSlot);

        impl PollInfo {
            pub(crate) fn new(_: RawSocket, _: u32) -> PollInfo {
                PollInfo(AnswerSlot::default())
            }

            pub(crate) fn completion(&self, status: ffi::NTSTATUS) -> Completion {
                let (count, conditions) = *self.0.lock().unwrap();
                completion::completion(status, count, conditions, code)
            }
        }

        pub(crate) fn is_invalid_handle(error: &io::Error) -> bool {
            error.raw_os_error() == Some(6)
        }

        pub(crate) fn is_transient(error: &io::Error) -> bool {
            error.raw_os_error().is_some_and(completion::is_transient)
        }

        pub(crate) fn open() -> io::Result<OwnedHandle> {
            let kernel = kernel();
            let id = kernel.open_afd().map_err(io::Error::from_raw_os_error)? as usize;
            Ok(OwnedHandle { kernel, id })
        }

        pub(crate) fn skip_event_signal(_: BorrowedHandle<'_>) {}

        pub(crate) fn poll<'r>(
            handle: BorrowedHandle<'_>,
            socket: RawSocket,
            conditions: u32,
            reserved: Reserved<'r, AfdPoll>,
        ) -> (Submission<'r>, Started) {
            let BorrowedHandle(OwnedHandle { kernel, id }) = handle;
            let slot = AnswerSlot::default();
            reserved.operation.info = PollInfo(slot.clone());
            let status = kernel.submit(*id, socket, conditions, reserved.id, slot);
            let error = is_error(status).then(|| status_error(status));
            (Submission::new(error), completion::started(status))
        }

        pub(crate) fn cancel(
            handle: BorrowedHandle<'_>,
            poll: &Pending<AfdPoll>,
        ) -> io::Result<()> {
            let status = handle.0.kernel.cancel(poll.id);
            if is_error(status) && status != ffi::STATUS_NOT_FOUND {
                return Err(status_error(status));
            }
            Ok(())
        }

        pub(crate) fn cancel_all(handle: BorrowedHandle<'_>) {
            handle.0.kernel.cancel_all(handle.0.id);
        }

        pub(crate) fn base_socket_ioctl(socket: RawSocket, _: u32) -> io::Result<RawSocket> {
            kernel().base(socket).map_err(io::Error::from_raw_os_error)
        }

        pub(crate) fn check_is_socket(socket: RawSocket) -> io::Result<()> {
            match kernel().level(socket) {
                Some(_) => Ok(()),
                None => Err(io::Error::from_raw_os_error(ffi::WSAENOTSOCK)),
            }
        }

        pub(crate) struct Probe {
            socket: RawSocket,
            requested: u32,
            seen: u32,
        }

        impl Probe {
            pub(crate) fn new(socket: RawSocket, requested: u32) -> Probe {
                let seen = 0;
                Probe {
                    socket,
                    requested,
                    seen,
                }
            }

            pub(crate) fn set_closed(&mut self) {
                self.seen = ffi::AFD_POLL_LOCAL_CLOSE;
            }

            pub(crate) fn clear(&mut self) {
                self.seen = 0;
            }

            pub(crate) fn seen(&self) -> u32 {
                self.seen
            }
        }

        pub(crate) fn is_not_socket(error: &io::Error) -> bool {
            error.raw_os_error() == Some(ffi::WSAENOTSOCK)
        }

        pub(crate) fn probe(sockets: &mut [Probe]) -> io::Result<()> {
            for probe in sockets {
                probe.seen = kernel().probe(probe.socket, probe.requested);
            }
            Ok(())
        }
    }
}
