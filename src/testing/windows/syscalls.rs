//! The system calls of the fake kernel. Each function stands for the one of the same name in
//! `sys/windows/syscalls`.

pub(crate) mod winsock {
    pub(crate) fn startup() -> i32 {
        0
    }
}

pub(crate) mod socket_query {
    use super::super::{RawSocket, ffi, io, kernel};

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

pub(crate) mod afd {
    use super::super::iocp::in_flight::{Pending, Reserved, Submission};
    use super::super::kernel::{ACCESS_DENIED, INSUFFICIENT_RESOURCES};
    use super::super::{BorrowedHandle, OwnedHandle, RawSocket, ResultSlot, ffi, io, kernel};
    use crate::sys::windows::afd::AfdPoll;
    use crate::sys::windows::ntstatus::{self, Completion, Started, is_error};

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

    pub(crate) struct PollInfo(ResultSlot);

    impl PollInfo {
        pub(crate) fn new(_: RawSocket, _: u32) -> PollInfo {
            PollInfo(ResultSlot::default())
        }

        pub(crate) fn completion(&self, status: ffi::NTSTATUS) -> Completion {
            let (count, conditions) = *self.0.lock().unwrap();
            ntstatus::from_status(status, count, conditions, code)
        }
    }

    pub(crate) fn is_invalid_handle(error: &io::Error) -> bool {
        error.raw_os_error() == Some(6)
    }

    pub(crate) fn is_transient(error: &io::Error) -> bool {
        error.raw_os_error().is_some_and(ntstatus::is_transient)
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
        let slot = ResultSlot::default();
        reserved.operation.info = PollInfo(slot.clone());
        let status = kernel.submit(*id, socket, conditions, reserved.id, slot);
        let error = is_error(status).then(|| status_error(status));
        (Submission::new(error), ntstatus::after_submission(status))
    }

    pub(crate) fn cancel(handle: BorrowedHandle<'_>, poll: &Pending<AfdPoll>) -> io::Result<()> {
        let status = handle.0.kernel.cancel(poll.id);
        if is_error(status) && status != ffi::STATUS_NOT_FOUND {
            return Err(status_error(status));
        }
        Ok(())
    }

    pub(crate) fn cancel_all(handle: BorrowedHandle<'_>) {
        handle.0.kernel.cancel_all(handle.0.id);
    }
}

pub(crate) mod wait_packet {
    //! Timers with a wait completion packet each.
    //!
    //! A packet is in use from its association until it is picked up from the port, and cannot be
    //! associated meanwhile ([associate]). Setting a timer resets it. Canceling removes the packet
    //! from the port, unless it returns `STATUS_PENDING`: then the packet may come ([cancel]).
    //!
    //! [associate]: https://learn.microsoft.com/windows/win32/devnotes/ntassociatewaitcompletionpacket
    //! [cancel]: https://learn.microsoft.com/windows/win32/devnotes/ntcancelwaitcompletionpacket

    use super::super::kernel::Kernel;
    use super::super::{Duration, Instant, io, kernel, now};

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) enum Canceled {
        Removed,
        Pending,
    }

    /// The timer of a kernel: its one `Poll` has one.
    #[derive(Debug, Default)]
    pub(crate) struct Timers {
        /// The system has timers and packets.
        pub(crate) exist: bool,
        /// The next so many cancels return `STATUS_PENDING`; the packet comes later if `true`.
        pub(crate) pending_cancels: Vec<bool>,
        /// The next so many calls that make a timer, set it or associate it fail.
        pub(crate) failures: u32,
        /// How much too early the timer is signaled, once.
        pub(crate) early: Duration,
        /// The packets are lost. No system is known to lose one.
        pub(crate) loses_packets: bool,
        /// The calls that set the timer, that associate, and that cancel.
        pub(crate) calls: [usize; 3],
        /// The timers that exist.
        pub(crate) live: usize,
        due: Option<Instant>,
        is_signaled: bool,
        receiver_id: Option<usize>,
        /// The packet is in the port, or on its way there.
        is_queued: bool,
    }

    impl Timers {
        fn fails(&mut self) -> io::Result<()> {
            if self.failures == 0 {
                return Ok(());
            }
            self.failures -= 1;
            // ERROR_NO_SYSTEM_RESOURCES.
            Err(io::Error::from_raw_os_error(1450))
        }

        /// When the timer is signaled.
        pub(crate) fn due(&self) -> Option<Instant> {
            self.due
        }

        /// Signals the timer if it is due. Returns the receiver of the packet to queue.
        pub(crate) fn fire(&mut self, now: Instant) -> Option<usize> {
            if self.due.is_some_and(|due| due <= now) {
                self.due = None;
                self.is_signaled = true;
            }
            let receiver_id = self.receiver_id.filter(|_| self.is_signaled)?;
            self.is_signaled = false;
            self.receiver_id = None;
            self.is_queued = !self.loses_packets;
            self.is_queued.then_some(receiver_id)
        }

        /// The packet was picked up.
        pub(crate) fn picked_up(&mut self) {
            self.is_queued = false;
        }
    }

    #[derive(Debug)]
    pub(crate) struct Timer(Kernel);

    impl Timer {
        pub(crate) fn new() -> io::Result<Option<Timer>> {
            let kernel = kernel();
            let made = kernel.timers(|timers| {
                timers.fails()?;
                timers.live += usize::from(timers.exist);
                Ok(timers.exist)
            });
            made.map(|exists: bool| exists.then(|| Timer(kernel)))
        }

        pub(crate) fn set(&self, left: Duration) -> io::Result<()> {
            self.0.timers(|timers| {
                timers.calls[0] += 1;
                timers.fails()?;
                let early = std::mem::take(&mut timers.early);
                timers.due = Some(now() + left.saturating_sub(early));
                timers.is_signaled = false;
                Ok(())
            })
        }

        pub(crate) fn associate(&self, _: &Kernel, receiver_id: usize) -> io::Result<()> {
            self.0.timers(|timers| {
                timers.calls[1] += 1;
                timers.fails()?;
                if timers.receiver_id.is_some() || timers.is_queued {
                    // ERROR_INVALID_PARAMETER.
                    return Err(io::Error::from_raw_os_error(87));
                }
                timers.receiver_id = Some(receiver_id);
                Ok(())
            })
        }

        pub(crate) fn cancel(&self) -> Canceled {
            let (result, late) = self.0.timers(|timers| {
                timers.calls[2] += 1;
                let receiver_id = timers.receiver_id.take();
                match timers.pending_cancels.pop() {
                    Some(true) => {
                        timers.is_queued = true;
                        (Canceled::Pending, receiver_id)
                    }
                    Some(false) => (Canceled::Pending, None),
                    None => {
                        timers.is_queued = false;
                        (Canceled::Removed, None)
                    }
                }
            });
            match (result, late) {
                (Canceled::Pending, Some(receiver_id)) => self.0.post_late(receiver_id),
                (Canceled::Removed, _) => self.0.remove_timer_packet(),
                _ => {}
            }
            result
        }
    }

    impl Drop for Timer {
        fn drop(&mut self) {
            self.0.timers(|timers| timers.live -= 1);
        }
    }
}
