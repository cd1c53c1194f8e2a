//! The sizes of reads and writes.

use super::*;

#[test]
fn read_size_follows_the_callers_buffer() {
    let mut pipe = Pipe::connected(ALL);
    let mut asked = vec![pipe.ops.in_flight[0].3];
    for len in [0, 1, 10_000, usize::MAX] {
        pipe.receive(b"a");
        pipe.read(len.max(1)).unwrap();
        asked.push(pipe.ops.in_flight[0].3);
    }
    assert_eq!(
        asked,
        [DEFAULT_READ, DEFAULT_READ, DEFAULT_READ, 10_000, MAX_READ]
    );
}

#[test]
fn first_read_of_other_handles_is_one_byte() {
    let mut pipe = Pipe {
        state: PipeState::new(false),
        ops: FakeOps::default(),
    };
    pipe.register(ALL, true);
    let mut asked = vec![pipe.ops.in_flight[0].3];
    for len in [1, 512, usize::MAX, 1] {
        pipe.receive(b"a");
        pipe.read(len).unwrap();
        asked.push(pipe.ops.in_flight[0].3);
    }
    assert_eq!(asked, [1, 1, 512, MAX_READ, 1]);
}

#[test]
fn failed_allocation_fails_one_write() {
    let mut pipe = Pipe::connected(ALL);
    let error = pipe
        .state
        .write(&mut pipe.ops, |_| Err(ErrorKind::OutOfMemory.into()));
    assert_eq!(error.unwrap_err().kind(), ErrorKind::OutOfMemory);
    pipe.holds(0);
    assert_eq!(pipe.write(b"a"), Ok(1));
}
