//! Every call into Windows, one file a topic.
//!
//! All unsafe code of Windows is here and in `iocp/in_flight.rs`.

#[cfg(feature = "os-poll")]
pub(super) mod afd;
#[cfg(feature = "os-poll")]
pub(super) mod completion_port;
#[cfg(feature = "os-poll")]
pub(super) mod faults;
#[cfg(feature = "os-ext")]
pub(super) mod named_pipe;
#[cfg(feature = "os-ext")]
pub(super) mod pool_wait;
#[cfg(feature = "os-poll")]
pub(super) mod wait_packet;
#[cfg(any(feature = "os-poll", feature = "net"))]
pub(super) mod winsock;

#[cfg(feature = "net")]
pub(super) use winsock::socket;
#[cfg(feature = "os-poll")]
pub(super) use winsock::socket_query;

/// The result of a call that returns a `BOOL`: 0 on failure.
#[cfg(any(feature = "os-poll", feature = "net"))]
#[inline]
fn ret_bool(result: i32) -> std::io::Result<()> {
    if result == 0 {
        return Err(std::io::Error::last_os_error());
    }
    Ok(())
}
