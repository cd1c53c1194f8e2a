//! Waits that end within half a millisecond of their time.
//!
//! The timeout of `GetQueuedCompletionStatusEx` ends at a tick of the system's clock, which comes
//! every 15.6 ms unless a program asks for more ([timeBeginPeriod]). A high-resolution timer
//! ([CreateWaitableTimerExW], Windows 10 1803) does not wait for the tick. A wait completion packet
//! ([associate], Windows 8) of the timer goes to the port at which the selector waits.
//!
//! # System calls
//!
//! Each selector has one timer and one packet, which its first short wait makes. A short wait sets
//! the timer, and associates the packet unless it is associated: one call more or two. An event may
//! end the wait first. The packet then stays associated and the timer set, for the next short wait
//! sets it again; before another wait that blocks, the association is canceled, which is one call.
//! All other waits make no call. Without the timer or the packet, waits are as if this module did
//! not exist.
//!
//! # Packets
//!
//! A packet means that the packet object may be associated again, and nothing else. The caller
//! compares the clock with its deadline, so a packet that comes at another time costs one more wait
//! and ends none. These come at another time:
//!
//! - the packet of an earlier wait that an event has ended.
//! - the packet of an association whose cancelation has returned `STATUS_PENDING`: it may come, or
//!   not ([cancel]), so the association is *unknown*.
//!
//! | association | packet | short wait | other wait |
//! |---|---|---|---|
//! | none | none | sets, associates: outstanding | none |
//! | outstanding | none | sets | cancels: none; if pending: unknown |
//! | unknown | none | sets, associates: outstanding; if refused: unknown | unknown |
//!
//! [timeBeginPeriod]: https://learn.microsoft.com/windows/win32/api/timeapi/nf-timeapi-timebeginperiod
//! [CreateWaitableTimerExW]: https://learn.microsoft.com/windows/win32/api/synchapi/nf-synchapi-createwaitabletimerexw
//! [associate]: https://learn.microsoft.com/windows/win32/devnotes/ntassociatewaitcompletionpacket
//! [cancel]: https://learn.microsoft.com/windows/win32/devnotes/ntcancelwaitcompletionpacket

use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::sys::sync::{AtomicBool, Ordering};
use crate::sys::windows::platform::iocp::{EventSink, PacketReceiver, Port, PortEntry};
use crate::sys::windows::platform::syscalls::wait_packet::{Canceled, Timer};

/// Longer waits do without the timer. They are two ticks of the clock, so a longer wait is late by
/// less than half of its length, and a shorter one by up to many times its length.
const MAX_WAIT: Duration = Duration::from_millis(32);

/// What a wait that the timer ends adds to the timeout of the port, which must not come first: more
/// than a tick. The port ends the wait only if the packet does not come.
const SLACK_MILLIS: u32 = 20;

/// How often making the timer may fail before the selector does without one.
const MAX_FAILURES: u8 = 16;

/// The timer of one selector. See the head of this file.
#[derive(Debug)]
pub(super) enum WaitTimer {
    /// No wait was short, or making the timer has failed this number of times.
    NotMade(u8),
    /// The system lacks the timer or the packet.
    Missing,
    Made(Made),
}

#[derive(Debug)]
pub(super) struct Made {
    timer: Timer,
    association: Association,
    target: Arc<Target>,
    port_entry: PortEntry,
}

/// Whether the packet is associated with the timer. See the table at the head of this file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Association {
    None,
    Outstanding,
    Unknown,
}

/// The receiver of the packets.
#[derive(Debug)]
struct Target {
    has_packet: AtomicBool,
}

impl PacketReceiver for Target {
    #[inline]
    fn on_packet(&self, _: &mut EventSink<'_>) {
        self.has_packet.store(true, Ordering::Relaxed);
    }

    #[inline]
    fn cancel_all(&self) {}
}

impl Default for WaitTimer {
    #[inline]
    fn default() -> WaitTimer {
        WaitTimer::NotMade(0)
    }
}

