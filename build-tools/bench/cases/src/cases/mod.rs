//! The list of cases, with the peers of each.

#[cfg(windows)]
pub mod afd;
#[cfg(unix)]
mod churn;
mod echo;
#[cfg(unix)]
pub mod idle;
#[cfg(unix)]
pub mod latency;
mod poll;
#[cfg(unix)]
mod ready;
#[cfg(unix)]
mod register;
mod wake;

use crate::meter::Meter;

/// Runs a case with a meter.
pub type Measured = fn(&mut Meter<'_>);

/// A case.
pub struct Case {
    /// The name on the command line and in tables.
    pub name: &'static str,
    /// A description of one operation.
    pub about: &'static str,
    /// Whether it has threads, whose instructions would count, too.
    pub threads: bool,
    /// Whether it measures a wait, whose instructions do not matter.
    pub waits: bool,
    /// The number of descriptors that it needs.
    pub descriptors: u64,
    /// The number of turns for callgrind and strace.
    pub counted: u64,
    /// Whether strace counts its system calls.
    pub traced: bool,
    /// The peers, and the function of each.
    pub runs: Vec<(&'static str, Measured)>,
}

/// The selector of this build.
pub const BACKEND: &str = if cfg!(windows) {
    "afd"
} else if cfg!(mio_unsupported_force_poll_poll) {
    "poll"
} else {
    "epoll"
};

/// Defines a case that runs a function on all peers.
macro_rules! case {
    ($name:expr, $about:expr, $module:ident::$function:ident $(, $parameter:literal)*) => {
        Case {
            name: $name,
            about: $about,
            threads: false,
            waits: false,
            descriptors: 256,
            counted: 200,
            traced: true,
            runs: vec![
                ("ours", $module::$function::<$crate::peer::Ours $(, $parameter)*>),
                ("upstream", $module::$function::<$crate::peer::Upstream $(, $parameter)*>),
                ("polling", $module::$function::<$crate::peer::Poller $(, $parameter)*>),
                #[cfg(unix)]
                ("bare", $module::$function::<$crate::peer::Bare $(, $parameter)*>),
            ],
        }
    };
}

// Below the macro, which it uses.
#[cfg(unix)]
mod curves;

impl Case {
    fn threads(mut self) -> Case {
        self.threads = true;
        self
    }

    fn waits(mut self) -> Case {
        self.waits = true;
        self
    }

    #[cfg(unix)]
    fn descriptors(mut self, most: u64) -> Case {
        self.descriptors = most + 256;
        self
    }

    fn counted(mut self, turns: u64) -> Case {
        self.counted = turns;
        self
    }

    /// Leaves a case out of the counts of system calls: another case makes the same calls, and
    /// tracing the preparation takes long.
    #[cfg(unix)]
    fn untraced(mut self) -> Case {
        self.traced = false;
        self
    }

    #[cfg(unix)]
    fn without(mut self, peer: &str) -> Case {
        self.runs.retain(|(name, _)| *name != peer);
        self
    }
}

/// A case that does nothing, which measures the cost of the measurement.
#[must_use]
pub fn nothing() -> fn(&mut Meter<'_>) {
    |meter| meter.prepared(1, &mut (), |()| {}, |()| {})
}

/// The cases of this build.
#[must_use]
pub fn all() -> Vec<Case> {
    let mut cases = vec![
        case!(
            "poll-empty",
            "poll with a zero timeout, nothing ready",
            poll::empty
        ),
        case!(
            "timeout-50us",
            "lateness of a timeout of 50 us",
            poll::lateness,
            50
        )
        .counted(20)
        .waits(),
        case!(
            "timeout-200us",
            "lateness of a timeout of 200 us",
            poll::lateness,
            200
        )
        .counted(20)
        .waits(),
        case!(
            "timeout-1ms",
            "lateness of a timeout of 1 ms",
            poll::lateness,
            1_000
        )
        .counted(20)
        .waits(),
        case!(
            "timeout-10ms",
            "lateness of a timeout of 10 ms",
            poll::lateness,
            10_000
        )
        .counted(4)
        .waits(),
        case!("wake", "a wake, and the poll that reports it", wake::one),
        case!("wake-burst-64", "64 wakes between two polls", wake::burst),
        case!(
            "wake-ping-pong",
            "a wake of another thread, and a wake back",
            wake::ping_pong
        )
        .threads(),
        case!(
            "wake-threads-1",
            "wakes of a busy selector by 1 thread",
            wake::threads,
            1
        )
        .threads(),
        case!(
            "wake-threads-2",
            "wakes of a busy selector by 2 threads",
            wake::threads,
            2
        )
        .threads(),
        case!(
            "wake-threads-4",
            "wakes of a busy selector by 4 threads",
            wake::threads,
            4
        )
        .threads(),
        case!(
            "wake-threads-8",
            "wakes of a busy selector by 8 threads",
            wake::threads,
            8
        )
        .threads(),
    ];
    #[cfg(windows)]
    {
        // Wine rounds timeouts to milliseconds, and the other cases take long under Wine.
        cases.retain(|case| {
            ["timeout-50us", "timeout-200us", "timeout-10ms"]
                .iter()
                .all(|name| *name != case.name)
                && !case.name.starts_with("wake-threads")
        });
        cases.extend(windows());
    }
    #[cfg(unix)]
    cases.extend(unix());
    #[cfg(unix)]
    cases.extend(curves::all());
    #[cfg(unix)]
    if BACKEND == "epoll" {
        cases.extend(epoll());
    } else {
        cases.extend(poll2());
    }
    cases
}

#[cfg(windows)]
fn windows() -> Vec<Case> {
    vec![
        case!(
            "register-1000",
            "register and reregister 1000 sockets",
            afd::register,
            1000
        ),
        case!(
            "register-1000-and-poll",
            "register and reregister 1000 sockets, and the poll that submits the requests to AFD",
            afd::register_and_poll,
            1000
        ),
        case!(
            "ready-1-of-1",
            "poll with the only socket ready",
            afd::ready,
            1,
            1
        ),
        case!(
            "ready-64-of-64",
            "polls until all of 64 are reported",
            afd::ready,
            64,
            64
        ),
        case!(
            "ready-1-of-256",
            "poll with one of 256 ready",
            afd::ready,
            1,
            256
        ),
        case!("udp-ping-pong", "a datagram, and one back", echo::udp),
        case!(
            "echo-1",
            "a message, and its echo, 1 connection",
            echo::tcp,
            1
        ),
        Case {
            name: "pipe-ping-pong",
            about: "a message through a named pipe, and one back",
            threads: false,
            waits: false,
            descriptors: 256,
            counted: 200,
            traced: true,
            runs: vec![
                ("ours", afd::pipe::<crate::peer::Ours>),
                ("upstream", afd::pipe::<crate::peer::Upstream>),
            ],
        },
    ]
}

#[cfg(unix)]
fn unix() -> Vec<Case> {
    vec![
        case!(
            "ready-1-of-1",
            "poll with the only source ready",
            ready::ready,
            1,
            1
        ),
        case!(
            "ready-64-of-64",
            "poll with all of 64 ready",
            ready::ready,
            64,
            64
        ),
        case!("udp-ping-pong", "a datagram, and one back", echo::udp),
        case!(
            "echo-1",
            "a message, and its echo, 1 connection",
            echo::tcp,
            1
        ),
        case!(
            "echo-64",
            "a message, and its echo, 64 connections",
            echo::tcp,
            64
        )
        .counted(20),
        case!(
            "echo-1024",
            "a message, and its echo, 1024 connections",
            echo::tcp,
            1024
        )
        .descriptors(2048)
        .counted(4),
        case!(
            "accept-churn",
            "accept, register, deregister, close",
            churn::accept
        ),
        case!(
            "connect-churn",
            "connect, register, wait, deregister, close",
            churn::connect
        ),
    ]
}

#[cfg(unix)]
fn epoll() -> Vec<Case> {
    vec![
        case!(
            "ready-1-of-64",
            "poll with one of 64 ready",
            ready::ready,
            1,
            64
        ),
        case!(
            "ready-1-of-4096",
            "poll with one of 4096 ready",
            ready::ready,
            1,
            4096
        )
        .descriptors(4096),
        case!(
            "ready-1-of-50000",
            "poll with one of 50 000 ready",
            ready::ready,
            1,
            50000
        )
        .descriptors(50_000),
        case!("register", "register", register::register, 64),
        case!("reregister", "reregister", register::reregister),
        case!("deregister", "deregister", register::deregister, 64),
        case!(
            "register-deregister",
            "register, then deregister",
            register::both
        ),
    ]
}

#[cfg(unix)]
fn poll2() -> Vec<Case> {
    vec![
        case!(
            "ready-1-of-10",
            "poll with one of 10 ready",
            ready::ready,
            1,
            10
        ),
        case!(
            "ready-1-of-1000",
            "poll with one of 1000 ready",
            ready::ready,
            1,
            1000
        )
        .descriptors(1000),
        case!(
            "register-in-10",
            "register beside 10 others",
            register::register,
            10
        ),
        case!(
            "register-in-1000",
            "register beside 1000 others",
            register::register,
            1000
        )
        .descriptors(1000),
        case!(
            "register-in-10000",
            "register beside 10 000 others",
            register::register,
            10000
        )
        .descriptors(10_000),
        case!("reregister", "reregister", register::reregister),
        case!(
            "deregister-in-10",
            "deregister beside 10 others",
            register::deregister,
            10
        ),
        case!(
            "deregister-in-1000",
            "deregister beside 1000 others",
            register::deregister,
            1000
        )
        .descriptors(1000),
        case!(
            "deregister-in-10000",
            "deregister beside 10 000 others",
            register::deregister,
            10000
        )
        .descriptors(10_000),
        case!(
            "register-while-polling-10",
            "register and deregister while another thread polls 10",
            register::while_polling,
            10
        )
        .without("bare")
        .threads(),
        case!(
            "register-while-polling-1000",
            "register and deregister while another thread polls 1000",
            register::while_polling,
            1000
        )
        .without("bare")
        .threads()
        .descriptors(1000),
        case!(
            "register-while-polling-10000",
            "register and deregister while another thread polls 10 000",
            register::while_polling,
            10000
        )
        .without("bare")
        .threads()
        .descriptors(10_000),
    ]
}
