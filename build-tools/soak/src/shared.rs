//! What the threads share: the phase, the counters, the latencies, the faults.

use std::fmt::Display;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::Thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use mio::Token;

use crate::options::Options;
use crate::pipes::End;

/// The longest time in which each expectation must be met: a reply, an end of a stream, a wake, an
/// event after a registration.
///
/// The longest delay that the library documents is one second (`Poll`, *Level-triggered kernels*).
/// A machine with more threads than processors, and TCP's first retransmissions (1 s, then 3 s),
/// add to it. A lost event delays forever, so the bound may be generous.
pub(crate) const BOUND: Duration = Duration::from_secs(10);

/// The threads that wake, and those that register sources through a `Registry`.
pub(crate) const WAKERS: usize = 8;
/// See [`WAKERS`].
pub(crate) const REGISTRARS: usize = 3;

/// What the sources are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Listener,
    TcpServer,
    TcpClient,
    UdpServer,
    UdpClient,
    PipeServer,
    PipeClient,
    Waker,
    /// A source of a thread that registers.
    Registrar,
    /// The waker by which the main thread and other loops reach a loop.
    Control,
}

/// All kinds, in the order of their numbers.
pub(crate) const KINDS: [(Kind, &str); 10] = [
    (Kind::Listener, "listener"),
    (Kind::TcpServer, "tcp server"),
    (Kind::TcpClient, "tcp client"),
    (Kind::UdpServer, "udp server"),
    (Kind::UdpClient, "udp client"),
    (Kind::PipeServer, "pipe server"),
    (Kind::PipeClient, "pipe client"),
    (Kind::Waker, "waker"),
    (Kind::Registrar, "registrar"),
    (Kind::Control, "control"),
];

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        KINDS[self as usize].1
    }
}

/// A source: its kind, its slot, and a number that no other source of that slot has had lately.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Id {
    pub(crate) kind: Kind,
    pub(crate) slot: usize,
    pub(crate) generation: u32,
    /// Whether it is the writing end of a source with two ends.
    pub(crate) writer: bool,
}

impl Id {
    pub(crate) fn new(kind: Kind, slot: usize, generation: u32) -> Id {
        Id {
            kind,
            slot,
            generation,
            writer: false,
        }
    }

    /// 1 bit of the end, 4 bits of the kind, 24 of the slot, 32 of the generation.
    pub(crate) fn token(self) -> Token {
        let kind = self.kind as usize | usize::from(self.writer) << 4;
        Token(kind << 56 | self.slot << 32 | self.generation as usize)
    }

    pub(crate) fn read(Token(token): Token) -> Option<Id> {
        let (kind, _) = KINDS.get(token >> 56 & 0xf)?;
        Some(Id {
            kind: *kind,
            slot: token >> 32 & 0xff_ffff,
            generation: token as u32,
            writer: token >> 60 & 1 == 1,
        })
    }
}

impl Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.kind.name(), self.slot)?;
        write!(f, " (source {} of its slot)", self.generation)
    }
}

/// What is timed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Latency {
    Connect,
    /// A request and its reply, both at most a few segments.
    Tcp,
    /// A message that exceeds the socket buffers.
    TcpLarge,
    Udp,
    Pipe,
    /// From `wake` to the event.
    Wake,
    /// From `register` or `reregister` on another thread to the event.
    Register,
}

/// The names, in the order of `Latency`.
pub(crate) const LATENCIES: [&str; 7] = [
    "connect",
    "tcp",
    "tcp large",
    "udp",
    "pipe",
    "wake",
    "register",
];

/// What is counted besides events and operations.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Count {
    Connected,
    Accepted,
    ConnectCanceled,
    Dropped,
    DroppedInFlight,
    Reset,
    ClosedByServer,
    ShutDown,
    Reregistered,
    NoAddress,
    StrayDatagrams,
    Bytes,
}

/// The names, in the order of `Count`.
pub(crate) const COUNTS: [&str; 12] = [
    "connected",
    "accepted",
    "connects canceled",
    "dropped idle",
    "dropped in flight",
    "reset (SO_LINGER 0)",
    "closed or reset by the server",
    "shut down",
    "reregistered",
    "connects without a free port",
    "stray datagrams",
    "bytes echoed",
];

/// The phase of a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Work,
    /// Close everything, and start nothing.
    Drain,
    Stop,
}

/// The events and operations of a kind of source.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) events: AtomicU64,
    /// Transfers that moved data, ends and errors, accepts, connects, registrations, wakes.
    pub(crate) operations: AtomicU64,
}

/// The state of a thread that wakes.
#[derive(Debug, Default)]
pub(crate) struct WakeState {
    /// The thread, which an event unparks.
    pub(crate) thread: OnceLock<Thread>,
    pub(crate) sent: AtomicU64,
    pub(crate) seen: AtomicU64,
    pub(crate) events: AtomicU64,
}

