//! One run of a situation: its `Poll`, the events that came, and at most one fault.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::thread;
use std::time::{Duration, Instant};

use mio::event::Source;
use mio::fault_injection::{Call, Effect, Fault, Injector};
use mio::{Events, Interest, Poll, Registry, Token, Waker};

use crate::rules::{Operation, Outcome, outcome};
use crate::support::KQUEUE;

/// The longest wait for an event that is due. Only a failing case waits that long.
const LONG: Duration = Duration::from_secs(5);

/// What happens to one call of a situation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    pub(crate) call: Call,
    /// The number of the call among those of its kind; 1 is the first.
    pub(crate) number: usize,
    pub(crate) name: &'static str,
    pub(crate) effect: Effect,
}

impl Case {
    pub(crate) fn fault(&self) -> Fault {
        Fault {
            call: self.call,
            first: self.number,
            times: 1,
            effect: self.effect,
        }
    }
}

/// The conditions of an event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    token: Token,
    pub(crate) readable: bool,
    pub(crate) writable: bool,
    pub(crate) read_closed: bool,
    pub(crate) write_closed: bool,
}

/// The number of open file descriptors, and one more for the folder that lists them.
pub(crate) fn open_fds() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

/// The same once it is at most `most`, or after a while. A fake kernel opens fds for a moment, also
/// in the thread that polls beside this one.
fn settled_fds(most: usize) -> usize {
    let mut open = open_fds();
    for _ in 0..100 {
        if open <= most {
            break;
        }
        thread::sleep(Duration::from_millis(1));
        open = open_fds();
    }
    open
}

pub(crate) struct Run {
    pub(crate) injector: Injector,
    pub(crate) case: Option<Case>,
    poll: Option<Poll>,
    /// The registry of a `Poll` that another thread has.
    lent: Option<Registry>,
    events: Events,
    /// Events that came and were not expected yet.
    seen: Vec<Seen>,
    /// Tokens of sources and wakers that no longer exist.
    ended: HashSet<Token>,
}

impl Run {
    pub(crate) fn new(injector: Injector, case: Option<Case>) -> Run {
        Run {
            injector,
            case,
            poll: None,
            lent: None,
            events: Events::with_capacity(16),
            seen: Vec::new(),
            ended: HashSet::new(),
        }
    }

    /// Runs one operation of the library. If the fault comes by, the result must be what the rules
    /// say; and an operation that has failed must have opened no fd, and must succeed when it is
    /// repeated.
    pub(crate) fn call<T>(
        &mut self,
        operation: Operation,
        mut run: impl FnMut() -> io::Result<T>,
    ) -> T {
        let affected = self.injector.affected_here();
        let fds = open_fds();
        let result = run();
        if self.injector.affected_here() == affected {
            return result.unwrap_or_else(|error| panic!("{operation:?} without a fault: {error}"));
        }
        let case = self.case.expect("a fault comes from a case");
        let Err(error) = result else {
            let rule = outcome(operation, case.call, case.name);
            assert_ne!(rule, Outcome::Returned, "{operation:?} swallows the error");
            return result.unwrap_or_else(|error| panic!("{error}"));
        };
        self.check_error(operation, &error);
        // A kqueue keeps the pipe that reports writers without a reader until it is dropped.
        let is_kept = KQUEUE && case.call == Call::Write && operation != Operation::Wake;
        let most = if is_kept { fds + 2 } else { fds };
        let open = settled_fds(most);
        assert!(
            open <= most,
            "{operation:?} failed and left {} fds",
            open - fds
        );
        match run() {
            Ok(value) => value,
            Err(error) => panic!("{operation:?} fails again, without the fault: {error}"),
        }
    }

    /// Checks an error that the fault has caused.
    fn check_error(&self, operation: Operation, error: &io::Error) {
        let case = self.case.expect("a fault comes from a case");
        let rule = outcome(operation, case.call, case.name);
        assert_ne!(rule, Outcome::Succeeds, "{operation:?} returns {error}");
        if rule == Outcome::BadFd {
            assert_eq!(error.raw_os_error(), Some(libc::EBADF), "{error}");
            return;
        }
        if rule == Outcome::NotFound {
            assert_eq!(error.kind(), io::ErrorKind::NotFound, "{error}");
            return;
        }
        if let Effect::Fail(code) | Effect::FailAfter(code) = case.effect {
            assert_eq!(
                error.raw_os_error(),
                Some(code),
                "{operation:?} returns {error}"
            );
        }
    }

    pub(crate) fn new_poll(&mut self) {
        self.new_poll_with(16);
    }

    /// A `Poll` that returns at most `capacity` events at once.
    pub(crate) fn new_poll_with(&mut self, capacity: usize) {
        self.poll = Some(self.call(Operation::NewPoll, Poll::new));
        self.events = Events::with_capacity(capacity);
        self.seen.clear();
        self.ended.clear();
    }

    /// A clone of the registry.
    pub(crate) fn registry(&self) -> Registry {
        let own = self.poll.as_ref().map(Poll::registry);
        let registry = own.or(self.lent.as_ref()).expect("there is a `Poll`");
        registry.try_clone().expect("a clone needs no call")
    }

    /// Runs `run` while another thread has the `Poll` with this registry.
    pub(crate) fn lend(&mut self, registry: Registry, run: impl FnOnce(&mut Run)) {
        self.lent = Some(registry);
        run(self);
        self.lent = None;
    }

