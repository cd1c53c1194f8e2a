//! What is to be reached, and whether it is.

use crate::results::{Results, Row};

/// One goal.
#[derive(Debug)]
pub(crate) struct Goal {
    /// What it is about.
    pub(crate) what: String,
    /// What was found.
    pub(crate) found: f64,
    /// What it must not be above.
    pub(crate) most: f64,
    /// Whether it depends on the clock: then it says something only on a quiet machine.
    pub(crate) timed: bool,
}

impl Goal {
    pub(crate) fn is_met(&self) -> bool {
        self.found <= self.most
    }
}

/// Timed goals: ours divided by upstream's, in the same round.
const RATIOS: [(&str, f64); 25] = [
    ("epoll/poll-empty", 1.03),
    ("epoll/ready-1-of-1", 1.03),
    ("epoll/ready-64-of-64", 1.03),
    ("epoll/ready-1-of-4096", 1.03),
    ("epoll/wake", 1.03),
    ("epoll/wake-ping-pong", 1.03),
    ("epoll/wake-burst-64", 0.05),
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
    ("afd/register-1000", 0.80),
    ("afd/register-1000-and-poll", 1.03),
    ("afd/wake-burst-64", 0.05),
    ("afd/pipe-ping-pong", 1.03),
];

/// All goals that the cases which ran can tell something about.
pub(crate) fn all(results: &Results) -> Vec<Goal> {
    let mut goals = own(results);
    goals.extend(against_upstream(results));
    for (name, most) in RATIOS {
        let row = results.rows.get(name);
        if let Some(ratio) = row.and_then(|row| row.ratio.get("upstream")) {
            goals.push(Goal {
                what: format!("{name}: time, ratio to upstream"),
                found: ratio.median,
                most,
                timed: true,
            });
        }
    }
    goals
}

fn counted(what: String, found: f64, most: f64) -> Goal {
    Goal {
        what,
        found,
        most,
        timed: false,
    }
}

fn instructions(results: &Results, name: &str, peer: &str) -> Option<f64> {
    results.rows.get(name)?.instructions.get(peer).copied()
}

/// The goals about counts of our own code alone, the bare loop being ours, too. They hold on any
/// machine.
pub(crate) fn own(results: &Results) -> Vec<Goal> {
    let mut goals = Vec::new();
    let mut add = |what, found, most| goals.push(counted(what, found, most));
    let instructions = |name: &str, peer: &str| instructions(results, name, peer);
    let name = "epoll/poll-empty";
    if let (Some(ours), Some(bare)) = (instructions(name, "ours"), instructions(name, "bare")) {
        let what = format!("{name}: instructions beyond the bare call");
        add(what, ours - bare, 15.0);
    }
    let per_event = |peer| {
        let (one, many) = ("epoll/ready-1-of-1", "epoll/ready-64-of-64");
        Some((instructions(many, peer)? - instructions(one, peer)?) / 63.0)
    };
    if let (Some(ours), Some(bare)) = (per_event("ours"), per_event("bare")) {
        let what = "epoll: instructions for each event, ratio to the bare loop".to_owned();
        add(what, ours / bare, 1.05);
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
    goals
}

/// The goals about counts of upstream's code. They are published and gate nothing: what upstream
/// executes depends on the machine. Its poll(2) copies the array of 10,000 entries in each wait, in
/// so many instructions as the C library's variant of memcpy for this processor takes.
fn against_upstream(results: &Results) -> Vec<Goal> {
    let mut goals = Vec::new();
    let name = "poll/ready-1-of-10000";
    let of = |peer| instructions(results, name, peer);
    if let (Some(ours), Some(upstream)) = (of("ours"), of("upstream")) {
        let what = format!("{name}: instructions, ratio to upstream");
        goals.push(counted(what, ours / upstream, 0.4));
    }
    for (name, row) in results.rows.iter().filter(|(name, _)| is_steady(name)) {
        if let (Some(ours), Some(upstream)) = (row.calls("ours"), row.calls("upstream")) {
            let what = format!("{name}: system calls, against upstream");
            goals.push(counted(what, ours, upstream));
        }
    }
    goals
}

/// Whether the number of system calls does not depend on how threads are scheduled.
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

/// Allocations of cases that poll, wake and register, once warm. A new socket may allocate, and so may
/// a registration with AFD, which writes to its memory later.
fn polls_only(name: &str, row: &Row) -> Option<f64> {
    if name.ends_with("-churn") || name.starts_with("afd/register") {
        return None;
    }
    row.allocations.get("ours").copied()
}
