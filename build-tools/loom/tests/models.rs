//! The protocols pass, and every mutant fails.
#![cfg(loom)]

use std::env;
use std::process::Command;

use mio_loom::queue::{self, Scene};
use mio_loom::table;

fn scenes() -> Vec<Scene> {
    let scene = |threads: &[&[usize]], wakers, capacity, early| Scene {
        threads: threads.iter().map(|wakes| wakes.to_vec()).collect(),
        wakers,
        capacity,
        early,
        apart: false,
        named: false,
        exposed: false,
    };
    vec![
        scene(&[&[0, 0]], 1, 1, 0),
        scene(&[&[0], &[0]], 1, 1, 0),
        scene(&[&[0], &[0]], 1, 1, 1),
        scene(&[&[0, 0], &[0]], 1, 1, 0),
        scene(&[&[0], &[1]], 2, 1, 0),
        scene(&[&[0, 1], &[1]], 2, 2, 0),
    ]
}

/// Set in the process that runs a mutant: loom may abort where it finds a fault.
const MUTANT: &str = "MIO_LOOM_MUTANT";

/// Runs the models of test `name` in a process of its own, and asserts that loom finds a poller that waits for ever.
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
    assert!(!output.status.success(), "loom has accepted this mutant");
    assert!(text.contains("deadlock"), "not a lost wake:\n{text}");
}

#[test]
fn queue_in_the_kernel() {
    for scene in scenes() {
        println!("{scene:?}");
        queue::run(scene, queue::Mistake::None);
    }
}

/// Completion ports: each waker has its own flags.
#[test]
fn completion_port() {
    for scene in scenes() {
        let scene = Scene {
            apart: true,
            ..scene
        };
        println!("{scene:?}");
        queue::run(scene, queue::Mistake::None);
    }
}

/// Event ports: a wait that was full clears the flags of the wakers it has told.
#[test]
fn event_ports() {
    for scene in scenes() {
        let scene = Scene {
            named: true,
            ..scene
        };
        println!("{scene:?}");
        queue::run(scene, queue::Mistake::None);
    }
}

/// Others wait on the descriptor that was handed out, and clear no flag.
#[test]
fn exposed_descriptor() {
    for scene in scenes() {
        let scene = Scene {
            exposed: true,
            ..scene
        };
        println!("{scene:?}");
        queue::run(scene, queue::Mistake::None);
    }
}

fn exposed_mutant(name: &str, mistake: queue::Mistake) {
    assert_rejected(name, || {
        for scene in scenes() {
            let scene = Scene {
                exposed: true,
                ..scene
            };
            println!("{scene:?}");
            queue::run(scene, mistake);
        }
    });
}

#[test]
fn queue_mutant_merge_when_exposed() {
    exposed_mutant(
        "queue_mutant_merge_when_exposed",
        queue::Mistake::MergeWhenExposed,
    );
}

#[test]
fn queue_mutant_expose_without_clearing() {
    exposed_mutant(
        "queue_mutant_expose_without_clearing",
        queue::Mistake::ExposeWithoutClearing,
    );
}

fn queue_mutant(name: &str, mistake: queue::Mistake) {
    assert_rejected(name, || {
        for scene in scenes() {
            println!("{scene:?}");
            queue::run(scene, mistake);
        }
    });
}

#[test]
fn queue_mutant_load_first() {
    queue_mutant("queue_mutant_load_first", queue::Mistake::LoadFirst);
}

#[test]
fn queue_mutant_clear_by_store() {
    queue_mutant("queue_mutant_clear_by_store", queue::Mistake::ClearByStore);
}

#[test]
fn queue_mutant_clear_before_wait() {
    queue_mutant(
        "queue_mutant_clear_before_wait",
        queue::Mistake::ClearBeforeWait,
    );
}

#[test]
fn queue_mutant_clear_after_look() {
    queue_mutant(
        "queue_mutant_clear_after_look",
        queue::Mistake::ClearAfterLook,
    );
}

#[test]
fn queue_mutant_set_after_notify() {
    queue_mutant(
        "queue_mutant_set_after_notify",
        queue::Mistake::SetAfterNotify,
    );
}

#[test]
fn table_under_a_mutex() {
    for (threads, registrations) in [
        (vec![0], 1),
        (vec![0, 0], 0),
        (vec![0, 1], 0),
        (vec![0, 0], 1),
    ] {
        println!("{threads:?} {registrations}");
        table::run(threads, registrations, table::Mistake::None);
    }
}

fn table_mutant(name: &str, mistake: table::Mistake) {
    assert_rejected(name, || {
        for (threads, registrations) in [(vec![0], 1), (vec![0, 0], 0), (vec![0, 1], 0)] {
            table::run(threads, registrations, mistake);
        }
    });
}

#[test]
fn table_mutant_blocked_apart() {
    table_mutant("table_mutant_blocked_apart", table::Mistake::BlockedApart);
}

#[test]
fn table_mutant_clear_by_store() {
    table_mutant("table_mutant_clear_by_store", table::Mistake::ClearByStore);
}

#[test]
fn table_mutant_load_first() {
    table_mutant("table_mutant_load_first", table::Mistake::LoadFirst);
}
