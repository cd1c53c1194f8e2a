//! The parts of the program.

use std::future::Future;
use std::io::{self, ErrorKind};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::windows::named_pipe::{ClientOptions, PipeMode, ServerOptions};
use tokio::runtime::{Builder, Runtime};
use tokio::time::{sleep, timeout};

use crate::shared;
use crate::support::{check, name, open, pair};

/// The time limit of a part. All parts together take a few seconds on a slow machine.
const LIMIT: Duration = Duration::from_secs(60);

pub(crate) fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tokio-pipes: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> io::Result<()> {
    let several = Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()?;
    let one = Builder::new_current_thread().enable_all().build()?;
    for (name, runtime) in [("several threads", &several), ("one thread", &one)] {
        run_part(name, "one client after the other", runtime, one_by_one())?;
        run_part(name, "many clients at once", runtime, many())?;
        run_part(name, "messages", runtime, messages())?;
        run_part(name, "one direction", runtime, one_direction())?;
        run_part(name, "large data, both ways at once", runtime, large())?;
        run_part(name, "dropped ends", runtime, dropped())?;
        run_part(name, "readiness", runtime, shared::readiness())?;
        run_part(name, "a waiting connect", runtime, shared::connect())?;
        run_part(name, "a waiting reader", runtime, shared::reader())?;
        run_part(name, "a waiting writer", runtime, shared::writer())?;
        run_part(
            name,
            "disconnect and connect",
            runtime,
            shared::single_task(),
        )?;
    }
    Ok(())
}

fn run_part(
    runtime_name: &str,
    name: &str,
    runtime: &Runtime,
    part: impl Future<Output = io::Result<()>>,
) -> io::Result<()> {
    let start = Instant::now();
    let result = runtime.block_on(async { timeout(LIMIT, part).await });
    let failed = |error: io::Error| io::Error::other(format!("{runtime_name}, {name}: {error}"));
    result
        .map_err(|_| failed(ErrorKind::TimedOut.into()))?
        .map_err(failed)?;
    println!("{runtime_name}: {name}: ok, {:.1?}", start.elapsed());
    Ok(())
}

async fn one_by_one() -> io::Result<()> {
    let name = name();
    let mut server = ServerOptions::new()
        .first_pipe_instance(true)
        .create(&name)?;
    let clients = tokio::spawn(async move {
        for round in 0..200_u32 {
            let mut client = open(&name).await?;
            client.write_u32(round).await?;
            check(client.read_u32().await? == round + 1, "wrong answer")?;
        }
        Ok::<_, io::Error>(())
    });
    for round in 0..200 {
        server.connect().await?;
        check(server.read_u32().await? == round, "wrong question")?;
        server.write_u32(round + 1).await?;
        check(server.read(&mut [0; 8]).await? == 0, "no end")?;
        server.disconnect()?;
    }
    clients.await?
}

async fn many() -> io::Result<()> {
    const CLIENTS: usize = 50;
    let name = name();
    let mut next = ServerOptions::new()
        .first_pipe_instance(true)
        .create(&name)?;
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let name = name.clone();
            tokio::spawn(async move {
                let mut client = open(&name).await?;
                for message in 0..20 {
                    let sent = vec![(number + message) as u8; 100 + 100 * message];
                    client.write_all(&sent).await?;
                    let mut answer = vec![0; sent.len()];
                    client.read_exact(&mut answer).await?;
                    check(answer == sent, "wrong echo")?;
                }
                Ok::<_, io::Error>(())
            })
        })
        .collect();
    let mut servers = Vec::new();
    for number in 0..CLIENTS {
        next.connect().await?;
        let mut server = next;
        servers.push(tokio::spawn(async move {
            let mut buffer = [0; 512];
            loop {
                match server.read(&mut buffer).await? {
                    0 => return Ok::<_, io::Error>(()),
                    count => server.write_all(&buffer[..count]).await?,
                }
            }
        }));
        if number + 1 == CLIENTS {
            break;
        }
        next = ServerOptions::new().create(&name)?;
    }
    for task in clients.into_iter().chain(servers) {
        task.await??;
    }
    Ok(())
}

async fn messages() -> io::Result<()> {
    let name = name();
    let mut server = ServerOptions::new()
        .pipe_mode(PipeMode::Message)
        .create(&name)?;
    let mut client = ClientOptions::new()
        .pipe_mode(PipeMode::Message)
        .open(&name)?;
    server.connect().await?;
    let message: Vec<u8> = (0..10_000_u32).map(|byte| byte as u8).collect();
    for _ in 0..3 {
        client.write_all(&message).await?;
        let mut came = vec![0; message.len()];
        server.read_exact(&mut came).await?;
        check(came == message, "a long message is not whole")?;
    }
    client.write_all(b"one").await?;
    client.write_all(b"two").await?;
    let mut buffer = [0; 64];
    for expected in [b"one", b"two"] {
        let count = server.read(&mut buffer).await?;
        check(&buffer[..count] == expected, "messages are joined")?;
    }
    Ok(())
}

async fn one_direction() -> io::Result<()> {
    let name = name();
    let mut tasks = Vec::new();
    for _ in 0..16 {
        let server = ServerOptions::new().access_inbound(false).create(&name)?;
        tasks.push(tokio::spawn(async move {
            let mut server = server;
            server.connect().await?;
            server.write_all(b"hello").await?;
            server.flush().await?;
            // The pipe stays open until the client has read.
            sleep(Duration::from_millis(300)).await;
            Ok::<_, io::Error>(())
        }));
    }
    for _ in 0..16 {
        let mut client = ClientOptions::new().write(false).open(&name)?;
        tasks.push(tokio::spawn(async move {
            let mut buffer = [0; 5];
            client.read_exact(&mut buffer).await?;
            check(&buffer == b"hello", "wrong bytes")
        }));
    }
    for task in tasks {
        task.await??;
    }
    Ok(())
}

async fn large() -> io::Result<()> {
    const LEN: usize = 2_000_000;
    let (server, client) = pair().await?;
    let (mut from_client, mut to_client) = tokio::io::split(server);
    let (mut from_server, mut to_server) = tokio::io::split(client);
    let send_there = tokio::spawn(async move { to_server.write_all(&vec![1; LEN]).await });
    let send_back = tokio::spawn(async move { to_client.write_all(&vec![2; LEN]).await });
    let there = tokio::spawn(async move {
        let mut all = vec![0; LEN];
        from_client.read_exact(&mut all).await?;
        check(all.iter().all(|byte| *byte == 1), "wrong bytes")
    });
    let mut all = vec![0; LEN];
    from_server.read_exact(&mut all).await?;
    check(all.iter().all(|byte| *byte == 2), "wrong bytes")?;
    there.await??;
    send_there.await??;
    send_back.await?
}

async fn dropped() -> io::Result<()> {
    for _ in 0..100 {
        // Data written before the drop arrives.
        let (mut server, mut client) = pair().await?;
        client.write_all(&[7; 10_000]).await?;
        drop(client);
        let mut all = Vec::new();
        server.read_to_end(&mut all).await?;
        check(all == [7; 10_000], "lost data")?;
        // A task is aborted during a read.
        let (mut server, client) = pair().await?;
        let reader = tokio::spawn(async move {
            let _ = server.read(&mut [0; 8]).await;
        });
        tokio::task::yield_now().await;
        reader.abort();
        let _ = reader.await;
        drop(client);
    }
    Ok(())
}
