//! One socket under watch.

use std::fmt;
use std::io;
use std::os::windows::io::{AsHandle, RawSocket};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;

use super::device::Device;
use super::machine::Machine;
use super::syscall::{self, PollInfo};
use super::{Shared, base};
use crate::Token;
use crate::sys::iocp::in_flight::{Idle, Operation, Outcome, Pending};
use crate::sys::iocp::{Port, Round};
use crate::sys::record::Record;

/// What is in flight for a socket.
pub(super) struct AfdPoll {
    pub(super) info: PollInfo,
    source: Weak<Source>,
    /// Set while in flight: the handle must not be closed before the port has ended.
    device: Option<Arc<Device>>,
}

/// The states of one socket.
pub(super) type SourceMachine = Machine<Idle<AfdPoll>, Pending<AfdPoll>>;

/// See the head of this file.
pub(super) struct Source {
    pub(super) shared: Weak<Shared>,
    device: Weak<Device>,
    device_number: usize,
    /// The number that the caller knows.
    pub(super) raw: RawSocket,
    /// The number that AFD knows. Changed under the lock of the states.
    base: AtomicUsize,
    machine: Mutex<SourceMachine>,
}

impl Source {
    pub(super) fn new(
        shared: Weak<Shared>,
        device: &Arc<Device>,
        raw: RawSocket,
        token: Token,
        interest: u32,
        is_raw: bool,
    ) -> Arc<Source> {
        Arc::new_cyclic(|source: &Weak<Source>| {
            let idle = Idle::new(AfdPoll {
                info: PollInfo::new(raw, 0),
                source: source.clone(),
                device: None,
            });
            Source {
                shared,
                device: Arc::downgrade(device),
                device_number: device.number(),
                raw,
                base: AtomicUsize::new(raw as usize),
                machine: Mutex::new(Machine::new(idle, token, interest, is_raw)),
            }
        })
    }

    /// Its states. While they are locked, no reference to the selector is let go that may be the last.
    pub(super) fn machine(&self) -> MutexGuard<'_, SourceMachine> {
        // Nothing in a critical section panics half-way through a change.
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of its handle of AFD.
    pub(super) fn device_number(&self) -> usize {
        self.device_number
    }

    /// Makes the kernel do what the states want. An error leaves everything as it was.
    pub(super) fn update(&self, machine: &mut SourceMachine, port: &Port) -> io::Result<()> {
        let Some(device) = self.device.upgrade() else {
            return Ok(());
        };
        let start = |mut idle: Idle<AfdPoll>, conditions, base| {
            idle.get_mut().device = Some(Arc::clone(&device));
            let started = idle.start(port, |reserved| {
                syscall::poll(device.as_handle(), base, conditions, reserved)
            });
            started.map_err(|(mut idle, error)| {
                idle.get_mut().device = None;
                (idle, error)
            })
        };
        machine.update(
            |idle, conditions| match start(idle, conditions, self.base()) {
                Ok(pending) => Ok(pending),
                Err((idle, refusal)) => match self.look_below(refusal) {
                    Ok(base) => start(idle, conditions, base),
                    Err(error) => Err((idle, error)),
                },
            },
            |pending| syscall::cancel(device.as_handle(), pending),
        )
    }

    fn base(&self) -> RawSocket {
        self.base.load(Ordering::Relaxed) as RawSocket
    }

    /// AFD has refused the socket: the one below it, from now on. Asked for once.
    fn look_below(&self, refusal: io::Error) -> io::Result<RawSocket> {
        if self.base() != self.raw {
            return Err(refusal);
        }
        let base = base::below(self.raw, refusal, syscall::socket_ioctl)?;
        self.base.store(base as usize, Ordering::Relaxed);
        Ok(base)
    }

    /// Ends its events. Returns whether it was registered.
    pub(super) fn end(&self) -> bool {
        self.machine().end(|pending| {
            if let Some(device) = self.device.upgrade() {
                // If that fails, the poll's memory stays until the socket has something to say, or is closed.
                let _ = syscall::cancel(device.as_handle(), pending);
            }
        })
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source")
            .field("socket", &self.raw)
            .finish_non_exhaustive()
    }
}

impl Operation for AfdPoll {
    fn completed(mut operation: Idle<AfdPoll>, outcome: Outcome, round: &mut Round<'_>) {
        let poll = operation.get_mut();
        let device = poll.device.take();
        let answer = poll.info.answer(outcome.status);
        let Some(source) = poll.source.upgrade() else {
            return;
        };
        // When the selector is gone, nobody asks any more.
        let Some(shared) = source.shared.upgrade() else {
            return;
        };
        let mut machine = source.machine();
        let had_ended = machine.has_ended();
        let conditions = machine.completed(operation, answer, Instant::now);
        if conditions != 0 {
            round.report(Record::new(machine.token(), conditions));
        }
        shared.queue(&source, &mut machine);
        let ends_now = machine.has_ended() && !had_ended;
        drop(machine);
        if ends_now {
            shared.forget(&source);
        }
        drop(device);
    }
}
