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
