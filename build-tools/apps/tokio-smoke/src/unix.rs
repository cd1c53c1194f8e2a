//! The parts for Unix.

use std::io;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixDatagram, UnixListener, UnixStream, unix::pipe};
use tokio::process::Command;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::{expect, join, run_part};

pub(crate) fn run_all(runtime: &Runtime, name: &str) -> io::Result<()> {
    run_part(runtime, name, "unix sockets", unix())?;
    run_part(runtime, name, "process", process())?;
    run_part(runtime, name, "pipe", pipes())?;
    run_part(runtime, name, "signal", signals())
}

async fn unix() -> io::Result<()> {
    let path = std::env::temp_dir().join(format!("mio-tokio-smoke-{}", std::process::id()));
    let outcome = unix_at(&path).await;
    std::fs::remove_file(&path)?;
    outcome?;

    let (mut one, mut other) = UnixStream::pair()?;
    one.write_all(b"pair").await?;
    drop(one);
    let mut text = String::new();
    other.read_to_string(&mut text).await?;
    expect(text == "pair", "a pair does not carry what was sent")?;

    let (one, other) = UnixDatagram::pair()?;
    let receiving = tokio::spawn(async move {
        let mut buffer = [0; 16];
        let length = other.recv(&mut buffer).await?;
        Ok::<_, io::Error>(buffer[..length].to_vec())
    });
    one.send(b"datagram").await?;
    let received = receiving.await.map_err(io::Error::other)??;
    expect(received == b"datagram", "a datagram is not what was sent")
}

async fn unix_at(path: &std::path::Path) -> io::Result<()> {
    let listener = UnixListener::bind(path)?;
    let mut clients = JoinSet::new();
    for client in 0..20_u8 {
        let path = path.to_owned();
        clients.spawn(async move {
            let mut stream = UnixStream::connect(path).await?;
            stream.write_all(&[client; 1000]).await?;
            stream.shutdown().await?;
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await?;
            expect(answer == [client; 1000], "an answer is not what was sent")
        });
    }
    for _ in 0..20 {
        let (mut stream, _) = listener.accept().await?;
        tokio::spawn(async move {
            let mut text = Vec::new();
            stream.read_to_end(&mut text).await?;
            stream.write_all(&text).await
        });
    }
    join(clients).await
}

/// Pipes to and from a child process, its exit status, and its kill.
async fn process() -> io::Result<()> {
    let mut child = Command::new("cat")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut input = child.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?;
    let output = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
    let text = "a line of text\n".repeat(50_000);
    let sent = text.clone();
    let writing = tokio::spawn(async move { input.write_all(sent.as_bytes()).await });
    let mut output = BufReader::new(output);
    let mut received = String::new();
    while output.read_line(&mut received).await? > 0 {}
    writing.await.map_err(io::Error::other)??;
    expect(received == text, "cat does not give back what it was given")?;
    expect(child.wait().await?.success(), "cat fails")?;

    let status = Command::new("sh").args(["-c", "exit 7"]).status().await?;
    expect(status.code() == Some(7), "an exit status is lost")?;

    let mut endless = Command::new("sleep")
        .arg("1000")
        .kill_on_drop(true)
        .spawn()?;
    expect(
        timeout(Duration::from_millis(20), endless.wait())
            .await
            .is_err(),
        "sleep ends at once",
    )?;
    endless.kill().await?;

    let mut children = JoinSet::new();
    for number in 0..8 {
        children.spawn(async move {
            let output = Command::new("sh")
                .args(["-c", &format!("echo {number}")])
                .output()
                .await?;
            expect(
                output.stdout == format!("{number}\n").as_bytes(),
                "a child's output is lost",
            )
        });
    }
    join(children).await
}

async fn pipes() -> io::Result<()> {
    let (mut sender, mut receiver) = pipe::pipe()?;
    let text = b"through a pipe ".repeat(20_000);
    let sent = text.clone();
    let writing = tokio::spawn(async move { sender.write_all(&sent).await });
    let mut received = Vec::new();
    receiver.read_to_end(&mut received).await?;
    writing.await.map_err(io::Error::other)??;
    expect(received == text, "a pipe does not carry what was sent")
}

/// Signals, which reach tokio through a socket pair that its driver has registered.
async fn signals() -> io::Result<()> {
    let mut first = signal(SignalKind::user_defined1())?;
    let mut second = signal(SignalKind::user_defined2())?;
    let process = std::process::id().to_string();
    for _ in 0..20 {
        for (name, signal) in [("-USR1", &mut first), ("-USR2", &mut second)] {
            let status = Command::new("kill").args([name, &process]).status().await?;
            expect(status.success(), "kill fails")?;
            expect(signal.recv().await.is_some(), "a signal is lost")?;
        }
    }
    Ok(())
}
