//! Faults injected into system calls, for tests only.
//!
//! With `--cfg mio_fault_injection` on Linux, `sys::ffi` and the files of `sys/unix/syscalls` name
//! the functions of `calls` in place of the C library's. Each counts the calls of its kind and
//! may fail instead of calling the kernel. The fake kernels of kqueue(2) and of event ports ask
//! [`effect`] themselves. Without the flag nothing of this is compiled into the library.
//!
//! An [`Injector`] affects the threads that are in its `run`, and no others: tests of one process
//! do not disturb each other.
//!
//! Out of scope: allocation failure, which aborts the process; close(2), whose result std ignores;
//! and the calls that std makes itself, such as the read(2) of a stream.

#[cfg(mio_fault_injection)]
pub(crate) mod calls {
    pub(crate) mod syscall;
}
pub(crate) mod syscall;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

/// A kind of system call.
#[allow(dead_code)] // A system makes some of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    /// accept(2).
    Accept,
    /// accept4(2).
    Accept4,
    /// bind(2).
    Bind,
    /// connect(2).
    Connect,
    /// epoll_create1(2).
    EpollCreate,
    /// epoll_ctl(2) with `EPOLL_CTL_ADD`.
    EpollAdd,
    /// epoll_ctl(2) with `EPOLL_CTL_DEL`.
    EpollDelete,
    /// epoll_ctl(2) with `EPOLL_CTL_MOD`.
    EpollModify,
    /// epoll_pwait2(2).
    EpollPwait2,
    /// epoll_wait(2).
    EpollWait,
    /// eventfd(2).
    Eventfd,
    /// fcntl(2).
    Fcntl,
    /// getsockopt(2).
    Getsockopt,
    /// listen(2).
    Listen,
    /// madvise(2).
    Madvise,
    /// mmap(2).
    Mmap,
    /// pipe2(2).
    Pipe2,
    /// poll(2).
    Poll,
    /// ppoll(2).
    Ppoll,
    /// pthread_atfork(3).
    PthreadAtfork,
    /// read(2).
    Read,
    /// send(2).
    Send,
    /// sendmsg(2).
    Sendmsg,
    /// setsockopt(2).
    Setsockopt,
    /// socket(2).
    Socket,
    /// socketpair(2).
    Socketpair,
    /// write(2).
    Write,
    /// kqueue(2).
    Kqueue,
    /// kevent(2) with changes.
    KeventChange,
    /// kevent(2) without changes.
    KeventWait,
    /// One change of kevent(2) that adds `EVFILT_READ`.
    ChangeAddRead,
    /// One change of kevent(2) that adds `EVFILT_USER`.
    ChangeAddUser,
    /// One change of kevent(2) that adds `EVFILT_WRITE`.
    ChangeAddWrite,
    /// One change of kevent(2) that deletes a filter.
    ChangeDelete,
    /// One change of kevent(2) that triggers a user event.
    ChangeTrigger,
    /// port_create(3C).
    PortCreate,
    /// port_associate(3C).
    PortAssociate,
    /// port_dissociate(3C).
    PortDissociate,
    /// port_send(3C).
    PortSend,
    /// port_getn(3C).
    PortGetn,
}

/// What a fault does to a call.
#[allow(dead_code)] // Unit tests over fake kernels use one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The call is not made, and fails with this error.
    Fail(i32),
    /// The call is made, and its result is replaced by this error.
    FailAfter(i32),
    /// The call transfers at most so many bytes, or returns at most so many events.
    Short(usize),
}

/// A fault: which calls it affects, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The kind of the calls.
    pub call: Call,
    /// The number of the first call; 1 is the first of its kind.
    pub first: usize,
    /// How many calls, from `first` on.
    pub times: usize,
    /// What happens to them.
    pub effect: Effect,
}

impl Fault {
    /// The next `times` calls of a kind fail with `error`.
    #[allow(dead_code)] // For unit tests over fake kernels.
    pub(crate) fn next(call: Call, times: usize, error: i32) -> Fault {
        Fault {
            call,
            first: 1,
            times,
            effect: Effect::Fail(error),
        }
    }

    fn affects(&self, call: Call, number: usize) -> bool {
        self.call == call && number >= self.first && number - self.first < self.times
    }
}

/// Counts the system calls of its threads, and injects faults into them.
#[derive(Clone, Debug)]
pub struct Injector {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    faults: Vec<Fault>,
    counts: BTreeMap<Call, usize>,
    /// The thread of each call that was affected, in order.
    affected: Vec<ThreadId>,
}

