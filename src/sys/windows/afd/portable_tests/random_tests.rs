//! Random schedules of a selector on a fake AFD with every known deviation.
//!
//! A model records which readiness each registration must still report. Checked: no event is lost,
//! no event comes of a registration that has ended, two requests for one socket never share a
//! handle, and the numbers of requests and waits are bounded by the number of actions.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use super::super::{Afd, Registration};
use super::{BOTH, selector};
use crate::sys::selector::{
    EventBuffer as _, RegisterUnowned as _, Selector as _, SelectorEvent as _,
};
use crate::sys::windows::platform::kernel::{
    ACCESS_DENIED, INSUFFICIENT_RESOURCES, Kernel, Quirks,
};
use crate::sys::windows::{event::Events, platform, platform::ffi};
use crate::testing::choices::Choices;
use crate::{Interest, Token};

fn interest(random: &mut Choices) -> Interest {
    [Interest::READABLE, Interest::WRITABLE, BOTH][random.below(3) as usize]
}

/// The readable conditions of a stream and of a listener.
const DATA: u32 = ffi::AFD_POLL_RECEIVE | ffi::AFD_POLL_ACCEPT;

/// One registration in the model.
struct Watched {
    socket: u64,
    interest: Interest,
    /// `None` for an unowned socket.
    registration: Option<Registration>,
    /// Directions whose next readiness must be reported.
    reads: bool,
    writes: bool,
}

struct FakeKernel {
    kernel: Kernel,
    registry: Afd,
    random: Choices,
    watched: HashMap<usize, Watched>,
    last_token: usize,
    /// The number of actions.
    actions: usize,
}

const SOCKETS: u64 = 6;

impl FakeKernel {
    /// Does one random action of an application or a peer.
    fn act(&mut self) {
        self.actions += 1;
        let socket = self.random.below(SOCKETS);
        // Half of the sockets listen.
        let data = if socket % 2 == 0 {
            ffi::AFD_POLL_RECEIVE
        } else {
            ffi::AFD_POLL_ACCEPT
        };
        match self.random.below(10) {
            0 | 1 => self.kernel.set(socket, data),
            2 => self.kernel.set(socket, ffi::AFD_POLL_SEND),
            3 => self.kernel.clear(socket, ffi::AFD_POLL_SEND),
            4 | 5 => self.register(socket),
            6 => self.deregister(),
            7 => self.reregister(),
            8 => self.would_block(),
            _ => self.misbehave(),
        }
    }

    fn misbehave(&mut self) {
        let count = 1 + self.random.below(2) as u32;
        let cancels = self.random.one_in(2);
        self.kernel.quirks(|quirks| {
            if cancels {
                quirks.failing_cancels = count;
            } else {
                quirks.refusals.push_back(INSUFFICIENT_RESOURCES);
            }
        });
    }

    fn register(&mut self, socket: u64) {
        let interest = interest(&mut self.random);
        self.last_token += 1;
        let token = Token(self.last_token);
        let registration = if self.random.one_in(3) {
            if self
                .registry
                .register_unowned(socket, token, interest)
                .is_err()
            {
                return;
            }
            None
        } else {
            match self.registry.register(socket, token, interest) {
                Ok(registration) => Some(registration),
                // AFD refused it.
                Err(_) => return,
            }
        };
        let watched = Watched {
            socket,
            interest,
            registration,
            reads: interest.is_readable(),
            writes: interest.is_writable(),
        };
        self.watched.insert(token.0, watched);
    }

    fn pick(&mut self) -> Option<usize> {
        let mut tokens: Vec<_> = self.watched.keys().copied().collect();
        tokens.sort_unstable();
        let count = tokens.len() as u64;
        (count != 0).then(|| tokens[self.random.below(count) as usize])
    }

    fn deregister(&mut self) {
        let Some(token) = self.pick() else { return };
        let watched = self.watched.remove(&token).unwrap();
        match watched.registration {
            Some(registration) => self.registry.deregister(registration, watched.socket),
            None => self.registry.deregister_unowned(watched.socket),
        }
        .unwrap();
    }

    fn reregister(&mut self) {
        let Some(token) = self.pick() else { return };
        let interest = interest(&mut self.random);
        let watched = self.watched.get_mut(&token).unwrap();
        let socket = watched.socket;
        match &mut watched.registration {
            Some(registration) => {
                self.registry
                    .reregister(registration, socket, Token(token), interest)
            }
            None => self
                .registry
                .reregister_unowned(socket, Token(token), interest),
        }
        .unwrap();
        watched.interest = interest;
        watched.reads = interest.is_readable();
        watched.writes = interest.is_writable();
    }

