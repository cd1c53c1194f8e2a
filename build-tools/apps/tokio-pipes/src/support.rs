//! Pipes and checks for all parts.

use std::io;
use std::process;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::net::windows::named_pipe::{
    ClientOptions, NamedPipeClient, NamedPipeServer, ServerOptions,
};
use tokio::time::sleep;

const ERROR_PIPE_BUSY: i32 = 231;

/// A unique name of a pipe.
pub(crate) fn name() -> String {
    static LAST: AtomicUsize = AtomicUsize::new(0);
    let number = LAST.fetch_add(1, Ordering::Relaxed);
    format!(r"\\.\pipe\tokio-pipes-{}-{number}", process::id())
}

/// Returns an error of this text if a condition is false.
pub(crate) fn check(is_right: bool, failure: &'static str) -> io::Result<()> {
    if is_right {
        Ok(())
    } else {
        Err(io::Error::other(failure))
    }
}

/// Opens a pipe, and waits while all its instances are busy.
pub(crate) async fn open(name: &str) -> io::Result<NamedPipeClient> {
    loop {
        match ClientOptions::new().open(name) {
            Err(error) if error.raw_os_error() == Some(ERROR_PIPE_BUSY) => {
                sleep(Duration::from_millis(1)).await;
            }
            other => return other,
        }
    }
}

/// Two connected ends.
pub(crate) async fn pair() -> io::Result<(NamedPipeServer, NamedPipeClient)> {
    let name = name();
    let server = ServerOptions::new()
        .first_pipe_instance(true)
        .create(&name)?;
    let client = ClientOptions::new().open(&name)?;
    server.connect().await?;
    Ok((server, client))
}
