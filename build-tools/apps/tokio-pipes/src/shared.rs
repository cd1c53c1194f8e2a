//! One server that several tasks use: `connect`, `disconnect`, `readable` and `try_write` take
//! `&self`.
//!
//! A task that waits while another task disconnects must not wait forever, nor write its data to
//! the next client. Windows completes pending operations with `STATUS_PIPE_DISCONNECTED`, Win32's
//! `ERROR_PIPE_NOT_CONNECTED`.

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::windows::named_pipe::{NamedPipeServer, ServerOptions};
use tokio::time::sleep;

use crate::support::{check, name, open, pair};

const ERROR_PIPE_NOT_CONNECTED: i32 = 233;

/// After this time a spawned task most likely waits. The checks hold in any case.
const SOON: Duration = Duration::from_millis(20);

/// Data moves by `ready`, `try_read` and `try_write` alone, with several clients at once.
pub(crate) async fn readiness() -> io::Result<()> {
    let mut tasks = Vec::new();
    for number in 0..10_u8 {
        let (server, client) = pair().await?;
        tasks.push(tokio::spawn(async move {
            let mut got = Vec::new();
            let mut sent = 0;
            while got.len() < 1000 || sent < got.len() {
                let wants = match got.len() > sent {
                    true => Interest::READABLE | Interest::WRITABLE,
                    false => Interest::READABLE,
                };
                let ready = server.ready(wants).await?;
                if ready.is_readable() {
                    let mut buffer = [0; 64];
                    match server.try_read(&mut buffer) {
                        Ok(count) => got.extend_from_slice(&buffer[..count]),
                        Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                        Err(error) => return Err(error),
                    }
                }
                if ready.is_writable() && got.len() > sent {
                    match server.try_write(&got[sent..]) {
                        Ok(count) => sent += count,
                        Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                        Err(error) => return Err(error),
                    }
                }
            }
            // The client reads all data before the server closes.
            check(server.readable().await.is_ok(), "no end")
        }));
        tasks.push(tokio::spawn(async move {
            let mut client = client;
            let data = vec![number; 1000];
            let mut back = vec![0; 1000];
            for part in data.chunks(70) {
                client.write_all(part).await?;
            }
            client.read_exact(&mut back).await?;
            check(back == data, "wrong echo")
        }));
    }
    for task in tasks {
        task.await??;
    }
    Ok(())
}

/// A task that waits for a client while another disconnects keeps waiting, and the pipe listens.
pub(crate) async fn connect() -> io::Result<()> {
    for _ in 0..20 {
        let name = name();
        let server = Arc::new(ServerOptions::new().create(&name)?);
        let waits = Arc::clone(&server);
        let task = tokio::spawn(async move { waits.connect().await });
        sleep(SOON).await;
        server.disconnect()?;
        let mut client = open(&name).await?;
        task.await??;
        client.write_all(b"x").await?;
        check(read_one(&server).await? == 1, "nothing read")?;
    }
    Ok(())
}

/// A task that waits for data while another disconnects gets the error.
pub(crate) async fn reader() -> io::Result<()> {
    for _ in 0..20 {
        let (server, client) = pair().await?;
        let server = Arc::new(server);
        let waits = Arc::clone(&server);
        let task = tokio::spawn(async move { read_one(&waits).await });
        sleep(SOON).await;
        server.disconnect()?;
        let error = task.await?.err().and_then(|error| error.raw_os_error());
        check(
            error == Some(ERROR_PIPE_NOT_CONNECTED),
            "no error for the reader",
        )?;
        drop(client);
    }
    Ok(())
}

async fn read_one(server: &NamedPipeServer) -> io::Result<usize> {
    loop {
        server.readable().await?;
        match server.try_read(&mut [0; 16]) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            other => return other,
        }
    }
}

/// A task that writes more than the pipe holds while another disconnects gets the error, and none
/// of its bytes reaches the next client.
pub(crate) async fn writer() -> io::Result<()> {
    for _ in 0..20 {
        let name = name();
        let server = Arc::new(ServerOptions::new().create(&name)?);
        let first = open(&name).await?;
        server.connect().await?;
        let waits = Arc::clone(&server);
        let task = tokio::spawn(async move {
            loop {
                waits.writable().await?;
                match waits.try_write(&[1; 200_000]) {
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    Err(error) => return Err::<(), io::Error>(error),
                    Ok(_) => {}
                }
            }
        });
        sleep(SOON).await;
        server.disconnect()?;
        let error = task.await?.err().and_then(|error| error.raw_os_error());
        check(
            error == Some(ERROR_PIPE_NOT_CONNECTED),
            "no error for the writer",
        )?;
        drop(first);
        let next = tokio::spawn({
            let name = name.clone();
            async move {
                let mut client = open(&name).await?;
                let mut buffer = [0; 3];
                client.read_exact(&mut buffer).await?;
                check(&buffer == b"new", "bytes of the client before")
            }
        });
        server.connect().await?;
        loop {
            server.writable().await?;
            match server.try_write(b"new") {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                other => break check(other? == 3, "a part is written")?,
            }
        }
        next.await??;
    }
    Ok(())
}

/// One task serves client after client, also with operations in flight at `disconnect`.
pub(crate) async fn single_task() -> io::Result<()> {
    let name = name();
    let mut server = ServerOptions::new().create(&name)?;
    for round in 0..40_u8 {
        let clients = tokio::spawn({
            let name = name.clone();
            async move {
                let mut client = open(&name).await?;
                client.write_all(&[round]).await?;
                let mut buffer = [0; 1];
                client.read_exact(&mut buffer).await?;
                check(buffer == [round], "wrong answer")?;
                // Reads until the server disconnects.
                let mut rest = Vec::new();
                let _ = client.read_to_end(&mut rest).await;
                check(rest.iter().all(|byte| *byte == 9), "wrong bytes")
            }
        });
        server.connect().await?;
        check(server.read_u8().await? == round, "wrong question")?;
        server.write_all(&[round]).await?;
        let is_flooded = round % 2 == 0;
        if is_flooded {
            // A part of the data is in flight at `disconnect`.
            server.write_all(&[9; 300_000]).await?;
        }
        sleep(Duration::from_millis(2)).await;
        server.disconnect()?;
        // The server may have disconnected before the client read its answer.
        match clients.await? {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => {}
            Err(error) if error.raw_os_error() == Some(ERROR_PIPE_NOT_CONNECTED) => {}
            other => other?,
        }
    }
    Ok(())
}
