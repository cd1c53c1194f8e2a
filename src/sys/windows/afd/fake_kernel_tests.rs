//! A fake AFD with its completion port, in one process and without any threads of its own.
//!
//! It behaves as Windows' does where Wine's differs, as far as that is known. Each belief names
//! its source; the links stand at the head of `afd/mod.rs`.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::platform::ffi::{self, NTSTATUS};

/// `STATUS_PENDING`.
pub(super) const PENDING: NTSTATUS = 0x103;
/// `STATUS_INSUFFICIENT_RESOURCES`: any request may be refused with it at any time.
pub(super) const NO_RESOURCES: NTSTATUS = 0xC000_009A_u32 as NTSTATUS;
/// `STATUS_ACCESS_DENIED`, as an example of a refusal that does not pass.
pub(super) const DENIED: NTSTATUS = 0xC000_0022_u32 as NTSTATUS;
/// A warning (`STATUS_BUFFER_OVERFLOW`): the packet comes, as for success.
pub(super) const WARNING: NTSTATUS = 0x8000_0005_u32 as NTSTATUS;

/// Where a request's answer is written: the number of entries, and the conditions of the first.
pub(super) type AnswerSlot = Arc<Mutex<(u32, u32)>>;

/// A packet in the port.
#[derive(Debug)]
pub(super) enum Sent {
    /// That of an operation, with its status.
    Operation(u64, NTSTATUS),
    /// One that was posted.
    Number(usize),
}

/// How this AFD behaves.
#[derive(Clone, Debug, Default)]
pub(super) struct Quirks {
    /// NT 4: a request for RECEIVE on a listening socket is taken for one for ACCEPT.
    pub(super) receive_is_accept: bool,
    /// Requests that find their conditions are answered with a warning instead of success.
    pub(super) warns: bool,
    /// Answers name conditions that nobody asked for: none is known to do so.
    pub(super) answers_amiss: bool,
    /// The next requests are refused with these.
    pub(super) refusals: VecDeque<NTSTATUS>,
    /// The next requests that are taken end with these, as if memory were short for the answer.
    pub(super) failures: VecDeque<NTSTATUS>,
    /// `SIO_BASE_HANDLE` and the like fail with this code; without one there are no layered
    /// providers.
    pub(super) base_error: Option<i32>,
    /// Opening `\Device\Afd` fails with this code.
    pub(super) open_error: Option<i32>,
    /// So many of the next cancels fail, and the request stays in flight.
    pub(super) failing_cancels: u32,
    /// One packet of so many comes late: not before the poller would block. 0 is none.
    pub(super) one_late_of: u64,
}

/// What a test counts.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    /// Requests that were taken or refused.
    pub(super) requests: usize,
    pub(super) cancels: usize,
    /// Zero-time looks.
    pub(super) looks: usize,
    /// Waits for packets, those without a pause as well.
    pub(super) waits: usize,
    /// Requests for a socket that had one in flight on the same handle: they get mixed up.
    pub(super) mixed_up: usize,
}

/// A request in flight.
#[derive(Debug)]
struct InFlight {
    operation: u64,
    handle: usize,
    file: u64,
    asked: u32,
    slot: AnswerSlot,
    /// Another request got its answer.
    is_deaf: bool,
}

/// A socket's file object.
#[derive(Debug, Default)]
struct File {
    /// The conditions that hold.
    level: u32,
    is_listening: bool,
}

#[derive(Debug, Default)]
struct State {
    quirks: Quirks,
    counts: Counts,
    last: u64,
    random: u64,
    files: HashMap<u64, File>,
    sockets: HashMap<u64, u64>,
    in_flight: Vec<InFlight>,
    packets: VecDeque<Sent>,
    late: Vec<Sent>,
}

/// The kernel. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub(super) struct Kernel(Arc<Mutex<State>>);

