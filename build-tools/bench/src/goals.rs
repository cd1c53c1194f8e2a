//! Goals: upper bounds of counts and of ratios.

use crate::pages;
use crate::results::{Results, Row};

/// One goal.
#[derive(Debug)]
pub(crate) struct Goal {
    /// The measured quantity.
    pub(crate) name: String,
    /// The measured value.
    pub(crate) found: f64,
    /// The upper bound.
    pub(crate) most: f64,
    /// Whether it is a time, which other processes on the machine change.
    pub(crate) timed: bool,
}

impl Goal {
    pub(crate) fn is_met(&self) -> bool {
        self.found <= self.most
    }
}

/// The bounds of times, divided by upstream's in the same round.
const RATIOS: [(&str, f64); 33] = [
    ("epoll/poll-empty", 1.03),
    ("epoll/ready-1-of-1", 1.03),
    ("epoll/ready-64-of-64", 1.03),
    ("epoll/ready-1-of-4096", 1.03),
    ("epoll/wake", 1.03),
    ("epoll/wake-ping-pong", 1.03),
    ("epoll/wake-burst-64", 0.06),
    ("epoll/timeout-200us", 0.15),
    ("epoll/register", 1.00),
    ("epoll/reregister", 1.00),
    ("epoll/deregister", 1.00),
    ("epoll/register-deregister", 1.00),
    ("epoll/echo-1", 1.03),
    ("epoll/echo-64", 1.03),
    ("epoll/accept-churn", 1.03),
    ("epoll/connect-churn", 1.03),
    ("epoll/udp-ping-pong", 1.03),
    ("poll/register-in-10", 0.25),
    ("poll/register-in-1000", 0.25),
    ("poll/register-in-10000", 0.25),
    ("poll/ready-1-of-10000", 1.00),
    ("epoll/register-wake-threads-1", 1.00),
    ("epoll/register-wake-threads-2", 1.00),
    ("epoll/register-wake-threads-4", 1.00),
    ("epoll/register-wake-threads-8", 1.00),
    ("poll/register-wake-threads-1", 1.00),
    ("poll/register-wake-threads-2", 1.00),
    ("poll/register-wake-threads-4", 1.00),
    ("poll/register-wake-threads-8", 1.00),
    ("afd/register-1000", 0.80),
    ("afd/register-1000-and-poll", 1.03),
    ("afd/wake-burst-64", 0.05),
    ("afd/pipe-ping-pong", 1.03),
];

/// The goals of all cases that ran.
pub(crate) fn all(results: &Results) -> Vec<Goal> {
    let mut goals = own(results);
    goals.extend(against_upstream(results));
    goals.extend(latencies(results));
    for (name, most) in RATIOS {
        let row = results.rows.get(name);
        if let Some(ratio) = row.and_then(|row| row.ratio.get("upstream")) {
            goals.push(Goal {
                name: format!("{name}: time, ratio to upstream"),
                found: ratio.median,
                most,
                timed: true,
            });
        }
    }
    goals
}

fn counted(name: String, found: f64, most: f64) -> Goal {
    Goal {
        name,
        found,
        most,
        timed: false,
    }
}

fn instructions(results: &Results, name: &str, peer: &str) -> Option<f64> {
    results.rows.get(name)?.instructions.get(peer).copied()
}

