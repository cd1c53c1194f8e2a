//! Some sources of many are ready.

use std::hint::black_box;
use std::os::fd::{AsRawFd, RawFd};

use crate::cases::BACKEND;
use crate::meter::Meter;
use crate::peer::{Interest, Peer, Watch, eventfd, set_event};

/// So many owned eventfds in a queue.
pub struct Scene<P: Peer> {
    /// The queue.
    pub queue: P,
    /// What it watches.
    pub sources: Vec<P::Source>,
    /// Their numbers.
    pub numbers: Vec<RawFd>,
    /// The buffer.
    pub events: P::Events,
}

impl<P: Peer> Scene<P> {
    /// Registers so many.
    #[must_use]
    pub fn new(total: usize) -> Scene<P> {
        let queue = P::new();
        let (mut sources, mut numbers) = (Vec::new(), Vec::new());
        for token in 0..total {
            let descriptor = eventfd();
            numbers.push(descriptor.as_raw_fd());
            let mut source = P::source(descriptor);
            queue.registry().add(&mut source, token, Interest::Read);
            sources.push(source);
        }
        Scene {
            queue,
            sources,
            numbers,
            events: P::events(1024),
        }
    }
}

/// `READY` of `TOTAL` sources become ready before each poll, which looks at every event.
pub fn ready<P: Peer, const READY: usize, const TOTAL: usize>(meter: &mut Meter<'_>) {
    let mut scene = Scene::<P>::new(TOTAL);
    // The last ones: whoever scans from the front has the longest way.
    let first = TOTAL - READY;
    meter.prepared(
        1,
        &mut scene,
        |scene| {
            for source in &mut scene.sources[first..] {
                // On poll(2) a source must be read empty before it can become ready; on epoll every write is an edge.
                while BACKEND == "poll" && P::read_source(source, &mut [0; 8]).is_ok() {}
            }
            scene.numbers[first..]
                .iter()
                .for_each(|number| set_event(*number));
        },
        |scene| {
            scene.queue.poll(&mut scene.events, None);
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
