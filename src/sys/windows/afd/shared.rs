//! What a selector and its clones share: the port, the handles of AFD, and the sources that want
//! something.
//!
//! # How a source ends
//!
//! | function | who calls it | what it does |
//! |---|---|---|
//! | `Shared::end` | deregistering, or a registration that is dropped | cancels, gives the handle back |
//! | `Shared::found_closed` | the poller, which found the socket closed | `forget` |
//! | `Shared::forget` | a completion packet that says "closed" | gives socket and handle back |
//! | `AfdHandle::abandon` | the port, when its last owner goes | cancels all that is in flight |

use std::collections::HashMap;
use std::io;
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::device::AfdHandles;
use super::platform::iocp::{self, Port};
#[cfg(feature = "os-ext")]
use super::platform::wait::Waits;
use super::platform::{RawSocket, winsock};
use super::source::{Parts, Source, SourceMachine, conditions};
use super::syscall;
use crate::sys::errors;
use crate::{Interest, Token};

/// The number of a packet that no receiver has: it makes the poller look at the list, and is no
/// event. Receivers' numbers start at 1.
const NO_RECEIVER: usize = 0;

/// What all clones share. Its address is the selector's identity.
pub(super) struct Shared {
    pub(super) port: Arc<Port>,
    handles: Mutex<AfdHandles>,
    updates: Mutex<Updates>,
    /// Whether a thread waits, or is about to, and has taken the list. Set before the list is
    /// locked for that, so whoever locks it afterwards sees it.
    pub(super) is_waiting: AtomicBool,
    /// Sources whose sockets belong to somebody else.
    raw: Mutex<HashMap<RawSocket, Arc<Source>>>,
    #[cfg(feature = "os-ext")]
    #[allow(dead_code)] // The fake kernel waits for no handles.
    pub(super) waits: Waits,
}

/// Sources to be updated before the next wait, each of them once.
#[derive(Default)]
pub(super) struct Updates {
    list: Vec<Arc<Source>>,
    /// How long the list was after those that have ended were last taken out.
    live: usize,
}

impl Updates {
    /// The list is swept when it is longer than this, and than twice what was left last time.
    const FEW: usize = 64;

    fn push(&mut self, source: Arc<Source>) {
        if self.list.len() >= Self::FEW.max(2 * self.live) {
            self.list.retain(|source| !source.is_over());
            self.live = self.list.len();
        }
        self.list.push(source);
    }

    /// Exchanges the list for an empty one.
    pub(super) fn swap(&mut self, other: &mut Vec<Arc<Source>>) {
        mem::swap(&mut self.list, other);
        self.live = 0;
    }

    /// How many stand in the list.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.list.len()
    }
}

impl Shared {
    /// A selector without sources.
    pub(super) fn new() -> io::Result<Shared> {
        Ok(Shared {
            port: Arc::new(Port::new()?),
            handles: Mutex::default(),
            updates: Mutex::default(),
            is_waiting: AtomicBool::new(false),
            raw: Mutex::default(),
            #[cfg(feature = "os-ext")]
            waits: Waits::default(),
        })
    }

    pub(super) fn updates(&self) -> MutexGuard<'_, Updates> {
        // Nothing in a critical section panics half-way through a change.
        self.updates.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn raw(&self) -> MutexGuard<'_, HashMap<RawSocket, Arc<Source>>> {
        self.raw.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn handles(&self) -> MutexGuard<'_, AfdHandles> {
        self.handles.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a source, for which nothing has been asked yet.
    pub(super) fn source(
        self: &Arc<Shared>,
        socket: RawSocket,
        token: Token,
        interest: Interest,
        is_unowned: bool,
    ) -> io::Result<Arc<Source>> {
        let interest = conditions(interest)?;
        winsock::start()?;
        if is_unowned {
            syscall::check(socket)?;
        }
        let (handle, id) = {
            let mut handles = self.handles();
            let id = handles.source_id();
            (handles.take(&self.port, socket, id)?, id)
        };
        Ok(Source::new(Parts {
            shared: Arc::downgrade(self),
            handle,
            id,
            socket,
            token,
            interest,
            is_unowned,
        }))
    }

    /// Has the next wait update a source, if there is something to do.
    pub(super) fn queue(&self, source: &Arc<Source>, machine: &mut SourceMachine) {
        if machine.is_queued || !machine.needs_poller() {
            return;
        }
        machine.is_queued = true;
        self.updates().push(Arc::clone(source));
    }

    /// Sees to a source that its caller has changed: now, if a thread waits, else before the next
    /// wait. An error leaves it as it was, and not in the list.
    pub(super) fn arm(&self, source: &Arc<Source>, machine: &mut SourceMachine) -> io::Result<()> {
        if !machine.needs_update() {
            return Ok(());
        }
        {
            let mut updates = self.updates();
            if !self.is_waiting.load(Ordering::Relaxed) {
                if !mem::replace(&mut machine.is_queued, true) {
                    updates.push(Arc::clone(source));
                }
                return Ok(());
            }
        }
        source.update(machine, self)
    }

    /// As `arm`, for a source that stays registered: what the system refuses is tried again by
    /// the poller, which reports what it refuses for good.
    pub(super) fn arm_or_retry(
        &self,
        source: &Arc<Source>,
        machine: &mut SourceMachine,
    ) -> io::Result<()> {
        if self.arm(source, machine).is_ok() {
            return Ok(());
        }
        machine.hold_back();
        self.queue(source, machine);
        // The thread that waits may wait for ever.
        iocp::post_number(self.port.handle(), NO_RECEIVER)
    }

    /// Ends a source. Returns whether it was registered.
    pub(super) fn end(&self, source: &Source) -> bool {
        source.end(self)
    }

    /// The socket of a source was found closed.
    pub(super) fn found_closed(
        &self,
        source: &Arc<Source>,
        mut machine: MutexGuard<'_, SourceMachine>,
    ) {
        if machine.gone() {
            drop(machine);
            self.forget(source);
        }
    }

    /// A source has ended by itself.
    pub(super) fn forget(&self, source: &Arc<Source>) {
        self.leave_raw(source);
        source.give_back(self, false);
    }

    /// Its socket may be registered again, if it is this source that has it.
    pub(super) fn leave_raw(&self, source: &Arc<Source>) {
        let mut raw = self.raw();
        if raw
            .get(&source.raw)
            .is_some_and(|held| Arc::ptr_eq(held, source))
        {
            raw.remove(&source.raw);
        }
    }

    /// The source of a socket that belongs to somebody else.
    pub(super) fn find(&self, socket: RawSocket) -> io::Result<Arc<Source>> {
        let source = self.raw().get(&socket).cloned();
        source.ok_or_else(errors::not_registered)
    }
}