    /// An operation drains one direction of a socket and would block.
    fn would_block(&mut self) {
        let Some(token) = self.pick() else { return };
        let is_read = self.random.one_in(2);
        let watched = self.watched.get_mut(&token).unwrap();
        let conditions = if is_read { DATA } else { ffi::AFD_POLL_SEND };
        self.kernel.clear(watched.socket, conditions);
        let direction = if is_read {
            watched.reads |= watched.interest.is_readable();
            Interest::READABLE
        } else {
            watched.writes |= watched.interest.is_writable();
            Interest::WRITABLE
        };
        if let Some(registration) = &watched.registration {
            Afd::rearm(registration, direction).unwrap();
        }
    }

    /// Checks events: each is of a live registration.
    fn take(&mut self, events: &Events) {
        for event in events.as_slice() {
            let token = event.token().0;
            let watched = self.watched.get_mut(&token);
            let watched = watched.unwrap_or_else(|| panic!("{token} was deregistered"));
            assert!(!event.is_error(), "{event:?}");
            watched.reads &= !event.is_readable();
            watched.writes &= !event.is_writable();
        }
    }

    /// The readiness that was not reported.
    fn owed(&self) -> Vec<String> {
        let is_owed = |watched: &Watched| {
            let level = self.kernel.level(watched.socket).unwrap();
            watched.reads && level & DATA != 0 || watched.writes && level & ffi::AFD_POLL_SEND != 0
        };
        let owed = self.watched.iter().filter(|(_, watched)| is_owed(watched));
        owed.map(|(token, it)| {
            let level = self.kernel.level(it.socket);
            format!(
                "{token}: {:?} {level:?}, owned {:?}",
                it.interest, it.registration
            )
        })
        .collect()
    }
}

/// Runs one schedule of at most so many waits. `seed` delays packets.
pub(crate) fn run(mut random: Choices, rounds: usize, seed: u64) {
    let quirks = Quirks {
        receive_is_accept: random.one_in(2),
        completes_with_warning: random.one_in(4),
        one_late_of: random.below(4),
        ..Quirks::default()
    };
    let (kernel, mut selector, mut events) = selector(seed, quirks);
    kernel.timers(|timers| {
        timers.exist = seed % 2 == 0;
        timers.pending_cancels = vec![true, false];
    });
    for socket in 0..SOCKETS {
        kernel.open_socket(socket, socket % 2 == 1);
    }
    let world = Rc::new(RefCell::new(FakeKernel {
        kernel: kernel.clone(),
        registry: selector.try_clone().unwrap(),
        random,
        watched: HashMap::new(),
        last_token: 0,
        actions: 0,
    }));
    let mut event_count = 0;
    let mut waits = 0;
    for _ in 0..rounds {
        if world.borrow().random.has_ended() {
            break;
        }
        let acts = world.borrow_mut().random.below(4);
        for _ in 0..acts {
            world.borrow_mut().act();
        }
        // Other threads act while this one waits. They do not deregister: this wait could still
        // report such a source.
        let others = Rc::clone(&world);
        let mut left = world.borrow_mut().random.below(4);
        platform::during_wait(Some(Box::new(move || {
            if left == 0 {
                return false;
            }
            left -= 1;
            let mut world = others.borrow_mut();
            world.actions += 1;
            let socket = world.random.below(SOCKETS);
            match world.random.below(4) {
                0 => world.register(socket),
                1 => world.would_block(),
                2 => world.reregister(),
                _ => world
                    .kernel
                    .set(socket, DATA & !(ffi::AFD_POLL_ACCEPT >> (7 * (socket % 2)))),
            }
            true
        })));
        let is_zero = world.borrow_mut().random.one_in(2);
        let timeout = Duration::from_millis(u64::from(!is_zero));
        selector.poll(&mut events, Some(timeout)).unwrap();
        waits += 1;
        event_count += events.as_slice().len();
        world.borrow_mut().take(&events);
    }
    platform::during_wait(None);
    kernel.quirks(|quirks| {
        quirks.refusals.clear();
        quirks.failing_cancels = 0;
    });
    // No more actions: every missing event comes within a few pauses.
    let start = platform::now();
    let limit = Duration::from_secs(2);
    while !world.borrow().owed().is_empty() && platform::now() - start < limit {
        let timeout = Some(Duration::from_millis(20));
        selector.poll(&mut events, timeout).unwrap();
        waits += 1;
        event_count += events.as_slice().len();
        world.borrow_mut().take(&events);
    }
    let owed = world.borrow().owed();
    assert!(owed.is_empty(), "seed {seed}: lost {owed:?}");
    let counts = kernel.counts();
    assert_eq!(counts.overlapping, 0, "seed {seed}");
    let world = world.borrow();
    let done = event_count + waits + world.actions;
    assert!(
        counts.requests <= 4 * done,
        "seed {seed}: {counts:?}, {done}"
    );
    assert!(counts.waits <= 8 * done, "seed {seed}: {counts:?}, {done}");
}

/// A failure names its seed, which `run` repeats.
#[test]
fn random_schedules_lose_no_event() {
    // Miri is slow.
    let seeds = if cfg!(miri) { 2 } else { 100 };
    for seed in 1..=seeds {
        run(Choices::from_seed(seed), 120, seed);
    }
}

