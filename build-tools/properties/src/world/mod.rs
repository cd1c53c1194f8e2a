//! Runs a sequence on a `Poll` and holds the result against the specification.
//!
//! The crate compiles this file twice: with the library as `subject`, and with upstream's mio.

mod create;
#[cfg(unix)]
mod create_unix;
#[cfg_attr(windows, path = "files_windows.rs")]
mod files;
#[cfg(unix)]
mod forks;
mod levels;
#[cfg(windows)]
mod named_pipes;
mod polls;
mod registrations;
mod transfer;

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::AtomicUsize;
#[cfg(unix)]
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use super::subject::{Interest, Poll, Registry, Token, Waker};
use crate::op::*;
use crate::spec::{Backend, Class, Spec};
use crate::sys::OwnedSource;
use crate::{Options, Run, Step};
use files::Io;

/// How long the kernel may take to deliver what was sent.
const DELIVERY: Duration = Duration::from_secs(3);
/// At most that many sources are open at a time.
const MAX_SOURCES: usize = 12;
const MAX_WAKERS: usize = 3;

/// One source, or one that was closed.
struct Source {
    /// `None` once it was closed.
    io: Option<Io>,
    class: Class,
    peer: Option<usize>,
    duplicates: Vec<OwnedSource>,
    /// Bytes, datagrams or the count of an eventfd that were sent to it and not read.
    unread: usize,
    /// Of a listener: the connected streams that were not accepted.
    pending: VecDeque<usize>,
    reading_shut: bool,
    writing_shut: bool,
    /// Whether its connection was refused.
    refused: bool,
    /// A child process has ended its registration, which the library cannot know.
    lost: bool,
    #[cfg(windows)]
    pipe: named_pipes::State,
    /// The path of a FIFO or of a Unix listener.
    path: Option<PathBuf>,
}

impl Drop for Source {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// All but the `Poll` itself, so that another thread can use it during a `poll`.
struct World {
    registry: Registry,
    other: Poll,
    /// Ends a `poll`, where no signal does.
    #[cfg(windows)]
    breaker: std::sync::Arc<Waker>,
    sources: Vec<Source>,
    wakers: Vec<Option<Waker>>,
    spec: Spec,
    tokens: HashMap<usize, usize>,
    options: Options,
    steps: Vec<Step>,
}

type Outcome = Result<Option<String>, String>;

static LAST_NAME: AtomicUsize = AtomicUsize::new(0);

#[cfg(unix)]
fn new_path() -> PathBuf {
    let number = LAST_NAME.fetch_add(1, Ordering::Relaxed);
    let name = format!("mio-properties-{}-{number}", std::process::id());
    std::env::temp_dir().join(name)
}

/// An address that no other process uses.
fn local() -> SocketAddr {
    if cfg!(windows) {
        return SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    }
    let [_, _, high, low] = std::process::id().to_be_bytes();
    SocketAddr::from((Ipv4Addr::new(127, 1 + high % 200, low, 1), 0))
}

fn interest(bits: u8) -> Interest {
    let interest = match bits & RW {
        W => Interest::WRITABLE,
        RW => Interest::READABLE | Interest::WRITABLE,
        _ => Interest::READABLE,
    };
    #[cfg(target_os = "linux")]
    let interest = match bits & P {
        0 => interest,
        _ if bits & RW == 0 => Interest::PRIORITY,
        _ => interest | Interest::PRIORITY,
    };
    super::with_modes(interest, bits)
}

/// `id` if it is one of `open`, else one of them.
fn pick(id: usize, open: Vec<usize>) -> Option<usize> {
    match open.len() {
        0 => None,
        _ if open.contains(&id) => Some(id),
        count => Some(open[id % count]),
    }
}

fn shown(result: &io::Result<()>) -> String {
    match result {
        Ok(()) => "Ok".into(),
        Err(error) => format!("{:?}", error.kind()),
    }
}

/// Runs a sequence.
pub(crate) fn run(ops: &[Op], options: Options) -> Run {
    let poll = Poll::new().expect("a selector");
    let registry = poll.registry().try_clone().expect("a clone");
    let mut world = World {
        registry: registry.try_clone().expect("a clone of a clone"),
        other: Poll::new().expect("another selector"),
        #[cfg(windows)]
        breaker: std::sync::Arc::new(Waker::new(&registry, polls::BREAKER).expect("a waker")),
        sources: Vec::new(),
        wakers: Vec::new(),
        spec: Spec::new(Backend::of_build()),
        tokens: HashMap::new(),
        options,
        steps: Vec::new(),
    };
    let mut poll = poll;
    let mut fault = None;
    for op in ops {
        if let Err(what) = world.op(&mut poll, op) {
            fault = Some(what);
            break;
        }
    }
    if fault.is_none() {
        // What is owed at the end comes, too.
        for op in [
            Op::Poll(Long, 64),
            Op::Poll(NoWait, 64),
            Op::Poll(Micros(100), 64),
        ] {
            if let Err(what) = world.op(&mut poll, &op) {
                fault = Some(what);
                break;
            }
        }
    }
    let steps = std::mem::take(&mut world.steps);
    Run { steps, fault }
}

impl World {
    fn op(&mut self, poll: &mut Poll, op: &Op) -> Result<(), String> {
        match op {
            Op::Poll(wait, capacity) => self.poll(poll, *wait, *capacity, op),
            Drain(capacity) => self.drain(poll, *capacity),
            During(inner, capacity) => self.during(poll, inner, *capacity),
            #[cfg(unix)]
            Fork(ops) => self.fork(poll, ops),
            Sleep(millis) => {
                thread::sleep(Duration::from_millis((*millis).into()));
                self.record(op.clone(), "Ok".into());
                Ok(())
            }
            op => {
                let resolved = self.resolve(op);
                let position = self.steps.len();
                self.record(resolved.clone(), String::new());
                let outcome = self.step(&resolved)?;
                match outcome {
                    Some(outcome) => {
                        self.steps[position].outcome = outcome;
                    }
                    None => {
                        self.steps.truncate(position);
                    }
                }
                self.settle()?;
                self.look();
                Ok(())
            }
        }
    }

