//! Situations in which another thread is blocked in `poll`.

use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

use mio::net::UnixStream;
use mio::{Events, Interest, Token, Waker};

use crate::run::Run;
use crate::situations::{SECOND, WAKER, drain};

/// Polls in a thread until an event of each token came.
fn poll_in_thread(run: &mut Run, tokens: &[Token], beside: impl FnOnce(&mut Run)) {
    let mut poll = run.take_poll();
    let injector = run.injector.clone();
    let case = run.case;
    let registry = poll.registry().try_clone().unwrap();
    let poll = thread::scope(|scope| {
        let poller = scope.spawn(move || {
            injector.run(|| {
                let mut events = Events::with_capacity(8);
                let mut left = tokens.to_vec();
                let end = Instant::now() + Duration::from_secs(5);
                while !left.is_empty() {
                    let timeout = end.saturating_duration_since(Instant::now());
                    assert!(!timeout.is_zero(), "events of {left:?} are lost");
                    if let Err(error) = poll.poll(&mut events, Some(timeout)) {
                        let fault = case.expect("an error without a fault").effect;
                        let code = error.raw_os_error();
                        assert_eq!(Some(fault), code.map(mio::fault_injection::Effect::Fail));
                        assert!(events.is_empty());
                    }
                    left.retain(|token| events.iter().all(|event| event.token() != *token));
                }
            });
            poll
        });
        // The thread blocks by then. If it does not, the calls differ, and the test still holds.
        thread::sleep(Duration::from_millis(3));
        run.lend(registry, beside);
        poller.join()
    });
    match poll {
        Ok(poll) => run.give_poll(poll),
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

pub(crate) fn wake_from_thread(run: &mut Run) {
    run.new_poll();
    let waker = run.new_waker(WAKER);
    poll_in_thread(run, &[WAKER], |run| run.wake(&waker));
    run.wake(&waker);
    run.expect_readable(WAKER);
    // A wake of the blocked thread itself.
    let other = Waker::new(&run.registry(), SECOND);
    if let Ok(other) = other {
        poll_in_thread(run, &[SECOND, WAKER], |run| {
            run.wake(&waker);
            run.wake(&other);
        });
    }
}

pub(crate) fn registering_while_blocked(run: &mut Run) {
    run.new_poll();
    let (mut left, mut right) = run.make(UnixStream::pair);
    let (mut first, mut second) = run.make(UnixStream::pair);
    poll_in_thread(run, &[Token(1), Token(3)], |run| {
        run.register(&mut left, Token(0), Interest::READABLE);
        thread::sleep(Duration::from_millis(2));
        run.reregister(&mut left, Token(1), Interest::READABLE);
        run.io(|| right.write(b"x"));
        thread::sleep(Duration::from_millis(2));
        run.register(&mut first, Token(2), Interest::READABLE);
        run.deregister(&mut first, Token(2));
        drop(first);
        run.register(&mut second, Token(3), Interest::READABLE);
    });
}

/// A source is read until the operation would block, while another thread waits for it.
pub(crate) fn rearming_while_blocked(run: &mut Run) {
    run.new_poll();
    let (mut left, mut right) = run.make(UnixStream::pair);
    run.register(&mut left, Token(1), Interest::READABLE);
    for _ in 0..2 {
        run.io(|| right.write(b"x"));
        run.expect_readable(Token(1));
        poll_in_thread(run, &[Token(1)], |run| {
            drain(run, &left);
            run.io(|| right.write(b"x"));
        });
        drain(run, &left);
    }
}
