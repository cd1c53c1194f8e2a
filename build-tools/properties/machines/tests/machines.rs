//! Random sequences on the selector on the fake AFD, and on the state of a named pipe.
#![cfg(unix)]

#[path = "../../tests/runner/mod.rs"]
mod runner;

use mio_machines::{afd, named_pipe};
use proptest::collection::vec;
use proptest::prelude::*;

fn afd_op() -> impl Strategy<Value = afd::Op> {
    use afd::*;
    let (socket, number) = (0_u64..5, 0_usize..8);
    let millis = prop_oneof![3 => Just(0_u64), 1 => Just(1), 1 => Just(30), 4 => Just(LONG)];
    let capacity = prop_oneof![1 => Just(1_usize), 1 => 2_usize..4, 4 => Just(16)];
    prop_oneof![
        8 => (socket.clone(), 1_u8..8, any::<bool>())
            .prop_map(|(socket, bits, is_unowned)| Register(socket, bits, is_unowned)),
        3 => (number.clone(), 1_u8..8).prop_map(|(number, bits)| Reregister(number, bits)),
        2 => number.clone().prop_map(Deregister),
        2 => number.clone().prop_map(Drop),
        8 => (number, any::<bool>()).prop_map(|(number, is_write)| WouldBlock(number, is_write)),
        10 => (socket.clone(), 1_u8..64).prop_map(|(socket, bits)| Set(socket, bits)),
        4 => (socket.clone(), 1_u8..64).prop_map(|(socket, bits)| Clear(socket, bits)),
        1 => socket.clone().prop_map(Close),
        1 => Just(Refuse),
        1 => any::<bool>().prop_map(Fail),
        1 => Just(FailCancel),
        3 => Just(Wake),
        16 => (millis, capacity).prop_map(|(millis, capacity)| afd::Op::Poll(millis, capacity)),
        1 => (1_u8..80).prop_map(Polls),
        4 => (socket, 1_u8..64).prop_map(|(socket, bits)| DuringSet(socket, bits)),
    ]
}

fn afd_kind() -> impl Strategy<Value = afd::Kind> {
    (any::<bool>(), prop::bool::weighted(0.25), 0_u64..4).prop_map(|(accept, warning, late)| {
        afd::Kind {
            receive_is_accept: accept,
            completes_with_warning: warning,
            one_late_of: late,
        }
    })
}

#[test]
fn selector_on_fake_afd_holds_to_the_specification() {
    runner::run(
        "regressions/afd.txt",
        3_000,
        (afd_kind(), vec(afd_op(), 2..60)),
        |(kind, ops)| afd::check(*kind, ops),
    );
}

/// One operation, or those by which a pipe gets another client while packets of the last one are
/// in the port.
fn pipe_ops() -> impl Strategy<Value = Vec<named_pipe::Op>> {
    use named_pipe::*;
    let next_client = vec![Disconnect, Connect, ClientOpens, DeliverLast];
    prop_oneof![
        60 => pipe_op().prop_map(|op| vec![op]),
        2 => Just(next_client),
    ]
}

fn pipe_op() -> impl Strategy<Value = named_pipe::Op> {
    use named_pipe::*;
    prop_oneof![
        4 => (1_u8..4).prop_map(Register),
        1 => Just(Deregister),
        4 => Just(Connect),
        1 => Just(Disconnect),
        8 => (1_usize..100, any::<bool>()).prop_map(|(size, all)| Read(size, all)),
        8 => (1_usize..150).prop_map(Write),
        5 => Just(ClientOpens),
        6 => (1_usize..64).prop_map(ClientWrites),
        6 => (1_usize..80).prop_map(ClientReads),
        1 => Just(ClientCloses),
        5 => (0_usize..4).prop_map(Deliver),
        1 => Just(DeliverLast),
        1 => any::<bool>().prop_map(Abort),
        1 => any::<bool>().prop_map(Fail),
        10 => Just(named_pipe::Op::Poll),
    ]
}

#[test]
fn named_pipe_holds_to_the_specification() {
    runner::run(
        "regressions/named-pipe.txt",
        3_000,
        vec(pipe_ops(), 2..60),
        |ops| named_pipe::check(&ops.concat()),
    );
}
