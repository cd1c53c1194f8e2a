//! A chat over Unix sockets: what one says, all others hear, line by line.
//!
//! ```sh
//! cargo run --release --all-features --example unix_chat
//! ```
//!
//! Beyond what `echo` shows: one connection's event leads to writes on others, so each connection has a queue of what it has
//! not taken yet, and an end of patience. The program is in `chat.rs`.

#[cfg(unix)]
mod chat;
#[cfg(unix)]
#[path = "../command_line/mod.rs"]
mod command_line;

#[cfg(unix)]
fn main() -> std::process::ExitCode {
    chat::main()
}

#[cfg(not(unix))]
fn main() -> std::process::ExitCode {
    eprintln!(
        "unix_chat: mio has Unix sockets on Unix systems only; `echo` is the like of it that runs here"
    );
    std::process::ExitCode::FAILURE
}