/// Sockets of layered providers, sockets whose lowest 16 bits are equal, closed sockets, requests
/// that cannot be canceled and failures of any call: no two requests for one socket share a handle,
/// no handle is closed under a request, and all handles are released.
#[test]
fn random_schedules_release_all_handles() {
    let seeds = if cfg!(miri) { 2 } else { 200 };
    for seed in 1..=seeds {
        release_all(seed);
    }
}

/// A socket, one with the same lowest 16 bits, and one of a layered provider whose base it is.
const SAME_BITS: u64 = 1 << 16;
const LAYERED: u64 = 100;
/// Sockets that one handle cannot serve all.
const OTHERS: std::ops::Range<u64> = 1_000..1_040;

fn release_all(seed: u64) {
    let mut random = Choices::from_seed(seed);
    let quirks = Quirks {
        one_late_of: random.below(4),
        layered: (0..SOCKETS).map(|base| (LAYERED + base, base)).collect(),
        ..Quirks::default()
    };
    let (kernel, mut selector, mut events) = selector(seed, quirks);
    let mut owned: Vec<(Registration, u64)> = Vec::new();
    for base in 0..SOCKETS {
        kernel.open_socket(base, false);
        kernel.open_socket(base + SAME_BITS, false);
    }
    let registry = selector.try_clone().unwrap();
    if random.one_in(2) {
        for socket in OTHERS {
            kernel.open_socket(socket, false);
            owned.push((super::register(&registry, socket, BOTH), socket));
        }
    }
    for _ in 0..random.below(300) {
        let base = random.below(SOCKETS);
        let socket = base + [0, LAYERED, SAME_BITS][random.below(3) as usize];
        let interest = interest(&mut random);
        match random.below(16) {
            0..=3 => {
                if let Ok(registration) = registry.register(socket, Token(1), interest) {
                    owned.push((registration, socket));
                }
            }
            4 => _ = registry.register_unowned(socket, Token(2), interest),
            5 => _ = registry.deregister_unowned(socket),
            6 | 7 if !owned.is_empty() => {
                let index = random.below(owned.len() as u64) as usize;
                drop(owned.swap_remove(index));
            }
            8 if !owned.is_empty() => {
                let index = random.below(owned.len() as u64) as usize;
                let (registration, socket) = &mut owned[index];
                _ = registry.reregister(registration, *socket, Token(1), interest);
            }
            9 => {
                for (registration, _) in &owned {
                    Afd::rearm(registration, interest).unwrap();
                }
            }
            10 => kernel.set(kernel.base(socket).unwrap_or(base), ffi::AFD_POLL_RECEIVE),
            11 => kernel.clear(kernel.base(socket).unwrap_or(base), ffi::AFD_POLL_RECEIVE),
            12 if random.one_in(4) => {
                let socket = base + [0, SAME_BITS][random.below(2) as usize];
                kernel.close(socket);
                kernel.open_socket(socket, false);
            }
            13 => kernel.quirks(|quirks| match random.below(5) {
                0 => quirks.failing_cancels = 2,
                1 => quirks.refusals.push_back(INSUFFICIENT_RESOURCES),
                2 => quirks.failures.push_back(ACCESS_DENIED),
                3 => quirks.base_error = random.one_in(2).then_some(10_055),
                _ => quirks.open_error = random.one_in(2).then_some(1450),
            }),
            _ => {
                let timeout = Duration::from_millis(random.below(2) * 15);
                selector.poll(&mut events, Some(timeout)).unwrap();
            }
        }
    }
    kernel.quirks(|quirks| *quirks = Quirks::default());
    let is_dropped_first = random.one_in(2);
    if is_dropped_first {
        drop((registry, selector));
        drop(owned);
    } else {
        drop(owned);
        for base in 0..SOCKETS {
            for socket in [base, base + LAYERED, base + SAME_BITS] {
                _ = registry.deregister_unowned(socket);
            }
        }
        // A request that could not be canceled completes now.
        for socket in (0..SOCKETS)
            .chain(SAME_BITS..SAME_BITS + SOCKETS)
            .chain(OTHERS)
        {
            kernel.close(socket);
        }
        for _ in 0..20 {
            selector.poll(&mut events, Some(Duration::ZERO)).unwrap();
        }
        selector
            .poll(&mut events, Some(Duration::from_millis(50)))
            .unwrap();
        let handles = selector.shared.handles();
        assert!(handles.has_no_routes(), "seed {seed}: {handles:?}");
        assert_eq!(handles.len(), kernel.counts().open_handles, "seed {seed}");
        assert!(handles.len() <= 1, "seed {seed}");
        drop(handles);
        drop((registry, selector));
    }
    let counts = kernel.counts();
    assert_eq!(counts.open_handles, 0, "seed {seed}");
    assert_eq!(counts.closed_in_flight, 0, "seed {seed}");
    assert_eq!(counts.overlapping, 0, "seed {seed}");
}
