//! From nothing to an event loop in four steps.
//!
//! # 1. A queue and a buffer
//!
//! [`Poll`](crate::Poll) is the queue in the kernel; [`Events`](crate::Events) is the buffer that one call fills.
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
//! Each source gets a [`Token`](crate::Token), a number of your choice that its events carry, and an
//! [`Interest`](crate::Interest). Tokens are usually an index into a table of connections.
//!
//! # 3. Wait and serve
//!
//! An event says that something *became* ready. Read or write until the call says
//! [`WouldBlock`](std::io::ErrorKind::WouldBlock): only then does the next event of that source come. Events may be spurious.
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
//! # 4. Wake it from elsewhere
//!
//! A [`Waker`](crate::Waker) ends a waiting `poll` from another thread.
