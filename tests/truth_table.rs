//! The event truth table: which methods of `Event` hold in which situation, measured on the backend that this build uses and
//! compared with `tests/snapshots/truth@….txt`.
//!
//! `tests/snapshots/truth.md` puts all of them side by side.
//!
//! Each situation is brought about first; then the source is registered, and everything that comes until it is quiet counts.
//! `MIO_BLESS=1 cargo test --all-features --test truth_table` writes the table anew; WASI's, where there are no files,
//! is printed by the test that fails.
#![cfg(all(
    any(
        target_os = "linux",
        windows,
        all(target_os = "wasi", not(target_env = "p1"))
    ),
    feature = "os-poll",
    feature = "os-ext",
    feature = "net"
))]

mod support;

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::net::{Shutdown, SocketAddr};
use std::path::Path;
use std::thread;
use std::time::Duration;

use mio::event::Source;
use mio::net::{TcpListener, TcpStream, UdpSocket};
use mio::{Events, Interest, Poll, Token};

/// What this build runs on.
fn backend() -> &'static str {
    if cfg!(mio_event_ports_double) {
        "event-ports"
    } else if cfg!(mio_poll_oneoff_double) {
        "poll-oneoff"
    } else if cfg!(mio_kqueue_double = "apple") {
        "kqueue-apple"
    } else if cfg!(mio_kqueue_double = "dragonfly") {
        "kqueue-dragonfly"
    } else if cfg!(mio_kqueue_double = "freebsd") {
        "kqueue-freebsd"
    } else if cfg!(mio_kqueue_double = "netbsd") {
        "kqueue-netbsd"
    } else if cfg!(mio_kqueue_double = "openbsd") {
        "kqueue-openbsd"
    } else if cfg!(windows) {
        "afd"
    } else if cfg!(target_os = "wasi") {
        "wasip2"
    } else if cfg!(mio_unsupported_force_poll_poll) {
        "poll"
    } else {
        "epoll"
    }
}

/// A source in its situation, and what must live as long.
struct Situation {
    source: Box<dyn Source>,
    _others: Vec<Box<dyn std::any::Any>>,
}

fn situation(source: impl Source + 'static, others: Vec<Box<dyn std::any::Any>>) -> Situation {
    Situation {
        source: Box::new(source),
        _others: others,
    }
}

fn local() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

/// A connected stream, and std's stream at its other end.
fn tcp() -> (TcpStream, std::net::TcpStream) {
    let listener = std::net::TcpListener::bind(local()).unwrap();
    let peer = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (stream, _) = listener.accept().unwrap();
    stream.set_nonblocking(true).unwrap();
    (TcpStream::from_std(stream), peer)
}

type Make = fn() -> Situation;

