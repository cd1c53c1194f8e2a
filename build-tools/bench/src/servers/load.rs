//! The load: wrk(1) for a second, and the check that a server returns what it should.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;

use crate::servers::Backend;
use crate::servers::process::{Processors, Server};

/// The body of an echo, in bytes.
const BODY: usize = 1024;

/// The connections of the cases.
const CONNECTIONS: [u64; 3] = [1, 64, 1000];

/// The connections of the cases under Wine.
///
/// For each event of a socket, Wine's server walks the list of all AFD polls
/// (`complete_async_polls` in
/// <https://github.com/wine-mirror/wine/blob/a69d2958a518e3576c59582310bb513d4b1903c2/server/sock.c>),
/// and a socket with unread data has an event in each turn of its loop. With 1,000 connections it
/// handles less than 100 requests in a second.
const WINE_CONNECTIONS: [u64; 3] = [1, 16, 64];

/// What the clients send, and how many clients there are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    /// `POST /echo` instead of `GET /plaintext`.
    pub(crate) echo: bool,
    pub(crate) connections: u64,
}

impl Case {
    pub(crate) fn all(backend: Backend) -> Vec<Case> {
        let connections = match backend {
            Backend::Epoll | Backend::Poll => CONNECTIONS,
            Backend::Afd => WINE_CONNECTIONS,
        };
        let of = |echo| connections.map(|connections| Case { echo, connections });
        [of(false), of(true)].concat()
    }

    pub(crate) fn name(&self) -> String {
        let kind = if self.echo { "echo-1k" } else { "plaintext" };
        format!("{kind}-{}", self.connections)
    }
}

/// The results of one run of wrk.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// Requests per second.
    pub(crate) rate: f64,
    /// Latencies in microseconds: the median, and the 99th and 99.9th percentile.
    pub(crate) latencies: [f64; 3],
    /// Processor time of the server for each request, in microseconds.
    pub(crate) processor: f64,
}

/// The line that wrk.lua prints.
#[derive(Debug, Deserialize)]
struct Printed {
    requests: u64,
    micros: u64,
    bytes: u64,
    p50: f64,
    p99: f64,
    p999: f64,
    connect: u64,
    read: u64,
    write: u64,
    status: u64,
    timeout: u64,
}

impl Printed {
    /// Reads the output of wrk. Its own summary comes before the line.
    fn parse(output: &str) -> Result<Printed> {
        let line = output.lines().rfind(|line| line.starts_with('{'));
        let line = line.with_context(|| format!("wrk printed no results:\n{output}"))?;
        serde_json::from_str(line).with_context(|| line.to_owned())
    }

    /// Fails if a request failed, or if the responses do not have this length. A response may be
    /// partial for each connection, because wrk closes it at the end.
    fn check(&self, length: u64, connections: u64) -> Result<()> {
        let Printed {
            connect,
            read,
            write,
            status,
            timeout,
            ..
        } = self;
        ensure!(
            [connect, read, write, status, timeout]
                .iter()
                .all(|count| **count == 0),
            "failed: {connect} connections, {read} reads, {write} writes, {status} responses \
             without status 2xx or 3xx, {timeout} timeouts"
        );
        ensure!(
            self.requests > 0 && self.micros > 0,
            "there was no response"
        );
        let least = self.requests * length;
        ensure!(
            (least..=least + connections * length).contains(&self.bytes),
            "{} responses of {length} bytes, but {} bytes",
            self.requests,
            self.bytes
        );
        Ok(())
    }
}

/// The version of wrk, or the error that it is not installed.
pub(crate) fn version() -> Result<String> {
    match Command::new("wrk").arg("-v").stdin(Stdio::null()).output() {
        // It exits with status 1.
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            let words: Vec<&str> = text.split_whitespace().take(2).collect();
            Ok(words.join(" "))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            bail!("wrk is not installed; help: sudo apt-get install wrk")
        }
        Err(error) => Err(error).context("wrk"),
    }
}

/// Loads a server for a second.
pub(crate) fn run(
    script: &Path,
    case: &Case,
    server: &Server,
    lengths: &Lengths,
    processors: Processors,
) -> Result<Sample> {
    let path = if case.echo { "echo" } else { "plaintext" };
    let mut command = processors.load("wrk");
    command
        .args(["--threads", "1", "--duration", "1s", "--connections"])
        .arg(case.connections.to_string())
        .arg("--script")
        .arg(script)
        .arg(format!("http://{}/{path}", server.address()));
    if case.echo {
        command.arg("--").arg(BODY.to_string());
    }
    let before = server.processor_time()?;
    let output = command.stdin(Stdio::null()).output().context("wrk")?;
    let processor = server.processor_time()?.saturating_sub(before);
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        bail!("wrk ended with {}:\n{text}", output.status);
    }
    let printed = Printed::parse(&String::from_utf8_lossy(&output.stdout))?;
    let length = if case.echo {
        lengths.echo
    } else {
        lengths.plaintext
    };
    printed.check(length, case.connections)?;
    Ok(Sample {
        rate: printed.requests as f64 / printed.micros as f64 * 1e6,
        latencies: [printed.p50, printed.p99, printed.p999],
        processor: processor.as_secs_f64() * 1e6 / printed.requests as f64,
    })
}

