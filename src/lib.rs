//! Non-blocking I/O and readiness events, close to the operating system.
//!
//! A [`Poll`] waits for [`Events`] of any number of sources: sockets of the `net` module, pipes,
//! raw descriptors. The API is that of mio 1.2, so this crate can stand in its place. The bindings
//! to the system are generated from its own headers.
//!
//! Start with the [`guide`]; the optional parts are listed in [`features`]. A whole program is `examples/echo.rs`.
//!
//! # Minimum compiler
//!
//! Rust 1.85, for edition 2024; mio 1.2 needs Rust 1.71. A patch release never needs a newer
//! compiler. A minor release may, one that has been stable for at least six months.
//!
//! # Sizes
//!
//! An owned source is its descriptor and its registration, which mio 1.2 does not keep in release
//! builds. On 64-bit systems a `TcpStream` has 16 bytes on epoll and at most 24 on other Unix
//! selectors, instead of 4. A [`Poll`] has 8 to 152.
//!
//! # Where soundness ends
//!
//! No safe call of this crate causes undefined behaviour, whatever the caller does: descriptors that are closed, reused or
//! never were open are keys for the kernel here, not promises. An [`event::Source`] written elsewhere can at worst make
//! events go missing. What callers make of a [`Token`] is theirs: who turns tokens into pointers relies on one rule, that no
//! event of a source is returned by a [`Poll::poll`] that began after the source was deregistered. It holds for every source
//! of this crate.
//!
//! # Other backends and old sandboxes
//!
//! Three `--cfg` flags (in `RUSTFLAGS`) change what a system uses. They are unsupported: they may
//! change or go in any release.
//!
//! | flag | what it does |
//! |---|---|
//! | `mio_unsupported_force_poll_poll` | poll(2) in the place of the system's selector |
//! | `mio_unsupported_force_waker_pipe` | pipes in the place of the system's wakers |
//! | `mio_unsupported_force_upstream_calls` | Linux: only system calls that mio 1.2 makes, too |
//!
//! The third is for a sandbox that kills a process for an unknown system call
//! (`SECCOMP_RET_KILL_PROCESS`) and whose list was made for mio 1.2: no epoll_pwait2(2) or
//! ppoll(2), so that time-outs are in whole milliseconds; writev(2) in the place of sendmsg(2) for
//! vectored writes; no madvise(2), so that no wakes are merged. A sandbox that only refuses calls,
//! with whatever error, needs no flag: the older call is then used.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc(test(attr(deny(warnings))))]

#[cfg(all(
    target_family = "wasm",
    not(any(target_os = "wasi", target_os = "emscripten"))
))]
compile_error!(
    "mio needs an operating system: of the wasm targets only WASI and Emscripten have one. \
     Under tokio, leave out the `net` feature on this target."
);

#[macro_use]
mod logging;

#[rustfmt::skip]
// On Windows sockets use the bindings, too.
#[cfg(any(feature = "os-poll", all(windows, feature = "net")))]
#[path = "../generated/mod.rs"]
#[allow(
    dead_code, missing_debug_implementations, missing_docs, non_camel_case_types, non_snake_case,
    non_upper_case_globals, unreachable_pub, unused_imports, clippy::all,
    unsafe_code, clippy::undocumented_unsafe_blocks,
// A fake kernel has the bindings of two systems.
    clashing_extern_declarations
)]
mod generated;

mod interest;
#[cfg(all(test, windows, feature = "os-ext"))]
mod not_run;
mod poll;
#[macro_use]
mod sys;
cfg_selector_fd! {
    mod selector_fd;
}
#[cfg(all(
    any(unix, target_os = "hermit", target_os = "wasi"),
    feature = "os-ext"
))]
mod source_fd;
#[cfg(all(target_os = "linux", feature = "os-poll"))]
mod testing;
mod token;
mod waker;

pub mod event;

#[cfg(any(feature = "net", all(unix, feature = "os-ext")))]
mod io_source;

#[cfg(feature = "net")]
#[cfg_attr(docsrs, doc(cfg(feature = "net")))]
pub mod net;

#[cfg(all(unix, feature = "os-ext"))]
#[cfg_attr(docsrs, doc(cfg(all(unix, feature = "os-ext"))))]
pub mod unix;

#[cfg(all(windows, feature = "os-ext"))]
#[cfg_attr(docsrs, doc(cfg(all(windows, feature = "os-ext"))))]
pub mod windows;

#[cfg(all(target_os = "hermit", feature = "os-ext"))]
#[cfg_attr(docsrs, doc(cfg(all(target_os = "hermit", feature = "os-ext"))))]
pub mod hermit {
    //! What only Hermit has: any file descriptor as a source.
    //!
    //! [`SourceFd`] watches a file descriptor of the caller.

    pub use crate::source_fd::SourceFd;
}

#[cfg(all(target_os = "wasi", feature = "os-ext"))]
#[cfg_attr(docsrs, doc(cfg(all(target_os = "wasi", feature = "os-ext"))))]
pub mod wasi {
    //! What only WASI has: any file descriptor as a source.
    //!
    //! [`SourceFd`] watches a file descriptor of the caller, such as the standard input.

    pub use crate::source_fd::SourceFd;
}

#[cfg(all(windows, feature = "net"))]
#[path = "windows/handles.rs"]
mod handles;

#[doc(no_inline)]
pub use event::Events;
pub use interest::Interest;
pub use poll::{Poll, Registry};
pub use token::Token;
pub use waker::Waker;

pub mod features {
    //! The optional parts of this crate.
    //!
    //! | feature | what it adds |
    //! |---|---|
    //! | `log` (default) | trace messages of registrations through the `log` crate |
    //! | `os-poll` | [`Poll`](crate::Poll), [`Registry`](crate::Registry) and [`Waker`](crate::Waker) that work; without it their constructors return [`ErrorKind::Unsupported`] |
    //! | `os-ext` | the system's own module (`unix` or `windows`); turns `os-poll` on |
    //! | `net` | the sockets of `net`; they work without `os-poll`, too |
    //!
    //! [`ErrorKind::Unsupported`]: std::io::ErrorKind::Unsupported
    //!
    //! A library asks for what it uses; a program usually asks for all:
    //!
    //! ```toml
    //! [dependencies]
    //! mio = { version = "1.3", features = ["os-poll", "os-ext", "net"] }
    //! ```
}

pub mod guide;
