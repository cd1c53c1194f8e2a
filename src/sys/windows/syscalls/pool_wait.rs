//! A wait by the system's thread pool (`RegisterWaitForSingleObject`), which posts a packet once.
//!
//! The callback's context is a key, not a pointer: the callback looks its data up in a table, and
//! finds nothing after the wait was unregistered. [UnregisterWaitEx] with `INVALID_HANDLE_VALUE`
//! is documented to return only after the callback has completed, but on Wine 8 a callback was
//! seen to start afterwards (no issue is known to us).
//!
//! [UnregisterWaitEx]: https://learn.microsoft.com/windows/win32/api/threadpoollegacyapiset/nf-threadpoollegacyapiset-unregisterwaitex
#![allow(unsafe_code)]

use std::ffi::c_void;
use std::fmt;
use std::io;
use std::os::windows::io::{AsRawHandle, OwnedHandle};
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use crate::sys::ffi;
use crate::sys::sync::lock;
use crate::sys::windows::iocp::{INFINITE, post_to_receiver};

/// What the callback needs. It keeps the handles of the object and of the port open, but does not
/// keep the port from draining and closing.
struct PoolWaitContext {
    _object: Arc<OwnedHandle>,
    port: Arc<OwnedHandle>,
    receiver_id: usize,
    /// Whether posting the packet failed.
    is_lost: AtomicBool,
}

/// The contexts of all waits of this process.
struct PoolWaitContexts {
    last: usize,
    /// Sorted by key.
    all: Vec<(usize, Arc<PoolWaitContext>)>,
}

#[inline]
fn contexts() -> MutexGuard<'static, PoolWaitContexts> {
    static CONTEXTS: Mutex<PoolWaitContexts> = Mutex::new(PoolWaitContexts {
        last: 0,
        all: Vec::new(),
    });
    // Nothing in a critical section panics half-way through a change.
    lock(&CONTEXTS)
}

impl PoolWaitContexts {
    /// Inserts under a key that is not in use. A key is used again only after all others were.
    #[inline]
    fn insert(&mut self, context: PoolWaitContext) -> usize {
        loop {
            self.last = self.last.wrapping_add(1);
            if let Err(position) = self.position(self.last) {
                self.all.insert(position, (self.last, Arc::new(context)));
                return self.last;
            }
        }
    }

    #[inline]
    fn get(&self, key: usize) -> Option<Arc<PoolWaitContext>> {
        let position = self.position(key).ok()?;
        self.all
            .get(position)
            .map(|(_, context)| Arc::clone(context))
    }

    #[inline]
    fn take(&mut self, key: usize) -> Option<Arc<PoolWaitContext>> {
        let position = self.position(key).ok()?;
        Some(self.all.remove(position).1)
    }

    /// Where a key is, or where it would be inserted.
    #[inline]
    fn position(&self, key: usize) -> Result<usize, usize> {
        self.all.binary_search_by_key(&key, |(key, _)| *key)
    }
}

/// A registered wait. Dropping it unregisters it.
pub(crate) struct PoolWait {
    wait: ffi::HANDLE,
    key: usize,
}

// SAFETY: any thread may unregister a wait, and no code of ours dereferences the handle.
unsafe impl Send for PoolWait {}
// SAFETY: a shared reference gives no access to the handle.
unsafe impl Sync for PoolWait {}

impl PoolWait {
    /// `RegisterWaitForSingleObject`: when `object` is signaled, one packet for `receiver_id` is
    /// posted to `port`.
    #[inline]
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
        // SAFETY: the context keeps the object open until the wait is unregistered (see `drop`).
        // The call writes one handle. The key is handed to `wait_callback`, which does not
        // dereference it.
        let result = unsafe {
            ffi::RegisterWaitForSingleObject(
                &raw mut wait,
                handle,
                Some(wait_callback),
                ptr::without_provenance(key),
                INFINITE,
                // Not `WT_EXECUTEINWAITTHREAD`: Wine 8 was seen to crash when such a wait is
                // unregistered just as its object is signaled (no issue is known to us).
                ffi::WT_EXECUTEONLYONCE as u32,
            )
        };
        if result == 0 {
            let error = io::Error::last_os_error();
            let context = contexts().take(key);
            // The handles are closed after the lock was released.
            drop(context);
            return Err(error);
        }
        Ok(PoolWait { wait, key })
    }

    /// Whether the object was signaled but its packet could not be posted: the wait is over.
    #[inline]
    pub(crate) fn is_lost(&self) -> bool {
        let context = contexts().get(self.key);
        context.is_some_and(|context| context.is_lost.load(Ordering::Relaxed))
    }
}

impl Drop for PoolWait {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: `start` registered the wait, and it is unregistered once. With this event the
        // call returns after the callback has completed. The callback does not call it, and no lock
        // that the callback takes is held here.
        let result = unsafe { ffi::UnregisterWaitEx(self.wait, ffi::INVALID_HANDLE_VALUE) };
        if result != 0 {
            let context = contexts().take(self.key);
            // The handles are closed after the lock was released.
            drop(context);
        }
        // If the call failed, the wait is still registered, so the object must stay open.
    }
}

/// The callback, which a thread of the pool runs.
///
/// # Safety
///
/// None is needed: the key is not dereferenced.
unsafe extern "system" fn wait_callback(key: *mut c_void, _: u8) {
    let context = contexts().get(key.addr());
    if let Some(context) = context {
        // Posting fails if the system lacks memory. Then no event comes, and `reregister` starts
        // another wait.
        if post_to_receiver(&context.port, context.receiver_id).is_err() {
            context.is_lost.store(true, Ordering::Relaxed);
        }
    }
}

impl fmt::Debug for PoolWait {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolWait").finish_non_exhaustive()
    }
}
