//! A fake AFD with its completion port, in one process and without threads.
//!
//! Where Wine's AFD differs from that of Windows, the fake behaves as Windows, as far as that is
//! known. Each assumption names its source; the links are at the head of `sys/windows/afd/mod.rs`.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::ffi::{self, NTSTATUS};
use super::syscalls::wait_packet::Timers;
use crate::sys::sync::{Condvar, Mutex, MutexGuard, lock};

/// `STATUS_PENDING`.
pub(crate) const PENDING: NTSTATUS = 0x103;
/// `STATUS_INSUFFICIENT_RESOURCES`, with which any request may be refused.
pub(crate) const INSUFFICIENT_RESOURCES: NTSTATUS = 0xC000_009A_u32 as NTSTATUS;
/// `STATUS_ACCESS_DENIED`, an example of a permanent refusal.
pub(crate) const ACCESS_DENIED: NTSTATUS = 0xC000_0022_u32 as NTSTATUS;
/// `STATUS_BUFFER_OVERFLOW`, a warning, after which a packet comes as after success.
pub(crate) const WARNING: NTSTATUS = 0x8000_0005_u32 as NTSTATUS;

/// The output buffer of a request: the number of entries, and the conditions of the first.
pub(crate) type ResultSlot = Arc<Mutex<(u32, u32)>>;

/// A packet in the port.
#[derive(Debug)]
pub(crate) enum QueuedPacket {
    /// The packet of an operation, with its status.
    Operation(u64, NTSTATUS),
    /// A posted packet, with its receiver id.
    Receiver(usize),
    /// The packet of a timer, with its receiver id.
    Timer(usize),
}

/// How this AFD deviates from the common behavior.
#[derive(Clone, Debug, Default)]
pub(crate) struct Quirks {
    /// NT 4: a request for RECEIVE on a listening socket counts as one for ACCEPT.
    pub(crate) receive_is_accept: bool,
    /// A request whose condition holds completes with a warning instead of success.
    pub(crate) completes_with_warning: bool,
    /// Completions name conditions that were not requested. No AFD is known to do so.
    pub(crate) reports_unrequested: bool,
    /// The next requests are refused with these statuses.
    pub(crate) refusals: VecDeque<NTSTATUS>,
    /// The next accepted requests complete with these statuses.
    pub(crate) failures: VecDeque<NTSTATUS>,
    /// The next accepted requests complete with these statuses, numbers of entries and conditions.
    pub(crate) results: VecDeque<(NTSTATUS, u32, u32)>,
    /// `SIO_BASE_HANDLE` and the like fail with this code.
    pub(crate) base_error: Option<i32>,
    /// The base sockets of those on layered providers, which AFD does not know.
    pub(crate) layered: HashMap<u64, u64>,
    /// Opening `\Device\Afd` fails with this code.
    pub(crate) open_error: Option<i32>,
    /// The next so many cancels fail, and the request stays in flight.
    pub(crate) failing_cancels: u32,
    /// A wait without a timeout blocks until another thread causes a packet. `build-tools/loom` has
    /// such threads.
    pub(crate) blocks: bool,
    /// One packet in so many is delayed until the poller would block. 0: none.
    pub(crate) one_late_of: u64,
}

/// What a test counts.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    /// Requests, refused ones included.
    pub(crate) requests: usize,
    pub(crate) cancels: usize,
    /// Probed sockets.
    pub(crate) probes: usize,
    /// Waits for packets, those with a timeout of 0 included.
    pub(crate) waits: usize,
    /// Requests for a socket that had one in flight on the same handle, which AFD mixes up.
    pub(crate) overlapping: usize,
    /// AFD handles that are open.
    pub(crate) open_handles: usize,
    /// AFD handles that were closed with a request in flight.
    pub(crate) closed_in_flight: usize,
}

/// A request in flight.
#[derive(Debug)]
struct InFlight {
    operation: u64,
    handle: usize,
    file: u64,
    requested: u32,
    slot: ResultSlot,
    /// Another request completed with its conditions, so it never completes.
    is_lost: bool,
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
    packets: VecDeque<QueuedPacket>,
    /// Notified of every packet.
    queued: Arc<Condvar>,
    late: Vec<QueuedPacket>,
    timers: Timers,
}

/// The fake kernel. Clones share its state.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kernel(Arc<Mutex<State>>);

