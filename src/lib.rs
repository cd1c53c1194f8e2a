//! Non-blocking I/O and readiness events over the operating system's selector.
//!
//! A [`Poll`] waits for [`Events`] of any number of sources: the sockets of the `net` module,
//! pipes, file descriptors of other libraries. The API is that of mio 1.2, so this crate can take
//! its place. The bindings to the system are generated.
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
//! A source holds its descriptor and its registration, which mio 1.2 does not keep in release
//! builds. On 64-bit systems a `TcpStream` has 16 bytes on epoll and at most 24 on other Unix
//! selectors, instead of 4. A [`Poll`] has 8 to 192.
//!
//! # Where soundness ends
//!
//! No safe call of this crate causes undefined behavior. Passing a closed, reused or invalid file
//! descriptor, from any thread, cannot: descriptors are keys for the kernel. A wrong implementation
//! of [`event::Source`] loses events at worst. A program that turns a [`Token`] into a pointer
//! relies on one rule, which holds for every source of this crate: no event of a source is returned
//! by a [`Poll::poll`] that begins after the source was deregistered.
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
//! sandbox that returns an error needs no flag: the library then uses the older call. The error may
//! be any but EAGAIN for accept4(2) and sendmsg(2), which is what they return when they would
//! block.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc(test(attr(deny(warnings))))]
// The library never panics. `.clippy.toml` lets tests panic.
#![deny(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::todo,
    clippy::unimplemented,
    clippy::unreachable,
    clippy::unwrap_used
)]

#[cfg(all(
    target_family = "wasm",
    not(any(target_os = "wasi", target_os = "emscripten"))
))]
compile_error!(
    "mio needs an operating system: of the wasm targets only WASI and Emscripten have one. \
     Under tokio, leave out the `net` feature on this target."
);

/// Logs at trace level. Without feature `log`, the compiler only checks the arguments. A function
/// that is not inlined formats them, so that no caller stores them for nothing.
macro_rules! trace {
    ($($argument:tt)+) => {{
        #[cfg(feature = "log")]
        if ::log::Level::Trace <= ::log::STATIC_MAX_LEVEL
            && ::log::Level::Trace <= ::log::max_level()
        {
            $crate::outlined(move || ::log::trace!($($argument)+));
        }
        #[cfg(not(feature = "log"))]
        {
            let _ = || ::std::format_args!($($argument)+).to_string();
        }
    }};
}

/// Calls a function that is not inlined.
#[cfg(feature = "log")]
#[cold]
#[inline(never)]
fn outlined(function: impl FnOnce()) {
    function();
}

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
#[path = "../tests/support/not_run.rs"]
mod not_run;
#[macro_use]
mod sys;
mod poll;
#[cfg(all(feature = "os-poll", any(target_os = "linux", test)))]
#[allow(clippy::indexing_slicing)] // Fake kernels run in tests only.
mod testing;
mod token;
#[cfg(all(
    any(unix, windows, target_os = "hermit", target_os = "wasi"),
    feature = "os-ext"
))]
mod unowned_source;
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

    pub use crate::unowned_source::SourceFd;
}

#[cfg(all(target_os = "wasi", feature = "os-ext"))]
#[cfg_attr(docsrs, doc(cfg(all(target_os = "wasi", feature = "os-ext"))))]
pub mod wasi {
    //! What only WASI has: any file descriptor as a source.
    //!
    //! [`SourceFd`] watches a file descriptor of the caller, such as the standard input.

    pub use crate::unowned_source::SourceFd;
}

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
    //! | `os-poll` | a [`Poll`], [`Registry`] and [`Waker`] that work |
    //! | `os-ext` | the system's own module (`unix` or `windows`); turns `os-poll` on |
    //! | `net` | the sockets of `net`; they work without `os-poll`, too |
    //! | `udp-quiet` | Windows: no errors of earlier datagrams on UDP sockets; turns `net` on |
    //!
    //! Without `os-poll`, the constructors of these types return [`ErrorKind::Unsupported`].
    //!
    //! [`Poll`]: crate::Poll
    //! [`Registry`]: crate::Registry
    //! [`Waker`]: crate::Waker
    //! [`ErrorKind::Unsupported`]: std::io::ErrorKind::Unsupported
    //!
    //! A library asks for what it uses; a program usually asks for all:
    //!
    //! ```toml
    //! [dependencies]
    //! mio = { version = "1.3", features = ["os-poll", "os-ext", "net"] }
    //! ```
}

#[cfg(all(mio_fault_injection, target_os = "linux", feature = "os-poll"))]
#[doc(hidden)]
pub mod fault_injection {
    //! Faults in system calls, for `tests/fault_injection.rs`. Only a build with
    //! `--cfg mio_fault_injection` has this module.

    pub use crate::testing::injection::{Call, Effect, Fault, Injector};
}

pub mod guide;

/// README's example, as a test.
#[cfg(all(doctest, feature = "os-poll", feature = "net"))]
#[doc = include_str!("../README.md")]
struct Readme;
