//! SIGINT (Ctrl-C) and SIGTERM. The program checks for them between two steps, so that it can
//! remove its temporary files before it ends.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use signal_hook::consts::{SIGINT, SIGTERM};

use crate::error::Error;

/// Whether one of the signals has arrived.
static ARRIVED: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// The exit status of a program that SIGINT ended, as a shell reports it: 128 and the number of the
/// signal.
pub(crate) const STATUS: u8 = 130;

/// Installs the handlers. The first signal is recorded, and a second one ends the program at once.
pub(crate) fn watch() -> io::Result<()> {
    let arrived = ARRIVED.get_or_init(Arc::default);
    for signal in [SIGINT, SIGTERM] {
        let status = i32::from(STATUS);
        signal_hook::flag::register_conditional_shutdown(signal, status, Arc::clone(arrived))?;
        signal_hook::flag::register(signal, Arc::clone(arrived))?;
    }
    Ok(())
}

/// An error if one of the signals has arrived.
pub(crate) fn check() -> Result<(), Error> {
    match ARRIVED.get() {
        Some(arrived) if arrived.load(Ordering::Relaxed) => Err(Error::Interrupted),
        _ => Ok(()),
    }
}
