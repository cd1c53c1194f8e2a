//! A wait by the thread pool: memory that one of its threads reads until the wait has been taken back.
#![allow(unsafe_code)]

use std::ffi::c_void;
use std::fmt;
use std::io;
use std::os::windows::io::{AsRawHandle, OwnedHandle};
use std::ptr;
use std::sync::Arc;

use crate::sys::iocp::{FOREVER, post_number};
use crate::sys::raw;

/// What a thread of the pool needs. The handles of the object and of the port are kept open by it, the port is not.
struct Bell {
    _object: Arc<OwnedHandle>,
    port: Arc<OwnedHandle>,
    number: usize,
}

/// A wait that the pool has, and takes back on drop.
pub(super) struct PoolWait {
    wait: raw::HANDLE,
    bell: *const Bell,
}

// SAFETY: a wait may be taken back by any thread, and the bell may be dropped by any: its fields are `Send` and `Sync`.
unsafe impl Send for PoolWait {}
// SAFETY: a shared wait gives no access to anything.
unsafe impl Sync for PoolWait {}

impl PoolWait {
    /// `RegisterWaitForSingleObject`: once `object` is signalled, `number` is posted to `port`, once.
    pub(super) fn start(
        object: Arc<OwnedHandle>,
        port: Arc<OwnedHandle>,
        number: usize,
    ) -> io::Result<PoolWait> {
        let handle = object.as_raw_handle();
        let bell: *const Bell = Box::into_raw(Box::new(Bell {
            _object: object,
            port,
            number,
        }));
        let mut wait = ptr::null_mut();
        // SAFETY: the bell keeps the object open, and lives until the wait has been taken back, see `drop`. The call writes one
        // handle.
        let result = unsafe {
            raw::RegisterWaitForSingleObject(
                &raw mut wait,
                handle,
                Some(ring),
                bell.cast(),
                FOREVER,
                // Not in the waiting thread: Wine 8 crashes when such a wait is taken back just as its object is signalled.
                raw::WT_EXECUTEONLYONCE as u32,
            )
        };
        if result == 0 {
            let error = io::Error::last_os_error();
            // SAFETY: no wait was made, so no thread of the pool will ever see the bell.
            drop(unsafe { Box::from_raw(bell.cast_mut()) });
            return Err(error);
        }
        Ok(PoolWait { wait, bell })
    }
}

impl Drop for PoolWait {
    fn drop(&mut self) {
        // SAFETY: the wait was made by `start` and is taken back once. With this event handle the call returns only when no
        // callback runs or will run. No callback calls it, and none waits for a lock.
        let result = unsafe { raw::UnregisterWaitEx(self.wait, raw::INVALID_HANDLE_VALUE) };
        if result != 0 {
            // SAFETY: `start` made the pointer from a box, and nobody else has it any more.
            drop(unsafe { Box::from_raw(self.bell.cast_mut()) });
        }
        // If the wait is still there, so must be the bell.
    }
}

/// Run by a thread of the pool.
///
/// # Safety
///
/// `bell` is the one that `start` made, and the wait has not been taken back.
unsafe extern "system" fn ring(bell: *mut c_void, _: bool) {
    let bell: *const Bell = bell.cast();
    // SAFETY: the bell lives until the wait has been taken back, which waits for this call to end; nobody changes it.
    let bell = unsafe { &*bell };
    // There is nobody to tell of an error: the port's queue is full only when the system is out of memory.
    let _ = post_number(&bell.port, bell.number);
}

impl fmt::Debug for PoolWait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolWait").finish_non_exhaustive()
    }
}