impl WaitTimer {
    /// Prepares for a wait for `left`, `None` for one without a limit. Returns how many
    /// milliseconds to add to its timeout.
    #[inline]
    pub(super) fn before_wait(&mut self, port: &Arc<Port>, left: Option<Duration>) -> u32 {
        let left = match left {
            Some(left) if left.is_zero() => return 0,
            Some(left) if left < MAX_WAIT => left,
            _ => {
                if let WaitTimer::Made(made) = self {
                    made.cancel();
                }
                return 0;
            }
        };
        if let WaitTimer::NotMade(failures) = *self {
            *self = match Timer::new() {
                Ok(Some(timer)) => WaitTimer::Made(Made::new(timer, port)),
                // A lack of memory or handles may pass: the next short wait tries again.
                Err(_) if failures < MAX_FAILURES => WaitTimer::NotMade(failures + 1),
                Ok(None) | Err(_) => WaitTimer::Missing,
            };
        }
        let is_started = match self {
            WaitTimer::Made(made) => made.start(port, left),
            WaitTimer::NotMade(_) | WaitTimer::Missing => false,
        };
        if is_started { SLACK_MILLIS } else { 0 }
    }

    /// Takes note of a wait that has dequeued `count` packets. `is_timed`: `before_wait` returned
    /// more than 0. Returns how many of the packets are the timer's.
    #[inline]
    pub(super) fn after_wait(&mut self, is_timed: bool, count: usize) -> usize {
        let WaitTimer::Made(made) = self else {
            return 0;
        };
        if made.target.has_packet.swap(false, Ordering::Relaxed) {
            made.association = Association::None;
            return 1;
        }
        if is_timed && count == 0 {
            // The time is over, and no packet has come.
            made.association = Association::Unknown;
        }
        0
    }
}

impl Made {
    #[inline]
    fn new(timer: Timer, port: &Arc<Port>) -> Made {
        let target = Arc::new(Target {
            has_packet: AtomicBool::new(false),
        });
        let receiver: Weak<Target> = Arc::downgrade(&target);
        Made {
            timer,
            association: Association::None,
            target,
            port_entry: port.add_receiver(receiver),
        }
    }

    /// Sets the timer. Returns whether its packet will come.
    #[inline]
    fn start(&mut self, port: &Port, left: Duration) -> bool {
        // Setting the timer first also resets it: it may have expired without an association.
        if self.timer.set(left).is_err() {
            return false;
        }
        if self.association != Association::Outstanding {
            let associated = self.timer.associate(port.handle(), self.port_entry.id());
            if associated.is_err() {
                return false;
            }
            self.association = Association::Outstanding;
        }
        true
    }

    #[inline]
    fn cancel(&mut self) {
        if self.association == Association::Outstanding {
            self.association = match self.timer.cancel() {
                Canceled::Removed => Association::None,
                Canceled::Pending => Association::Unknown,
            };
        }
    }
}

impl Drop for Made {
    #[inline]
    fn drop(&mut self) {
        self.cancel();
    }
}

#[cfg(all(test, not(windows)))]
#[allow(clippy::indexing_slicing, clippy::unwrap_used)]
mod tests {
    use super::super::portable_tests::{AT_ONCE, selector, tokens};
    use super::super::{Afd, Waker};
    use super::*;
    use crate::Token;
    use crate::sys::selector::{EventBuffer as _, Selector as _, Wake as _};
    use crate::sys::windows::event::Events;
    use crate::sys::windows::platform::kernel::{Kernel, Quirks};
    use crate::sys::windows::platform::syscalls::wait_packet::Timers;
    use crate::sys::windows::platform::{self, now};

    const MICRO: Duration = Duration::from_micros(1);
    const MILLI: Duration = Duration::from_millis(1);

    /// A selector on a kernel with timers, and a waker with token 7.
    struct Test {
        kernel: Kernel,
        selector: Afd,
        events: Events,
        waker: Arc<Waker>,
    }

    impl Test {
        #[inline]
        fn new() -> Test {
            let (kernel, selector, events) = selector(1, Quirks::default());
            kernel.timers(|timers| timers.exist = true);
            let waker = Arc::new(selector.waker(Token(7)).unwrap());
            Test {
                kernel,
                selector,
                events,
                waker,
            }
        }

        fn timers<T>(&self, change: impl FnOnce(&mut Timers) -> T) -> T {
            self.kernel.timers(change)
        }

