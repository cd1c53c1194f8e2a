//! Copies of this process, made by fork(2).
#![allow(unsafe_code)]

use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::thread;
use std::time::{Duration, Instant};

/// How long a process may take before it counts as hanging.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// A copy of this process. It is killed and reaped when it is dropped.
#[derive(Debug)]
pub(crate) struct Child(libc::pid_t);

/// How a copy is made.
pub(crate) type Fork = fn() -> libc::pid_t;

pub(crate) fn fork_by_libc() -> libc::pid_t {
    // SAFETY: the child only runs this test's code, and ends without unwinding beyond it.
    unsafe { libc::fork() }
}

/// The functions to make a copy. ThreadSanitizer does not survive one that it is not told of:
/// `MIO_TEST_CLONE=0`.
pub(crate) fn fork_functions() -> Vec<Fork> {
    let mut functions = vec![fork_by_libc as Fork];
    if std::env::var("MIO_TEST_CLONE").as_deref() != Ok("0") {
        functions.push(fork_by_syscall);
    }
    functions
}

/// Without the C library, whose handlers do not run.
fn fork_by_syscall() -> libc::pid_t {
    let none: libc::c_long = 0;
    let signal = libc::c_long::from(libc::SIGCHLD);
    // clone(2): on s390x the stack comes before the flags.
    let [first, second] = if cfg!(target_arch = "s390x") {
        [none, signal]
    } else {
        [signal, none]
    };
    // SAFETY: clone(2) with a signal and nothing else makes a copy as fork(2) does, with the same
    // stack.
    let pid = unsafe { libc::syscall(libc::SYS_clone, first, second, none, none, none) };
    pid as libc::pid_t
}

impl Child {
    /// Runs `child` in a copy.
    pub(crate) fn new(child: impl FnOnce()) -> Child {
        Child::fork_with(fork_by_libc, child)
    }

    pub(crate) fn fork_with(fork: Fork, child: impl FnOnce()) -> Child {
        // SAFETY: it takes nothing and touches no memory.
        let parent = unsafe { libc::getpid() };
        let pid = fork();
        assert!(pid >= 0, "fork: {}", io::Error::last_os_error());
        if pid > 0 {
            return Child(pid);
        }
        // SAFETY: prctl(2) with this option takes numbers only.
        unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL as libc::c_ulong) };
        // SAFETY: it takes nothing and touches no memory.
        let is_orphan = unsafe { libc::getppid() } != parent;
        let result = panic::catch_unwind(AssertUnwindSafe(child));
        let code = i32::from(is_orphan || result.is_err());
        // SAFETY: it takes a number and does not return.
        unsafe { libc::_exit(code) };
    }

    /// The status that waitpid(2) gives, once the copy has ended.
    fn ended(&self) -> Option<i32> {
        let mut status = 0;
        // SAFETY: waitpid(2) writes one int.
        let pid = unsafe { libc::waitpid(self.0, &mut status, libc::WNOHANG) };
        assert!(pid >= 0, "waitpid: {}", io::Error::last_os_error());
        (pid > 0).then_some(status)
    }

    /// Waits until the copy ends, and sees that all was well in it.
    pub(crate) fn join(self) {
        assert_eq!(self.status(), 0, "the other process has failed");
    }

    /// Waits until the copy ends, and returns the status that waitpid(2) gives.
    pub(crate) fn status(self) -> i32 {
        let end = Instant::now() + LIMIT;
        let status = loop {
            if let Some(status) = self.ended() {
                break status;
            }
            assert!(Instant::now() < end, "the other process hangs");
            thread::sleep(Duration::from_millis(1));
        };
        std::mem::forget(self);
        status
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // SAFETY: it takes numbers only. The child was not reaped, so the number is its own.
        unsafe { libc::kill(self.0, libc::SIGKILL) };
        let mut status = 0;
        // SAFETY: waitpid(2) writes one int.
        unsafe { libc::waitpid(self.0, &mut status, 0) };
    }
}
