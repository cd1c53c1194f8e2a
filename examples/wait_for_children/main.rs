//! Waits for many child processes at once on Windows: the token of each event names a process that
//! has exited.
//!
//! ```sh
//! cargo run --release --all-features --example wait_for_children
//! ```
//!
//! A process handle stays signaled once the process has exited. A registration reports it once, and
//! there is nothing to drain. The program is in `children.rs`.

#[cfg(windows)]
mod children;

#[cfg(windows)]
fn main() -> std::process::ExitCode {
    children::main()
}

#[cfg(not(windows))]
fn main() -> std::process::ExitCode {
    eprintln!(
        "wait_for_children: mio waits for handles on Windows only; elsewhere use a pidfd or a pipe"
    );
    std::process::ExitCode::FAILURE
}
