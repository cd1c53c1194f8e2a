//! The library's protocols pass, and loom rejects other protocols of merging wakes.
#![cfg(loom)]

use std::env;
use std::process::Command;

use mio_loom::kernel_queue::{self, Scene};
use mio_loom::models::{run, scenes};

/// Set in the child process that runs a mutant: loom may abort when it finds a mistake.
const MUTANT: &str = "MIO_LOOM_MUTANT";

/// Runs the models of test `name` in a child process, and asserts that loom finds a poller that
/// waits forever.
fn assert_rejected(name: &str, models: impl FnOnce()) {
    if env::var_os(MUTANT).is_some() {
        models();
        return;
    }
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(MUTANT, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "loom accepted this mutant");
    assert!(text.contains("deadlock"), "not a lost wake:\n{text}");
}

#[test]
fn kernel_queue_loses_no_wake() {
    assert!(run("kernel_queue"));
}

/// On epoll a wake that comes alone sets no flag.
#[test]
fn paced_kernel_queue_loses_no_wake() {
    assert!(run("kernel_queue_paced"));
}

#[test]
fn posix_poll_loses_no_wake() {
    assert!(run("posix_poll_wakes"));
}

/// Polls that do not block and take no lock.
#[test]
fn posix_poll_without_blocking_loses_no_wake() {
    assert!(run("posix_poll_without_blocking"));
}

/// Writes that fail, a full notifier, and polls that are interrupted.
#[test]
fn posix_poll_loses_nothing_if_calls_fail() {
    assert!(run("posix_poll_faults"));
}

#[test]
fn posix_poll_loses_no_change_of_a_registration() {
    assert!(run("posix_poll_registrations"));
}

#[test]
fn afd_loses_no_wake() {
    assert!(run("afd_wakes"));
}

#[test]
fn afd_loses_no_change_of_a_registration() {
    assert!(run("afd_registrations"));
}

/// On completion ports each waker has flags of its own.
#[test]
fn completion_port_loses_no_wake() {
    for scene in scenes() {
        let scene = Scene {
            separate_flags: true,
            ..scene
        };
        println!("{scene:?}");
        kernel_queue::run(scene, kernel_queue::Mistake::None);
    }
}

/// On event ports a wait that was full only clears the flags of the wakers that it has reported.
#[test]
fn event_ports_lose_no_wake() {
    for scene in scenes() {
        let scene = Scene {
            clears_only_its_events: true,
            ..scene
        };
        println!("{scene:?}");
        kernel_queue::run(scene, kernel_queue::Mistake::None);
    }
}

/// The caller waits on the fd that was handed out, and clears no flag.
#[test]
fn exposed_fd_loses_no_wake() {
    for scene in scenes() {
        for is_paced in [false, true] {
            let scene = Scene {
                exposed: true,
                is_paced,
                ..scene.clone()
            };
            println!("{scene:?}");
            kernel_queue::run(scene, kernel_queue::Mistake::None);
        }
    }
}

fn exposed_mutant(name: &str, mistake: kernel_queue::Mistake) {
    assert_rejected(name, || {
        for scene in scenes() {
            let scene = Scene {
                exposed: true,
                ..scene
            };
            println!("{scene:?}");
            kernel_queue::run(scene, mistake);
        }
    });
}

#[test]
fn kernel_queue_mutant_merge_when_exposed() {
    exposed_mutant(
        "kernel_queue_mutant_merge_when_exposed",
        kernel_queue::Mistake::MergeWhenExposed,
    );
}

#[test]
fn kernel_queue_mutant_expose_without_clearing() {
    exposed_mutant(
        "kernel_queue_mutant_expose_without_clearing",
        kernel_queue::Mistake::ExposeWithoutClearing,
    );
}

fn kernel_queue_mutant(name: &str, mistake: kernel_queue::Mistake) {
    assert_rejected(name, || {
        for scene in scenes() {
            println!("{scene:?}");
            kernel_queue::run(scene, mistake);
        }
    });
}

#[test]
fn kernel_queue_mutant_load_first() {
    kernel_queue_mutant(
        "kernel_queue_mutant_load_first",
        kernel_queue::Mistake::LoadFirst,
    );
}

#[test]
fn kernel_queue_mutant_clear_by_store() {
    kernel_queue_mutant(
        "kernel_queue_mutant_clear_by_store",
        kernel_queue::Mistake::ClearByStore,
    );
}

#[test]
fn kernel_queue_mutant_clear_before_wait() {
    kernel_queue_mutant(
        "kernel_queue_mutant_clear_before_wait",
        kernel_queue::Mistake::ClearBeforeWait,
    );
}

#[test]
fn kernel_queue_mutant_clear_after_handling() {
    kernel_queue_mutant(
        "kernel_queue_mutant_clear_after_handling",
        kernel_queue::Mistake::ClearAfterHandling,
    );
}

#[test]
fn kernel_queue_mutant_set_after_notify() {
    kernel_queue_mutant(
        "kernel_queue_mutant_set_after_notify",
        kernel_queue::Mistake::SetAfterNotify,
    );
}
