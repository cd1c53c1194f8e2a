//! Polls with some sources of many ready.

use std::hint::black_box;
use std::os::fd::{AsRawFd, RawFd};

use crate::cases::BACKEND;
use crate::meter::Meter;
use crate::peer::{Interest, Peer, Watch, eventfd, set_event};

/// A selector and its eventfds.
pub struct Scene<P: Peer> {
    /// The selector.
    pub selector: P,
    /// The registered eventfds.
    pub sources: Vec<P::Source>,
    /// Their fds.
    pub fds: Vec<RawFd>,
    /// The event buffer.
    pub events: P::Events,
}

impl<P: Peer> Scene<P> {
    /// Registers this number of eventfds.
    #[must_use]
    pub fn new(total: usize) -> Scene<P> {
        Scene::with_room(total, 1024)
    }

    /// Registers this number of eventfds, with an event buffer of this capacity.
    fn with_room(total: usize, capacity: usize) -> Scene<P> {
        let selector = P::new();
        let (mut sources, mut fds) = (Vec::new(), Vec::new());
        for token in 0..total {
            let descriptor = eventfd();
            fds.push(descriptor.as_raw_fd());
            let mut source = P::source(descriptor);
            selector.registry().add(&mut source, token, Interest::Read);
            sources.push(source);
        }
        Scene {
            selector,
            sources,
            fds,
            events: P::events(capacity),
        }
    }
}

/// `READY` of `TOTAL` sources become ready before each poll, whose events are all read. They are
/// the last sources, which a scan from the front finds last.
pub fn ready<P: Peer, const READY: usize, const TOTAL: usize>(meter: &mut Meter<'_>) {
    measure::<P>(meter, READY, TOTAL, |_, index| TOTAL - READY + index);
}

/// Like `ready`, but the ready sources are spread over all, and others in each turn: upstream's
/// poll(2) selector walks through a hash table until it has found all.
pub fn spread<P: Peer, const READY: usize, const TOTAL: usize>(meter: &mut Meter<'_>) {
    measure::<P>(meter, READY, TOTAL, |turn, index| {
        (turn * 7_919 + index * (TOTAL / READY)) % TOTAL
    });
}

/// Like `spread`, with what follows a poll: each ready source is read until it would block. On
/// poll(2) that arms it again, in which the libraries spend more than in the poll itself.
pub fn served<P: Peer, const READY: usize, const TOTAL: usize>(meter: &mut Meter<'_>) {
    let mut scene = (0, Scene::<P>::with_room(TOTAL, READY.max(1024)));
    meter.prepared(
        1,
        &mut scene,
        |(turn, scene)| {
            *turn += 1;
            for index in 0..READY {
                set_event(scene.fds[(*turn * 7_919 + index * (TOTAL / READY)) % TOTAL]);
            }
        },
        |(_, scene)| {
            scene.selector.poll(&mut scene.events, None);
            let sources = &mut scene.sources;
            let mut read = 0;
            P::visit(&scene.events, |token, _, _| {
                while P::read_source(&mut sources[token], &mut [0; 8]).is_ok() {}
                read += 1;
            });
            assert_eq!(black_box(read), READY);
        },
    );
}

/// The number of the source at an index of the ready ones, by turn.
type Choose = fn(usize, usize) -> usize;

fn measure<P: Peer>(meter: &mut Meter<'_>, ready: usize, total: usize, choose: Choose) {
    let mut scene = (0, Scene::<P>::with_room(total, ready.max(1024)));
    meter.prepared(
        1,
        &mut scene,
        |(turn, scene)| {
            if BACKEND == "poll" {
                // On poll(2) a source must be drained before it becomes ready again. On epoll each
                // write is an edge.
                for index in 0..ready {
                    let source = &mut scene.sources[choose(*turn, index)];
                    while P::read_source(source, &mut [0; 8]).is_ok() {}
                }
            }
            *turn += 1;
            for index in 0..ready {
                set_event(scene.fds[choose(*turn, index)]);
            }
        },
        |(_, scene)| {
            scene.selector.poll(&mut scene.events, None);
            let (mut tokens, mut readable, mut writable) = (0, 0, 0);
            P::visit(&scene.events, |token, read, write| {
                tokens += token;
                readable += usize::from(read);
                writable += usize::from(write);
            });
            assert_eq!(black_box((readable, writable)).0, ready);
            black_box(tokens);
        },
    );
}
