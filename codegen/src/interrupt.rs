//! Ctrl-C and its like. They are asked for between steps, so that what is unfinished is removed before the program ends.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use signal_hook::consts::{SIGINT, SIGTERM};

use crate::error::Error;

/// Whether the user wants it to end.
static WANTED: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// What the shell makes of a program that Ctrl-C ended.
pub(crate) const STATUS: u8 = 130;

/// From now on the first such signal is noted. A second one ends the program at once.
pub(crate) fn watch() -> io::Result<()> {
    let wanted = WANTED.get_or_init(Arc::default);
    for signal in [SIGINT, SIGTERM] {
        let status = i32::from(STATUS);
        signal_hook::flag::register_conditional_shutdown(signal, status, Arc::clone(wanted))?;
        signal_hook::flag::register(signal, Arc::clone(wanted))?;
    }
    Ok(())
}

/// An error if the user wants it to end.
pub(crate) fn check() -> Result<(), Error> {
    match WANTED.get() {
        Some(wanted) if wanted.load(Ordering::Relaxed) => Err(Error::Interrupted),
        _ => Ok(()),
    }
}