/// The lengths of the responses, headers included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lengths {
    plaintext: u64,
    echo: u64,
}

/// Sends a request of each kind, and fails if a response is wrong.
pub(crate) fn check(address: SocketAddr) -> Result<Lengths> {
    let body: Vec<u8> = (0..=u8::MAX).cycle().take(BODY).collect();
    let get = b"GET /plaintext HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec();
    let mut post =
        format!("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: {BODY}\r\n\r\n")
            .into_bytes();
    post.extend(&body);
    Ok(Lengths {
        plaintext: exchange(address, &get, b"Hello, World!").context("GET /plaintext")?,
        echo: exchange(address, &post, &body).context("POST /echo")?,
    })
}

/// Sends a request, and returns the length of the response, whose body must be `body`.
fn exchange(address: SocketAddr, request: &[u8], body: &[u8]) -> Result<u64> {
    let limit = Duration::from_secs(10);
    let mut stream = TcpStream::connect_timeout(&address, limit)?;
    stream.set_read_timeout(Some(limit))?;
    stream.write_all(request)?;
    let mut response = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        if let Some(length) = complete(&response, body)? {
            return Ok(length);
        }
        match stream.read(&mut buffer)? {
            0 => return Err(io::Error::from(ErrorKind::UnexpectedEof).into()),
            length => response.extend(&buffer[..length]),
        }
    }
}

/// The length of a response with this body, or `None` if a part of it has not come yet.
fn complete(response: &[u8], body: &[u8]) -> Result<Option<u64>> {
    let separator = b"\r\n\r\n";
    let found = response
        .windows(separator.len())
        .position(|four| four == separator);
    let Some(found) = found else {
        return Ok(None);
    };
    let (headers, rest) = response.split_at(found + separator.len());
    let headers = String::from_utf8_lossy(headers);
    ensure!(headers.starts_with("HTTP/1.1 200 "), "{headers}");
    if rest.len() < body.len() {
        return Ok(None);
    }
    ensure!(rest == body, "the body is not what was expected");
    Ok(Some(response.len() as u64))
}

#[cfg(test)]
mod tests {
    use super::{Case, Printed, complete};
    use crate::servers::Backend;

    /// The output of wrk 4.1.0.
    const OUTPUT: &str = "\
Running 1s test @ http://127.0.0.1:39955/plaintext
  1 threads and 1000 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency    19.31ms    7.59ms  45.26ms   69.55%
    Req/Sec    41.16k     8.66k   52.66k    66.67%
  1000 requests in 1.01s, 87.00KB read
Requests/sec:    990.09
Transfer/sec:     87.00KB
{\"requests\":1000,\"micros\":1010000,\"bytes\":89089,\"p50\":10,\"p99\":20,\"p999\":30,\
\"connect\":0,\"read\":0,\"write\":0,\"status\":0,\"timeout\":0}
";

    #[test]
    fn output_of_wrk_is_read() {
        let printed = Printed::parse(OUTPUT).unwrap();
        assert_eq!((printed.requests, printed.micros), (1000, 1_010_000));
        assert_eq!([printed.p50, printed.p99, printed.p999], [10.0, 20.0, 30.0]);
        printed.check(89, 1).unwrap();
        let error = Printed::parse("unable to connect to 127.0.0.1:1 Connection refused");
        assert!(
            error
                .unwrap_err()
                .to_string()
                .contains("Connection refused")
        );
    }

    #[test]
    fn failed_requests_are_errors() {
        for name in ["connect", "read", "write", "status", "timeout"] {
            let zero = format!("\"{name}\":0");
            let one = format!("\"{name}\":1");
            assert!(OUTPUT.contains(&zero));
            let printed = Printed::parse(&OUTPUT.replace(&zero, &one)).unwrap();
            assert!(printed.check(89, 1).is_err(), "{name}");
        }
    }

    #[test]
    fn responses_of_another_length_are_errors() {
        let printed = Printed::parse(OUTPUT).unwrap();
        // One partial response more is possible for each connection.
        assert!(printed.check(88, 1000).is_ok());
        assert!(printed.check(88, 1).is_err());
        assert!(printed.check(90, 1000).is_err());
    }

    #[test]
    fn response_is_complete_with_its_body() {
        let response = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nab";
        assert_eq!(complete(response, b"ab").unwrap(), Some(40));
        assert_eq!(complete(&response[..39], b"ab").unwrap(), None);
        assert_eq!(complete(&response[..20], b"ab").unwrap(), None);
        assert!(complete(response, b"ac").is_err());
        assert!(complete(b"HTTP/1.1 404 Not Found\r\n\r\nab", b"ab").is_err());
    }

    #[test]
    fn cases_have_different_names() {
        let names: Vec<String> = Case::all(Backend::Poll).iter().map(Case::name).collect();
        let expected = ["plaintext-1", "plaintext-64", "plaintext-1000"];
        assert_eq!(names[..3], expected);
        assert_eq!(names[3..], ["echo-1k-1", "echo-1k-64", "echo-1k-1000"]);
    }
}