thread_local! {
    static CURRENT: RefCell<Option<Injector>> = const { RefCell::new(None) };
}

/// Restores the injector that a thread had before.
struct Restore(Option<Injector>);

impl Drop for Restore {
    fn drop(&mut self) {
        CURRENT.set(self.0.take());
    }
}

impl Injector {
    /// Injects these faults. If several affect one call, the first one counts.
    pub fn new(faults: Vec<Fault>) -> Injector {
        let state = State {
            faults,
            counts: BTreeMap::new(),
            affected: Vec::new(),
        };
        Injector {
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// Runs `run` and affects the calls that this thread makes meanwhile.
    pub fn run<T>(&self, run: impl FnOnce() -> T) -> T {
        let _restore = Restore(CURRENT.replace(Some(self.clone())));
        run()
    }

    /// How many calls of each kind were made.
    #[allow(dead_code)] // For suites with `mio_fault_injection`.
    pub fn counts(&self) -> BTreeMap<Call, usize> {
        self.state().counts.clone()
    }

    /// How many calls of this thread were affected.
    #[allow(dead_code)] // For suites with `mio_fault_injection`.
    pub fn affected_here(&self) -> usize {
        let current = thread::current().id();
        let state = self.state();
        let own = state.affected.iter().filter(|thread| **thread == current);
        own.count()
    }

    /// How many calls of all threads were affected.
    #[allow(dead_code)] // For suites with `mio_fault_injection`.
    pub fn affected(&self) -> usize {
        self.state().affected.len()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count_call(&self, call: Call) -> Option<Effect> {
        let mut state = self.state();
        let count = state.counts.entry(call).or_default();
        *count += 1;
        let number = *count;
        let fault = *state
            .faults
            .iter()
            .find(|fault| fault.affects(call, number))?;
        state.affected.push(thread::current().id());
        Some(fault.effect)
    }
}

/// Counts a call of this thread. Returns what is to happen to it, unless it is left alone.
pub(crate) fn effect(call: Call) -> Option<Effect> {
    let injector = CURRENT.with_borrow(Option::clone)?;
    injector.count_call(call)
}

/// The same for a call that fails without a side effect, or not at all.
#[allow(dead_code)] // Only the fake kernels use it.
pub(crate) fn error(call: Call) -> Option<i32> {
    match effect(call)? {
        Effect::Fail(error) | Effect::FailAfter(error) => Some(error),
        Effect::Short(_) => None,
    }
}

/// Runs `run` with these faults in the calls of this thread.
#[allow(dead_code)] // For unit tests over fake kernels.
pub(crate) fn with<T>(faults: &[Fault], run: impl FnOnce() -> T) -> T {
    Injector::new(faults.to_vec()).run(run)
}

/// Counts of calls.
#[derive(Debug)]
pub(crate) struct Counts(BTreeMap<Call, usize>);

impl Counts {
    /// How many calls of this kind were made.
    #[allow(dead_code)] // For unit tests over fake kernels.
    pub(crate) fn of(&self, call: Call) -> usize {
        self.0.get(&call).copied().unwrap_or(0)
    }
}

/// Counts the calls that this thread makes in `run`.
#[allow(dead_code)] // For unit tests over fake kernels.
pub(crate) fn counts(run: impl FnOnce()) -> Counts {
    let injector = Injector::new(Vec::new());
    injector.run(run);
    Counts(injector.counts())
}

/// Faults that the environment variable `MIO_FAKE_KERNEL_FAULTS` injects into all threads of the
/// process: a comma-separated list of names, which the fake kernels define.
#[cfg(any(
    mio_fake_kernel = "apple",
    mio_fake_kernel = "dragonfly",
    mio_fake_kernel = "freebsd",
    mio_fake_kernel = "netbsd",
    mio_fake_kernel = "openbsd",
    mio_fake_kernel = "solaris"
))]
pub(crate) mod environment {
    use std::env;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Whether the environment variable has this fault. The variable is read once.
    pub(crate) fn has(name: &str) -> bool {
        static NAMES: OnceLock<String> = OnceLock::new();
        NAMES
            .get_or_init(|| env::var("MIO_FAKE_KERNEL_FAULTS").unwrap_or_default())
            .split(',')
            .any(|listed| listed == name)
    }

    /// Whether a signal interrupts the next wait: every fifth one with `interrupt`.
    pub(crate) fn interrupts() -> bool {
        static WAITS: AtomicUsize = AtomicUsize::new(0);
        has("interrupt") && WAITS.fetch_add(1, Ordering::Relaxed) % 5 == 4
    }
}