        /// The calls that set the timer, associate and cancel, and the waits.
        #[inline]
        fn calls(&self) -> [usize; 4] {
            let [sets, associates, cancels] = self.timers(|timers| timers.calls);
            [sets, associates, cancels, self.kernel.counts().waits]
        }

        /// Polls, and returns the tokens and the time that has passed.
        #[inline]
        fn poll(&mut self, timeout: Option<Duration>) -> (Vec<usize>, Duration) {
            let start = now();
            let tokens = tokens(&mut self.selector, &mut self.events, timeout);
            (tokens, now() - start)
        }

        /// Polls without an event, and returns the time that has passed, which is never less than
        /// the timeout.
        #[inline]
        fn sleep(&mut self, timeout: Duration) -> Duration {
            let (tokens, passed) = self.poll(Some(timeout));
            assert!(tokens.is_empty(), "{tokens:?}");
            assert!(passed >= timeout, "{passed:?} of {timeout:?}");
            passed
        }

        /// Polls until another thread wakes this one at once.
        #[inline]
        fn wake_during(&mut self, timeout: Option<Duration>) {
            let waker = Arc::clone(&self.waker);
            let mut is_done = false;
            platform::during_wait(Some(Box::new(move || {
                waker.wake().unwrap();
                !std::mem::replace(&mut is_done, true)
            })));
            let (tokens, passed) = self.poll(timeout);
            assert_eq!((tokens, passed), (vec![7], Duration::ZERO));
            platform::during_wait(None);
        }
    }

    /// A short wait ends at its time, for two system calls more. Where the system lacks the timer,
    /// it ends at a whole millisecond, as before, and there are no calls.
    #[test]
    fn short_waits_end_at_their_time() {
        let mut test = Test::new();
        for (round, micros) in [1, 100, 300, 1_000, 1_500, 31_999].into_iter().enumerate() {
            assert_eq!(test.sleep(micros * MICRO), micros * MICRO);
            let calls = round + 1;
            assert_eq!(test.calls(), [calls, calls, 0, calls], "{micros}");
        }
        assert_eq!(test.timers(|timers| timers.live), 1);

        let mut test = Test::new();
        test.timers(|timers| timers.exist = false);
        assert_eq!(test.sleep(300 * MICRO), MILLI);
        assert_eq!(test.calls(), [0, 0, 0, 1]);
    }

    /// Waits that are long, infinite, over at once or ended by an event make no call for the timer.
    #[test]
    fn other_waits_make_no_call() {
        let mut test = Test::new();
        test.sleep(32 * MILLI);
        test.sleep(Duration::ZERO);
        test.wake_during(None);
        test.wake_during(Some(Duration::MAX));
        assert_eq!(test.calls(), [0, 0, 0, 4]);
        assert_eq!(test.timers(|timers| timers.live), 0);
    }

    /// Short waits that events end set the timer again, and associate its packet once.
    #[test]
    fn waits_that_events_end_cost_one_call() {
        let mut test = Test::new();
        for round in 1..10 {
            test.wake_during(Some(10 * MILLI));
            assert_eq!(test.calls(), [round, 1, 0, round]);
        }
        assert_eq!(test.sleep(10 * MILLI), 10 * MILLI);
        assert_eq!(test.calls(), [10, 1, 0, 10]);
    }

    /// The packet of a wait that an event has ended comes while the thread does something else. It
    /// is no event, takes no event's place, and ends no later wait.
    #[test]
    fn late_packet_is_ignored() {
        for capacity in [1, 16] {
            for timeout in [AT_ONCE, Some(5 * MILLI), Some(50 * MILLI), None] {
                for has_event in [true, false] {
                    if timeout.is_none() && !has_event {
                        continue;
                    }
                    let mut test = Test::new();
                    test.events = Events::with_capacity(capacity);
                    test.wake_during(Some(10 * MILLI));
                    platform::advance(10 * MILLI);
                    // The packet is in the port, before that of the waker.
                    assert!(test.kernel.dequeue(0).is_empty());
                    if has_event {
                        test.waker.wake().unwrap();
                        assert_eq!(test.poll(timeout), (vec![7], Duration::ZERO));
                    } else {
                        let timeout = timeout.unwrap();
                        assert_eq!(test.sleep(timeout), timeout);
                    }
                    assert_eq!(test.sleep(3 * MILLI), 3 * MILLI);
                    test.wake_during(None);
                }
            }
        }
    }

