//! Random sequences in which child processes have copies of everything. In a file of its own: a
//! child also has copies of what other tests of its process have open.
#![cfg(not(any(windows, mio_fake_kernel = "solaris", mio_fake_kernel = "wasip1")))]

mod runner;

use mio_properties::{check, op};

#[test]
fn child_process_leaves_its_parent_undisturbed() {
    runner::run(
        "regressions/forks.txt",
        200,
        op::sequences_with_forks(),
        |ops| check(ops),
    );
}
