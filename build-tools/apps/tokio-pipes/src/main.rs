//! What tokio does with named pipes on Windows: servers that take one client after the other, many clients at once, messages,
//! one direction only, ends that are dropped, and servers that several tasks share; on both of its runtimes.
//!
//! Exits 0 and prints one line for each part if everything came as it should, within the time limit.

#[cfg(windows)]
mod pipes;
#[cfg(windows)]
mod shared;

#[cfg(windows)]
fn main() -> std::process::ExitCode {
    pipes::main()
}

#[cfg(not(windows))]
fn main() -> std::process::ExitCode {
    eprintln!("tokio-pipes: named pipes are on Windows only");
    std::process::ExitCode::FAILURE
}
