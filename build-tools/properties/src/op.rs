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
    /// A named pipe of Windows: the server, then a client that has connected to it.
    NamedPipe,
    /// The server of a named pipe, which has no client.
    NamedPipeServer,
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
    /// `poll_until` this number of microseconds from now.
    Until(u32),
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
/// Interest in urgent data. It can be added to the others.
pub const P: u8 = 4;
/// `Interest::LEVEL`, beside the others.
pub const LEVEL: u8 = 8;
/// `Interest::ONESHOT`, beside the others.
pub const ONESHOT: u8 = 16;

/// One operation. A `source` is a number in the order of creation. If there is no such source, or
/// it was closed, the operation applies to one of those that are open, and is skipped if there is
/// none or if it is not of the right kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// Creates a source, or two.
    New(Kind),
    /// Connects a new stream to a listener. On the server of a named pipe, calls `connect`.
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
    /// Sends one byte of urgent data on a TCP connection.
    WriteUrgent(usize),
    /// Receives it.
    ReadUrgent(usize),
    /// Shuts a stream down. On the server of a named pipe, calls `disconnect`.
    ShutDown(usize, Half),
    /// `take_error` of a TCP stream or a UDP socket.
    TakeError(usize),
    /// `finish_connect` of a TCP stream.
    FinishConnect(usize),
    /// Opens a new sender for a FIFO whose sender was closed, or a client of a named pipe that has
    /// none. `source` is the receiver, or the server.
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
    /// Forks a child process, which runs these operations on its copies and exits.
    Fork(Vec<Op>),
}

#[cfg(windows)]
fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        3 => Just(Tcp),
        2 => Just(TcpListener),
        1 => Just(Refused),
        2 => Just(Udp),
        2 => Just(FdTcp),
        5 => Just(NamedPipe),
        2 => Just(NamedPipeServer),
    ]
}

#[cfg(unix)]
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
    let mode = prop_oneof![8 => Just(0), 1 => Just(LEVEL), 1 => Just(ONESHOT)];
    (readiness(), mode).prop_map(|(readiness, mode)| readiness | mode)
}

fn readiness() -> impl Strategy<Value = u8> {
    prop_oneof![
        5 => Just(R),
        2 => Just(W),
        5 => Just(RW),
        1 => Just(P),
        1 => Just(R | P),
        1 => Just(W | P),
        1 => Just(RW | P),
    ]
}

fn wait() -> impl Strategy<Value = Wait> {
    prop_oneof![
        3 => Just(NoWait),
        2 => (0_u32..12_000).prop_map(Micros),
        1 => (0_u32..12_000).prop_map(Until),
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
        2 => source().prop_map(WriteUrgent),
        1 => source().prop_map(ReadUrgent),
        2 => (source(), prop_oneof![Just(Reading), Just(Writing), Just(BothHalves)])
            .prop_map(|(source, half)| ShutDown(source, half)),
        1 => source().prop_map(TakeError),
        1 => source().prop_map(FinishConnect),
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

/// Operations of a child process, which has copies of everything.
fn of_child() -> impl Strategy<Value = Op> {
    prop_oneof![
        3 => source().prop_map(Close),
        2 => source().prop_map(Deregister),
        1 => source().prop_map(IntoRaw),
        3 => (0_usize..3, 0_u8..2).prop_map(|(waker, threads)| Wake(waker, threads)),
        2 => (0_usize..3).prop_map(DropWaker),
    ]
}

/// Sequences in which child processes have copies of the `Poll` for a time.
pub fn sequences_with_forks() -> impl Strategy<Value = Vec<Op>> {
    let fork = vec(of_child(), 0..6).prop_map(Fork);
    let op = prop_oneof![14 => any_op(false), 1 => fork];
    (kind(), vec(op, 4..60)).prop_map(|(kind, mut ops)| {
        ops.insert(0, New(kind));
        ops.insert(1, NewWaker);
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
            Fork(ops) => {
                f.write_str("Fork(vec![")?;
                for (index, op) in ops.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(f, "{comma}{}", Code(op))?;
                }
                f.write_str("])")
            }
            op => write!(f, "{op:?}"),
        }
    }
}

fn interest_name(interest: u8) -> String {
    let names = ["R", "R", "W", "RW", "P", "R | P", "W | P", "RW | P"];
    let mut name = names[usize::from(interest & 7)].to_owned();
    for (mode, its_name) in [(LEVEL, " | LEVEL"), (ONESHOT, " | ONESHOT")] {
        if interest & mode != 0 {
            name.push_str(its_name);
        }
    }
    name
}
