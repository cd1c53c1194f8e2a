//! The platform layer. `selector` and `socket_api` define what a platform provides, `platform`
//! which mechanisms a system uses; the layers above see only what this file names.

#[macro_use]
pub(crate) mod platform;

pub(crate) mod errors;
pub(crate) mod selector;
cfg_unsupported! { mod unsupported; }

cfg_unix! {
    #[cfg(any(feature = "os-poll", feature = "net"))]
    pub(crate) mod unix;
}
#[cfg(any(
    all(target_os = "wasi", target_env = "p1"),
    all(any(test, mio_fake_kernel = "wasip1"), target_os = "linux")
))]
#[cfg(feature = "os-poll")]
pub(crate) mod wasip1;
// Other systems compile the state machines of Windows for their unit tests.
#[cfg(any(windows, all(test, feature = "os-poll")))]
pub(crate) mod windows;

#[cfg(feature = "os-poll")]
pub(crate) mod event_buffer;
#[cfg(any(feature = "os-poll", all(windows, feature = "net")))]
pub(crate) mod ffi;
cfg_levels! {
    #[cfg(feature = "os-poll")]
    pub(crate) mod level_backoff;
    #[cfg(all(
        feature = "os-poll",
        any(unix, target_os = "hermit", target_os = "wasi")
    ))]
    pub(crate) mod slab;
}
#[cfg(feature = "net")]
mod socket_api;
#[cfg(feature = "os-poll")]
pub(crate) mod sync;
#[cfg(feature = "os-poll")]
pub(crate) mod timeout;
#[cfg(feature = "os-poll")]
pub(crate) mod wake_bits;

pub(crate) use platform::Selector;
#[allow(unused_imports)] // Without `net` and `os-ext` there are no sources.
pub(crate) use selector::{AsRaw, Raw};

/// One event of this platform.
pub(crate) type Event = <Selector as selector::Selector>::Event;
/// The event buffer of this platform.
pub(crate) type Events = <Selector as selector::Selector>::Events;

cfg_unix! {
    #[cfg(feature = "net")]
    pub(crate) use self::unix::socket;
}
#[cfg(all(unix, feature = "net"))]
pub(crate) use self::unix::uds;
cfg_not_unix! {
    #[cfg(all(feature = "net", not(windows)))]
    pub(crate) use self::unsupported::socket;
}
#[cfg(all(windows, feature = "net"))]
pub(crate) use self::windows::socket;

#[cfg(all(
    test,
    any(unix, windows),
    feature = "os-poll",
    not(mio_fake_kernel = "wasip1")
))]
mod selector_tests;
