//! Registrations by several threads while `poll` waits.

use std::sync::Barrier;
use std::thread;

use super::*;

/// Several threads register sources while `poll` waits.
#[test]
fn threads_register_while_poll_waits() {
    const EACH: usize = 20;
    let (mut poll, mut events) = new_poll();
    let registry = poll.registry().try_clone().unwrap();
    thread::scope(|scope| {
        let all: Vec<_> = (0..4)
            .map(|thread| {
                let registry = &registry;
                scope.spawn(move || {
                    let tokens = thread * EACH..(thread + 1) * EACH;
                    tokens
                        .map(|token| {
                            let mut socket = UdpSocket::bind(loopback()).unwrap();
                            registry
                                .register(&mut socket, Token(token), Interest::WRITABLE)
                                .unwrap();
                            socket
                        })
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        let mut seen = [false; 4 * EACH];
        while seen.contains(&false) {
            poll_events(&mut poll, &mut events, support::LONG);
            assert!(!events.is_empty(), "{seen:?}");
            for event in &events {
                seen[event.token().0] = true;
            }
        }
        for sockets in all {
            for mut socket in sockets.join().unwrap() {
                registry.deregister(&mut socket).unwrap();
            }
        }
    });
    assert_no_event(&mut poll, &mut events, Token(0));
}

/// A new token and a new interest take effect in the `poll` that is waiting.
#[test]
fn reregister_takes_effect_while_poll_waits() {
    let (mut poll, mut events) = new_poll();
    let registry = poll.registry().try_clone().unwrap();
    let mut socket = UdpSocket::bind(loopback()).unwrap();
    poll.registry()
        .register(&mut socket, Token(0), Interest::READABLE)
        .unwrap();
    for round in 1..20 {
        let barrier = Barrier::new(2);
        thread::scope(|scope| {
            scope.spawn(|| {
                barrier.wait();
                registry
                    .reregister(&mut socket, Token(2 * round), Interest::READABLE)
                    .unwrap();
                registry
                    .reregister(&mut socket, Token(2 * round + 1), Interest::WRITABLE)
                    .unwrap();
            });
            barrier.wait();
            wait_for(&mut poll, &mut events, Token(2 * round + 1), |event| {
                event.is_writable() && !event.is_readable()
            });
        });
    }
}

/// Registering with a `Poll` that another thread drops is not an error.
#[test]
fn poll_can_be_dropped_while_others_register() {
    for _ in 0..20 {
        let poll = Poll::new().unwrap();
        let registries: Vec<_> = (0..3)
            .map(|_| poll.registry().try_clone().unwrap())
            .collect();
        let barrier = Barrier::new(4);
        thread::scope(|scope| {
            for registry in registries {
                let barrier = &barrier;
                scope.spawn(move || {
                    let mut socket = UdpSocket::bind(loopback()).unwrap();
                    barrier.wait();
                    for token in 0..50 {
                        registry
                            .register(&mut socket, Token(token), Interest::WRITABLE)
                            .unwrap();
                        registry
                            .reregister(&mut socket, Token(token), Interest::READABLE)
                            .unwrap();
                        registry.deregister(&mut socket).unwrap();
                    }
                    registry
                        .register(&mut socket, Token(0), Interest::WRITABLE)
                        .unwrap();
                    drop(registry);
                    drop(socket);
                });
            }
            barrier.wait();
            drop(poll);
        });
    }
}
