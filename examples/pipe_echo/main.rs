//! Named-pipe echo on Windows: one pipe serves its clients one after the other.
//!
//! ```sh
//! cargo run --release --all-features --example pipe_echo
//! ```
//!
//! It shows the loop of a server: `connect`, a writable event, `take_error`, reads until
//! `WouldBlock` or the end, `disconnect`, and `connect` again. The program is in `echo.rs`.

#[cfg(windows)]
mod echo;

#[cfg(windows)]
fn main() -> std::process::ExitCode {
    echo::main()
}

#[cfg(not(windows))]
fn main() -> std::process::ExitCode {
    eprintln!("pipe_echo: named pipes are on Windows only; the example `echo` is similar");
    std::process::ExitCode::FAILURE
}
