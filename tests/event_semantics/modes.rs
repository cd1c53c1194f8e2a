//! `Interest::LEVEL` and `Interest::ONESHOT` in every situation of the table: the first repeats
//! what its cell has, the second reports it in one event.

use std::fmt::Write as _;
use std::thread;
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::{Events, Interest, Poll, Token};

use super::situations::{NewSituation, situations};
use super::{MOMENT, REFUSAL, observe, words};
use crate::support::timing::best_of_rounds;

/// The polls that must all report a level, or none.
const REPEATS: usize = 3;

/// What a source reports in a mode.
struct Seen {
    /// The conditions of all events, as in a cell of the table.
    cell: String,
    events: usize,
    /// How many of `REPEATS` further polls have reported the source.
    repeated: usize,
}

fn conditions(event: &Event) -> [bool; 6] {
    [
        event.is_readable(),
        event.is_writable(),
        event.is_read_closed(),
        event.is_write_closed(),
        event.is_error(),
        event.is_priority(),
    ]
}

fn observe_mode(
    make: NewSituation,
    interest: Interest,
    first: Duration,
    moment: Duration,
) -> Option<Seen> {
    let mut poll = Poll::new().unwrap();
    let mut events = Events::with_capacity(16);
    let mut situation = make();
    thread::sleep(moment);
    let source = &mut *situation.source;
    poll.registry().register(source, Token(1), interest).ok()?;
    let mut seen = [false; 6];
    let mut count = 0;
    let mut end = Instant::now() + first + moment;
    while Instant::now() < end {
        let left = end.saturating_duration_since(Instant::now());
        poll.poll(&mut events, Some(left)).unwrap();
        let before = seen;
        for event in &events {
            count += 1;
            for (seen, holds) in seen.iter_mut().zip(conditions(event)) {
                *seen |= holds;
            }
        }
        if seen != before {
            end = Instant::now() + 2 * moment;
        }
        // Leaves the processor to others: a level is reported at once.
        thread::sleep(moment / 10);
    }
    let mut repeated = 0;
    for _ in 0..REPEATS {
        poll.poll(&mut events, Some(moment)).unwrap();
        repeated += usize::from(!events.is_empty());
    }
    Some(Seen {
        cell: words(seen),
        events: count,
        repeated,
    })
}

/// What differs from the rule in one situation.
fn differences(
    name: &str,
    make: NewSituation,
    interest: Interest,
    first: Duration,
    moment: Duration,
) -> String {
    let mut text = String::new();
    let edge = observe(make, interest, first, moment);
    let level = observe_mode(make, interest | Interest::LEVEL, first, moment);
    let once = observe_mode(make, interest | Interest::ONESHOT, first, moment);
    let (Some(level), Some(once)) = (level, once) else {
        if edge != "unsupported" {
            writeln!(text, "{name}: {interest:?}: a mode is refused").unwrap();
        }
        return text;
    };
    let is_reported = edge != "-";
    let repeats = if is_reported { REPEATS } else { 0 };
    if level.cell != edge || level.repeated != repeats {
        writeln!(
            text,
            "{name}: {interest:?}: the level is {}, repeated {} times; the edge is {edge}",
            level.cell, level.repeated
        )
        .unwrap();
    }
    // One event may come before all conditions hold.
    let is_part = |word| edge.split(' ').any(|other| other == word);
    if once.events != usize::from(is_reported)
        || once.repeated != 0
        || !once.cell.split(' ').all(is_part)
    {
        writeln!(
            text,
            "{name}: {interest:?}: {} one-shot events, {}; the edge is {edge}",
            once.events + once.repeated,
            once.cell
        )
        .unwrap();
    }
    text
}

/// In every situation, a level has the conditions of the edge in each poll, and a one-shot
/// registration has one event of them.
#[test]
#[cfg_attr(
    all(target_os = "wasi", target_env = "p1"),
    ignore = "needs a preopened listener: build-tools/wasi/host.py --peer"
)]
fn modes_report_what_edges_report() {
    let mut moment = Duration::ZERO;
    best_of_rounds(|| {
        moment += MOMENT;
        let mut text = String::new();
        for (name, make) in situations() {
            let first = if name.contains("refused") {
                REFUSAL
            } else {
                moment
            };
            for interest in [Interest::READABLE, Interest::WRITABLE] {
                text += &differences(name, make, interest, first, moment);
            }
            if name.contains("out-of-band") {
                let interest = Interest::READABLE | Interest::PRIORITY;
                text += &differences(name, make, interest, first, moment);
            }
        }
        if text.is_empty() { Ok(()) } else { Err(text) }
    });
}
