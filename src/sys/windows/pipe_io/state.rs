//! What a pipe is doing, and what each completion means: no system calls, so that every cell can be tested anywhere.
//!
//! A pipe has three lanes: connecting, reading, writing. At most one operation per lane is *pending*. Each operation has a
//! serial number, and each completion says whose it is. A completion is legal in every state; one whose serial number is not
//! the pending one is **late**: its operation was cancelled and given up, and only its memory is taken back.
//!
//! | connecting | done | failed | aborted | late |
//! |---|---|---|---|---|
//! | idle | - | - | - | memory back |
//! | pending | idle, the pipe is up: reads start, *writable* | idle, error kept, *readable* and *writable* | as failed; unregistered: idle | memory back |
//!
//! | reading | done, also with more to come | end | failed | aborted | late |
//! |---|---|---|---|---|---|
//! | idle, data, failed, ended | - | - | - | - | memory back |
//! | pending | data, *readable* | ended, *readable* | failed, *readable* | as failed; unregistered: idle | memory back |
//!
//! | writing | all done | a part | nothing of some | failed, aborted | late |
//! |---|---|---|---|---|---|
//! | idle, failed | - | - | - | - | memory back |
//! | pending | idle, *writable* | pending with the rest | failed, *writable* | failed, *writable* | memory back |
//!
//! What is *said so* is said to the registration of that moment, within its interest: **unregistered**, the states change as in
//! the tables and nothing is said. **Closing** (the pipe was dropped) is unregistered with connecting and reading given up:
//! their completions are late; writing goes on as in its table, so that what was written arrives. When the port goes, all is
//! cancelled; completions are as in the tables, and since nothing can be started any more, each lane comes to rest.
//!
//! `disconnect` gives up all three lanes, so that nothing of one client reaches the next.

use std::io;
use std::mem;

use super::buffer::Buffer;
use super::device::{Call, Device, Fault, Meaning, Memory, Ready};
use crate::sys::errors;
use crate::{Interest, Token};

/// The size of a read while the caller's is not known, and the least size of a read from a pipe: a pipe answers with what there
/// is, so that a larger read costs nothing.
pub(crate) const USUAL_READ: usize = 4 * 1024;
/// The largest read.
pub(crate) const LARGEST_READ: usize = 64 * 1024;

/// An operation in flight.
pub(super) struct InFlight<P> {
    pub(super) serial: u64,
    pub(super) pending: P,
}

/// The lane of reading.
pub(super) enum Read<M, P> {
    Idle,
    Pending(InFlight<P>),
    /// Not handed out yet.
    Data(M),
    /// Not handed out yet.
    Failed(io::Error),
    /// For as long as this client is connected.
    Ended,
}

/// The lane of writing.
pub(super) enum Write<P> {
    Idle,
    Pending(InFlight<P>),
    /// Not handed out yet.
    Failed(io::Error),
}

/// See the head of this file.
pub(crate) struct State<M, P> {
    registered: Option<(Token, Interest)>,
    /// What is to be reported to the registration of now. It goes with it.
    ready: Ready,
    /// Whether somebody is connected, as far as is known.
    pub(super) is_up: bool,
    /// Whether reads return what there is, whatever was asked for.
    is_pipe: bool,
    last_serial: u64,
    next_read: usize,
    pub(super) connect: Option<InFlight<P>>,
    pub(super) connect_error: Option<io::Error>,
    pub(super) read: Read<M, P>,
    pub(super) write: Write<P>,
}

impl<M: Memory, P> State<M, P> {
    /// A pipe that does nothing. A handle that is not a pipe may wait until all that was asked for is there: its first read is
    /// of one byte, the others are of what the caller asked for last.
    pub(crate) fn new(is_pipe: bool) -> State<M, P> {
        State {
            registered: None,
            ready: Ready::NOTHING,
            is_up: false,
            is_pipe,
            last_serial: 0,
            next_read: if is_pipe { USUAL_READ } else { 1 },
            connect: None,
            connect_error: None,
            read: Read::Idle,
            write: Write::Idle,
        }
    }

    /// Whether events are wanted.
    pub(crate) fn is_registered(&self) -> bool {
        self.registered.is_some()
    }

    /// Starts or changes a registration. What holds already is reported, also if it was before. `is_up` is whether somebody is
    /// connected, as the system says: while a connect is in flight its completion says so.
    pub(crate) fn register(
        &mut self,
        device: &mut dyn Device<M, P>,
        token: Token,
        interest: Interest,
        is_up: bool,
    ) {
        self.registered = Some((token, interest));
        self.ready = Ready::NOTHING;
        self.is_up = is_up && self.connect.is_none();
        self.say_what_holds(device);
    }