    fn record(&mut self, op: Op, outcome: String) {
        self.steps.push(Step {
            op,
            outcome,
            polled: None,
        });
    }

    /// The number of an open source for one that may not be open.
    fn find(&self, id: usize) -> usize {
        self.find_but(id, &[]).unwrap_or(id)
    }

    /// `find`, as if these were closed. `None` if nothing is open.
    fn find_but(&self, id: usize, closed: &[usize]) -> Option<usize> {
        let sources = self.sources.iter().enumerate();
        let open = sources.filter(|(id, it)| it.io.is_some() && !closed.contains(id));
        pick(id, open.map(|(id, _)| id).collect())
    }

    fn find_waker(&self, id: usize) -> usize {
        self.find_waker_but(id, &[]).unwrap_or(id)
    }

    fn find_waker_but(&self, id: usize, dropped: &[usize]) -> Option<usize> {
        let wakers = self.wakers.iter().enumerate();
        let open = wakers.filter(|(id, it)| it.is_some() && !dropped.contains(id));
        pick(id, open.map(|(id, _)| id).collect())
    }

    /// The operation with the numbers of open sources.
    fn resolve(&self, op: &Op) -> Op {
        let at = |id: &usize| self.find(*id);
        match op {
            Connect(id) => Connect(at(id)),
            Accept(id) => Accept(at(id)),
            Register(id, interest) => Register(at(id), *interest),
            Reregister(id, interest) => Reregister(at(id), *interest),
            Deregister(id) => Deregister(at(id)),
            OtherPoll(id, call) => OtherPoll(at(id), *call),
            Close(id) => Close(at(id)),
            IntoRaw(id) => IntoRaw(at(id)),
            Duplicate(id) => Duplicate(at(id)),
            Read(id, how) => Read(at(id), *how),
            Write(id, how) => Write(at(id), *how),
            WriteUrgent(id) => WriteUrgent(at(id)),
            ReadUrgent(id) => ReadUrgent(at(id)),
            ShutDown(id, half) => ShutDown(at(id), *half),
            TakeError(id) => TakeError(at(id)),
            FinishConnect(id) => FinishConnect(at(id)),
            Reopen(id) => Reopen(at(id)),
            Wake(id, threads) => Wake(self.find_waker(*id), *threads),
            DropWaker(id) => DropWaker(self.find_waker(*id)),
            op => op.clone(),
        }
    }

    fn is_open(&self, id: usize) -> bool {
        self.sources.get(id).is_some_and(|it| it.io.is_some())
    }

    /// Whether no file descriptor of a source is open.
    fn is_gone(&self, id: usize) -> bool {
        let source = &self.sources[id];
        source.io.is_none() && source.duplicates.is_empty()
    }

    fn duplicate(&mut self, id: usize) -> Outcome {
        if cfg!(windows) || !self.is_open(id) || self.sources[id].duplicates.len() > 2 {
            return Ok(None);
        }
        #[cfg(unix)]
        {
            let fd = self.sources[id].io.as_ref().map(Io::raw);
            let copy = fd.map(crate::sys::duplicate).transpose();
            let copy = copy.map_err(|it| format!("model: {it}"))?;
            self.sources[id].duplicates.extend(copy);
        }
        Ok(Some("Ok".into()))
    }

    fn add(&mut self, io: Io, class: Class, peer: Option<usize>) -> usize {
        let id = self.sources.len();
        self.spec.created(id, class, io.is_owned());
        self.sources.push(Source {
            io: Some(io),
            class,
            peer,
            duplicates: Vec::new(),
            unread: 0,
            pending: VecDeque::new(),
            reading_shut: false,
            writing_shut: false,
            refused: false,
            lost: false,
            #[cfg(windows)]
            pipe: named_pipes::State::default(),
            path: None,
        });
        id
    }

