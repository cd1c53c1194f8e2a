//! An HTTP server on tokio: `GET /plaintext` returns a short text, `POST /echo` its body.
//!
//! It listens on a free port of loopback, prints the address, and exits when its standard input
//! ends, so that it does not outlive the bench. The runtime has one thread: the bench pins the
//! server to one processor and the load to another.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::{process, thread};

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpSocket;

/// The body of `/plaintext`.
const TEXT: &[u8] = b"Hello, World!";

/// The same for both libraries. `TcpListener::bind` of mio 1.2.5 uses 128 on Linux: the kernel
/// drops a part of a burst of connections, and the clients try again after a second. A short
/// measurement would compare some of the connections with all of them.
const BACKLOG: u32 = 4096;

fn main() -> io::Result<()> {
    thread::spawn(|| {
        let mut ignored = [0; 64];
        while io::stdin()
            .read(&mut ignored)
            .is_ok_and(|length| length > 0)
        {}
        process::exit(0);
    });
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(serve())
}

async fn serve() -> io::Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    let listener = socket.listen(BACKLOG)?;
    println!("{}", listener.local_addr()?);
    io::stdout().flush()?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(async move {
            // A client that closes its connection in the middle of a request is no failure.
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service_fn(respond))
                .await;
        });
    }
}

async fn respond(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let body = match (request.method(), request.uri().path()) {
        (&Method::GET, "/plaintext") => Bytes::from_static(TEXT),
        (&Method::POST, "/echo") => request.into_body().collect().await?.to_bytes(),
        _ => {
            let mut response = Response::default();
            *response.status_mut() = StatusCode::NOT_FOUND;
            return Ok(response);
        }
    };
    Ok(Response::new(Full::new(body)))
}
