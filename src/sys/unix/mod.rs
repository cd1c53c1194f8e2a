//! The mechanisms of Unix, and of systems with its calls (Hermit, WASI preview 2).

pub(crate) mod caps;
#[cfg(feature = "net")]
pub(crate) mod socket;
pub(crate) mod syscalls;
#[cfg(all(unix, feature = "net"))]
pub(crate) mod uds;

#[cfg(feature = "os-poll")]
pub(crate) mod forks;
#[cfg(feature = "os-poll")]
pub(crate) mod notifier;

cfg_levels! {
    #[cfg(feature = "os-poll")]
    pub(crate) mod level_triggered;
    #[cfg(feature = "os-poll")]
    pub(crate) mod posix_poll;
}
cfg_epoll! {
    #[cfg(feature = "os-poll")]
    pub(crate) mod epoll;
}
cfg_event_ports! {
    #[cfg(feature = "os-poll")]
    pub(crate) mod event_ports;
}
cfg_kqueue! {
    #[cfg(feature = "os-poll")]
    pub(crate) mod kqueue;
}
