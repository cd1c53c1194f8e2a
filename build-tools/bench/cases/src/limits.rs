//! The limit of file descriptors.

use std::io;

fn get() -> libc::rlimit {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: getrlimit(2) writes one struct.
    unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) };
    limit
}

/// Sets the limit, if the process may.
fn set(current: u64, most: u64) -> io::Result<()> {
    let limit = libc::rlimit {
        rlim_cur: current,
        rlim_max: most,
    };
    // SAFETY: setrlimit(2) reads one struct.
    if unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) } == 0 {
        return Ok(());
    }
    Err(io::Error::last_os_error())
}

/// Raises the limit to at least this number. The error is a message.
pub fn raise(wanted: u64) -> Result<(), String> {
    let limit = get();
    if limit.rlim_cur >= wanted {
        return Ok(());
    }
    set(wanted, limit.rlim_max.max(wanted))
        .map_err(|error| format!("cannot raise the limit to {wanted} descriptors: {error}"))
}

/// Raises the limit to at least this number, or as far as it can be, and returns the limit.
#[allow(dead_code)] // The program `memory` leaves out what does not fit.
pub fn raise_as_far(wanted: u64) -> u64 {
    if raise(wanted).is_err() {
        let most = get().rlim_max;
        // If this fails, too, the limit stays as it is.
        let _ = set(most, most);
    }
    get().rlim_cur
}