    /// Before an infinite wait the association is canceled, so that no packet wakes the thread.
    #[test]
    fn blocking_wait_cancels_the_packet() {
        for timeout in [None, Some(50 * MILLI)] {
            let mut test = Test::new();
            test.wake_during(Some(10 * MILLI));
            test.wake_during(timeout);
            test.wake_during(timeout);
            assert_eq!(test.calls(), [1, 1, 1, 3]);
            platform::advance(10 * MILLI);
            assert!(test.kernel.dequeue(9).is_empty());
            assert_eq!(test.sleep(10 * MILLI), 10 * MILLI);
            assert_eq!(test.calls()[..3], [2, 2, 1]);
        }
    }

    /// After `STATUS_PENDING` the packet may come, or not. Neither ends a wait early, and later
    /// waits end at their time.
    #[test]
    fn packet_after_a_pending_cancel_is_ignored() {
        for comes in [true, false] {
            let mut test = Test::new();
            test.timers(|timers| timers.pending_cancels = vec![comes]);
            test.wake_during(Some(10 * MILLI));
            test.wake_during(None);
            assert_eq!(test.calls()[2], 1);
            if comes {
                // Associating fails while the packet is on its way. It comes during this wait.
                assert!(test.sleep(10 * MILLI) <= 11 * MILLI);
            }
            assert_eq!(test.sleep(1_500 * MICRO), 1_500 * MICRO);
            test.wake_during(None);
            assert_eq!(test.sleep(1_500 * MICRO), 1_500 * MICRO);
        }
    }

    /// If a call for the timer fails, `poll` succeeds, and ends at a whole millisecond as without
    /// the timer. The next wait tries again.
    #[test]
    fn failing_calls_cost_precision_only() {
        for passing in 0..3 {
            let mut test = Test::new();
            if passing > 0 {
                // Makes the timer.
                test.sleep(MICRO);
            }
            if passing > 1 {
                // The packet is associated.
                test.wake_during(Some(10 * MILLI));
            }
            test.timers(|timers| timers.failures = 1);
            assert_eq!(test.sleep(300 * MICRO), MILLI);
            assert_eq!(test.timers(|timers| timers.failures), 0);
            test.sleep(300 * MICRO);
            assert_eq!(test.sleep(300 * MICRO), 300 * MICRO);
        }
    }

    /// A packet that is lost makes a wait late by the slack, and does no other harm.
    #[test]
    fn lost_packet_delays_one_wait() {
        let mut test = Test::new();
        test.timers(|timers| timers.loses_packets = true);
        assert!(test.sleep(MILLI) <= 2 * MILLI + SLACK_MILLIS * MILLI);
        test.timers(|timers| timers.loses_packets = false);
        assert_eq!(test.sleep(MILLI), MILLI);
    }

    /// A timer that is early does not end `poll` early.
    #[test]
    fn early_timer_is_set_again() {
        let mut test = Test::new();
        test.timers(|timers| timers.early = 400 * MICRO);
        assert_eq!(test.sleep(MILLI), MILLI);
        assert_eq!(test.calls(), [2, 2, 0, 2]);
    }

    /// Dropping the selector cancels the packet and closes the timer. Clones have none.
    #[test]
    fn dropped_selector_releases_its_timer() {
        for ends_by_event in [true, false] {
            let mut test = Test::new();
            let clone = test.selector.try_clone().unwrap();
            if ends_by_event {
                test.wake_during(Some(10 * MILLI));
            } else {
                test.sleep(10 * MILLI);
            }
            let Test {
                kernel, selector, ..
            } = test;
            assert_eq!(kernel.timers(|timers| timers.live), 1);
            drop(selector);
            let cancels = usize::from(ends_by_event);
            assert_eq!(
                kernel.timers(|timers| (timers.live, timers.calls[2])),
                (0, cancels)
            );
            platform::advance(10 * MILLI);
            assert!(kernel.dequeue(9).is_empty());
            drop(clone);
        }
    }
}
