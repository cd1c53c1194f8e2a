//! What the library does with the error of a system call. The rule is to return it, with its code,
//! and to change nothing. This table has the exceptions.

use mio::fault_injection::Call;

/// An operation of the library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// `Poll::new`.
    NewPoll,
    /// `Waker::new`.
    NewWaker,
    /// The constructor of a source, or an accepted source.
    NewSource,
    Register,
    Reregister,
    Deregister,
    Poll,
    Wake,
    /// An operation on a source.
    Io,
    /// The same, of an operation that may block.
    BlockedIo,
    /// A source becomes an fd again.
    Leave,
    Drop,
}

/// What becomes of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The operation returns it, with its code.
    Returned,
    /// The operation succeeds: it has repeated the call, or made another one, or does not need it.
    Succeeds,
    /// `poll` succeeds if it has taken an event before the call, and returns the error otherwise.
    ReturnedWithoutEvents,
    /// The operation returns `NotFound`.
    NotFound,
    /// The operation returns the error of the call before it: EBADF.
    BadFd,
    /// Either: what else the operation knows decides.
    Either,
}

/// An exception: an outcome for some errors of some calls of some operations.
struct Rule {
    operations: &'static [Operation],
    calls: &'static [Call],
    /// No name: all errors.
    errors: &'static [&'static str],
    outcome: Outcome,
    #[allow(dead_code)] // For the reader.
    why: &'static str,
}

use Operation::{
    BlockedIo, Deregister, Drop, Io, Leave, NewSource, NewWaker, Poll, Register, Reregister, Wake,
};
use Outcome::{BadFd, Either, NotFound, Returned, ReturnedWithoutEvents, Succeeds};

/// The first rule that fits holds.
const RULES: &[Rule] = &[
    Rule {
        operations: &[Drop, Leave],
        calls: &[],
        errors: &[],
        outcome: Succeeds,
        why: "neither has a result",
    },
    Rule {
        operations: &[Wake, Register, Reregister, Deregister, Io, BlockedIo],
        calls: &[Call::Write],
        errors: &["EAGAIN", "EINTR"],
        outcome: Succeeds,
        why: "a full waker is drained and written again; an interrupted write is repeated",
    },
    Rule {
        operations: &[Poll],
        calls: &[Call::Read],
        errors: &[],
        outcome: Succeeds,
        why: "a waker that poll(2) could not drain stays readable, and is drained next time",
    },
    Rule {
        operations: &[Poll],
        calls: &[Call::Poll, Call::Ppoll],
        errors: &["EINVAL"],
        outcome: Either,
        why: "an array beyond RLIMIT_NOFILE is polled without gaps, and probed in parts, if it has \
              any",
    },
    Rule {
        operations: &[Poll],
        calls: &[Call::Poll, Call::Ppoll],
        errors: &[],
        outcome: ReturnedWithoutEvents,
        why: "wakes and probed events were taken before the blocking poll, and must not be lost",
    },
    Rule {
        operations: &[Poll],
        calls: &[Call::PortGetn, Call::PortAssociate],
        errors: &["ETIME"],
        outcome: Succeeds,
        why: "ETIME is the end of the timeout, and the selector waits again until it is over",
    },
    Rule {
        operations: &[Poll],
        calls: &[Call::PortGetn, Call::PortAssociate],
        errors: &[],
        outcome: ReturnedWithoutEvents,
        why: "probed events were taken before, and must not be lost",
    },
    Rule {
        operations: &[Reregister],
        calls: &[Call::EpollModify],
        errors: &["EINVAL"],
        outcome: Succeeds,
        why: "epoll cannot modify an exclusive registration: it is removed and added again",
    },
    Rule {
        operations: &[NewSource],
        calls: &[Call::Connect],
        errors: &["EINPROGRESS", "EINTR"],
        outcome: Succeeds,
        why: "the connection is made in the background, and an event reports the result",
    },
    Rule {
        operations: &[Io],
        calls: &[Call::Sendmsg],
        errors: &["EACCES", "EBADF", "EINVAL", "ENOTSOCK"],
        outcome: Succeeds,
        why: "no socket, or a sandbox that refuses the call: std's writev(2) takes the buffers",
    },
    Rule {
        operations: &[NewSource, Io, BlockedIo],
        calls: &[Call::Accept4],
        errors: &["EBADF"],
        outcome: Succeeds,
        why: "the listener is open, so a sandbox refuses the call: accept(2) takes the connection",
    },
    Rule {
        operations: &[BlockedIo],
        calls: &[Call::Accept, Call::Accept4, Call::Send],
        errors: &["EAGAIN"],
        outcome: Succeeds,
        why: "the operation blocks anyway, and its source is armed again",
    },
    Rule {
        operations: &[Register, Reregister],
        calls: &[Call::Fcntl],
        errors: &[],
        outcome: BadFd,
        why: "NetBSD returns EBADF for an open writer without a reader: only an open fd is one",
    },
    Rule {
        operations: &[Deregister],
        calls: &[Call::Fcntl],
        errors: &[],
        outcome: NotFound,
        why: "event ports ask whether an fd is open: one that is not has no registration",
    },
    Rule {
        operations: &[BlockedIo],
        calls: &[Call::PortAssociate],
        errors: &["EAGAIN"],
        outcome: Succeeds,
        why: "the error has the code of an operation that blocks, and `poll` associates again",
    },
    Rule {
        operations: &[Register],
        calls: &[Call::PortDissociate],
        errors: &[],
        outcome: Succeeds,
        why: "the fd of an earlier registration counts as closed, which it is here",
    },
    Rule {
        operations: &[Deregister],
        calls: &[Call::PortDissociate],
        errors: &[],
        outcome: Succeeds,
        why: "the registration is gone, and an event of what is left in the kernel is skipped",
    },
    Rule {
        operations: &[NewWaker, Register, Reregister, Deregister, Wake],
        calls: &[Call::KeventChange],
        errors: &["EINTR"],
        outcome: Succeeds,
        why: "the kernel has applied all changes, only their receipts are missing",
    },
    Rule {
        operations: &[NewWaker, Register, Reregister],
        calls: &[Call::ChangeAddUser, Call::KeventChange],
        errors: &["EINVAL"],
        outcome: Either,
        why: "a kernel without user events: a pipe takes their place",
    },
    Rule {
        operations: &[Reregister, Deregister],
        calls: &[Call::ChangeDelete],
        errors: &["ENOENT"],
        outcome: Succeeds,
        why: "the filter to delete does not exist",
    },
    Rule {
        operations: &[Poll],
        calls: &[Call::KeventChange, Call::ChangeTrigger, Call::Write],
        errors: &[],
        outcome: Succeeds,
        why: "an event was taken from the kernel: what failed is repeated by the next poll",
    },
];

/// What must become of an error of `call` in `operation`.
pub(crate) fn outcome(operation: Operation, call: Call, error: &str) -> Outcome {
    let fits = |rule: &&Rule| {
        rule.operations.contains(&operation)
            && (rule.calls.is_empty() || rule.calls.contains(&call))
            && (rule.errors.is_empty() || rule.errors.contains(&error))
    };
    // Less data or fewer events are no error.
    if error == "short" {
        return if call == Call::Read { Either } else { Succeeds };
    }
    RULES
        .iter()
        .find(fits)
        .map_or(Returned, |rule| rule.outcome)
}