    /// For a thread of the caller.
    pub(crate) fn take_poll(&mut self) -> Poll {
        self.poll.take().expect("there is a `Poll`")
    }

    pub(crate) fn give_poll(&mut self, poll: Poll) {
        self.poll = Some(poll);
    }

    pub(crate) fn new_waker(&mut self, token: Token) -> Waker {
        let registry = self.registry();
        self.call(Operation::NewWaker, || Waker::new(&registry, token))
    }

    pub(crate) fn wake(&mut self, waker: &Waker) {
        self.call(Operation::Wake, || waker.wake());
    }

    /// Makes a source.
    pub(crate) fn make<T>(&mut self, make: impl FnMut() -> io::Result<T>) -> T {
        self.call(Operation::NewSource, make)
    }

    pub(crate) fn io<T>(&mut self, run: impl FnMut() -> io::Result<T>) -> T {
        self.call(Operation::Io, run)
    }

    pub(crate) fn register(&mut self, source: &mut impl Source, token: Token, interest: Interest) {
        let registry = self.registry();
        self.call(Operation::Register, || {
            registry.register(source, token, interest)
        });
        self.ended.remove(&token);
    }

    pub(crate) fn reregister(
        &mut self,
        source: &mut impl Source,
        token: Token,
        interest: Interest,
    ) {
        let registry = self.registry();
        self.call(Operation::Reregister, || {
            registry.reregister(source, token, interest)
        });
    }

    /// Ends a registration. An owned source counts as deregistered even if that fails, so the
    /// second attempt finds no registration. `true` if it failed: then the kernel may have kept the
    /// registration, and only closing the fd ends it.
    pub(crate) fn deregister(&mut self, source: &mut impl Source, token: Token) -> bool {
        let registry = self.registry();
        let mut has_failed = false;
        self.call(Operation::Deregister, || {
            match registry.deregister(source) {
                Err(error) if has_failed && error.kind() == io::ErrorKind::NotFound => Ok(()),
                result => {
                    has_failed = result.is_err();
                    result
                }
            }
        });
        self.seen.retain(|seen| seen.token != token);
        if !has_failed {
            self.ended.insert(token);
        }
        has_failed
    }

    /// Drops a source or waker: its token must not be reported again, unless a call of `drop` has
    /// failed. Then the kernel may keep a waker's event.
    pub(crate) fn drop<T>(&mut self, value: T, token: Token) {
        let mut value = Some(value);
        let affected = self.injector.affected_here();
        self.call(Operation::Drop, || {
            drop(value.take());
            Ok(())
        });
        self.seen.retain(|seen| seen.token != token);
        if self.injector.affected_here() == affected {
            self.ended.insert(token);
        }
    }

    /// Drops the `Poll`.
    pub(crate) fn drop_poll(&mut self) {
        let mut poll = self.poll.take();
        self.call(Operation::Drop, || {
            drop(poll.take());
            Ok(())
        });
    }

    /// Polls once. An interrupted or failed poll leaves no event.
    pub(crate) fn poll(&mut self, timeout: Option<Duration>) {
        let mut poll = self.take_poll();
        let mut events = std::mem::replace(&mut self.events, Events::with_capacity(1));
        let affected = self.injector.affected_here();
        let mut has_failed = false;
        self.call(Operation::Poll, || {
            let result = poll.poll(&mut events, timeout);
            has_failed |= result.is_err();
            assert!(
                result.is_ok() || events.is_empty(),
                "an error beside events"
            );
            result
        });
        if let (false, Some(case)) = (self.injector.affected_here() == affected, self.case) {
            let rule = outcome(Operation::Poll, case.call, case.name);
            let is_silent = rule == Outcome::ReturnedWithoutEvents && !has_failed;
            assert!(!is_silent || !events.is_empty(), "poll swallows the error");
        }
        for event in &events {
            let token = event.token();
            assert!(
                !self.ended.contains(&token),
                "an event of a source that has ended: {event:?}"
            );
            self.seen.push(Seen {
                token,
                readable: event.is_readable(),
                writable: event.is_writable(),
                read_closed: event.is_read_closed(),
                write_closed: event.is_write_closed(),
            });
        }
        self.events = events;
        self.poll = Some(poll);
    }

    /// Waits for an event that is due, and takes it.
    #[track_caller]
    pub(crate) fn expect(&mut self, token: Token, wanted: impl Fn(&Seen) -> bool) {
        let end = Instant::now() + LONG;
        loop {
            let is_wanted = |seen: &Seen| seen.token == token && wanted(seen);
            if let Some(index) = self.seen.iter().position(is_wanted) {
                self.seen.remove(index);
                return;
            }
            let left = end.saturating_duration_since(Instant::now());
            assert!(
                !left.is_zero(),
                "an event of {token:?} is lost; seen: {:?}",
                self.seen
            );
            self.poll(Some(left));
        }
    }

    #[track_caller]
    pub(crate) fn expect_readable(&mut self, token: Token) {
        self.expect(token, |seen| seen.readable);
    }

    #[track_caller]
    pub(crate) fn expect_writable(&mut self, token: Token) {
        self.expect(token, |seen| seen.writable);
    }

    /// Polls without waiting until nothing comes, and forgets what came.
    pub(crate) fn settle(&mut self) {
        self.poll(Some(Duration::ZERO));
        self.seen.clear();
    }
}
