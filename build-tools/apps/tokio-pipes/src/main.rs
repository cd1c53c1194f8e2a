//! tokio's named pipes on Windows, on both runtimes: clients in sequence, many clients at once,
//! messages, pipes of one direction, dropped ends, and servers that several tasks share.
//!
//! Prints one line for each part, and exits with 0 if every part passes within the time limit.

#[cfg(windows)]
mod pipes;
#[cfg(windows)]
mod shared;
#[cfg(windows)]
mod support;

#[cfg(windows)]
fn main() -> std::process::ExitCode {
    pipes::main()
}

#[cfg(not(windows))]
fn main() -> std::process::ExitCode {
    eprintln!("tokio-pipes: named pipes are on Windows only");
    std::process::ExitCode::FAILURE
}
