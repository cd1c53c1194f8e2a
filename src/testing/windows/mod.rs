//! The platform of Windows over a fake kernel: constants, handles, the completion port and the
//! system calls that the portable tests of `sys/windows` need. Each item stands for the one of the
//! same name on Windows.

use std::cell::{Cell, RefCell};
use std::io;
use std::time::{Duration, Instant};

use kernel::{Kernel, ResultSlot};

pub(crate) type RawSocket = u64;

thread_local! {
    /// The kernel of the test that this thread runs.
    static KERNEL: RefCell<Kernel> = RefCell::new(Kernel::default());
    /// What other threads do while this one waits. Returns whether it has done something.
    static DURING_WAIT: RefCell<Option<Box<dyn FnMut() -> bool>>> = const { RefCell::new(None) };
    /// The clock of this thread. Only its waits advance it.
    static CLOCK: Cell<Instant> = Cell::new(Instant::now());
}

/// The clock.
pub(crate) fn now() -> Instant {
    CLOCK.get()
}

/// Advances the clock of this thread.
pub(crate) fn advance(duration: Duration) {
    CLOCK.set(now() + duration);
}

/// Makes this thread use `kernel`.
pub(crate) fn enter(kernel: &Kernel) {
    KERNEL.set(kernel.clone());
    during_wait(None);
}

/// Sets what other threads do while this one waits.
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

impl Drop for OwnedHandle {
    fn drop(&mut self) {
        self.kernel.close_afd(self.id);
    }
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
pub(crate) mod syscalls;