    /// Ends the registration. Whether there was one.
    pub(crate) fn deregister(&mut self) -> bool {
        self.ready = Ready::NOTHING;
        self.registered.take().is_some()
    }

    /// What is to be reported now, once.
    pub(crate) fn take_ready(&mut self) -> Option<(Token, Ready)> {
        let (token, _) = self.registered?;
        match mem::take(&mut self.ready) {
            Ready::NOTHING => None,
            ready => Some((token, ready)),
        }
    }

    /// Whether something is to be reported.
    pub(crate) fn has_ready(&self) -> bool {
        self.ready != Ready::NOTHING
    }

    /// Starts to wait for a client, which is `WouldBlock`. `Ok` if one is there.
    pub(crate) fn connect(&mut self, device: &mut dyn Device<M, P>) -> io::Result<()> {
        if self.connect.is_some() {
            return Err(would_block());
        }
        if !self.is_registered() {
            return Err(errors::not_registered());
        }
        self.connect_error = None;
        let serial = self.serial();
        let memory = device.memory();
        match device.start(Call::Connect, serial, memory, 0) {
            Ok(pending) => {
                self.connect = Some(InFlight { serial, pending });
                // So nobody is there, whatever the system said before.
                self.is_up = false;
                self.ready.writable = false;
                Err(would_block())
            }
            Err((memory, fault)) => {
                device.recycle(memory);
                if fault.meaning != Meaning::Connected {
                    return Err(fault.error);
                }
                self.is_up = true;
                self.say_what_holds(device);
                Ok(())
            }
        }
    }

    /// The error of the last attempt to connect, once.
    pub(crate) fn take_error(&mut self) -> Option<io::Error> {
        self.connect_error.take()
    }

    /// The client was disconnected.
    pub(crate) fn disconnected(&mut self, device: &mut dyn Device<M, P>) {
        self.is_up = false;
        self.ready = Ready::NOTHING;
        self.connect_error = None;
        self.give_up_connect(device);
        self.give_up_read(device);
        if let Write::Pending(held) = mem::replace(&mut self.write, Write::Idle) {
            device.cancel(&held.pending);
        }
    }

    /// The pipe was dropped.
    pub(crate) fn close(&mut self, device: &mut dyn Device<M, P>) {
        self.deregister();
        self.give_up_connect(device);
        self.give_up_read(device);
    }

    /// The port goes: all must end soon, and is awaited.
    pub(crate) fn abandon(&mut self, mut cancel: impl FnMut(&P)) {
        self.deregister();
        if let Some(held) = &self.connect {
            cancel(&held.pending);
        }
        if let Read::Pending(held) = &self.read {
            cancel(&held.pending);
        }
        if let Write::Pending(held) = &self.write {
            cancel(&held.pending);
        }
    }

    /// Hands out data by `copy`, which says how much it took, for a caller with room for `len` bytes.
    pub(crate) fn read(
        &mut self,
        device: &mut dyn Device<M, P>,
        len: usize,
        copy: impl FnOnce(&[u8]) -> usize,
    ) -> io::Result<usize> {
        let least = if self.is_pipe { USUAL_READ } else { 1 };
        self.next_read = len.clamp(least, LARGEST_READ);
        match mem::replace(&mut self.read, Read::Idle) {
            Read::Idle if !self.is_registered() => Err(errors::not_registered()),
            // Interested in reading after all, whatever was registered.
            Read::Idle if self.is_up => match self.start_reading(device) {
                Ok(()) => Err(would_block()),
                Err(fault) => match fault.meaning {
                    Meaning::Listening => Err(would_block()),
                    Meaning::Ended => Ok(0),
                    _ => Err(fault.error),
                },
            },
            Read::Idle => Err(would_block()),
            Read::Pending(held) => {
                self.read = Read::Pending(held);
                Err(would_block())
            }
            Read::Data(mut memory) => {
                let buffer = memory.buffer();
                let taken = copy(buffer.data());
                buffer.consume(taken);
                if buffer.data().is_empty() {
                    device.recycle(memory);
                    self.read_on(device);
                } else {
                    self.read = Read::Data(memory);
                }
                Ok(taken)
            }
            Read::Failed(error) => {
                self.read_on(device);
                Err(error)
            }
            Read::Ended => {
                self.read = Read::Ended;
                Ok(0)
            }
        }
    }

