//! Event semantics: which methods of `Event` return `true` in which situation. The test measures
//! the backend of this build and compares with `tests/snapshots/event-semantics@BACKEND.txt`.
//! `tests/snapshots/event-semantics.md` has all backends side by side.
//!
//! Each row creates its situation, registers the source, and collects events until none comes.
//! `MIO_BLESS=1 cargo test --all-features --test event_semantics` writes the table. On WASI, which
//! has no files, the failing test prints it.
#![cfg(all(
    any(
        target_os = "linux",
        target_os = "dragonfly",
        target_os = "freebsd",
        target_os = "netbsd",
        target_os = "openbsd",
        target_vendor = "apple",
        windows,
        target_os = "wasi"
    ),
    feature = "os-poll",
    feature = "os-ext",
    feature = "net"
))]

mod support;

#[path = "event_semantics/modes.rs"]
mod modes;
#[path = "event_semantics/peer.rs"]
mod peer;
#[path = "event_semantics/side_by_side.rs"]
mod side_by_side;
#[path = "event_semantics/situations.rs"]
mod situations;

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token};
use situations::{NewSituation, not_available, situations};
use support::timing::best_of_rounds;

/// The backend of this build. A kernel and its fake share a table.
fn backend() -> &'static str {
    if cfg!(mio_unsupported_force_poll_poll) {
        "poll"
    } else if cfg!(mio_fake_kernel = "solaris") {
        "event-ports"
    } else if cfg!(mio_fake_kernel = "wasip1") {
        "poll-oneoff"
    } else if cfg!(any(target_vendor = "apple", mio_fake_kernel = "apple")) {
        "kqueue-apple"
    } else if cfg!(any(target_os = "dragonfly", mio_fake_kernel = "dragonfly")) {
        "kqueue-dragonfly"
    } else if cfg!(any(target_os = "freebsd", mio_fake_kernel = "freebsd")) {
        "kqueue-freebsd"
    } else if cfg!(any(target_os = "netbsd", mio_fake_kernel = "netbsd")) {
        "kqueue-netbsd"
    } else if cfg!(any(target_os = "openbsd", mio_fake_kernel = "openbsd")) {
        "kqueue-openbsd"
    } else if cfg!(windows) {
        if is_wine() { "afd-wine" } else { "afd" }
    } else if cfg!(all(target_os = "wasi", target_env = "p1")) {
        "wasip1"
    } else if cfg!(target_os = "wasi") {
        "wasip2"
    } else {
        "epoll"
    }
}

/// A long time for loopback. Each further round adds the same time, for a busy machine.
const MOMENT: Duration = Duration::from_millis(20);

/// The wait for a refusal. Windows repeats the SYN three times, half a second apart, first:
/// <https://support.microsoft.com/help/175523>.
const REFUSAL: Duration = Duration::from_secs(30);

/// Whether the test runs under Wine, which differs from Windows in some rows:
/// tests/wine_differences.rs.
fn is_wine() -> bool {
    #[cfg(windows)]
    return support::wine::version().is_some();
    #[cfg(not(windows))]
    false
}

/// The cell of a source that is registered with `interest`: every method that an event satisfies,
/// or `unsupported`. `first` is the longest wait for the first event, `moment` for each other one.
fn observe(make: NewSituation, interest: Interest, first: Duration, moment: Duration) -> String {
    let mut poll = Poll::new().unwrap();
    let mut events = Events::with_capacity(16);
    let mut situation = make();
    // Loopback does not always deliver within the sending call.
    thread::sleep(moment);
    match poll
        .registry()
        .register(&mut *situation.source, Token(1), interest)
    {
        Err(error) if error.kind() == io::ErrorKind::Unsupported => return "unsupported".into(),
        result => result.unwrap(),
    }
    let mut seen = [false; 6];
    // A selector that emulates edges repeats conditions, so only a new condition extends the wait.
    let mut end = Instant::now() + first + moment;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        poll.poll(&mut events, Some(left)).unwrap();
        let before = seen;
        for event in &events {
            let holds = [
                event.is_readable(),
                event.is_writable(),
                event.is_read_closed(),
                event.is_write_closed(),
                event.is_error(),
                event.is_priority(),
            ];
            for (seen, holds) in seen.iter_mut().zip(holds) {
                *seen |= holds;
            }
        }
        if seen != before {
            end = Instant::now() + 2 * moment;
        }
    }
    words(seen)
}

/// The words of a cell.
fn words(seen: [bool; 6]) -> String {
    let names = ["R", "W", "rc", "wc", "e", "p"];
    let words: Vec<&str> = names
        .iter()
        .zip(seen)
        .filter_map(|(name, seen)| seen.then_some(*name))
        .collect();
    if words.is_empty() {
        "-".to_owned()
    } else {
        words.join(" ")
    }
}

