//! The program: command line and event loop.

use std::io::{self, ErrorKind};
use std::os::windows::io::AsRawHandle;
use std::process::{Child, Command, ExitCode};
use std::time::Duration;

use mio::windows::SourceHandle;
use mio::{Events, Interest, Poll, Token};

const HELP: &str = "\
Starts child processes and prints the order and the status of their exits.

Usage: wait_for_children [OPTIONS]

  --children N    number of processes, at most 250 [default: 5]
  --help          print this

Exit status: 0 every child exited as expected; 1 an error; 2 wrong usage.";

pub(crate) fn main() -> ExitCode {
    let children = match children() {
        Ok(Some(children)) => children,
        Ok(None) => {
            println!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("wait_for_children: {error}; see --help");
            return ExitCode::from(2);
        }
    };
    match run(children) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("wait_for_children: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The number of children, or `None` for help.
fn children() -> Result<Option<u8>, lexopt::Error> {
    use lexopt::prelude::*;
    let mut children = 5;
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("children") => children = parser.value()?.parse()?,
            Long("help") => return Ok(None),
            _ => return Err(argument.unexpected()),
        }
    }
    if children > 250 {
        return Err("there are at most 250 children".into());
    }
    Ok(Some(children))
}

fn run(count: u8) -> io::Result<()> {
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(16);
    let mut children = Vec::new();
    for code in 0..count {
        let child = Command::new("cmd")
            .args(["/c", "exit", &code.to_string()])
            .spawn()?;
        poll.registry().register(
            &mut SourceHandle(&child.as_raw_handle()),
            Token(code.into()),
            Interest::READABLE,
        )?;
        children.push(child);
    }

    let mut left = children.len();
    while left > 0 {
        poll.poll(&mut events, Some(Duration::from_secs(20)))?;
        if events.is_empty() {
            return Err(io::Error::new(ErrorKind::TimedOut, "a child does not exit"));
        }
        for event in &events {
            let number = event.token().0;
            collect(&poll, number, &mut children[number])?;
            left -= 1;
        }
    }
    Ok(())
}

/// Collects a child that has exited, which does not block.
fn collect(poll: &Poll, number: usize, child: &mut Child) -> io::Result<()> {
    poll.registry()
        .deregister(&mut SourceHandle(&child.as_raw_handle()))?;
    let code = child.try_wait()?.and_then(|status| status.code());
    println!("child {number} exited with {code:?}");
    if code == i32::try_from(number).ok() {
        Ok(())
    } else {
        Err(io::Error::other("the exit code is not the expected one"))
    }
}
