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
            events: P::events(1024),
        }
    }
}

/// `READY` of `TOTAL` sources become ready before each poll, whose events are all read.
pub fn ready<P: Peer, const READY: usize, const TOTAL: usize>(meter: &mut Meter<'_>) {
    let mut scene = Scene::<P>::new(TOTAL);
    // The last sources, which a scan from the front finds last.
    let first = TOTAL - READY;
    meter.prepared(
        1,
        &mut scene,
        |scene| {
            for source in &mut scene.sources[first..] {
                // On poll(2) a source must be drained before it becomes ready again. On epoll each
                // write is an edge.
                while BACKEND == "poll" && P::read_source(source, &mut [0; 8]).is_ok() {}
            }
            scene.fds[first..].iter().for_each(|fd| set_event(*fd));
        },
        |scene| {
            scene.selector.poll(&mut scene.events, None);
            let (mut tokens, mut readable, mut writable) = (0, 0, 0);
            P::visit(&scene.events, |token, read, write| {
                tokens += token;
                readable += usize::from(read);
                writable += usize::from(write);
            });
            assert_eq!(black_box((readable, writable)).0, READY);
            black_box(tokens);
        },
    );
}
