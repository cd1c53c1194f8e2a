//! Random sequences on the library and on upstream's mio 1.2.5, compared.
#![cfg(not(any(
    windows,
    mio_unsupported_force_poll_poll,
    mio_unsupported_force_waker_pipe,
    mio_fake_kernel = "apple",
    mio_fake_kernel = "dragonfly",
    mio_fake_kernel = "freebsd",
    mio_fake_kernel = "netbsd",
    mio_fake_kernel = "openbsd",
    mio_fake_kernel = "solaris",
    mio_fake_kernel = "wasip1",
)))]

mod runner;

use std::cell::RefCell;

use mio_properties::differences::Compared;
use mio_properties::{compare, differences, op};

#[test]
fn library_and_upstream_agree_over_epoll() {
    for rule in differences::rules() {
        println!("allowed: {rule}");
    }
    let total = RefCell::new(Compared::default());
    runner::run(
        "regressions/upstream.txt",
        300,
        op::sequences(false),
        |ops| {
            let compared = compare(ops)?;
            total.borrow_mut().add(compared);
            Ok(compared.operations)
        },
    );
    let total = total.into_inner();
    println!(
        "{} polls, {} differences allowed",
        total.polls, total.allowed
    );
}
