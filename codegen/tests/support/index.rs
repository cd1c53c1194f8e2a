//! A package index on this machine: an HTTP server with the releases of a test.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::Command;
use std::thread;

use crate::support::Result;

/// A running index. Its thread ends with the test program.
#[derive(Debug)]
pub(crate) struct Index {
    /// Its address.
    address: String,
}

/// A wheel in the index.
#[derive(Debug, Clone)]
pub(crate) struct Wheel {
    /// Its package.
    pub(crate) package: &'static str,
    /// Its file name.
    pub(crate) file: String,
    /// Its SHA-256.
    pub(crate) sha256: String,
    /// The day of its upload.
    pub(crate) day: &'static str,
    /// Whether it is withdrawn.
    pub(crate) yanked: bool,
}

impl Index {
    /// Starts an index with these wheels.
    pub(crate) fn start(wheels: Vec<Wheel>) -> Result<Index> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?.to_string();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A client that hangs up is its own test's failure.
                let _ = answer(stream, &wheels);
            }
        });
        Ok(Index { address })
    }

    /// Has pip ask this index in a command.
    pub(crate) fn set<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command
            .env("PIP_INDEX_URL", format!("http://{}/simple", self.address))
            .env("PIP_CONFIG_FILE", "/dev/null")
            .env("PIP_RETRIES", "0")
            .env("NO_PROXY", "127.0.0.1")
            .env("no_proxy", "127.0.0.1")
    }
}

/// Answers one request.
fn answer(stream: TcpStream, wheels: &[Wheel]) -> Result {
    let mut lines = BufReader::new(&stream).lines();
    let request = lines.next().ok_or("no request")??;
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let package = request
        .strip_prefix("GET /simple/")
        .and_then(|rest| rest.split_once('/'))
        .map_or("", |(package, _)| package);
    let files: Vec<String> = wheels
        .iter()
        .filter(|wheel| wheel.package == package)
        .map(|wheel| {
            format!(
                "{{\"filename\":\"{0}\",\"url\":\"{0}\",\"yanked\":{1},\
                 \"hashes\":{{\"sha256\":\"{2}\"}},\"upload-time\":\"{3}T00:00:00Z\"}}",
                wheel.file, wheel.yanked, wheel.sha256, wheel.day
            )
        })
        .collect();
    let (status, body) = if files.is_empty() {
        ("404 Not Found", String::new())
    } else {
        ("200 OK", format!("{{\"files\":[{}]}}", files.join(",")))
    };
    write!(
        &stream,
        "HTTP/1.1 {status}\r\nContent-Type: application/vnd.pypi.simple.v1+json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )?;
    Ok(())
}