    fn add_pair(&mut self, [first, second]: [(Io, Class); 2]) {
        let id = self.sources.len();
        self.add(first.0, first.1, Some(id + 1));
        self.add(second.0, second.1, Some(id));
    }

    fn new_token(&mut self) -> Token {
        let number = self.tokens.len();
        // All bits are in use.
        let token = number
            .wrapping_mul(0x9e37_79b9_7f4a_7c15_u64 as usize)
            .wrapping_sub(1);
        self.tokens.insert(token, number);
        Token(token)
    }

    /// The source and its peer have changed.
    fn touch(&mut self, id: usize) {
        self.spec.touched(id);
        if let Some(peer) = self.sources[id].peer {
            self.spec.touched(peer);
        }
    }

    fn arrive(&mut self, id: usize, count: usize) {
        let source = &mut self.sources[id];
        // These keep what the receiver has no room for, and a half that is shut down gets nothing.
        let may_wait = matches!(source.class, Class::Tcp | Class::Terminal) && source.unread != 0
            || source.reading_shut;
        let was_empty = source.unread == 0;
        source.unread += count;
        if source.class == Class::NamedPipe {
            if was_empty {
                // The library reads ahead.
                self.spec.would_block(id, false);
            }
        } else if !may_wait {
            self.spec.arrived(id);
        }
    }

    /// Runs an operation that is no `poll`. `None` if it does not apply.
    fn step(&mut self, op: &Op) -> Outcome {
        let outcome = match *op {
            New(kind) => self.create(kind).map_err(|it| format!("model: {it}"))?,
            Connect(id) => self.connect(id).map_err(|it| format!("model: {it}"))?,
            Accept(id) => self.accept(id)?,
            Register(id, interest) => return self.register(id, interest, false),
            Reregister(id, interest) => return self.register(id, interest, true),
            Deregister(id) => return self.deregister(id),
            OtherPoll(id, call) => return self.call_other_poll(id, call),
            Close(id) => self.close(id)?,
            IntoRaw(id) => self.give_away(id),
            Duplicate(id) => self.duplicate(id)?,
            CloseDuplicates => {
                for id in 0..self.sources.len() {
                    if !self.sources[id].duplicates.is_empty() {
                        self.sources[id].duplicates.clear();
                        self.touch(id);
                    }
                }
                self.spec.duplicates_closed();
                Some("Ok".into())
            }
            Read(id, how) => self.read(id, how),
            Write(id, how) => self.write(id, how),
            #[cfg(unix)]
            WriteUrgent(id) => self.urgent(id, true),
            #[cfg(unix)]
            ReadUrgent(id) => self.urgent(id, false),
            ShutDown(id, half) => self.shut_down(id, half),
            TakeError(id) => self.take_error(id),
            FinishConnect(id) => self.finish_connect(id)?,
            Reopen(id) => self.reopen(id).map_err(|it| format!("model: {it}"))?,
            NewWaker => {
                let open = self.wakers.iter().flatten().count();
                let most = if self.options.one_waker {
                    1
                } else {
                    MAX_WAKERS
                };
                if !self.options.backend.has_wakers() {
                    return Ok(None);
                }
                if open >= most || self.options.one_waker && !self.wakers.is_empty() {
                    return Ok(None);
                }
                let token = self.new_token();
                let waker = Waker::new(&self.registry, token);
                self.spec.waker_created(self.wakers.len(), token.0);
                self.wakers.push(Some(waker.map_err(|it| it.to_string())?));
                Some("Ok".into())
            }
            Wake(id, threads) => self.wake(id, threads)?,
            DropWaker(id) => {
                let waker = self.wakers.get_mut(id).and_then(Option::take);
                if waker.is_none() {
                    return Ok(None);
                }
                drop(waker);
                self.spec.waker_dropped(id);
                Some("Ok".into())
            }
            #[cfg(windows)]
            WriteUrgent(_) | ReadUrgent(_) => None,
            Op::Poll(..) | During(..) | Drain(_) | Sleep(_) | Fork(_) => None,
        };
        Ok(outcome)
    }

    fn wake(&mut self, id: usize, threads: u8) -> Outcome {
        let Some(Some(waker)) = self.wakers.get(id) else {
            return Ok(None);
        };
        let began = Instant::now();
        let mut results = Vec::new();
        if threads == 0 {
            results.push(waker.wake());
        } else {
            thread::scope(|scope| {
                let threads: Vec<_> = (0..threads).map(|_| scope.spawn(|| waker.wake())).collect();
                for thread in threads {
                    results.push(thread.join().expect("`wake` does not panic"));
                }
            });
        }
        for result in results {
            result.map_err(|error| format!("`wake` returned {error}"))?;
            self.spec.woken(id, began);
        }
        Ok(Some("Ok".into()))
    }
}
