//! A wait by the thread pool, whose threads know it by a number.
//!
//! Taking a wait back is documented to return when its callback runs no more. On Wine 8 it may yet begin afterwards, so what it
//! needs is looked up by the number, and no longer found: it follows no pointer.
#![allow(unsafe_code)]

use std::ffi::c_void;
use std::fmt;
use std::io;
use std::os::windows::io::{AsRawHandle, OwnedHandle};
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::sys::ffi;
use crate::sys::windows::iocp::{INFINITE, post_to_receiver};

/// What a thread of the pool needs. The handles of the object and of the port are kept open by it, the port is not.
struct PoolWaitContext {
    _object: Arc<OwnedHandle>,
    port: Arc<OwnedHandle>,
    receiver_id: usize,
    /// The packet could not be posted.
    is_lost: AtomicBool,
}

/// The bells of all waits of this process.
struct PoolWaitContexts {
    last: usize,
    /// By key, in order.
    all: Vec<(usize, Arc<PoolWaitContext>)>,
}

fn contexts() -> MutexGuard<'static, PoolWaitContexts> {
    static BELLS: Mutex<PoolWaitContexts> = Mutex::new(PoolWaitContexts {
        last: 0,
        all: Vec::new(),
    });
    // Nothing in a critical section panics half-way through a change.
    BELLS.lock().unwrap_or_else(PoisonError::into_inner)
}

impl PoolWaitContexts {
    /// A key that no other has, and none had for as long as numbers last.
    fn insert(&mut self, context: PoolWaitContext) -> usize {
        loop {
            self.last = self.last.wrapping_add(1);
            if let Err(position) = self.position(self.last) {
                self.all.insert(position, (self.last, Arc::new(context)));
                return self.last;
            }
        }
    }

    fn get(&self, key: usize) -> Option<Arc<PoolWaitContext>> {
        let position = self.position(key).ok()?;
        self.all
            .get(position)
            .map(|(_, context)| Arc::clone(context))
    }

    fn take(&mut self, key: usize) -> Option<Arc<PoolWaitContext>> {
        let position = self.position(key).ok()?;
        Some(self.all.remove(position).1)
    }

    /// Where a key is, or would be.
    fn position(&self, key: usize) -> Result<usize, usize> {
        self.all.binary_search_by_key(&key, |(key, _)| *key)
    }
}

/// A wait that the pool has, and takes back on drop.
pub(crate) struct PoolWait {
    wait: ffi::HANDLE,
    key: usize,
}

// SAFETY: a wait may be taken back by any thread; the pointer is a handle that is never followed here.
unsafe impl Send for PoolWait {}
// SAFETY: a shared wait gives no access to anything.
unsafe impl Sync for PoolWait {}

impl PoolWait {
    /// `RegisterWaitForSingleObject`: once `object` is signalled, `receiver_id` is posted to `port`, once.
    pub(crate) fn start(
        object: Arc<OwnedHandle>,
        port: Arc<OwnedHandle>,
        receiver_id: usize,
    ) -> io::Result<PoolWait> {
        let handle = object.as_raw_handle();
        let key = contexts().insert(PoolWaitContext {
            _object: object,
            port,
            receiver_id,
            is_lost: AtomicBool::new(false),
        });
        let mut wait = ptr::null_mut();
        // SAFETY: the bell keeps the object open until the wait has been taken back, see `drop`. The call writes one handle. The
        // context is a number that is handed to `wait_callback` and followed by nobody.
        let result = unsafe {
            ffi::RegisterWaitForSingleObject(
                &raw mut wait,
                handle,
                Some(wait_callback),
                ptr::without_provenance(key),
                INFINITE,
                // Not in the waiting thread: Wine 8 crashes when such a wait is taken back just as its object is signalled.
                ffi::WT_EXECUTEONLYONCE as u32,
            )
        };
        if result == 0 {
            let error = io::Error::last_os_error();
            let context = contexts().take(key);
            // Closed without the lock.
            drop(context);
            return Err(error);
        }
        Ok(PoolWait { wait, key })
    }

    /// Whether the object was signalled and nothing will say so: the wait is over.
    pub(crate) fn is_lost(&self) -> bool {
        let context = contexts().get(self.key);
        context.is_some_and(|context| context.is_lost.load(Ordering::Relaxed))
    }
}

impl Drop for PoolWait {
    fn drop(&mut self) {
        // SAFETY: the wait was made by `start` and is taken back once. With this event handle the call returns only when no
        // callback runs. No callback calls it, and no lock is held here that one waits for.
        let result = unsafe { ffi::UnregisterWaitEx(self.wait, ffi::INVALID_HANDLE_VALUE) };
        if result != 0 {
            let context = contexts().take(self.key);
            // Closed without the lock.
            drop(context);
        }
        // If the wait is still there, so must be the object.
    }
}

/// Run by a thread of the pool.
///
/// # Safety
///
/// None is needed: the key is a number.
unsafe extern "system" fn wait_callback(key: *mut c_void, _: bool) {
    let context = contexts().get(key.addr());
    if let Some(context) = context {
        // The port takes a packet unless the system lacks memory. Then no event comes, and
        // registering the handle anew waits again.
        if post_to_receiver(&context.port, context.receiver_id).is_err() {
            context.is_lost.store(true, Ordering::Relaxed);
        }
    }
}

impl fmt::Debug for PoolWait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolWait").finish_non_exhaustive()
    }
}
