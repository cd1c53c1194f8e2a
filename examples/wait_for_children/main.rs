//! Waits for many child processes at once, on Windows: each event says which of them has ended.
//!
//! ```sh
//! cargo run --release --all-features --example wait_for_children
//! ```
//!
//! A process is a handle that stays signalled once it has ended. Registering arms, one event comes, and there is nothing to
//! drain. The program is in `children.rs`.

#[cfg(windows)]
mod children;

#[cfg(windows)]
fn main() -> std::process::ExitCode {
    children::main()
}

#[cfg(not(windows))]
fn main() -> std::process::ExitCode {
    eprintln!(
        "wait_for_children: mio waits for handles on Windows only; elsewhere a pidfd or a pipe to the child is the like of it"
    );
    std::process::ExitCode::FAILURE
}