    /// Takes all of what `fill` puts into the buffer, and starts to write it. Returns how much that is.
    pub(crate) fn write(
        &mut self,
        device: &mut dyn Device<M, P>,
        fill: impl FnOnce(&mut Buffer) -> io::Result<()>,
    ) -> io::Result<usize> {
        match mem::replace(&mut self.write, Write::Idle) {
            Write::Idle if !self.is_registered() => Err(errors::not_registered()),
            Write::Idle => {
                let mut memory = device.memory();
                if let Err(error) = fill(memory.buffer()) {
                    device.recycle(memory);
                    return Err(error);
                }
                let len = memory.buffer().data().len();
                self.start_writing(device, memory)?;
                Ok(len)
            }
            Write::Pending(held) => {
                self.write = Write::Pending(held);
                Err(would_block())
            }
            Write::Failed(error) => Err(error),
        }
    }

    /// Has the registration told what is ready now, as far as it is interested.
    pub(super) fn say(&mut self, ready: Ready) {
        if let Some((_, interest)) = self.registered {
            self.ready.readable |= ready.readable && interest.is_readable();
            self.ready.writable |= ready.writable && interest.is_writable();
        }
    }

    /// Starts reading if that is wanted, and says all that is ready.
    pub(super) fn say_what_holds(&mut self, device: &mut dyn Device<M, P>) {
        if let Read::Idle = self.read {
            self.read_on(device);
        }
        if let Read::Data(_) | Read::Failed(_) | Read::Ended = self.read {
            self.say(Ready::READABLE);
        }
        match self.write {
            Write::Idle if self.is_up => self.say(Ready::WRITABLE),
            Write::Failed(_) => self.say(Ready::WRITABLE),
            Write::Idle | Write::Pending(_) => {}
        }
        if self.connect_error.is_some() {
            self.say(Ready::BOTH);
        }
    }

    /// Starts the next read if the registration wants to know of its end. A refusal is kept for the next `read`.
    fn read_on(&mut self, device: &mut dyn Device<M, P>) {
        let is_wanted = self
            .registered
            .is_some_and(|(_, interest)| interest.is_readable());
        if !is_wanted || !self.is_up {
            return;
        }
        if let Err(fault) = self.start_reading(device) {
            match fault.meaning {
                Meaning::Listening => return,
                Meaning::Ended => {}
                _ => self.read = Read::Failed(fault.error),
            }
            self.say(Ready::READABLE);
        }
    }

    /// Starts a read. That nobody is connected, or the end, is noted.
    fn start_reading(&mut self, device: &mut dyn Device<M, P>) -> Result<(), Fault> {
        let mut memory = device.memory();
        if let Err(error) = memory.buffer().make_room(self.next_read) {
            device.recycle(memory);
            let meaning = Meaning::Failed;
            return Err(Fault { meaning, error });
        }
        let serial = self.serial();
        match device.start(Call::Read, serial, memory, self.next_read) {
            Ok(pending) => {
                self.read = Read::Pending(InFlight { serial, pending });
                Ok(())
            }
            Err((memory, fault)) => {
                device.recycle(memory);
                match fault.meaning {
                    Meaning::Listening => self.is_up = false,
                    Meaning::Ended => self.read = Read::Ended,
                    _ => {}
                }
                Err(fault)
            }
        }
    }

    /// Starts to write the data of the buffer.
    pub(super) fn start_writing(
        &mut self,
        device: &mut dyn Device<M, P>,
        mut memory: M,
    ) -> io::Result<()> {
        let serial = self.serial();
        let len = memory.buffer().data().len();
        match device.start(Call::Write, serial, memory, len) {
            Ok(pending) => {
                self.write = Write::Pending(InFlight { serial, pending });
                Ok(())
            }
            Err((memory, fault)) => {
                device.recycle(memory);
                Err(fault.error)
            }
        }
    }

    fn give_up_connect(&mut self, device: &mut dyn Device<M, P>) {
        if let Some(held) = self.connect.take() {
            device.cancel(&held.pending);
        }
    }

    fn give_up_read(&mut self, device: &mut dyn Device<M, P>) {
        match mem::replace(&mut self.read, Read::Idle) {
            Read::Pending(held) => device.cancel(&held.pending),
            Read::Data(memory) => device.recycle(memory),
            Read::Idle | Read::Failed(_) | Read::Ended => {}
        }
    }

    fn serial(&mut self) -> u64 {
        self.last_serial = self.last_serial.wrapping_add(1);
        self.last_serial
    }
}

fn would_block() -> io::Error {
    io::ErrorKind::WouldBlock.into()
}
