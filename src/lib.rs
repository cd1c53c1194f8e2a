//! Non-blocking I/O and readiness events over the operating system's selector.
//!
//! A [`Poll`] waits for [`Events`] of any number of sources: the sockets of the `net` module, pipes,
//! file descriptors of other libraries. The API is that of mio 1.2, so this crate can take its place.
//! The bindings to the system are generated.
//!
//! Start with the [`guide`], which also lists the differences from mio 1.2. [`features`] has the
//! optional parts. `examples/echo.rs` is a whole program.
//!
//! # Minimum supported Rust version
//!
//! Rust 1.85; mio 1.2 needs Rust 1.71. A patch release never raises it. A minor release may, to a
//! compiler that has been stable for at least six months.
//!
//! # Sizes
//!
//! A source holds its descriptor and its registration, which mio 1.2 does not keep in release builds.
//! On 64-bit systems a `TcpStream` has 16 bytes on epoll and at most 24 on other Unix selectors,
//! instead of 4. A [`Poll`] has 8 to 152.
//!
//! # Where soundness ends
//!
//! No safe call of this crate causes undefined behavior. Passing a closed, reused or invalid file
//! descriptor, from any thread, cannot: descriptors are keys for the kernel. A wrong implementation of
//! [`event::Source`] loses events at worst. A program that turns a [`Token`] into a pointer relies on
//! one rule, which holds for every source of this crate: no event of a source is returned by a
//! [`Poll::poll`] that begins after the source was deregistered.
//!
//! # Other backends and old sandboxes
//!
//! Three `--cfg` flags (in `RUSTFLAGS`) change what a system uses. They are unsupported: they may
//! change or go in any release.
//!
//! | flag | what it does |
//! |---|---|
//! | `mio_unsupported_force_poll_poll` | poll(2) instead of the system's selector |
//! | `mio_unsupported_force_waker_pipe` | pipes instead of the system's wakers |
//! | `mio_unsupported_force_upstream_calls` | Linux: only system calls that mio 1.2 makes |
//!
//! The third is for a sandbox that kills a process for an unknown system call
//! ([`SECCOMP_RET_KILL_PROCESS`](https://man7.org/linux/man-pages/man2/seccomp.2.html)) and that
//! was written for mio 1.2. Without epoll_pwait2(2) and ppoll(2), timeouts are whole milliseconds;
//! vectored writes use writev(2) instead of sendmsg(2); without madvise(2), no wakes are merged. A
//! sandbox that returns an error, whichever it is, needs no flag: the library then uses the older call.
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
#[cfg(all(feature = "os-poll", any(target_os = "linux", all(test, not(windows)))))]
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

/// README's example, as a test.
#[cfg(all(doctest, feature = "os-poll", feature = "net"))]
#[doc = include_str!("../README.md")]
struct Readme;
