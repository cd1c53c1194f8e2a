//! The event truth table: which methods of `Event` hold in which situation, measured on the backend that this build uses and
//! compared with `tests/snapshots/event-semantics@….txt`.
//!
//! `tests/snapshots/event-semantics.md` puts all of them side by side.
//!
//! Each situation is brought about first; then the source is registered, and everything that comes until it is quiet counts.
//! `MIO_BLESS=1 cargo test --all-features --test event_semantics` writes the table anew; WASI's, where there are no files,
//! is printed by the test that fails.
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

/// What this build runs on. A kernel and its fake share a table.
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

/// Long for loopback. Where the machine is too busy for it, it is longer in the next round.
const MOMENT: Duration = Duration::from_millis(20);

/// Windows sends SYN three times more, half a second apart, before it reports a refusal:
/// <https://support.microsoft.com/help/175523>.
const REFUSAL: Duration = Duration::from_secs(30);

/// Wine differs from Windows in some rows: tests/wine_differences.rs shows which, without this library.
fn is_wine() -> bool {
    #[cfg(windows)]
    return support::wine::version().is_some();
    #[cfg(not(windows))]
    false
}

/// Everything that comes for a source registered with `interest`, as one cell; `unsupported` where it cannot be asked for.
/// `first` is how long the first event may take, and `moment` each other one.
fn observe(make: NewSituation, interest: Interest, first: Duration, moment: Duration) -> String {
    let mut poll = Poll::new().unwrap();
    let mut events = Events::with_capacity(16);
    let mut situation = make();
    // Loopback delivers at once, but not always within the call that sent.
    thread::sleep(moment);
    match poll
        .registry()
        .register(&mut *situation.source, Token(1), interest)
    {
        Err(error) if error.kind() == io::ErrorKind::Unsupported => return "unsupported".into(),
        result => result.unwrap(),
    }
    let mut seen = [false; 6];
    // A poller that makes its edges reports again what stays: that is nothing new.
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

/// What is known of Windows itself. Who measures it there sets `MIO_BLESS=1`, and says so here.
const AFD: &str = "\
No row of afd was measured on Windows yet. Two are what Microsoft documents:
\"peer closed, data left\": POLLHUP means that the peer disconnected, whatever is left to be read,
https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-wsapoll#remarks;
\"nobody at the connected address\": the answer of ICMP is the error WSAECONNRESET of the next receive,
https://learn.microsoft.com/windows/win32/api/winsock/nf-winsock-recvfrom#return-value.
All others are assumed to be as under Wine.";

fn table(moment: Duration) -> String {
    let measured_on = if backend() == "kqueue-freebsd" {
        "A FreeBSD 13.1 kernel and its fake on Linux agree on this."
    } else if backend().starts_with("kqueue") {
        "This is what a fake of the kernel says on Linux, as its author understood the kernel's source."
    } else if is_wine() {
        "afd-wine is measured under Wine 8 and Wine 10, which do the same."
    } else if cfg!(windows) {
        AFD
    } else if cfg!(all(target_os = "wasi", target_env = "p1")) {
        "wasip1 is measured under the wheel of wasmtime 17, the one of our hosts that hands sockets in."
    } else if cfg!(target_os = "wasi") {
        "wasip2 is measured under wasmtime 48."
    } else if cfg!(mio_fake_kernel = "wasip1") {
        "poll-oneoff, preview 1 of WASI, is measured on a double of wasmtime 48 with sockets of Linux."
    } else {
        "epoll and poll are measured on Linux; kqueue and event ports on test doubles, not on those kernels."
    };
    let mut text = format!(
        "What `Event` says on {}: see tests/event_semantics.rs.\n\n\
         R is_readable, W is_writable, rc is_read_closed, wc is_write_closed, e is_error, p is_priority; `-` no event.\n\
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

/// Compares with what is kept, or keeps it if that is asked for.
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
    // WASI has no files. `cargo` compiles anew when they change.
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
        "{} says otherwise:\n{difference}\nIt is:\n{found}\n\
         MIO_BLESS=1 cargo test --all-features --test event_semantics",
        path.display()
    ))
}

/// the whole table.
#[test]
#[cfg_attr(
    all(target_os = "wasi", target_env = "p1"),
    ignore = "needs a listener from the host: build-tools/wasi/host.py --peer"
)]
fn events_match_the_recorded_table() {
    let name = format!("event-semantics@{}.txt", backend());
    let mut moment = Duration::ZERO;
    best_of_rounds(|| {
        moment += MOMENT;
        compare(&name, &table(moment))
    });
}
