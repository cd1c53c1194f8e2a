//! The models by name. Each name is a test, and the program `mutants` takes one.

use crate::afd;
use crate::kernel_queue::{self, Scene};
use crate::posix_poll::{self, Change, Faults, Notifier, Wakes};

/// A name, and a function that runs all models of that name.
pub type Models = (&'static str, fn());

/// All models of the library's own code.
pub const MODELS: &[Models] = &[
    ("kernel_queue", kernel_queues),
    ("kernel_queue_paced", paced_kernel_queues),
    ("posix_poll_wakes", posix_poll_wakes),
    ("posix_poll_faults", posix_poll_faults),
    ("posix_poll_registrations", posix_poll_registrations),
    (
        "posix_poll_without_blocking",
        posix_poll::wakes_without_blocking,
    ),
    ("afd_wakes", afd_wakes),
    ("afd_registrations", afd_registrations),
];

/// Runs the models of a name. Returns whether there are any.
pub fn run(name: &str) -> bool {
    let found = MODELS.iter().find(|(model, _)| *model == name);
    if let Some((_, models)) = found {
        models();
    }
    found.is_some()
}

/// Scenes of selectors whose events the kernel queues.
pub fn scenes() -> Vec<Scene> {
    let scene = |threads: &[&[usize]], wakers, capacity, early_returns| Scene {
        threads: threads.iter().map(|wakes| wakes.to_vec()).collect(),
        wakers,
        capacity,
        early_returns,
        separate_flags: false,
        clears_only_its_events: false,
        is_paced: false,
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

fn kernel_queues() {
    for scene in scenes() {
        println!("{scene:?}");
        kernel_queue::run(scene, kernel_queue::Mistake::None);
    }
}

/// A wake that comes alone sets no flag.
fn paced_kernel_queues() {
    let mut all = scenes();
    // The first wake sets no flag, and the third is merged with the second. A flag that was not
    // cleared does harm at the fourth.
    all.extend(scenes().into_iter().take(1).map(|scene| Scene {
        threads: vec![vec![0, 0, 0, 0]],
        ..scene
    }));
    for scene in all {
        let scene = Scene {
            is_paced: true,
            ..scene
        };
        println!("{scene:?}");
        kernel_queue::run(scene, kernel_queue::Mistake::None);
    }
}

const NO_FAULTS: Faults = Faults {
    failing_writes: 0,
    interrupted_polls: 0,
    is_full_at_once: false,
};

const FAILING_WRITE: Faults = Faults {
    failing_writes: 1,
    ..NO_FAULTS
};

fn scene(threads: &'static [&'static [usize]], wakers: usize, capacity: usize) -> Wakes {
    Wakes {
        threads,
        wakers,
        capacity,
        has_source: false,
        faults: NO_FAULTS,
    }
}

fn posix_poll_wakes() {
    for scene in [
        scene(&[&[0, 0]], 1, 1),
        scene(&[&[0], &[0]], 1, 1),
        scene(&[&[0], &[1]], 2, 1),
        scene(&[&[0], &[1]], 2, 4),
    ] {
        println!("{scene:?}");
        posix_poll::wakes(Notifier::EventFd, scene);
    }
    let has_source = true;
    let scene = scene(&[&[0]], 1, 1);
    posix_poll::wakes(
        Notifier::EventFd,
        Wakes {
            has_source,
            ..scene
        },
    );
    posix_poll::wakes(Notifier::Pipe, scene);
}

fn posix_poll_faults() {
    let interrupted = Faults {
        interrupted_polls: 1,
        ..NO_FAULTS
    };
    let full = Faults {
        is_full_at_once: true,
        ..NO_FAULTS
    };
    for faults in [FAILING_WRITE, interrupted] {
        println!("{faults:?}");
        let scene = scene(&[&[0, 0]], 1, 1);
        posix_poll::wakes(Notifier::EventFd, Wakes { faults, ..scene });
    }
    for notifier in [Notifier::EventFd, Notifier::Pipe] {
        println!("{full:?} {notifier:?}");
        let scene = Wakes {
            has_source: true,
            faults: full,
            ..scene(&[&[0], &[0]], 1, 4)
        };
        posix_poll::wakes(notifier, scene);
    }
    for change in [Change::Register, Change::Reregister, Change::Rearm] {
        println!("{change:?} {FAILING_WRITE:?}");
        posix_poll::change(Notifier::EventFd, change, FAILING_WRITE);
    }
    let two_wakes = scene(&[&[0], &[1]], 2, 4);
    let faults = FAILING_WRITE;
    posix_poll::wakes(
        Notifier::EventFd,
        Wakes {
            faults,
            ..two_wakes
        },
    );
}

fn posix_poll_registrations() {
    for change in [
        Change::Register,
        Change::RegisterAndWake,
        Change::Reregister,
        Change::Rearm,
        Change::Deregister,
        Change::Drop,
        Change::Reuse,
    ] {
        println!("{change:?}");
        posix_poll::change(Notifier::EventFd, change, NO_FAULTS);
    }
}

fn afd_wakes() {
    let scenes: [(&'static [&'static [usize]], usize); 3] =
        [(&[&[0, 0]], 1), (&[&[0], &[0]], 1), (&[&[0], &[1]], 2)];
    for (threads, wakers) in scenes {
        println!("{threads:?}");
        afd::wakes(threads, wakers);
    }
}

fn afd_registrations() {
    for change in [
        afd::Change::Register,
        afd::Change::Reregister,
        afd::Change::Rearm,
        afd::Change::RearmOfTwo,
        afd::Change::RearmRefused,
        afd::Change::Deregister,
        afd::Change::RegisterAgain,
    ] {
        println!("{change:?}");
        afd::change(change);
    }
}
