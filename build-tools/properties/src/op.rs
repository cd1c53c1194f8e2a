//! The operations of a sequence, how they are generated, and how a sequence is printed.

use std::fmt::{self, Write as _};

use proptest::collection::vec;
use proptest::prelude::*;

pub use Half::*;
pub use How::*;
pub use Kind::*;
pub use Op::*;
pub use Wait::*;

/// What `New` creates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A TCP connection: the connecting end, then the accepted one.
    Tcp,
    /// A TCP listener.
    TcpListener,
    /// A TCP stream whose connection is refused.
    Refused,
    /// Two UDP sockets that are connected to each other.
    Udp,
    /// Two connected Unix streams.
    UnixStream,
    /// Two connected Unix datagram sockets.
    UnixDatagram,
    /// A Unix listener.
    UnixListener,
    /// A pipe: the sender, then the receiver.
    Pipe,
    /// A FIFO, as an owned sender and an owned receiver.
    Fifo,
    /// An eventfd, unowned.
    EventFd,
    /// A pseudoterminal in raw mode: the master, then the slave, both unowned.
    Pty,
    /// The two ends of a TCP connection, unowned.
    FdTcp,
    /// The two ends of a Unix stream, unowned.
    FdUnix,
    /// A pipe, unowned: the sender, then the receiver.
    FdPipe,
}

/// How much is read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// A few bytes, or one datagram.
    Part,
    /// Until the operation would block, fails or is at its end.
    All,
    /// One peek of a TCP stream; `Part` for other sources.
    Peek,
}

/// Which half of a stream is shut down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// The reading half.
    Reading,
    /// The writing half.
    Writing,
    /// Both halves.
    BothHalves,
}

/// The timeout of a `poll`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Zero.
    NoWait,
    /// This number of microseconds.
    Micros(u32),
    /// Three seconds if the specification requires an event, else two milliseconds.
    Long,
    /// No timeout if the specification requires an event, else two milliseconds.
    Forever,
}

/// Interest in reading.
pub const R: u8 = 1;
/// Interest in writing.
pub const W: u8 = 2;
/// Interest in both.
pub const RW: u8 = 3;

/// One operation. A `source` is a number in the order of creation. If there is no such source, or
/// it was closed, the operation applies to one of those that are open, and is skipped if there is
/// none or if it is not of the right kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// Creates a source, or two.
    New(Kind),
    /// Connects a new stream to a listener.
    Connect(usize),
    /// Accepts a connection, which becomes a source.
    Accept(usize),
    /// Registers a source under a new token.
    Register(usize, u8),
    /// Registers it again, under a new token.
    Reregister(usize, u8),
    /// Deregisters it.
    Deregister(usize),
    /// Calls `register`, `reregister` or `deregister` (0, 1, 2) with another `Poll`.
    OtherPoll(usize, u8),
    /// Closes a source. An unowned one is deregistered before.
    Close(usize),
    /// `into_raw_fd` and back. An unowned one is skipped.
    IntoRaw(usize),
    /// Duplicates the file descriptor. The duplicate stays open until `CloseDuplicates`.
    Duplicate(usize),
    /// Closes all duplicates.
    CloseDuplicates,
    /// Reads or receives.
    Read(usize, How),
    /// Writes or sends.
    Write(usize, How),
    /// Shuts a stream down.
    ShutDown(usize, Half),
    /// `take_error` of a TCP stream or a UDP socket.
    TakeError(usize),
    /// Opens a new sender for a FIFO whose sender was closed. `source` is the receiver.
    Reopen(usize),
    /// Creates a waker.
    NewWaker,
    /// Wakes, from that many threads; 0 is this thread.
    Wake(usize, u8),
    /// Drops a waker.
    DropWaker(usize),
    /// One `poll` with a capacity.
    Poll(Wait, usize),
    /// A `poll` of three seconds, while another thread runs an operation.
    During(Box<Op>, usize),
    /// Calls `poll` without waiting until there are no events.
    Drain(usize),
    /// Sleeps for that many milliseconds.
    Sleep(u8),
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        3 => Just(Tcp),
        2 => Just(TcpListener),
        1 => Just(Refused),
        2 => Just(Udp),
        2 => Just(UnixStream),
        1 => Just(UnixDatagram),
        1 => Just(UnixListener),
        3 => Just(Pipe),
        1 => Just(Fifo),
        2 => Just(EventFd),
        1 => Just(Pty),
        2 => Just(FdTcp),
        1 => Just(FdUnix),
        2 => Just(FdPipe),
    ]
}