impl Kernel {
    pub(super) fn new(seed: u64, quirks: Quirks) -> Kernel {
        let kernel = Kernel::default();
        kernel.state().random = seed | 1;
        kernel.state().quirks = quirks;
        kernel
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes how it behaves.
    pub(super) fn quirks(&self, change: impl FnOnce(&mut Quirks)) {
        change(&mut self.state().quirks);
    }

    pub(super) fn counts(&self) -> Counts {
        self.state().counts
    }

    pub(super) fn count_wait(&self) {
        self.state().counts.waits += 1;
    }

    /// A number that was not given out before.
    pub(super) fn new_id(&self) -> u64 {
        self.state().new_id()
    }

    /// Requests in flight for a socket.
    pub(super) fn in_flight(&self, socket: u64) -> usize {
        let state = self.state();
        let Some(file) = state.sockets.get(&socket) else {
            return 0;
        };
        let requests = state.in_flight.iter();
        requests.filter(|request| request.file == *file).count()
    }

    // What applications and networks do.

    /// Opens a socket with this value.
    pub(super) fn open_socket(&self, socket: u64, is_listening: bool) {
        let mut state = self.state();
        let file = state.new_id();
        let level = 0;
        state.files.insert(
            file,
            File {
                level,
                is_listening,
            },
        );
        state.sockets.insert(socket, file);
    }

    /// Gives the file object of a socket a second value, as `WSADuplicateSocket` does.
    #[allow(dead_code)] // Not used yet.
    pub(super) fn duplicate(&self, socket: u64, second: u64) {
        let mut state = self.state();
        if let Some(file) = state.sockets.get(&socket).copied() {
            state.sockets.insert(second, file);
        }
    }

    /// These conditions hold from now on.
    pub(super) fn set(&self, socket: u64, conditions: u32) {
        let mut state = self.state();
        if let Some(file) = state.sockets.get(&socket).copied() {
            if let Some(it) = state.files.get_mut(&file) {
                it.level |= conditions;
            }
            state.signal(file);
        }
    }

    /// These conditions hold no more.
    pub(super) fn clear(&self, socket: u64, conditions: u32) {
        let mut state = self.state();
        if let Some(file) = state.sockets.get(&socket).copied() {
            if let Some(it) = state.files.get_mut(&file) {
                it.level &= !conditions;
            }
        }
    }

    /// The connection was reset: after that AFD says SEND, too (Wine's `test_poll_reset`).
    #[allow(dead_code)] // Not used yet.
    pub(super) fn reset(&self, socket: u64) {
        self.set(socket, ffi::AFD_POLL_ABORT | ffi::AFD_POLL_SEND);
    }

    /// The conditions that hold, if the socket is open.
    pub(super) fn level(&self, socket: u64) -> Option<u32> {
        let state = self.state();
        let file = state.sockets.get(&socket)?;
        state.files.get(file).map(|file| file.level)
    }

    /// Closes a socket. With its last value LOCAL_CLOSE is said to all who wait, asked or not
    /// (Wine's `test_poll`).
    pub(super) fn close(&self, socket: u64) {
        let mut state = self.state();
        if let Some(file) = state.sockets.remove(&socket) {
            if !state.sockets.values().any(|other| *other == file) {
                if let Some(it) = state.files.get_mut(&file) {
                    it.level |= ffi::AFD_POLL_LOCAL_CLOSE;
                }
                state.signal(file);
            }
        }
    }

    // System calls.

    /// `NtDeviceIoControlFile` with `IOCTL_AFD_POLL`.
    pub(super) fn submit(
        &self,
        handle: usize,
        socket: u64,
        asked: u32,
        operation: u64,
        slot: AnswerSlot,
    ) -> NTSTATUS {
        let mut state = self.state();
        state.counts.requests += 1;
        if let Some(refusal) = state.quirks.refusals.pop_front() {
            return refusal;
        }
        let Some(file) = state.sockets.get(&socket).copied() else {
            // Wine's `test_poll`.
            return ffi::STATUS_INVALID_HANDLE;
        };
        let same = |request: &InFlight| request.handle == handle && request.file == file;
        if state.in_flight.iter().any(same) {
            state.counts.mixed_up += 1;
        }
        if let Some(failure) = state.quirks.failures.pop_front() {
            state.send(Sent::Operation(operation, failure));
            return PENDING;
        }
        let request = InFlight {
            operation,
            handle,
            file,
            asked,
            slot,
            is_deaf: false,
        };
        let held = state.held(&request);
        if held == 0 {
            state.in_flight.push(request);
            return PENDING;
        }
        // A packet comes all the same (Wine's `test_poll_completion_port`).
        state.complete(request, held)
    }

    /// `NtCancelIoFileEx` of one request. A cancelled request leaves the kernel's lists during the
    /// call; its packet may come later.
    pub(super) fn cancel(&self, operation: u64) -> NTSTATUS {
        let mut state = self.state();
        state.counts.cancels += 1;
        if state.quirks.failing_cancels > 0 {
            state.quirks.failing_cancels -= 1;
            return NO_RESOURCES;
        }
        let mut requests = state.in_flight.iter();
        let Some(place) = requests.position(|request| request.operation == operation) else {
            return ffi::STATUS_NOT_FOUND;
        };
        let request = state.in_flight.remove(place);
        state.send(Sent::Operation(request.operation, ffi::STATUS_CANCELLED));
        0
    }

    /// `CancelIoEx` of all on one handle.
    pub(super) fn cancel_all(&self, handle: usize) {
        let mut state = self.state();
        let all = std::mem::take(&mut state.in_flight);
        let (ours, others) = all
            .into_iter()
            .partition(|request| request.handle == handle);
        state.in_flight = others;
        let ours: Vec<InFlight> = ours;
        for request in ours {
            state.send(Sent::Operation(request.operation, ffi::STATUS_CANCELLED));
        }
    }

    /// `WSAPoll` of one socket without a pause, in AFD's words.
    pub(super) fn look(&self, socket: u64, asked: u32) -> u32 {
        let level = self.level(socket);
        self.state().counts.looks += 1;
        level.map_or(ffi::AFD_POLL_LOCAL_CLOSE, |level| level & asked)
    }

    /// `WSAIoctl` with `SIO_BASE_HANDLE` or one of its kind.
    pub(super) fn base(&self, socket: u64) -> Result<u64, i32> {
        self.state().quirks.base_error.map_or(Ok(socket), Err)
    }

    /// `NtCreateFile` of `\Device\Afd`.
    pub(super) fn open_afd(&self) -> Result<u64, i32> {
        let mut state = self.state();
        match state.quirks.open_error {
            Some(code) => Err(code),
            None => Ok(state.new_id()),
        }
    }

    pub(super) fn post(&self, number: usize) {
        self.state().packets.push_back(Sent::Number(number));
    }

    /// Takes packets that have come.
    pub(super) fn dequeue(&self, room: usize) -> Vec<Sent> {
        let mut state = self.state();
        let count = state.packets.len().min(room);
        state.packets.drain(..count).collect()
    }

    /// Late packets come now. Returns whether there were any.
    pub(super) fn release_late(&self) -> bool {
        let mut state = self.state();
        let late = std::mem::take(&mut state.late);
        let any = !late.is_empty();
        state.packets.extend(late);
        any
    }
}

impl State {
    fn new_id(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    fn random(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random
    }

    /// The conditions of a request that hold: those it asks for, and LOCAL_CLOSE.
    fn held(&self, request: &InFlight) -> u32 {
        let Some(file) = self.files.get(&request.file) else {
            return 0;
        };
        let mut asked = request.asked | ffi::AFD_POLL_LOCAL_CLOSE;
        let means_accept = self.quirks.receive_is_accept && file.is_listening;
        if means_accept && asked & ffi::AFD_POLL_RECEIVE != 0 {
            asked |= ffi::AFD_POLL_ACCEPT;
        }
        let held = file.level & asked;
        if held != 0 && self.quirks.answers_amiss {
            return ffi::AFD_POLL_CONNECT;
        }
        held
    }

    /// Conditions have come about: answers the requests that wait for them. Of two requests for
    /// one socket on one handle the earlier gets the answer of the later, which then gets none
    /// (trio's experiment).
    fn signal(&mut self, file: u64) {
        let mut answered = Vec::new();
        let requests = self.in_flight.iter().enumerate();
        for (place, request) in requests.filter(|(_, request)| request.file == file) {
            let held = self.held(request);
            if held == 0 || request.is_deaf {
                continue;
            }
            let earlier = self.in_flight.iter().position(|other| {
                other.file == file && other.handle == request.handle && !other.is_deaf
            });
            answered.push((earlier.unwrap_or(place), place, held));
        }
        let mut done = Vec::new();
        for (winner, asker, held) in answered {
            if done.iter().any(|(other, _)| *other == winner) {
                continue;
            }
            if let (true, Some(request)) = (winner != asker, self.in_flight.get_mut(asker)) {
                request.is_deaf = true;
            }
            done.push((winner, held));
        }
        done.sort_unstable();
        for (place, held) in done.into_iter().rev() {
            let request = self.in_flight.remove(place);
            self.complete(request, held);
        }
    }

    fn complete(&mut self, request: InFlight, held: u32) -> NTSTATUS {
        *request.slot.lock().unwrap_or_else(PoisonError::into_inner) = (1, held);
        let status = if self.quirks.warns { WARNING } else { 0 };
        self.send(Sent::Operation(request.operation, status));
        status
    }

    fn send(&mut self, packet: Sent) {
        let one_of = self.quirks.one_late_of;
        if one_of != 0 && self.random() % one_of == 0 {
            self.late.push(packet);
        } else {
            self.packets.push_back(packet);
        }
    }
}
