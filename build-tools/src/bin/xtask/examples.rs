//! The stage `examples`: runs the examples with the commands of the README, and with wrong
//! arguments.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::step::{Context, Step, end_group};

/// Far longer than an answer takes.
const TIMEOUT: Duration = Duration::from_secs(30);

pub(crate) fn run(context: &mut Context<'_>) -> Result<()> {
    // The commands of the README, with the checkout's own build folder.
    let example = |name: &str| {
        Step::new("cargo")
            .words("run --release --all-features --example")
            .words(name)
            .remove("CARGO_TARGET_DIR")
            .remove("RUSTFLAGS")
            .limit(900)
    };
    for (name, arguments, expected) in [
        ("echo", "-- --clients 20 --messages 50", "1000 messages"),
        ("udp_echo", "", "messages"),
        ("unix_chat", "", "messages"),
        ("std_socket", "", "20 lines came"),
    ] {
        let output = context.run(example(name).words(arguments))?;
        if !output.contains(expected) {
            bail!("{name} does not print `{expected}`");
        }
    }
    let binary = |name: &str| binary_path(context, name);
    let echo = binary("echo");
    let all = [
        echo.clone(),
        binary("udp_echo"),
        binary("unix_chat"),
        binary("std_socket"),
    ];

    for program in &all {
        let help = context.run(Step::new(program).words("--help").limit(20))?;
        if !help.contains("--help") {
            bail!("{} --help prints no help", program.display());
        }
        one_line(
            context,
            Step::new(program).words("--no-such-option").status(2),
        )?;
    }
    let taken = TcpListener::bind("127.0.0.1:0")?;
    let taken = taken
        .local_addr()
        .map(|address| (taken, address.to_string()))?;
    one_line(
        context,
        Step::new(&echo)
            .words("--listen")
            .argument(&taken.1)
            .status(1),
    )?;
    one_line(
        context,
        Step::new(&echo).words("--listen nowhere").status(2),
    )?;
    one_line(context, Step::new(&echo).words("--clients many").status(2))?;
    serves(context, &echo)
}

fn binary_path(context: &Context<'_>, name: &str) -> PathBuf {
    context.project.path("target/release/examples").join(name)
}

/// Runs a step, which must have its expected status and print an error of one line.
fn one_line(context: &mut Context<'_>, step: Step) -> Result<()> {
    let output = context.run(step.limit(20))?;
    if output.trim().is_empty() || output.trim_end().lines().count() != 1 {
        bail!("expected an error of one line, found: {output:?}");
    }
    Ok(())
}

/// `--listen` serves a client that does not use this library.
fn serves(context: &mut Context<'_>, echo: &PathBuf) -> Result<()> {
    context.log("echo --listen 127.0.0.1:0")?;
    let mut server = Command::new(echo)
        .args(["--listen", "127.0.0.1:0"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let outcome = server
        .stdout
        .take()
        .context("no output of the server")
        .and_then(check_echo);
    end_group(&mut server);
    outcome
}

fn check_echo(output: impl Read + Send + 'static) -> Result<()> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut line = String::new();
        let read = BufReader::new(output).read_line(&mut line);
        // The receiver is gone after the timeout.
        let _ = sender.send(read.map(|_| line));
    });
    let line = receiver
        .recv_timeout(TIMEOUT)
        .context("echo --listen does not print its address")??;
    let address = line
        .split_whitespace()
        .last()
        .context("echo --listen prints an empty line")?;

    let text = b"a line to echo\n".repeat(10_000);
    let mut client = TcpStream::connect(address).with_context(|| address.to_owned())?;
    client.set_read_timeout(Some(TIMEOUT))?;
    client.set_write_timeout(Some(TIMEOUT))?;
    let mut writer = client.try_clone()?;
    let sent = text.clone();
    let writing = thread::spawn(move || {
        writer
            .write_all(&sent)
            .and_then(|()| writer.shutdown(Shutdown::Write))
    });
    let mut answer = Vec::new();
    client.read_to_end(&mut answer)?;
    if writing.join().is_err() || answer != text {
        bail!("echo --listen does not return the bytes that it receives");
    }
    Ok(())
}