fn source() -> impl Strategy<Value = usize> {
    0_usize..8
}

fn how() -> impl Strategy<Value = How> {
    prop_oneof![3 => Just(Part), 5 => Just(All), 1 => Just(Peek)]
}

fn capacity() -> impl Strategy<Value = usize> {
    prop_oneof![1 => Just(1_usize), 1 => 2_usize..5, 3 => Just(64)]
}

fn interest() -> impl Strategy<Value = u8> {
    prop_oneof![3 => Just(R), 1 => Just(W), 3 => Just(RW)]
}

fn wait() -> impl Strategy<Value = Wait> {
    prop_oneof![
        3 => Just(NoWait),
        2 => (0_u32..12_000).prop_map(Micros),
        3 => Just(Long),
        1 => Just(Forever),
    ]
}

/// Operations that another thread may run during a `poll`, too.
fn simple() -> impl Strategy<Value = Op> {
    prop_oneof![
        2 => source().prop_map(Connect),
        3 => source().prop_map(Accept),
        8 => (source(), interest()).prop_map(|(source, interest)| Register(source, interest)),
        4 => (source(), interest()).prop_map(|(source, interest)| Reregister(source, interest)),
        3 => source().prop_map(Deregister),
        2 => source().prop_map(Close),
        1 => source().prop_map(IntoRaw),
        9 => (source(), how()).prop_map(|(source, how)| Read(source, how)),
        9 => (source(), how()).prop_map(|(source, how)| Write(source, how)),
        2 => (source(), prop_oneof![Just(Reading), Just(Writing), Just(BothHalves)])
            .prop_map(|(source, half)| ShutDown(source, half)),
        1 => source().prop_map(TakeError),
        1 => source().prop_map(Reopen),
        3 => (0_usize..3, 0_u8..4).prop_map(|(waker, threads)| Wake(waker, threads)),
        1 => (0_usize..3).prop_map(DropWaker),
    ]
}

fn any_op(concurrent: bool) -> impl Strategy<Value = Op> {
    let during = if concurrent { 5 } else { 0 };
    prop_oneof![
        8 => kind().prop_map(New),
        40 => simple(),
        1 => (source(), 0_u8..3).prop_map(|(source, call)| OtherPoll(source, call)),
        1 => source().prop_map(Duplicate),
        1 => Just(CloseDuplicates),
        2 => Just(NewWaker),
        22 => (wait(), capacity()).prop_map(|(wait, capacity)| Op::Poll(wait, capacity)),
        2 => capacity().prop_map(Drain),
        1 => (1_u8..25).prop_map(Sleep),
        during => (simple(), capacity()).prop_map(|(op, capacity)| During(Box::new(op), capacity)),
    ]
}

/// Sequences of operations. `concurrent`: other threads may act during a `poll`.
pub fn sequences(concurrent: bool) -> impl Strategy<Value = Vec<Op>> {
    (kind(), vec(any_op(concurrent), 4..60)).prop_map(|(kind, mut ops)| {
        ops.insert(0, New(kind));
        ops
    })
}

/// A sequence as a Rust test.
pub fn program(call: &str, ops: &[Op]) -> String {
    let mut text = String::from("#[test]\nfn found() {\n    use mio_properties::op::*;\n");
    let _ = writeln!(text, "    mio_properties::{call}(&[");
    for op in ops {
        let _ = writeln!(text, "        {},", Code(op));
    }
    text.push_str("    ]);\n}\n");
    text
}

/// Writes an operation as Rust. The names that differ from `Debug` are those that clash.
struct Code<'a>(&'a Op);

impl fmt::Display for Code<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            New(kind) => write!(f, "New(Kind::{kind:?})"),
            During(op, capacity) => write!(f, "During(Box::new({}), {capacity})", Code(op)),
            Register(source, interest) => {
                write!(f, "Register({source}, {})", interest_name(*interest))
            }
            Reregister(source, interest) => {
                write!(f, "Reregister({source}, {})", interest_name(*interest))
            }
            op => write!(f, "{op:?}"),
        }
    }
}

fn interest_name(interest: u8) -> &'static str {
    match interest {
        R => "R",
        W => "W",
        _ => "RW",
    }
}
