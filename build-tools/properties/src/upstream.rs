//! `world` on upstream's mio 1.2.5.

use mio_upstream as subject;

/// The interest. Upstream has no modes, and a comparison has none.
pub(crate) fn with_modes(interest: mio_upstream::Interest, _: u8) -> mio_upstream::Interest {
    interest
}

#[path = "world/mod.rs"]
#[allow(clippy::duplicate_mod)] // Both modules run the same code.
pub(crate) mod world;

use std::io;
use std::time::Duration;

/// Upstream has no `poll_until`. No signal comes here.
fn poll_until(
    poll: &mut subject::Poll,
    events: &mut subject::Events,
    timeout: Duration,
) -> io::Result<()> {
    poll.poll(events, Some(timeout))
}

/// Upstream has no `finish_connect`. This is what its documentation of `TcpStream::connect` advises
/// instead.
fn finish_connect(stream: &subject::net::TcpStream) -> io::Result<bool> {
    match stream.take_error()? {
        Some(error) => Err(error),
        None => match stream.peer_addr() {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(false),
            Err(error) => Err(error),
        },
    }
}
