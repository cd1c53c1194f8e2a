//! The differences from upstream's mio 1.2.5 over epoll that are allowed, each with its reason.
//!
//! Both run the same sequence, and the events of each `poll` are compared. Sequences that are
//! compared have no thread that acts during a `poll` and no capacity that is used up, because the
//! order of events is not promised.

use std::collections::HashMap;

use crate::op::{Op, Wait};
use crate::spec::Flags;
use crate::{PollTrace, Step};

/// What a rule allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Allowed {
    /// The states differ from here on: the comparison ends.
    Ends,
    /// This difference alone.
    This,
}

/// A difference: in the result of an operation, or in the events of one token.
struct Difference<'a> {
    ours: &'a Step,
    theirs: &'a Step,
    /// The number of the token, and the polls.
    event: Option<(usize, &'a PollTrace, &'a PollTrace)>,
    /// What both have reported of the token before.
    reported: Flags,
}

/// One rule.
struct Rule {
    /// Why the difference is allowed.
    reason: &'static str,
    applies: fn(&Difference<'_>) -> bool,
    allowed: Allowed,
}

/// All rules.
const RULES: [Rule; 4] = [
    Rule {
        reason: "The library deregisters a source that gives its descriptor away (guide.rs). \
                 Upstream leaves it in the epoll instance, with its old token.",
        applies: |difference| {
            let is_into_raw = matches!(difference.ours.op, Op::IntoRaw(_));
            is_into_raw && difference.event.is_none()
        },
        allowed: Allowed::Ends,
    },
    Rule {
        reason: "In debug builds, upstream's `register` and `deregister` with another registry \
                 fail, but change the registry that they hold the source for (`SelectorId`).",
        applies: |difference| {
            matches!(difference.ours.op, Op::OtherPoll(_, 0 | 2)) && difference.event.is_none()
        },
        allowed: Allowed::Ends,
    },
    Rule {
        reason: "The two runs have sockets of their own. The kernel had delivered other segments \
                 to one of them, so its levels were other ones.",
        applies: |difference| {
            let Some((token, ours, theirs)) = difference.event else {
                return false;
            };
            let source = ours.sources.get(&token).or(theirs.sources.get(&token));
            let levels = |poll: &PollTrace| {
                source.map(|id| (poll.before.get(id).copied(), poll.after.get(id).copied()))
            };
            source.is_some() && levels(ours) != levels(theirs)
        },
        allowed: Allowed::This,
    },
    Rule {
        reason: "TCP and terminals deliver between any two calls, and wake the epoll instance: \
                 then an event repeats conditions that earlier ones have reported.",
        applies: |difference| {
            let Some((token, ours, theirs)) = difference.event else {
                return false;
            };
            let present = match (ours.events.get(&token), theirs.events.get(&token)) {
                (Some(flags), None) | (None, Some(flags)) => *flags,
                _ => return false,
            };
            let is_late = ours.late.contains(&token) || theirs.late.contains(&token);
            is_late && !present.beyond(difference.reported)
        },
        allowed: Allowed::This,
    },
];

/// What a comparison has covered.
#[derive(Clone, Copy, Debug, Default)]
pub struct Compared {
    /// Operations of both runs.
    pub operations: usize,
    /// Calls of `poll`.
    pub polls: usize,
    /// Differences that a rule allows.
    pub allowed: usize,
}

impl Compared {
    /// Adds the figures of another comparison.
    pub fn add(&mut self, other: Compared) {
        self.operations += other.operations;
        self.polls += other.polls;
        self.allowed += other.allowed;
    }
}

/// The rules as text, for the report of a run.
pub fn rules() -> impl Iterator<Item = &'static str> {
    RULES.iter().map(|rule| rule.reason)
}

/// A sequence without what cannot be compared.
pub(crate) fn comparable(ops: &[Op]) -> Vec<Op> {
    let ops = ops.iter().map(|op| match op {
        Op::Poll(wait, _) => Op::Poll(*wait, 64),
        Op::Drain(_) => Op::Poll(Wait::NoWait, 64),
        Op::During(op, _) => (**op).clone(),
        op => op.clone(),
    });
    // Upstream has no modes.
    let ops = ops.map(|op| match op {
        Op::Register(source, interest) => Op::Register(source, interest & 7),
        Op::Reregister(source, interest) => Op::Reregister(source, interest & 7),
        op => op,
    });
    ops.collect()
}

fn allowed(difference: &Difference<'_>) -> Option<Allowed> {
    let rule = RULES.iter().find(|rule| (rule.applies)(difference))?;
    Some(rule.allowed)
}

/// Compares two runs.
pub(crate) fn compare(ours: &[Step], theirs: &[Step]) -> Result<Compared, String> {
    let mut compared = Compared::default();
    let mut reported = HashMap::new();
    for (our, their) in ours.iter().zip(theirs) {
        compared.operations += 1;
        let result = Difference {
            ours: our,
            theirs: their,
            event: None,
            reported: Flags::default(),
        };
        let is_different = our.op != their.op || our.outcome != their.outcome;
        // The results of these are equal, and the states are not.
        let changes_states = match our.op {
            Op::IntoRaw(_) => our.outcome == "Deregistered",
            Op::OtherPoll(_, call) => call != 1,
            _ => false,
        };
        if is_different || changes_states {
            match allowed(&result) {
                Some(Allowed::Ends) => {
                    compared.allowed += 1;
                    return Ok(compared);
                }
                Some(Allowed::This) => compared.allowed += 1,
                None => {
                    return Err(format!(
                        "ours: {:?} {}, upstream: {:?} {}",
                        our.op, our.outcome, result.theirs.op, result.theirs.outcome
                    ));
                }
            }
        }
        let (Some(our_poll), Some(their_poll)) = (&our.polled, &their.polled) else {
            continue;
        };
        compared.polls += 1;
        let tokens = our_poll.events.keys().chain(their_poll.events.keys());
        for token in tokens {
            let (a, b) = (our_poll.events.get(token), their_poll.events.get(token));
            if let (Some(a), Some(b)) = (a, b) {
                let both: &mut Flags = reported.entry(*token).or_default();
                *both = both.or(*a).or(*b);
            }
            if a == b {
                continue;
            }
            let difference = Difference {
                ours: our,
                theirs: their,
                event: Some((*token, our_poll, their_poll)),
                reported: reported.get(token).copied().unwrap_or_default(),
            };
            match allowed(&difference) {
                Some(_) => compared.allowed += 1,
                None => {
                    return Err(format!(
                        "{:?}, token {token}: ours {a:?}, upstream {b:?}; {our_poll:?}; \
                         {their_poll:?}",
                        our.op
                    ));
                }
            }
        }
    }
    if ours.len() != theirs.len() {
        return Err("one of the runs has more operations".into());
    }
    Ok(compared)
}