/// The state of a thread that registers.
#[derive(Debug, Default)]
pub(crate) struct RegistrarState {
    /// The thread, which an event unparks.
    pub(crate) thread: OnceLock<Thread>,
    /// The number of the source, and two bits: readable, writable.
    pub(crate) seen: AtomicU64,
    /// Sources up to this number are no longer registered.
    pub(crate) gone: AtomicU64,
    pub(crate) is_idle: AtomicBool,
}

pub(crate) struct Recorder {
    pub(crate) total: Histogram<u64>,
    pub(crate) interval: Histogram<u64>,
}

pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) start: Instant,
    phase: AtomicU8,
    pub(crate) tallies: [Tally; KINDS.len()],
    counts: [AtomicU64; COUNTS.len()],
    recorders: [Mutex<Recorder>; LATENCIES.len()],
    faults: Mutex<Vec<String>>,
    has_failed: AtomicBool,
    pub(crate) wakers: [WakeState; WAKERS],
    pub(crate) registrars: [RegistrarState; REGISTRARS],
    /// Pipes on their way to the server's loop.
    pub(crate) mailbox: Mutex<Vec<End>>,
    /// The connections and pipes that the server has open.
    pub(crate) server_open: AtomicUsize,
    /// The connections, sockets and pipes that the client has open.
    pub(crate) client_open: AtomicUsize,
    /// Whether the client has closed everything since the phase `Drain` began.
    pub(crate) client_drained: AtomicBool,
}

impl Shared {
    pub(crate) fn new(options: Options) -> Shared {
        let recorder = || {
            // Microseconds up to two minutes, with three digits.
            let new =
                || Histogram::new_with_bounds(1, 120_000_000, 3).expect("the bounds are valid");
            Mutex::new(Recorder {
                total: new(),
                interval: new(),
            })
        };
        Shared {
            options,
            start: Instant::now(),
            phase: AtomicU8::new(Phase::Drain as u8),
            tallies: Default::default(),
            counts: Default::default(),
            recorders: std::array::from_fn(|_| recorder()),
            faults: Mutex::default(),
            has_failed: AtomicBool::new(false),
            wakers: Default::default(),
            registrars: Default::default(),
            mailbox: Mutex::default(),
            server_open: AtomicUsize::new(0),
            client_open: AtomicUsize::new(0),
            client_drained: AtomicBool::new(false),
        }
    }

    pub(crate) fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Acquire) {
            0 => Phase::Work,
            1 => Phase::Drain,
            _ => Phase::Stop,
        }
    }

    pub(crate) fn set_phase(&self, phase: Phase) {
        self.client_drained.store(false, Ordering::Release);
        self.phase.store(phase as u8, Ordering::Release);
    }

    pub(crate) fn event(&self, kind: Kind) {
        let events = &self.tallies[kind as usize].events;
        events.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn operation(&self, kind: Kind) {
        let operations = &self.tallies[kind as usize].operations;
        operations.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count(&self, what: Count, number: usize) {
        self.counts[what as usize].fetch_add(number as u64, Ordering::Relaxed);
    }

    pub(crate) fn counts(&self) -> [u64; COUNTS.len()] {
        std::array::from_fn(|at| self.counts[at].load(Ordering::Relaxed))
    }

    pub(crate) fn timed(&self, what: Latency, start: Instant) {
        let micros = start.elapsed().as_micros().max(1);
        let mut recorder = lock(&self.recorders[what as usize]);
        // Longer times count as two minutes.
        recorder.total.saturating_record(micros as u64);
        recorder.interval.saturating_record(micros as u64);
    }

    pub(crate) fn recorder(&self, what: usize) -> MutexGuard<'_, Recorder> {
        lock(&self.recorders[what])
    }

    /// Reports a fault, which ends the run.
    pub(crate) fn fault(&self, text: impl Display) {
        let at = self.start.elapsed().as_secs_f64();
        let mut faults = lock(&self.faults);
        // One fault often causes thousands.
        if faults.len() < 20 {
            faults.push(format!("at {at:.2} s: {text}"));
        }
        self.has_failed.store(true, Ordering::Release);
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.has_failed.load(Ordering::Acquire)
    }

    pub(crate) fn faults(&self) -> Vec<String> {
        lock(&self.faults).clone()
    }
}

/// Locks a mutex whose contents are valid at all times.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::{Id, KINDS, Kind};

    #[test]
    fn kinds_are_in_order() {
        for (number, (kind, _)) in KINDS.iter().enumerate() {
            assert_eq!(*kind as usize, number);
        }
    }

    #[test]
    fn ids_survive_their_token() {
        for writer in [false, true] {
            let id = Id {
                writer,
                ..Id::new(Kind::PipeClient, 0xff_fffe, u32::MAX)
            };
            assert_eq!(Id::read(id.token()), Some(id));
        }
    }
}
