//! Named pipes release their handles and memory, and steady traffic does not allocate.
//!
//! There is one test, so that no other test of this process opens handles or allocates meanwhile.
#![cfg(all(windows, feature = "os-ext"))]

mod support;

use std::io::{ErrorKind, Read, Write};
use std::sync::atomic::Ordering;

use mio::windows::NamedPipe;
use mio::{Events, Poll, Token, Waker};
use support::counting_allocator::{self, ALLOCATED, Counting};
use support::pipes::{self, Kind};
use support::{LONG, handles, new_poll, poll_events, would_block};

const SERVER: Token = Token(0);
const CLIENT: Token = Token(1);

#[global_allocator]
static COUNTING: Counting = Counting;

#[test]
fn handles_and_memory_are_counted() {
    println!("every_drop_order_releases_everything");
    every_drop_order_releases_everything();
    println!("dropped_pipes_are_closed_by_later_polls");
    dropped_pipes_are_closed_by_later_polls();
    println!("refused_operation_releases_its_memory");
    refused_operation_releases_its_memory();
    println!("steady_traffic_allocates_nothing");
    steady_traffic_allocates_nothing();
}

/// A part that a run drops.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Part {
    Server,
    Client,
    Listening,
    Poll,
}

/// Drops in this order: a pair with a read and a write in flight in each direction, a pipe with a
/// connect in flight, and their `Poll`.
fn run(order: &[Part], with_clones: bool) {
    let (mut poll, mut events) = new_poll();
    let (server, client) = pipes::registered_pair(&mut poll, Kind::Bytes, 4096);
    let name = pipes::name();
    let listening = pipes::register_pipe(&poll, NamedPipe::new(&name).unwrap(), Token(2));
    would_block(listening.connect());
    assert_eq!({ &server }.write(&[1; 100_000]).unwrap(), 100_000);
    assert_eq!({ &client }.write(&[2; 100_000]).unwrap(), 100_000);
    // Some completion packets are consumed, others stay in the port.
    support::assert_no_event(&mut poll, &mut events, Token(2));
    let clones = with_clones.then(|| {
        let registry = poll.registry().try_clone().unwrap();
        let waker = Waker::new(&registry, Token(3)).unwrap();
        waker.wake().unwrap();
        (registry, waker)
    });
    let mut parts = (Some(server), Some(client), Some(listening), Some(poll));
    for part in order {
        match part {
            Part::Server => drop(parts.0.take()),
            Part::Client => drop(parts.1.take()),
            Part::Listening => drop(parts.2.take()),
            Part::Poll => drop(parts.3.take()),
        }
    }
    // The clones are the last owners of the port.
    drop(clones);
}

fn orders() -> Vec<Vec<Part>> {
    let parts = [Part::Server, Part::Client, Part::Listening, Part::Poll];
    let mut orders: Vec<Vec<Part>> = vec![vec![]];
    for _ in parts {
        orders = orders
            .into_iter()
            .flat_map(|order| {
                parts
                    .into_iter()
                    .filter(|part| !order.contains(part))
                    .map(|part| [order.as_slice(), &[part]].concat())
                    .collect::<Vec<_>>()
            })
            .collect();
    }
    assert_eq!(orders.len(), 24);
    orders
}

/// Every order of drops closes every handle and frees all memory.
fn every_drop_order_releases_everything() {
    for with_clones in [false, true] {
        let orders = orders();
        // The first run creates what stays.
        run(&orders[0], with_clones);
        let before = handles::open();
        for order in &orders {
            let live = counting_allocator::live();
            run(order, with_clones);
            assert_eq!(handles::open(), before, "{order:?}");
            assert_eq!(counting_allocator::live(), live, "{order:?}");
        }
    }
}

/// Dropped pipes are closed by later polls of a `Poll` that stays.
fn dropped_pipes_are_closed_by_later_polls() {
    let (mut poll, mut events) = new_poll();
    let mut round = |poll: &mut Poll| {
        let (server, client) = pipes::registered_pair(poll, Kind::Bytes, 4096);
        assert_eq!({ &server }.write(&[1; 100_000]).unwrap(), 100_000);
        drop(client);
        drop(server);
        support::assert_no_event(poll, &mut events, SERVER);
    };
    round(&mut poll);
    let (before, live) = (handles::open(), counting_allocator::live());
    for _ in 0..10 {
        round(&mut poll);
    }
    assert_eq!(handles::open(), before);
    assert_eq!(counting_allocator::live(), live);
}

/// An operation that fails at once, without a completion packet, releases its memory.
fn refused_operation_releases_its_memory() {
    let (mut poll, mut events) = new_poll();
    let (server, client) = pipes::registered_pair(&mut poll, Kind::Bytes, 4096);
    drop(client);
    support::wait_for(&mut poll, &mut events, SERVER, |event| event.is_readable());
    let refuse = || {
        for _ in 0..100 {
            assert_eq!(
                { &server }.write(&[1; 1000]).unwrap_err().kind(),
                ErrorKind::BrokenPipe
            );
            assert_eq!({ &server }.read(&mut [0; 8]).unwrap(), 0);
        }
    };
    refuse();
    let (before, live) = (handles::open(), counting_allocator::live());
    refuse();
    assert_eq!(counting_allocator::live(), live);
    drop(server);
    support::assert_no_event(&mut poll, &mut events, SERVER);
    assert_eq!(handles::open(), before - 1);
}

/// Sends one message to the server and back.
fn echo(poll: &mut Poll, events: &mut Events, server: &NamedPipe, client: &NamedPipe) {
    let (mut there, mut back) = (0, 0);
    let mut is_sent = false;
    let mut buffer = [0; 1000];
    while back < 1000 {
        if !is_sent {
            match { client }.write(&[7; 1000]) {
                Ok(count) => is_sent = count == 1000,
                Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
            }
        }
        if let Ok(count) = { server }.read(&mut buffer) {
            there += count;
        }
        if there == 1000 {
            match { server }.write(&buffer) {
                Ok(count) => there -= count,
                Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
            }
        }
        if let Ok(count) = { client }.read(&mut buffer) {
            back += count;
        }
        if back < 1000 {
            poll_events(poll, events, LONG);
        }
    }
}

fn steady_traffic_allocates_nothing() {
    let (mut poll, mut events) = new_poll();
    let (server, client) = pipes::registered_pair(&mut poll, Kind::Bytes, 4096);
    for _ in 0..10 {
        echo(&mut poll, &mut events, &server, &client);
    }
    let (before, live) = (
        ALLOCATED.load(Ordering::Relaxed),
        counting_allocator::live(),
    );
    for _ in 0..1000 {
        echo(&mut poll, &mut events, &server, &client);
    }
    assert_eq!(counting_allocator::live(), live);
    assert_eq!(ALLOCATED.load(Ordering::Relaxed), before);
    assert_eq!(CLIENT.0, SERVER.0 + 1);
}