/// The source of the table of Windows itself. If you measure it there, with `MIO_BLESS=1`, state
/// that here.
const AFD: &str = "\
No row of afd was measured on Windows yet. Two are what Microsoft documents:
\"peer closed, data left\": POLLHUP reports that the peer disconnected, also with data unread,
https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-wsapoll#remarks;
\"connected to a closed port\": the ICMP reply is the error WSAECONNRESET of the next receive,
https://learn.microsoft.com/windows/win32/api/winsock/nf-winsock-recvfrom#return-value.
The other rows are assumed to be those of Wine.";

fn table(moment: Duration) -> String {
    let measured_on = if backend() == "kqueue-freebsd" {
        "A FreeBSD 13.1 kernel and its fake on Linux agree on this."
    } else if backend().starts_with("kqueue") {
        "Measured on a fake kernel on Linux, which follows the kernel's source."
    } else if is_wine() {
        "afd-wine is measured under Wine 8 and Wine 10, which agree."
    } else if cfg!(windows) {
        AFD
    } else if cfg!(all(target_os = "wasi", target_env = "p1")) {
        "wasip1 is measured under wasmtime 17 (Python wheel), a host that preopens sockets."
    } else if cfg!(target_os = "wasi") {
        "wasip2 is measured under wasmtime 48."
    } else if cfg!(mio_fake_kernel = "wasip1") {
        "poll-oneoff, preview 1 of WASI, is measured on a fake of wasmtime 48 on Linux."
    } else {
        "epoll and poll are measured on Linux; kqueue and event ports on fake kernels."
    };
    let mut text = format!(
        "The events of each situation on {}: see tests/event_semantics.rs.\n\n\
         R is_readable, W is_writable, rc is_read_closed, wc is_write_closed, e is_error,\n\
         p is_priority; `-` no event.\n\
         {measured_on}\n\n",
        backend()
    );
    let row = |text: &mut String, cells: [&str; 4]| {
        writeln!(
            text,
            "| {:<41} | {:<11} | {:<11} | {:<20} |",
            cells[0], cells[1], cells[2], cells[3]
        )
        .unwrap();
    };
    row(
        &mut text,
        ["situation", "READABLE", "WRITABLE", "READABLE + PRIORITY"],
    );
    row(&mut text, ["---", "---", "---", "---"]);
    for (name, make) in situations() {
        let first = if name.contains("refused") {
            REFUSAL
        } else {
            moment
        };
        let observe = |interest| observe(make, interest, first, moment);
        let readable = observe(Interest::READABLE);
        let writable = observe(Interest::WRITABLE);
        let priority = if name.contains("out-of-band") {
            observe(Interest::READABLE | Interest::PRIORITY)
        } else {
            String::new()
        };
        row(&mut text, [name, &readable, &writable, &priority]);
    }
    for (situations, reason) in not_available() {
        writeln!(text, "\nNot here: {situations}: {reason}.").unwrap();
    }
    text
}

/// Compares with the recorded text, or records `found` if `MIO_BLESS` is 1.
fn compare(name: &str, found: &str) -> Result<(), String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/snapshots")
        .join(name);
    if std::env::var_os("MIO_BLESS").is_some_and(|value| value == "1") {
        let new = path.with_extension("new");
        fs::write(&new, found).unwrap();
        fs::rename(&new, &path).unwrap();
        return Ok(());
    }
    // WASI has no files, so the recorded text is compiled in.
    let expected = if cfg!(all(target_os = "wasi", target_env = "p1")) {
        include_str!("snapshots/event-semantics@wasip1.txt").to_owned()
    } else if cfg!(target_os = "wasi") {
        include_str!("snapshots/event-semantics@wasip2.txt").to_owned()
    } else {
        fs::read_to_string(&path).unwrap_or_default()
    };
    if expected == found {
        return Ok(());
    }
    let mut difference = String::new();
    for (old, new) in expected.lines().zip(found.lines()) {
        if old != new {
            writeln!(difference, "-{old}\n+{new}").unwrap();
        }
    }
    Err(format!(
        "{} differs:\n{difference}\nThe new text:\n{found}\n\
         To record it: MIO_BLESS=1 cargo test --all-features --test event_semantics",
        path.display()
    ))
}

/// The events of every situation are those of the recorded table.
#[test]
#[cfg_attr(
    all(target_os = "wasi", target_env = "p1"),
    ignore = "needs a preopened listener: build-tools/wasi/host.py --peer"
)]
fn events_match_the_recorded_table() {
    let name = format!("event-semantics@{}.txt", backend());
    let mut moment = Duration::ZERO;
    best_of_rounds(|| {
        moment += MOMENT;
        compare(&name, &table(moment))
    });
}