/// The goals of counts of this repository's code, the bare loop included. They do not depend on the
/// machine.
pub(crate) fn own(results: &Results) -> Vec<Goal> {
    let mut goals = Vec::new();
    let mut add = |goal, found, most| goals.push(counted(goal, found, most));
    let instructions = |name: &str, peer: &str| instructions(results, name, peer);
    let name = "epoll/poll-empty";
    if let (Some(ours), Some(bare)) = (instructions(name, "ours"), instructions(name, "bare")) {
        let goal = format!("{name}: instructions beyond the bare call");
        add(goal, ours - bare, 15.0);
    }
    let per_event = |peer| {
        let (one, many) = ("epoll/ready-1-of-1", "epoll/ready-64-of-64");
        Some((instructions(many, peer)? - instructions(one, peer)?) / 63.0)
    };
    if let (Some(ours), Some(bare)) = (per_event("ours"), per_event("bare")) {
        let goal = "epoll: instructions for each event, ratio to the bare loop".to_owned();
        add(goal, ours / bare, 1.05);
    }
    for (name, row) in &results.rows {
        if name.ends_with("/wake-burst-64") {
            if let Some(ours) = row.calls("ours") {
                add(format!("{name}: system calls"), ours, 1.0);
            }
        }
        if let Some(ours) = polls_only(name, row) {
            add(format!("{name}: allocations"), ours, 0.0);
        }
    }
    for source in results.registered.iter().filter(|one| one.peer == "ours") {
        let mut peers = results.registered.iter();
        let upstream = peers.find(|one| one.peer == "upstream" && one.backend == source.backend);
        if let Some(upstream) = upstream {
            let name = format!(
                "{}: bytes of an idle source beyond upstream's",
                source.backend
            );
            let more = source.inside + source.heap - (upstream.inside + upstream.heap);
            add(name, more, 16.0);
        }
    }
    for idle in results.idle.iter().filter(|idle| idle.peer == "ours") {
        let counts = [
            ("nanoseconds of processor time", idle.nanos),
            ("runs of the thread", idle.runs),
            ("system calls", idle.calls),
            ("more threads", idle.more_threads),
        ];
        for (what, count) in counts {
            if let Some(count) = count {
                let name = format!(
                    "{}: {what} in {} s, {} idle connections",
                    idle.backend, idle.seconds, idle.connections
                );
                add(name, count, 0.0);
            }
        }
    }
    goals
}

/// The goals that compare with upstream's counts. They are published and cannot fail the stage,
/// because upstream's counts differ between runs: its poll(2) selector walks through a hash table,
/// whose order is random, until it has found all ready sources.
fn against_upstream(results: &Results) -> Vec<Goal> {
    let mut goals = Vec::new();
    for ready in pages::READY {
        let name = format!("poll/ready-{ready}-of-10000");
        let of = |peer| instructions(results, &name, peer);
        if let (Some(ours), Some(upstream)) = (of("ours"), of("upstream")) {
            let goal = format!("{name}: instructions, ratio to upstream");
            goals.push(counted(goal, ours / upstream, 0.4));
        }
    }
    for (name, row) in results.rows.iter().filter(|(name, _)| is_steady(name)) {
        if let (Some(ours), Some(upstream)) = (row.calls("ours"), row.calls("upstream")) {
            let goal = format!("{name}: system calls, against upstream");
            goals.push(counted(goal, ours, upstream));
        }
    }
    goals
}

/// Whether the number of system calls does not depend on scheduling.
pub(crate) fn is_steady(name: &str) -> bool {
    ![
        "/wake-threads",
        "/wake-ping-pong",
        "/register-while",
        "/echo",
    ]
    .iter()
    .any(|part| name.contains(part))
}

/// The percentiles of the times from a wake to its event, divided by upstream's.
fn latencies(results: &Results) -> Vec<Goal> {
    let mut goals = Vec::new();
    for ours in results.latency.iter().filter(|one| one.peer == "ours") {
        let upstream = results.latency.iter().find(|one| {
            (one.peer.as_str(), &one.backend, one.loaded)
                == ("upstream", &ours.backend, ours.loaded)
        });
        let Some(upstream) = upstream else {
            continue;
        };
        let pairs = ours.percentiles.iter().zip(upstream.percentiles);
        for (name, (ours_at, theirs_at)) in pages::PERCENTILES.iter().zip(pairs) {
            let load = pages::load(ours);
            goals.push(Goal {
                name: format!(
                    "{}, {load}: {name} from a wake to its event, ratio to upstream",
                    ours.backend
                ),
                found: ours_at / theirs_at,
                most: 1.0,
                timed: true,
            });
        }
    }
    goals
}

/// The allocations of cases that poll, wake and register, after a warm-up. A new socket may
/// allocate, and so may a registration with AFD, whose memory the kernel writes to later.
fn polls_only(name: &str, row: &Row) -> Option<f64> {
    if name.ends_with("-churn") || name.starts_with("afd/register") {
        return None;
    }
    row.allocations.get("ours").copied()
}
