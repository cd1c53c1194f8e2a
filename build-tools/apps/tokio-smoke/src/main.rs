//! tokio on this library, on both runtimes: TCP and UDP; on Unix also Unix sockets, child processes
//! and signals.
//!
//! Prints one line for each part, and exits with 0 if every part passes within the time limit.

#[cfg(unix)]
mod unix;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream, UdpSocket};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// The time limit of a part. All parts together take a few seconds on a slow machine. Under Wine
/// every call goes through its one server, which a busy machine slows down many times.
const LIMIT: Duration = Duration::from_secs(if cfg!(windows) { 400 } else { 60 });

const LOOPBACK: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tokio-smoke: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> io::Result<()> {
    let several = Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()?;
    run_all("several threads", &several)?;
    let one = Builder::new_current_thread().enable_all().build()?;
    run_all("one thread", &one)
}

fn run_all(name: &str, runtime: &Runtime) -> io::Result<()> {
    run_part(runtime, name, "tcp", tcp())?;
    run_part(runtime, name, "tcp with a slow reader", slow_reader())?;
    run_part(runtime, name, "udp", udp())?;
    #[cfg(unix)]
    unix::run_all(runtime, name)?;
    run_part(runtime, name, "wakes", wakes())?;
    run_part(runtime, name, "time", time())
}

fn run_part(
    runtime: &Runtime,
    name: &str,
    what: &str,
    task: impl Future<Output = io::Result<()>>,
) -> io::Result<()> {
    let start = Instant::now();
    let outcome = runtime.block_on(async { timeout(LIMIT, task).await });
    match outcome {
        Ok(Ok(())) => {
            println!("{name}: {what} passed, {} ms", start.elapsed().as_millis());
            Ok(())
        }
        Ok(Err(error)) => Err(io::Error::other(format!("{name}: {what}: {error}"))),
        Err(_) => Err(io::Error::other(format!(
            "{name}: {what}: took longer than {} s",
            LIMIT.as_secs()
        ))),
    }
}

fn expect(holds: bool, what: &str) -> io::Result<()> {
    if holds {
        Ok(())
    } else {
        Err(io::Error::other(what.to_owned()))
    }
}

/// Waits for every task, and returns the first error.
async fn join(mut tasks: JoinSet<io::Result<()>>) -> io::Result<()> {
    while let Some(outcome) = tasks.join_next().await {
        outcome.map_err(io::Error::other)??;
    }
    Ok(())
}

/// Many clients of one echo server.
async fn tcp() -> io::Result<()> {
    let listener = TcpListener::bind(LOOPBACK).await?;
    let address = listener.local_addr()?;
    let server = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut reader, mut writer) = stream.split();
                tokio::io::copy(&mut reader, &mut writer).await
            });
        }
    });
    let mut clients = JoinSet::new();
    for client in 0..50_u8 {
        clients.spawn(async move {
            let mut stream = TcpStream::connect(address).await?;
            for message in 0..20_u8 {
                let sent = [client, message, client ^ message, 0x55].repeat(50);
                stream.write_all(&sent).await?;
                let mut received = vec![0; sent.len()];
                stream.read_exact(&mut received).await?;
                expect(received == sent, "an answer is not what was sent")?;
            }
            stream.shutdown().await?;
            expect(
                stream.read(&mut [0]).await? == 0,
                "the server does not close",
            )
        });
    }
    join(clients).await?;
    server.abort();

    // Bound, so that no other process listens there, and not listening.
    let silent = TcpSocket::new_v4()?;
    silent.bind(LOOPBACK)?;
    let refused = TcpStream::connect(silent.local_addr()?)
        .await
        .map_err(|error| error.kind());
    expect(
        matches!(refused, Err(io::ErrorKind::ConnectionRefused)),
        "a connection is not refused",
    )
}

/// Writes more than the buffers hold to a peer that starts to read late, so that writes must wait.
async fn slow_reader() -> io::Result<()> {
    const BYTES: usize = 16 << 20;
    let listener = TcpListener::bind(LOOPBACK).await?;
    let address = listener.local_addr()?;
    let writing = tokio::spawn(async move {
        let mut stream = TcpStream::connect(address).await?;
        let block: Vec<u8> = (0..=255).collect();
        for _ in 0..BYTES / block.len() {
            stream.write_all(&block).await?;
        }
        stream.shutdown().await
    });
    let (mut stream, _) = listener.accept().await?;
    sleep(Duration::from_millis(100)).await;
    let mut received = Vec::with_capacity(BYTES);
    stream.read_to_end(&mut received).await?;
    writing.await.map_err(io::Error::other)??;
    expect(received.len() == BYTES, "bytes are missing")?;
    let in_order = received
        .iter()
        .enumerate()
        .all(|(index, byte)| usize::from(*byte) == index % 256);
    expect(in_order, "bytes are out of order")
}

async fn udp() -> io::Result<()> {
    let server = UdpSocket::bind(LOOPBACK).await?;
    let address = server.local_addr()?;
    let serving = tokio::spawn(async move {
        let mut buffer = [0; 64];
        loop {
            let (length, from) = server.recv_from(&mut buffer).await?;
            server.send_to(&buffer[..length], from).await?;
        }
        #[expect(unreachable_code, reason = "it names the type")]
        Ok::<(), io::Error>(())
    });
    let client = UdpSocket::bind(LOOPBACK).await?;
    client.connect(address).await?;
    for number in 0..500_u32 {
        client.send(&number.to_be_bytes()).await?;
        let mut answer = [0; 64];
        let length = client.recv(&mut answer).await?;
        expect(
            answer[..length] == number.to_be_bytes(),
            "an answer is not what was sent",
        )?;
    }
    serving.abort();
    Ok(())
}

/// Threads outside the runtime wake tasks.
async fn wakes() -> io::Result<()> {
    let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let sender = sender.clone();
            std::thread::spawn(move || (0..5000).all(|number: u32| sender.send(number).is_ok()))
        })
        .collect();
    drop(sender);
    let mut received = 0;
    while receiver.recv().await.is_some() {
        received += 1;
        if received % 500 == 0 {
            // The driver sleeps meanwhile, so that a wake must reach it.
            sleep(Duration::from_millis(2)).await;
        }
    }
    let sent = threads
        .into_iter()
        .all(|thread| thread.join().is_ok_and(|sent| sent));
    expect(sent && received == 20_000, "messages are lost")
}

async fn time() -> io::Result<()> {
    for milliseconds in [1, 5, 20] {
        let start = Instant::now();
        sleep(Duration::from_millis(milliseconds)).await;
        expect(
            start.elapsed() >= Duration::from_millis(milliseconds),
            "a sleep ends early",
        )?;
    }
    Ok(())
}
