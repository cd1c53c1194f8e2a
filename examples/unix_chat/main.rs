//! A chat over Unix sockets: the server sends each line of a client to all other clients.
//!
//! ```sh
//! cargo run --release --all-features --example unix_chat
//! ```
//!
//! It shows more than `echo`: an event of one connection leads to writes on others, so each
//! connection has a bounded buffer of pending data. The program is in `chat.rs`.

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
        "unix_chat: mio has Unix sockets on Unix only; the example `echo` runs on this system"
    );
    std::process::ExitCode::FAILURE
}