type Row = (&'static str, Make);

/// All situations, in the order of the table.
fn situations() -> Vec<Row> {
    let mut all = TCP.to_vec();
    #[cfg(unix)]
    all.extend(unix::stream_situations());
    all.extend(udp_situations());
    #[cfg(unix)]
    all.extend(unix::pipe_situations());
    all
}

/// Those with a `cfg` are brought about by calls that WASI has not, or turn out now one way and now another.
const TCP: &[Row] = &[
    ("TCP: connected, idle", || {
        let (stream, peer) = tcp();
        situation(stream, vec![Box::new(peer)])
    }),
    ("TCP: data arrived", || {
        let (stream, mut peer) = tcp();
        peer.write_all(b"x").unwrap();
        situation(stream, vec![Box::new(peer)])
    }),
    #[cfg(not(target_os = "wasi"))]
    ("TCP: out-of-band byte", || {
        let (stream, peer) = tcp();
        support::raw::send_out_of_band(&peer);
        situation(stream, vec![Box::new(peer)])
    }),
    ("TCP: peer shut its writing half", || {
        let (stream, peer) = tcp();
        peer.shutdown(Shutdown::Write).unwrap();
        situation(stream, vec![Box::new(peer)])
    }),
    ("TCP: peer shut its reading half", || {
        let (stream, peer) = tcp();
        peer.shutdown(Shutdown::Read).unwrap();
        situation(stream, vec![Box::new(peer)])
    }),
    ("TCP: own writing half shut", || {
        let (stream, peer) = tcp();
        stream.shutdown(Shutdown::Write).unwrap();
        situation(stream, vec![Box::new(peer)])
    }),
    ("TCP: own reading half shut", || {
        let (stream, peer) = tcp();
        stream.shutdown(Shutdown::Read).unwrap();
        situation(stream, vec![Box::new(peer)])
    }),
    ("TCP: both halves shut", || {
        let (stream, peer) = tcp();
        stream.shutdown(Shutdown::Both).unwrap();
        situation(stream, vec![Box::new(peer)])
    }),
    ("TCP: peer closed", || {
        let (stream, peer) = tcp();
        drop(peer);
        situation(stream, vec![])
    }),
    ("TCP: peer closed, data left", || {
        let (stream, mut peer) = tcp();
        peer.write_all(b"x").unwrap();
        drop(peer);
        situation(stream, vec![])
    }),
    #[cfg(not(target_os = "wasi"))]
    ("TCP: reset by peer", || {
        let (stream, peer) = tcp();
        support::raw::reset_on_close(&peer);
        drop(peer);
        situation(stream, vec![])
    }),
    #[cfg(not(target_os = "wasi"))]
    ("TCP: connection refused", || {
        let listener = std::net::TcpListener::bind(local()).unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        situation(TcpStream::connect(address).unwrap(), vec![])
    }),
    ("TCP: connection made", || {
        let listener = std::net::TcpListener::bind(local()).unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        situation(stream, vec![Box::new(listener)])
    }),
    #[cfg(not(target_os = "wasi"))]
    ("TCP: never connected", || {
        situation(TcpStream::from_std(support::raw::unconnected()), vec![])
    }),
    ("TCP listener: idle", || {
        situation(TcpListener::bind(local()).unwrap(), vec![])
    }),
    ("TCP listener: a connection waits", || {
        let listener = TcpListener::bind(local()).unwrap();
        let peer = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        situation(listener, vec![Box::new(peer)])
    }),
];

fn udp_situations() -> Vec<Row> {
    vec![
        ("UDP: idle", || {
            situation(UdpSocket::bind(local()).unwrap(), vec![])
        }),
        ("UDP: a datagram waits", || {
            let socket = UdpSocket::bind(local()).unwrap();
            let peer = std::net::UdpSocket::bind(local()).unwrap();
            peer.send_to(b"x", socket.local_addr().unwrap()).unwrap();
            situation(socket, vec![Box::new(peer)])
        }),
        ("UDP: nobody at the connected address", || {
            let gone = std::net::UdpSocket::bind(local()).unwrap();
            let socket = UdpSocket::bind(local()).unwrap();
            socket.connect(gone.local_addr().unwrap()).unwrap();
            drop(gone);
            socket.send(b"x").unwrap();
            situation(socket, vec![])
        }),
    ]
}

/// What only Unix has.
#[cfg(unix)]
mod unix {
    use std::os::unix::net as std_net;
    use std::time::Instant;

    use mio::net::{UnixListener, UnixStream};
    use mio::unix::pipe;

    use super::*;

    fn uds() -> (UnixStream, std_net::UnixStream) {
        let (left, right) = std_net::UnixStream::pair().unwrap();
        left.set_nonblocking(true).unwrap();
        (UnixStream::from_std(left), right)
    }

    pub(super) fn stream_situations() -> Vec<Row> {
        vec![
            ("Unix stream: connected, idle", || {
                let (stream, peer) = uds();
                situation(stream, vec![Box::new(peer)])
            }),
            ("Unix stream: data arrived", || {
                let (stream, mut peer) = uds();
                peer.write_all(b"x").unwrap();
                situation(stream, vec![Box::new(peer)])
            }),
            ("Unix stream: peer shut its writing half", || {
                let (stream, peer) = uds();
                peer.shutdown(Shutdown::Write).unwrap();
                situation(stream, vec![Box::new(peer)])
            }),
            ("Unix stream: peer closed", || {
                let (stream, peer) = uds();
                drop(peer);
                situation(stream, vec![])
            }),
            ("Unix stream: peer closed, our data unread", || {
                let (mut stream, peer) = uds();
                stream.write_all(b"x").unwrap();
                drop(peer);
                situation(stream, vec![])
            }),
            ("Unix listener: a connection waits", || {
                let name = format!("truth-{}-{:?}", std::process::id(), Instant::now());
                let path = std::env::temp_dir().join(name.replace([' ', '{', '}', ':', ','], ""));
                let listener = UnixListener::bind(&path).unwrap();
                let peer = std_net::UnixStream::connect(&path).unwrap();
                fs::remove_file(&path).unwrap();
                situation(listener, vec![Box::new(peer)])
            }),
        ]
    }

    pub(super) fn pipe_situations() -> Vec<Row> {
        vec![
            ("Pipe reader: idle", || {
                let (sender, receiver) = pipe::new().unwrap();
                situation(receiver, vec![Box::new(sender)])
            }),
            ("Pipe reader: data arrived", || {
                let (mut sender, receiver) = pipe::new().unwrap();
                sender.write_all(b"x").unwrap();
                situation(receiver, vec![Box::new(sender)])
            }),
            ("Pipe reader: writer gone", || {
                let (sender, receiver) = pipe::new().unwrap();
                drop(sender);
                situation(receiver, vec![])
            }),
            ("Pipe reader: writer gone, data left", || {
                let (mut sender, receiver) = pipe::new().unwrap();
                sender.write_all(b"x").unwrap();
                drop(sender);
                situation(receiver, vec![])
            }),
            ("Pipe writer: room", || {
                let (sender, receiver) = pipe::new().unwrap();
                situation(sender, vec![Box::new(receiver)])
            }),
            ("Pipe writer: reader gone", || {
                let (sender, receiver) = pipe::new().unwrap();
                drop(receiver);
                situation(sender, vec![])
            }),
        ]
    }
}

/// Everything that comes for a source registered with `interest`, as one cell; `unsupported` where it cannot be asked for.
fn observe(make: Make, interest: Interest) -> String {
    let mut poll = Poll::new().unwrap();
    let mut events = Events::with_capacity(16);
    let mut held = make();
    // Loopback delivers at once, but not always within the call that sent.
    thread::sleep(Duration::from_millis(20));
    match poll
        .registry()
        .register(&mut *held.source, Token(1), interest)
    {
        Err(error) if error.kind() == io::ErrorKind::Unsupported => return "unsupported".into(),
        result => result.unwrap(),
    }
    let mut seen = [false; 6];
    let mut quiet = 0;
    while quiet < 2 {
        poll.poll(&mut events, Some(Duration::from_millis(20)))
            .unwrap();
        quiet += 1;
        for event in &events {
            quiet = 0;
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

fn table() -> String {
    let measured_on = if cfg!(windows) {
        "afd is measured under Wine 8."
    } else if cfg!(target_os = "wasi") {
        "wasip2 is measured under wasmtime 48. A refused connection is R and W there, or `connect` fails at once."
    } else if cfg!(mio_poll_oneoff_double) {
        "poll-oneoff, preview 1 of WASI, is measured on a double of wasmtime 48 with sockets of Linux."
    } else {
        "kqueue and event ports are measured on test doubles of their kernels."
    };
    let mut text = format!(
        "What `Event` says on {}, measured by tests/truth_table.rs.\n\n\
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
        let readable = observe(make, Interest::READABLE);
        let writable = observe(make, Interest::WRITABLE);
        let priority = if name.contains("out-of-band") {
            observe(make, Interest::READABLE | Interest::PRIORITY)
        } else {
            String::new()
        };
        row(&mut text, [name, &readable, &writable, &priority]);
    }
    text
}

/// Compares with what is kept, or keeps it if that is asked for.
fn compare(name: &str, found: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/snapshots")
        .join(name);
    if std::env::var_os("MIO_BLESS").is_some_and(|value| value == "1") {
        let new = path.with_extension("new");
        fs::write(&new, found).unwrap();
        fs::rename(&new, &path).unwrap();
        return;
    }
    let expected = if cfg!(target_os = "wasi") {
        // There are no files. `cargo` compiles anew when it changes.
        include_str!("snapshots/truth@wasip2.txt").to_owned()
    } else {
        fs::read_to_string(&path).unwrap_or_default()
    };
    let mut difference = String::new();
    for (old, new) in expected.lines().zip(found.lines()) {
        if old != new {
            writeln!(difference, "-{old}\n+{new}").unwrap();
        }
    }
    assert!(
        expected == found,
        "{} says otherwise:\n{difference}\nIt is:\n{found}\n\
         MIO_BLESS=1 cargo test --all-features --test truth_table",
        path.display()
    );
}

/// the whole table.
#[test]
fn events_say_what_the_table_says() {
    compare(&format!("truth@{}.txt", backend()), &table());
}

/// A table that is kept: the situations, and what is said of them for READABLE, WRITABLE and READABLE + PRIORITY.
#[cfg(target_os = "linux")]
type Kept = Vec<(String, [String; 3])>;

#[cfg(target_os = "linux")]
fn kept(name: &str) -> Kept {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/snapshots")
        .join(format!("truth@{name}.txt"));
    let text = fs::read_to_string(path).unwrap();
    let rows = text.lines().filter(|line| line.starts_with('|')).skip(2);
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [situation, readable, writable, priority] = cells[..] else {
            panic!("{name}: {row}");
        };
        let said = [readable, writable, priority].map(str::to_owned);
        (situation.to_owned(), said)
    })
    .collect()
}

/// The page that has all backends side by side is what their tables say, and no table is left out.
#[cfg(target_os = "linux")]
#[test]
fn all_tables_side_by_side() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots");
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let name = name.strip_prefix("truth@")?.strip_suffix(".txt")?;
            Some(name.to_owned())
        })
        .collect();
    names.sort();
    // Kernels that say the same share a column.
    let mut columns: Vec<(String, Kept)> = Vec::new();
    for name in names {
        let table = kept(&name);
        match columns.iter_mut().find(|(_, other)| *other == table) {
            Some((title, _)) => title.push_str(&format!(", {name}")),
            None => columns.push((name, table)),
        }
    }
    for (title, _) in &mut columns {
        if *title == "kqueue-apple, kqueue-dragonfly, kqueue-freebsd, kqueue-netbsd, kqueue-openbsd"
        {
            *title = "kqueue".to_owned();
        }
    }
    let mut text = String::from(
        "# What `Event` says in which situation\n\n\
         Written from `truth@….txt` by tests/truth_table.rs, which measures each of them on its backend. kqueue, event ports and\n\
         poll-oneoff (preview 1 of WASI) are measured on test doubles, afd under Wine 8, wasip2 under wasmtime 48.\n\n\
         R is_readable, W is_writable, rc is_read_closed, wc is_write_closed, e is_error, p is_priority; `-` no event; empty: the\n\
         situation cannot be brought about there, or turns out now one way and now another (refused connections on wasip2).\n",
    );
    for (index, interest) in ["READABLE", "WRITABLE", "READABLE + PRIORITY"]
        .into_iter()
        .enumerate()
    {
        let titles: Vec<&str> = columns.iter().map(|(title, _)| title.as_str()).collect();
        let line = "---|".repeat(titles.len() + 1);
        writeln!(
            text,
            "\n## Registered with {interest}\n\n| situation | {} |\n|{line}",
            titles.join(" | ")
        )
        .unwrap();
        // In the order of the table that has most.
        let longest = columns.iter().max_by_key(|(_, rows)| rows.len()).unwrap();
        for (situation, said) in &longest.1 {
            if said[index].is_empty() {
                continue;
            }
            write!(text, "| {situation} |").unwrap();
            for (_, rows) in &columns {
                let row = rows.iter().find(|(name, _)| name == situation);
                let cell = row.map_or("", |(_, said)| said[index].as_str());
                write!(text, " {cell} |").unwrap();
            }
            text.push('\n');
        }
    }
    compare("truth.md", &text);
    documentation_quotes(&text);
}

/// Every row of a table in `Event`'s documentation stands in the page.
#[cfg(target_os = "linux")]
fn documentation_quotes(page: &str) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/event/event.rs");
    let source = fs::read_to_string(source).unwrap();
    let rows: Vec<&str> = source
        .lines()
        .filter_map(|line| line.strip_prefix("/// |"))
        .collect();
    assert!(rows.len() > 5, "the documentation quotes nothing");
    for row in rows {
        let row = format!("|{row}");
        assert!(page.lines().any(|line| line == row), "{row} is not so");
    }
}
