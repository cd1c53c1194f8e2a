//! What a selector and its clones share: the port, the AFD handles, and the update list.
//!
//! # How a registration ends
//!
//! | function | called by | what it does |
//! |---|---|---|
//! | `Shared::end` | `deregister`, a dropped `Registration` | cancels, releases the handle |
//! | `Shared::on_socket_closed` | the poller, for a closed socket | `release_closed` |
//! | `Shared::release_closed` | a completion, for a closed socket | releases socket and handle |
//! | `AfdHandles::cancel_all` | a dropped `Shared` | cancels every request; the port drains |

use std::collections::HashMap;
use std::io;
use std::mem;
use std::sync::Arc;

use super::handle::AfdHandles;
use super::socket_state::Flag;
use super::source::{Source, SourceState, conditions};
use crate::sys::errors;
use crate::sys::selector::Mode;
use crate::sys::sync::{AtomicBool, Mutex, MutexGuard, Ordering, lock};
use crate::sys::windows::platform::RawSocket;
use crate::sys::windows::platform::iocp::{self, Port};
use crate::sys::windows::platform::syscalls::socket_query;
#[cfg(all(windows, feature = "os-ext"))]
use crate::sys::windows::wait::WaitSet;
use crate::sys::windows::winsock;
use crate::{Interest, Token};

/// The receiver id of a packet that only wakes the poller, which then reads the update list. Ids of
/// receivers start at 1.
const NO_RECEIVER: usize = 0;

/// What all clones share. Its address identifies the selector.
pub(super) struct Shared {
    pub(super) port: Arc<Port>,
    handles: Mutex<AfdHandles>,
    updates: Mutex<Updates>,
    /// Whether a thread waits, or is about to, and has taken the update list. Set before the thread
    /// locks the list, so that a thread that locks it afterwards sees the value.
    pub(super) is_waiting: AtomicBool,
    /// The sources of unowned sockets.
    unowned: Mutex<HashMap<RawSocket, Arc<Source>>>,
    #[cfg(all(windows, feature = "os-ext"))]
    pub(super) waits: WaitSet,
}

/// The update list: sources to update before the next wait, each of them once.
#[derive(Default)]
pub(super) struct Updates {
    list: Vec<Arc<Source>>,
    /// The length after ended sources were last removed.
    live: usize,
}

impl Updates {
    /// Ended sources, which nothing else holds, are removed when the list is longer than this and
    /// than twice `live`.
    const MIN_SWEEP_LEN: usize = 64;

    #[inline]
    fn push(&mut self, source: Arc<Source>) {
        if self.list.len() >= Self::MIN_SWEEP_LEN.max(2 * self.live) {
            self.list.retain(|source| Arc::strong_count(source) > 1);
            self.live = self.list.len();
        }
        self.list.push(source);
    }

    /// Exchanges the list for an empty one.
    #[inline]
    pub(super) fn swap(&mut self, other: &mut Vec<Arc<Source>>) {
        mem::swap(&mut self.list, other);
        self.live = 0;
    }

    /// The length of the list.
    #[cfg(all(test, not(windows)))]
    pub(super) fn len(&self) -> usize {
        self.list.len()
    }
}

impl Shared {
    /// A selector without sources.
    #[inline]
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

    #[inline]
    pub(super) fn updates(&self) -> MutexGuard<'_, Updates> {
        lock(&self.updates)
    }

    #[inline]
    pub(super) fn unowned(&self) -> MutexGuard<'_, HashMap<RawSocket, Arc<Source>>> {
        lock(&self.unowned)
    }

    #[inline]
    pub(super) fn handles(&self) -> MutexGuard<'_, AfdHandles> {
        lock(&self.handles)
    }

    /// Makes a source without a request.
    #[inline]
    pub(super) fn source(
        self: &Arc<Shared>,
        socket: RawSocket,
        token: Token,
        interest: Interest,
        is_unowned: bool,
    ) -> io::Result<Arc<Source>> {
        let (interest, mode) = (conditions(interest)?, Mode::of(interest)?);
        winsock::ensure_started()?;
        if is_unowned {
            socket_query::check_is_socket(socket)?;
        }
        let handle = {
            let shared = Arc::downgrade(self);
            self.handles().acquire(&self.port, &shared, socket)?
        };
        let source = Source::new(handle, socket, token, interest, is_unowned);
        source.state().set_mode(mode);
        Ok(source)
    }

    /// Puts a source into the update list, if the poller has something to do for it.
    #[inline]
    pub(super) fn add_to_updates(&self, source: &Arc<Source>, state: &mut SourceState) {
        if state.is(Flag::InUpdates) || !state.needs_poller() {
            return;
        }
        state.set(Flag::InUpdates);
        self.updates().push(Arc::clone(source));
    }

    /// Updates a source whose state the caller has changed: now if a thread waits, otherwise before
    /// the next wait. After an error the source is unchanged and not in the update list.
    #[inline]
    pub(super) fn arm(&self, source: &Arc<Source>, state: &mut SourceState) -> io::Result<()> {
        if !state.needs_update() {
            return Ok(());
        }
        {
            let mut updates = self.updates();
            if !self.is_waiting.load(Ordering::Relaxed) {
                if !state.set(Flag::InUpdates) {
                    updates.push(Arc::clone(source));
                }
                return Ok(());
            }
        }
        source.update(state, self)
    }

    /// As `arm`, for a source that stays registered: the poller retries a refused request, and
    /// reports one that is refused for good.
    #[inline]
    pub(super) fn arm_or_retry(
        &self,
        source: &Arc<Source>,
        state: &mut SourceState,
    ) -> io::Result<()> {
        if self.arm(source, state).is_ok() {
            return Ok(());
        }
        state.pause();
        self.add_to_updates(source, state);
        // Wakes the waiting thread, whose timeout may be infinite.
        iocp::post_to_receiver(self.port.handle(), NO_RECEIVER)
    }

    /// Ends a registration. Returns whether there was one.
    #[inline]
    pub(super) fn end(&self, source: &Source) -> bool {
        source.end(self)
    }

    /// The socket of a source is closed.
    #[inline]
    pub(super) fn on_socket_closed(
        &self,
        source: &Arc<Source>,
        mut state: MutexGuard<'_, SourceState>,
    ) {
        if source.mark_closed(&mut state, self) {
            drop(state);
            self.release_closed(source);
        }
    }

    /// The registration of a closed socket has ended.
    #[inline]
    pub(super) fn release_closed(&self, source: &Arc<Source>) {
        self.remove_unowned(source);
        source.release_handle(self);
    }

    /// Removes a source from the map of unowned sockets, if it is the one in the map.
    #[inline]
    pub(super) fn remove_unowned(&self, source: &Arc<Source>) {
        let mut unowned = self.unowned();
        if unowned
            .get(&source.socket)
            .is_some_and(|registered| Arc::ptr_eq(registered, source))
        {
            unowned.remove(&source.socket);
        }
    }

    /// The source of an unowned socket.
    #[inline]
    pub(super) fn find_unowned(&self, socket: RawSocket) -> io::Result<Arc<Source>> {
        let source = self.unowned().get(&socket).cloned();
        source.ok_or_else(errors::not_registered)
    }
}

impl Drop for Shared {
    #[inline]
    fn drop(&mut self) {
        self.handles().cancel_all();
    }
}
