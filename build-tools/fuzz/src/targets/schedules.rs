//! The random tests of the Windows state machines, whose choices the input makes.

use crate::sys::windows::afd::portable_tests::random_tests;
use crate::sys::windows::named_pipe::state_tests::npfs_tests;
use crate::testing::choices::Choices;

/// AFD: no event is lost, and none comes of a registration that has ended.
pub fn afd(data: &[u8]) {
    let Some((seed, data)) = data.split_first() else {
        return;
    };
    random_tests::run(Choices::from_input(data), 400, u64::from(*seed));
}

/// Named pipes: no byte is lost or reaches another client, every waiter is woken, and all memory is
/// returned.
pub fn named_pipe(data: &[u8]) {
    npfs_tests::run(Choices::from_input(data), 8);
}
