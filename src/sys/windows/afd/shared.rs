//! What a selector and its clones share: the port, the handles of AFD, and the sources that want
//! something.
//!
//! # How a source ends
//!
//! | function | who calls it | what it does |
//! |---|---|---|
//! | `Shared::end` | deregistering, or a registration that is dropped | cancels, gives the handle back |
//! | `Shared::on_socket_closed` | the poller, which found the socket closed | `release_closed` |
//! | `Shared::release_closed` | a completion packet that says "closed" | gives socket and handle back |
//! | `AfdHandle::cancel_all` | the port, when its last owner goes | cancels all that is in flight |

use std::collections::HashMap;
use std::io;
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::super::platform::RawSocket;
use super::super::platform::iocp::{self, Port};
use super::super::platform::syscalls::socket_query;
#[cfg(all(windows, feature = "os-ext"))]
use super::super::wait::WaitSet;
use super::super::winsock;
use super::handle::AfdHandles;
use super::source::{Parts, Source, SourceState, conditions};
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
    unowned: Mutex<HashMap<RawSocket, Arc<Source>>>,
    #[cfg(all(windows, feature = "os-ext"))]
    pub(super) waits: WaitSet,
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
    const MIN_SWEEP_LEN: usize = 64;

    fn push(&mut self, source: Arc<Source>) {
        if self.list.len() >= Self::MIN_SWEEP_LEN.max(2 * self.live) {
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
    #[cfg(all(test, not(windows)))]
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
            unowned: Mutex::default(),
            #[cfg(all(windows, feature = "os-ext"))]
            waits: WaitSet::default(),
        })
    }

    pub(super) fn updates(&self) -> MutexGuard<'_, Updates> {
        // Nothing in a critical section panics half-way through a change.
        self.updates.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn unowned(&self) -> MutexGuard<'_, HashMap<RawSocket, Arc<Source>>> {
        self.unowned.lock().unwrap_or_else(PoisonError::into_inner)
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
        winsock::ensure_started()?;
        if is_unowned {
            socket_query::check_is_socket(socket)?;
        }
        let (handle, id) = {
            let mut handles = self.handles();
            let id = handles.source_id();
            (handles.acquire(&self.port, socket, id)?, id)
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
    pub(super) fn queue(&self, source: &Arc<Source>, state: &mut SourceState) {
        if state.is_queued || !state.needs_poller() {
            return;
        }
        state.is_queued = true;
        self.updates().push(Arc::clone(source));
    }

    /// Sees to a source that its caller has changed: now, if a thread waits, else before the next
    /// wait. An error leaves it as it was, and not in the list.
    pub(super) fn arm(&self, source: &Arc<Source>, state: &mut SourceState) -> io::Result<()> {
        if !state.needs_update() {
            return Ok(());
        }
        {
            let mut updates = self.updates();
            if !self.is_waiting.load(Ordering::Relaxed) {
                if !mem::replace(&mut state.is_queued, true) {
                    updates.push(Arc::clone(source));
                }
                return Ok(());
            }
        }
        source.update(state, self)
    }

    /// As `arm`, for a source that stays registered: what the system refuses is tried again by
    /// the poller, which reports what it refuses for good.
    pub(super) fn arm_or_retry(
        &self,
        source: &Arc<Source>,
        state: &mut SourceState,
    ) -> io::Result<()> {
        if self.arm(source, state).is_ok() {
            return Ok(());
        }
        state.pause();
        self.queue(source, state);
        // The thread that waits may wait for ever.
        iocp::post_to_receiver(self.port.handle(), NO_RECEIVER)
    }

    /// Ends a source. Returns whether it was registered.
    pub(super) fn end(&self, source: &Source) -> bool {
        source.end(self)
    }

    /// The socket of a source was found closed.
    pub(super) fn on_socket_closed(
        &self,
        source: &Arc<Source>,
        mut state: MutexGuard<'_, SourceState>,
    ) {
        if state.mark_closed() {
            drop(state);
            self.release_closed(source);
        }
    }

    /// A source has ended by itself.
    pub(super) fn release_closed(&self, source: &Arc<Source>) {
        self.remove_unowned(source);
        source.release_handle(self, false);
    }

    /// Its socket may be registered again, if it is this source that has it.
    pub(super) fn remove_unowned(&self, source: &Arc<Source>) {
        let mut unowned = self.unowned();
        if unowned
            .get(&source.socket)
            .is_some_and(|held| Arc::ptr_eq(held, source))
        {
            unowned.remove(&source.socket);
        }
    }

    /// The source of a socket that belongs to somebody else.
    pub(super) fn find_unowned(&self, socket: RawSocket) -> io::Result<Arc<Source>> {
        let source = self.unowned().get(&socket).cloned();
        source.ok_or_else(errors::not_registered)
    }
}
