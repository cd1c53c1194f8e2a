//! The bindings against the declarations of the `libc` crate, which people wrote by hand.
#![cfg(any(target_os = "linux", target_os = "android"))]

use std::mem::{align_of, offset_of, size_of};

use linux_fds::sys;

/// Compares size, alignment and the offsets of fields.
macro_rules! same_layout {
    ($($record:ident { $($field:ident),* })*) => {$(
        assert_eq!(size_of::<sys::$record>(), size_of::<libc::$record>(), stringify!($record));
        assert_eq!(align_of::<sys::$record>(), align_of::<libc::$record>(), stringify!($record));
        $(
            let (ours, theirs) =
                (offset_of!(sys::$record, $field), offset_of!(libc::$record, $field));
            assert_eq!(ours, theirs, "{}.{}", stringify!($record), stringify!($field));
        )*
    )*};
}

#[test]
fn records_have_the_layouts_of_libc() {
    same_layout! {
        inotify_event { wd, mask, cookie, len }
        signalfd_siginfo {
            ssi_signo, ssi_errno, ssi_code, ssi_pid, ssi_uid, ssi_fd, ssi_tid, ssi_band,
            ssi_overrun, ssi_trapno, ssi_status, ssi_int, ssi_ptr, ssi_utime, ssi_stime, ssi_addr,
            ssi_addr_lsb, ssi_syscall, ssi_call_addr, ssi_arch
        }
    }
    // The kernel's record has 64 bits for each number on every target, that of a C library not.
    assert_eq!(size_of::<sys::__kernel_itimerspec>(), 32);
}

/// Compares values, which may have different types.
macro_rules! same_value {
    ($($name:ident)*) => {$(
        assert_eq!(i128::from(sys::$name), i128::from(libc::$name), stringify!($name));
    )*};
}

#[test]
fn constants_have_the_values_of_libc() {
    same_value! {
        CLOCK_MONOTONIC IN_CLOEXEC IN_CLOSE_WRITE IN_CREATE IN_DELETE IN_IGNORED IN_MODIFY
        IN_NONBLOCK SFD_CLOEXEC SFD_NONBLOCK SIGUSR1 SIGUSR2 SIG_BLOCK SIG_UNBLOCK TFD_CLOEXEC
        TFD_NONBLOCK TFD_TIMER_ABSTIME
    }
    assert_eq!(sys::__NR_rt_sigprocmask, libc::SYS_rt_sigprocmask);
    assert_eq!(sys::__NR_signalfd4, libc::SYS_signalfd4);
}

#[test]
fn names_are_those_of_the_constants() {
    let names: Vec<&str> = sys::IN_NAMES.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        names,
        [
            "IN_MODIFY",
            "IN_CLOSE_WRITE",
            "IN_CREATE",
            "IN_DELETE",
            "IN_IGNORED"
        ]
    );
}
