//! From nothing to an event loop in four steps.
//!
//! # 1. Make a poll and an event buffer
//!
//! A [`Poll`](crate::Poll) is the system's selector, such as an epoll instance.
//! [`Events`](crate::Events) is the buffer that each call of [`Poll::poll`](crate::Poll::poll)
//! fills.
//!
//! ```
//! # #[cfg(feature = "os-poll")] {
//! # fn main() -> std::io::Result<()> {
//! let mut poll = mio::Poll::new()?;
//! let mut events = mio::Events::with_capacity(128);
//! # let _ = (&mut poll, &mut events); Ok(())
//! # }
//! # main().unwrap() }
//! ```
//!
//! # 2. Register sources
//!
//! Registering a source takes a [`Token`](crate::Token), which its events carry, and an
//! [`Interest`](crate::Interest). A token is usually an index into a table of connections.
//!
//! # 3. Wait for events and handle them
//!
//! Events are edge-triggered: one means that the source *became* ready. Read or write until the
//! call returns [`WouldBlock`](std::io::ErrorKind::WouldBlock); only then is the next event of that
//! source certain. An event may be spurious.
//!
//! ```
//! # #[cfg(all(feature = "os-poll", feature = "net"))] {
//! use mio::net::{TcpListener, TcpStream};
//! use mio::{Events, Interest, Poll, Token};
//! use std::io::{self, Read, Write};
//!
//! const SERVER: Token = Token(0);
//! const CLIENT: Token = Token(1);
//!
//! fn main() -> io::Result<()> {
//!     let mut poll = Poll::new()?;
//!     let mut events = Events::with_capacity(128);
//!
//!     let mut listener = TcpListener::bind("127.0.0.1:0".parse().unwrap())?;
//!     let mut client = TcpStream::connect(listener.local_addr()?)?;
//!     poll.registry().register(&mut listener, SERVER, Interest::READABLE)?;
//!     poll.registry().register(&mut client, CLIENT, Interest::READABLE)?;
//!
//!     loop {
//!         match poll.poll(&mut events, None) {
//!             Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
//!             result => result?,
//!         }
//!         for event in &events {
//!             match event.token() {
//!                 SERVER => loop {
//!                     match listener.accept() {
//!                         Ok((mut connection, _)) => connection.write_all(b"hello")?,
//!                         Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
//!                         // One connection failed before it was accepted.
//!                         Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
//!                         Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {}
//!                         Err(error) => return Err(error),
//!                     }
//!                 },
//!                 _ => {
//!                     let mut buffer = [0; 16];
//!                     match client.read(&mut buffer) {
//!                         Ok(length) => {
//!                             assert_eq!(&buffer[..length], b"hello");
//!                             return Ok(());
//!                         }
//!                         Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
//!                         Err(error) => return Err(error),
//!                     }
//!                 }
//!             }
//!         }
//!     }
//! }
//! # main().unwrap() }
//! ```
//!
//! # 4. Wake the poll from another thread
//!
//! [`Waker::wake`](crate::Waker::wake) makes a blocked `poll` return an event with the waker's
//! token.
//!
//! # Edges, levels and single events
//!
//! [`Interest::LEVEL`](crate::Interest::LEVEL) and [`ONESHOT`](crate::Interest::ONESHOT), beside
//! the readiness, make a registration report otherwise. [`Interest`](crate::Interest) has a table
//! of what each selector supports.
//!
//! **An edge loses data that a level does not** if the program stops reading before
//! `WouldBlock`: because its buffer is full, to be fair to other sources, or because a decoder
//! has one message and returns. The rest stays in the kernel, and no event reports it until more
//! arrives, or never. The same holds for a listener that accepts one connection for each event.
//! Either keep a list of sources that are not finished, or use `LEVEL`.
//!
//! **A level spins** if the program does not end the condition ([mio#1317]): each `poll` returns at
//! once. Sockets are almost always writable, so add `WRITABLE` by `reregister` when a write has
//! returned `WouldBlock`, and remove it when the data is written. The hang-up of a socket never
//! ends, so deregister or drop the source. A listener of a process without free file descriptors
//! stays readable; see `net::SpareSocket`. An edge costs one event in these cases, or few: the
//! documentation of `Poll` has the rates.
//!
//! **A single event** (`ONESHOT`) suits programs that hand a source to another thread: no other
//! event of it comes until that thread calls `reregister`, which reports what has happened in the
//! meantime. It costs one system call for each event.
//!
//! ```
//! # #[cfg(all(feature = "os-poll", feature = "net"))] {
//! use mio::net::UdpSocket;
//! use mio::{Events, Interest, Poll, Token};
//!
//! fn main() -> std::io::Result<()> {
//!     let mut poll = Poll::new()?;
//!     let mut events = Events::with_capacity(8);
//!     let mut socket = UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
//!     for message in ["one", "two", "three"] {
//!         socket.send_to(message.as_bytes(), socket.local_addr()?)?;
//!     }
//!     // One datagram for each event. With READABLE alone, the second could wait forever.
//!     let level = Interest::READABLE | Interest::LEVEL;
//!     poll.registry().register(&mut socket, Token(0), level)?;
//!     let mut received = 0;
//!     while received < 3 {
//!         poll.poll(&mut events, None)?;
//!         socket.recv_from(&mut [0; 16])?;
//!         received += 1;
//!     }
//!     Ok(())
//! }
//! # main().unwrap() }
//! ```
//!
//! [mio#1317]: https://github.com/tokio-rs/mio/issues/1317
//!
//! # Coming from mio 1.2
//!
//! Programs for mio 1.2 compile and run unchanged. What differs on purpose:
//!
//! **Registration.** `register` of a registered source fails with `AlreadyExists`, `reregister` and
//! `deregister` of one that is not registered with `NotFound`, in release builds too. For this a
//! `TcpStream` has 16 bytes on epoll and 24 on other Unix selectors, instead of 4; a `Poll` has 8
//! to 192, instead of 4. A source that gives its descriptor away while registered (`into_raw_fd`,
//! `OwnedFd::from`, into std) is deregistered on every system, except in a forked child on epoll,
//! whose parent keeps the events. `Interest::{AIO, LIO, PRIORITY}` exist everywhere; registering
//! one that the selector cannot watch fails with `Unsupported`. A clone of a `Registry` shares the
//! descriptor of its `Poll`.
//!
//! **Wakers.** One `Poll` may have several, each with its own token. Wakes between two polls merge
//! into one system call, on epoll into a few if a wake came alone before. A merged wake takes
//! effect when the thread that it was merged with has run, so a real-time thread may wait for
//! another. After a `fork`, or once the selector's descriptor was handed out (`AsFd`, `AsRawFd`),
//! each wake is a system call, as in mio. On systems where a forked process inherits the selector
//! or a waker, the library installs `pthread_atfork` handlers.
//!
//! **Waiting.** `poll` never returns before its timeout, and every `Duration` is accepted. A
//! timeout that is not whole milliseconds is exact on kqueue, event ports, WASI preview 1 and Linux
//! 5.11 and later (not on Android, whose sandbox kills a process for an unknown system call); other
//! systems may round it up. On Windows 10 1803 and later, timeouts of less than 32 ms are exact to
//! half a millisecond, for one or two system calls more. A capacity of 0 is `InvalidInput`. After
//! an error `Events` is empty. `event::Iter` knows how many events are left.
//!
//! **poll(2), event ports, `poll_oneoff`.** An error or hang-up does not end a registration, the
//! capacity of `Events` is respected, and the deadline survives internal wakes. A descriptor that
//! the library does not own (`SourceFd`) keeps getting events without `reregister`, at most 10 ms
//! late unless it has hung up (below). A hang-up, error or priority condition that stays is
//! reported again: about 100 times in the first second, then 10 times a second (a closed socket, on
//! systems with `POLLRDHUP`: once a second). What follows it is at most 10 ms late in the first
//! second and 100 ms afterwards (such a socket: 1 s).
//!
//! **Beyond mio.** [`Poll::poll_until`](crate::Poll::poll_until) waits until a deadline and never
//! returns `Interrupted`. `finish_connect` of streams returns whether a connection was made, or why
//! not. `TcpListener::bind` lets as many connections wait as the system allows, not 128, and
//! `TcpListener::set_backlog` changes that. With a `net::SpareSocket`, listeners accept and close
//! connections when no file descriptor is left, instead of falling silent. On macOS
//! `unix::SourceFd` watches `/dev/tty`, too. `Interest::LEVEL`, `ONESHOT` and `EXCLUSIVE` are modes
//! of a registration (above), and `unix::set_busy_poll` sets busy polling on Linux.
//!
//! **Sockets.** Stream writes never raise SIGPIPE, vectored ones included. A Unix listener reports
//! abstract client names. On macOS and the BSDs a Unix datagram to a full receiver fails with
//! ENOBUFS, and no writable event follows; a full backlog refuses a Unix connection. mio is the
//! same there.
//!
//! **Windows.** `windows::SourceSocket` watches any socket, as `SourceFd` does on Unix, and
//! `windows::SourceHandle` a process, an event or a timer. An accepted socket is inherited only by
//! a process that is started at that very moment. Winsock is started for sockets of other
//! libraries, too. A socket that the system refuses to watch reports an error event, and
//! `take_error` returns the reason. A reset connection is `is_error`; mio's is so only for a failed
//! connect.
//!
//! **Named pipes.** A registration for writing reads nothing. The end of a client stays a `read` of
//! 0 bytes until the pipe is disconnected. Other interests than reading and writing fail with
//! `Unsupported`, a name that contains a NUL with `InvalidInput`. `disconnect` wakes every waiting
//! task, and each gets ERROR_PIPE_NOT_CONNECTED until `connect`. The end of a connect is reported
//! to every interest. When the last of a `Poll` and its registries is dropped, the operations of
//! its pipes are canceled; the memory of one that a driver does not end within a second is leaked.
//!
//! Four of upstream's own tests fail for these reasons: `assert_size` in `tests/tcp.rs` and in its
//! `tests/udp_socket.rs` (release), and `using_multiple_wakers_panics` and its sibling for cloned
//! registries in `tests/waker.rs` (debug).
