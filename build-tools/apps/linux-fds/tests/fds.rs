//! The wrapper on the kernel of this machine.
#![cfg(any(target_os = "linux", target_os = "android"))]

use std::fs;
use std::io::{ErrorKind, Result};
use std::time::{Duration, Instant};

use linux_fds::{sys, Signals, Timer, Watcher};

#[test]
fn timer_fires_after_its_delay_and_at_each_interval() -> Result<()> {
    let timer = Timer::new()?;
    let (delay, interval) = (Duration::from_millis(30), Duration::from_millis(10));
    let began = Instant::now();
    timer.set(delay, interval)?;
    let mut count = 0;
    while count < 4 {
        // More than once if this thread was not scheduled in between.
        count += timer.wait()?;
        let intervals = u32::try_from(count - 1).unwrap_or(u32::MAX);
        let (passed, least) = (began.elapsed(), delay + intervals * interval);
        assert!(passed >= least, "{count} times within {passed:?}");
    }
    Ok(())
}

#[test]
fn times_have_nanoseconds_and_invalid_ones_are_errors() -> Result<()> {
    let timer = Timer::new()?;
    let began = Instant::now();
    timer.set(Duration::new(0, 999_999), Duration::ZERO)?;
    timer.wait()?;
    assert!(began.elapsed() >= Duration::from_nanos(999_999));
    // The largest number of seconds does not wrap into the past.
    timer.set(Duration::MAX, Duration::ZERO)?;
    Ok(())
}

#[test]
fn signal_is_read_with_its_sender() -> Result<()> {
    let signals = Signals::new(&[sys::SIGUSR1, sys::SIGUSR2])?;
    for signal in [sys::SIGUSR2, sys::SIGUSR1] {
        // The signal goes to this thread, which has blocked it.
        // SAFETY: the call takes no pointer.
        assert_eq!(unsafe { libc::raise(signal) }, 0);
        let info = signals.read()?;
        assert_eq!(i64::from(info.ssi_signo), i64::from(signal));
        assert_eq!(info.ssi_pid, std::process::id());
    }
    Ok(())
}

#[test]
fn number_that_is_no_signal_is_invalid() {
    for number in [0, -1, 129, i32::MAX] {
        let error = Signals::new(&[number]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{number}");
    }
}

#[test]
fn events_of_a_folder_have_masks_and_names() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let watcher = Watcher::new()?;
    let mask = sys::IN_CREATE | sys::IN_CLOSE_WRITE | sys::IN_DELETE;
    let watch = watcher.add(folder.path(), mask)?;
    // Names of several lengths: the kernel pads them.
    let names = ["a", "a name of sixteen", "b"];
    for name in names {
        fs::write(folder.path().join(name), "text")?;
    }
    fs::remove_file(folder.path().join("a"))?;
    let mut wanted: Vec<(u32, &str)> = Vec::new();
    for name in names {
        wanted.push((sys::IN_CREATE, name));
        wanted.push((sys::IN_CLOSE_WRITE, name));
    }
    wanted.push((sys::IN_DELETE, "a"));
    let mut found = Vec::new();
    while found.len() < wanted.len() {
        found.extend(watcher.read()?);
    }
    assert!(found.iter().all(|event| event.watch == watch), "{found:?}");
    let found: Vec<(u32, &str)> = found
        .iter()
        .map(|event| (event.mask, event.name.to_str().unwrap_or("not UTF-8")))
        .collect();
    assert_eq!(found, wanted);
    watcher.remove(watch)?;
    let last = watcher.read()?;
    assert_eq!((last[0].mask, last[0].name.len()), (sys::IN_IGNORED, 0));
    Ok(())
}

#[test]
fn path_without_a_file_is_not_found() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let missing = folder.path().join("missing");
    let error = Watcher::new()?.add(&missing, sys::IN_MODIFY).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    Ok(())
}
