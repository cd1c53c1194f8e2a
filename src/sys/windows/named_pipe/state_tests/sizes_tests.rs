//! How much is read at once.

use super::*;

#[test]
fn reads_follow_the_caller() {
    let mut pipe = Pipe::up(ALL);
    let mut asked = vec![pipe.script.flying[0].3];
    for len in [0, 1, 10_000, usize::MAX] {
        pipe.receive(b"a");
        pipe.read(len.max(1)).unwrap();
        asked.push(pipe.script.flying[0].3);
    }
    assert_eq!(
        asked,
        [USUAL_READ, USUAL_READ, USUAL_READ, 10_000, LARGEST_READ]
    );
}

#[test]
fn a_handle_that_is_no_pipe_starts_with_one_byte() {
    let mut pipe = Pipe {
        state: State::new(false),
        script: Script::default(),
    };
    pipe.register(ALL, true);
    let mut asked = vec![pipe.script.flying[0].3];
    for len in [1, 512, usize::MAX, 1] {
        pipe.receive(b"a");
        pipe.read(len).unwrap();
        asked.push(pipe.script.flying[0].3);
    }
    assert_eq!(asked, [1, 1, 512, LARGEST_READ, 1]);
}

#[test]
fn memory_that_cannot_be_had_fails_one_write() {
    let mut pipe = Pipe::up(ALL);
    let error = pipe
        .state
        .write(&mut pipe.script, |_| Err(ErrorKind::OutOfMemory.into()));
    assert_eq!(error.unwrap_err().kind(), ErrorKind::OutOfMemory);
    pipe.holds(0);
    assert_eq!(pipe.write(b"a"), Ok(1));
}
