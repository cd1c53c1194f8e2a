//! Child processes that fork(2) makes of the test process.
#![allow(unsafe_code)]

use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::thread;
use std::time::{Duration, Instant};

/// A child that takes longer counts as hanging.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// A child process. `Drop` kills and reaps it.
#[derive(Debug)]
pub(crate) struct Child(libc::pid_t);

/// A function that forks, and returns as fork(2) does.
pub(crate) type Fork = fn() -> libc::pid_t;

pub(crate) fn fork_by_libc() -> libc::pid_t {
    // SAFETY: the child runs only the code of this test, and exits without unwinding beyond it.
    unsafe { libc::fork() }
}

/// The functions that fork. ThreadSanitizer does not support a fork that it does not intercept, so
/// `MIO_TEST_CLONE=0` leaves out the system call.
pub(crate) fn fork_functions() -> Vec<Fork> {
    let mut functions = vec![fork_by_libc as Fork];
    if std::env::var("MIO_TEST_CLONE").as_deref() != Ok("0") {
        functions.push(fork_by_syscall);
    }
    functions
}

/// The functions that fork and whose copies the library detects. It detects those of the system
/// call by a page that the kernel wipes, unless `mio_unsupported_force_upstream_calls` forbids
/// madvise(2).
pub(crate) fn detected_fork_functions() -> Vec<Fork> {
    let mut functions = fork_functions();
    if cfg!(mio_unsupported_force_upstream_calls) || !can_wipe_on_fork() {
        functions.truncate(1);
    }
    functions
}

/// Whether the kernel has `MADV_WIPEONFORK`. QEMU's user emulation accepts every advice and ignores
/// it: <https://man7.org/linux/man-pages/man2/madvise.2.html>.
pub(crate) fn can_wipe_on_fork() -> bool {
    let length = 65536;
    let (access, flags) = (
        libc::PROT_READ | libc::PROT_WRITE,
        libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
    );
    // SAFETY: a new mapping at an address that the kernel chooses.
    let page = unsafe { libc::mmap(std::ptr::null_mut(), length, access, flags, -1, 0) };
    assert_ne!(page, libc::MAP_FAILED);
    // SAFETY: an advice that does not exist changes nothing.
    let ignores = unsafe { libc::madvise(page, length, -1) } == 0;
    // SAFETY: the mapping is this function's own, and nothing has used it.
    let wipes = unsafe { libc::madvise(page, length, libc::MADV_WIPEONFORK) } == 0;
    // SAFETY: nothing has a pointer into the mapping.
    unsafe { libc::munmap(page, length) };
    wipes && !ignores
}

/// Forks by a system call, so that the handlers of pthread_atfork(3) do not run.
fn fork_by_syscall() -> libc::pid_t {
    let none: libc::c_long = 0;
    let signal = libc::c_long::from(libc::SIGCHLD);
    // On s390x the stack comes before the flags:
    // <https://man7.org/linux/man-pages/man2/clone.2.html>.
    let [first, second] = if cfg!(target_arch = "s390x") {
        [none, signal]
    } else {
        [signal, none]
    };
    // SAFETY: clone(2) with a signal and no other flag forks as fork(2) does. It touches no memory.
    let pid = unsafe { libc::syscall(libc::SYS_clone, first, second, none, none, none) };
    pid as libc::pid_t
}

impl Child {
    /// Runs `child` in a child process.
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
        // SAFETY: _exit(2) takes an integer and does not return.
        unsafe { libc::_exit(code) };
    }

    /// The status of waitpid(2), once the child has exited.
    fn ended(&self) -> Option<i32> {
        let mut status = 0;
        // SAFETY: waitpid(2) writes one int.
        let pid = unsafe { libc::waitpid(self.0, &mut status, libc::WNOHANG) };
        assert!(pid >= 0, "waitpid: {}", io::Error::last_os_error());
        (pid > 0).then_some(status)
    }

    /// Waits until the child exits, and asserts that it succeeded.
    pub(crate) fn join(self) {
        assert_eq!(self.status(), 0, "the child process failed");
    }

    /// Waits until the child exits, and returns the status of waitpid(2).
    pub(crate) fn status(self) -> i32 {
        let end = Instant::now() + LIMIT;
        let status = loop {
            if let Some(status) = self.ended() {
                break status;
            }
            assert!(Instant::now() < end, "the child process hangs");
            thread::sleep(Duration::from_millis(1));
        };
        std::mem::forget(self);
        status
    }
}

/// Runs `thread` on another thread while `rest` runs, in a child of a process that may have had
/// other threads at the fork.
///
/// std's threads may hang there: each takes a lock of std's when it starts and when it ends, and
/// another thread of the parent may have held it at the fork (`LOCK` in
/// <https://github.com/rust-lang/rust/blob/36d309e7b98fedac1dd1905c5251299efe5f624b/library/std/src/sys/pal/unix/stack_overflow/thread_info.rs>).
pub(crate) fn with_thread<F, R>(thread: F, rest: impl FnOnce() -> R) -> R
where
    F: FnOnce() + Send,
{
    extern "C" fn start<F: FnOnce() + Send>(thread: *mut libc::c_void) -> *mut libc::c_void {
        // SAFETY: `with_thread` passes a pointer to its `Option<F>`, which it neither uses nor
        // drops before it has joined this thread.
        let thread = unsafe { &mut *thread.cast::<Option<F>>() };
        if let Some(thread) = thread.take() {
            // A panic must not leave this function. The message is printed.
            let result = panic::catch_unwind(AssertUnwindSafe(thread));
            if result.is_err() {
                // SAFETY: _exit(2) takes an integer and does not return.
                unsafe { libc::_exit(1) };
            }
        }
        std::ptr::null_mut()
    }

    let mut thread = Some(thread);
    let mut id = std::mem::MaybeUninit::uninit();
    // SAFETY: pthread_create(3) writes the thread's ID. `start` gets a pointer that is valid until
    // the thread is joined below: nothing between leaves this function.
    let code = unsafe {
        libc::pthread_create(
            id.as_mut_ptr(),
            std::ptr::null(),
            start::<F>,
            (&raw mut thread).cast(),
        )
    };
    assert_eq!(code, 0, "pthread_create");
    let result = panic::catch_unwind(AssertUnwindSafe(rest));
    // SAFETY: pthread_create(3) has written it, because it has succeeded.
    let id = unsafe { id.assume_init() };
    // SAFETY: the thread has not been joined, and is not detached.
    let code = unsafe { libc::pthread_join(id, std::ptr::null_mut()) };
    assert_eq!(code, 0, "pthread_join");
    result.unwrap_or_else(|panic| panic::resume_unwind(panic))
}

impl Drop for Child {
    fn drop(&mut self) {
        // SAFETY: kill(2) takes integers only. The child was not reaped, so the PID is its own.
        unsafe { libc::kill(self.0, libc::SIGKILL) };
        let mut status = 0;
        // SAFETY: waitpid(2) writes one int.
        unsafe { libc::waitpid(self.0, &mut status, 0) };
    }
}