impl Kernel {
    pub(crate) fn new(seed: u64, quirks: Quirks) -> Kernel {
        let kernel = Kernel::default();
        kernel.state().random = seed | 1;
        kernel.state().quirks = quirks;
        kernel
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.0)
    }

    /// Changes the quirks.
    pub(crate) fn quirks(&self, change: impl FnOnce(&mut Quirks)) {
        change(&mut self.state().quirks);
    }

    pub(crate) fn counts(&self) -> Counts {
        self.state().counts
    }

    pub(crate) fn count_wait(&self) {
        self.state().counts.waits += 1;
    }

    /// A new id.
    pub(crate) fn new_id(&self) -> u64 {
        self.state().new_id()
    }

    /// The number of requests in flight for a socket.
    pub(crate) fn in_flight(&self, socket: u64) -> usize {
        let state = self.state();
        let Some(file) = state.sockets.get(&socket) else {
            return 0;
        };
        let requests = state.in_flight.iter();
        requests.filter(|request| request.file == *file).count()
    }

    // What applications and networks do:

    /// Opens a socket with this value.
    pub(crate) fn open_socket(&self, socket: u64, is_listening: bool) {
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

    /// These conditions hold from now on.
    pub(crate) fn set(&self, socket: u64, conditions: u32) {
        let mut state = self.state();
        if let Some(file) = state.sockets.get(&socket).copied() {
            if let Some(it) = state.files.get_mut(&file) {
                it.level |= conditions;
            }
            state.signal(file);
        }
    }

    /// These conditions do not hold any more.
    pub(crate) fn clear(&self, socket: u64, conditions: u32) {
        let mut state = self.state();
        if let Some(file) = state.sockets.get(&socket).copied() {
            if let Some(it) = state.files.get_mut(&file) {
                it.level &= !conditions;
            }
        }
    }

    /// The conditions that hold, if the socket is open.
    pub(crate) fn level(&self, socket: u64) -> Option<u32> {
        let state = self.state();
        let file = state.sockets.get(&socket)?;
        state.files.get(file).map(|file| file.level)
    }

    /// Closes a socket. Closing the last handle completes every request in flight with LOCAL_CLOSE,
    /// requested or not (Wine's `test_poll`).
    pub(crate) fn close(&self, socket: u64) {
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

    // System calls:

    /// `NtDeviceIoControlFile` with `IOCTL_AFD_POLL`.
    pub(crate) fn submit(
        &self,
        handle: usize,
        socket: u64,
        requested: u32,
        operation: u64,
        slot: ResultSlot,
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
            state.counts.overlapping += 1;
        }
        if let Some(failure) = state.quirks.failures.pop_front() {
            state.send(QueuedPacket::Operation(operation, failure));
            return PENDING;
        }
        if let Some((status, count, conditions)) = state.quirks.results.pop_front() {
            *lock(&slot) = (count, conditions);
            state.send(QueuedPacket::Operation(operation, status));
            return PENDING;
        }
        let request = InFlight {
            operation,
            handle,
            file,
            requested,
            slot,
            is_lost: false,
        };
        let holding = state.holding(&request);
        if holding == 0 {
            state.in_flight.push(request);
            return PENDING;
        }
        // A packet comes, too (Wine's `test_poll_completion_port`).
        state.complete(request, holding)
    }

    /// `NtCancelIoFileEx` of one request, which is not in flight any more when the call returns;
    /// its packet may come later.
    pub(crate) fn cancel(&self, operation: u64) -> NTSTATUS {
        let mut state = self.state();
        state.counts.cancels += 1;
        if state.quirks.failing_cancels > 0 {
            state.quirks.failing_cancels -= 1;
            return INSUFFICIENT_RESOURCES;
        }
        let mut requests = state.in_flight.iter();
        let Some(index) = requests.position(|request| request.operation == operation) else {
            return ffi::STATUS_NOT_FOUND;
        };
        let request = state.in_flight.remove(index);
        state.send(QueuedPacket::Operation(
            request.operation,
            ffi::STATUS_CANCELLED,
        ));
        0
    }

    /// `CancelIoEx` of every request on a handle.
    pub(crate) fn cancel_all(&self, handle: usize) {
        let mut state = self.state();
        let all = std::mem::take(&mut state.in_flight);
        let (ours, others) = all
            .into_iter()
            .partition(|request| request.handle == handle);
        state.in_flight = others;
        let ours: Vec<InFlight> = ours;
        for request in ours {
            state.send(QueuedPacket::Operation(
                request.operation,
                ffi::STATUS_CANCELLED,
            ));
        }
    }

    /// `WSAPoll` of one socket with a timeout of 0, as AFD's conditions.
    pub(crate) fn probe(&self, socket: u64, requested: u32) -> u32 {
        let level = self.level(socket);
        self.state().counts.probes += 1;
        level.map_or(ffi::AFD_POLL_LOCAL_CLOSE, |level| level & requested)
    }

    /// `WSAIoctl` with `SIO_BASE_HANDLE` or one of the `SIO_BSP_HANDLE` codes.
    pub(crate) fn base(&self, socket: u64) -> Result<u64, i32> {
        let state = self.state();
        let base = state.quirks.layered.get(&socket).unwrap_or(&socket);
        state.quirks.base_error.map_or(Ok(*base), Err)
    }

    /// `NtCreateFile` of `\Device\Afd`.
    pub(crate) fn open_afd(&self) -> Result<u64, i32> {
        let mut state = self.state();
        match state.quirks.open_error {
            Some(code) => Err(code),
            None => {
                state.counts.open_handles += 1;
                Ok(state.new_id())
            }
        }
    }

    /// `CloseHandle` of an AFD handle.
    pub(crate) fn close_afd(&self, handle: usize) {
        let mut state = self.state();
        let mut requests = state.in_flight.iter();
        let is_in_use = requests.any(|request| request.handle == handle);
        state.counts.open_handles -= 1;
        state.counts.closed_in_flight += usize::from(is_in_use);
    }

    /// `PostQueuedCompletionStatus`.
    pub(crate) fn post(&self, receiver_id: usize) {
        let packet = QueuedPacket::Receiver(receiver_id);
        self.state().queue(packet);
    }

    /// Uses the timers.
    pub(crate) fn timers<T>(&self, change: impl FnOnce(&mut Timers) -> T) -> T {
        change(&mut self.state().timers)
    }

    /// Queues the packet of a timer once the poller would block.
    pub(crate) fn post_late(&self, receiver_id: usize) {
        self.state().late.push(QueuedPacket::Timer(receiver_id));
    }

    /// Removes the packet of the timer from the port.
    pub(crate) fn remove_timer_packet(&self) {
        let mut state = self.state();
        let is_other = |packet: &QueuedPacket| !matches!(packet, QueuedPacket::Timer(_));
        state.packets.retain(is_other);
    }

    /// Dequeues at most `room` packets.
    pub(crate) fn dequeue(&self, room: usize) -> Vec<QueuedPacket> {
        let mut state = self.state();
        if let Some(receiver_id) = state.timers.fire(super::now()) {
            state.queue(QueuedPacket::Timer(receiver_id));
        }
        let count = state.packets.len().min(room);
        let packets: Vec<QueuedPacket> = state.packets.drain(..count).collect();
        if packets
            .iter()
            .any(|packet| matches!(packet, QueuedPacket::Timer(_)))
        {
            state.timers.picked_up();
        }
        packets
    }

    /// Blocks until there is a packet. `false` if this kernel does not block.
    pub(crate) fn block_until_packet(&self) -> bool {
        let mut state = self.state();
        if !state.quirks.blocks {
            return false;
        }
        let queued = Arc::clone(&state.queued);
        while state.packets.is_empty() {
            state = queued.wait(state).unwrap();
        }
        true
    }

    /// Queues the delayed packets. Returns whether there were any.
    pub(crate) fn release_late(&self) -> bool {
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

    /// The conditions of a request that hold: requested ones, and LOCAL_CLOSE.
    fn holding(&self, request: &InFlight) -> u32 {
        let Some(file) = self.files.get(&request.file) else {
            return 0;
        };
        let mut requested = request.requested | ffi::AFD_POLL_LOCAL_CLOSE;
        let means_accept = self.quirks.receive_is_accept && file.is_listening;
        if means_accept && requested & ffi::AFD_POLL_RECEIVE != 0 {
            requested |= ffi::AFD_POLL_ACCEPT;
        }
        let holding = file.level & requested;
        if holding != 0 && self.quirks.reports_unrequested {
            return ffi::AFD_POLL_CONNECT;
        }
        holding
    }

    /// Completes the requests whose conditions hold now. Of two requests for one socket on one
    /// handle, the earlier completes with the conditions of the later, which then never completes
    /// (trio's experiment).
    fn signal(&mut self, file: u64) {
        let mut completing = Vec::new();
        let requests = self.in_flight.iter().enumerate();
        for (index, request) in requests.filter(|(_, request)| request.file == file) {
            let holding = self.holding(request);
            if holding == 0 || request.is_lost {
                continue;
            }
            let earlier = self.in_flight.iter().position(|other| {
                other.file == file && other.handle == request.handle && !other.is_lost
            });
            completing.push((earlier.unwrap_or(index), index, holding));
        }
        let mut done = Vec::new();
        for (winner, requester, holding) in completing {
            if done.iter().any(|(other, _)| *other == winner) {
                continue;
            }
            if let (true, Some(request)) = (winner != requester, self.in_flight.get_mut(requester))
            {
                request.is_lost = true;
            }
            done.push((winner, holding));
        }
        done.sort_unstable();
        for (index, holding) in done.into_iter().rev() {
            let request = self.in_flight.remove(index);
            self.complete(request, holding);
        }
    }

    fn complete(&mut self, request: InFlight, holding: u32) -> NTSTATUS {
        *lock(&request.slot) = (1, holding);
        let status = if self.quirks.completes_with_warning {
            WARNING
        } else {
            0
        };
        self.send(QueuedPacket::Operation(request.operation, status));
        status
    }

    fn send(&mut self, packet: QueuedPacket) {
        let one_of = self.quirks.one_late_of;
        if one_of != 0 && self.random() % one_of == 0 {
            self.late.push(packet);
        } else {
            self.queue(packet);
        }
    }

    fn queue(&mut self, packet: QueuedPacket) {
        self.packets.push_back(packet);
        self.queued.notify_one();
    }
}
