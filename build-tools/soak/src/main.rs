//! Keeps the library under a mixed load, and checks it on the way.
//!
//! Two loops serve the load, each with a `Poll`: a server that echoes, and a client that opens,
//! uses and closes connections, datagram sockets and pipes in every way. A third loop has wakers
//! and registrations of other threads alone, and no timeout that would hide a lost wake.

mod client;
mod datagrams;
mod event_loop;
mod message;
mod options;
mod peer;
mod pipes;
mod plot;
mod registrars;
mod report;
mod resources;
mod server;
mod shared;
mod slots;
mod wakes;
mod watch;

use std::fs::File;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result, bail};
use clap::Parser;
use mio::Waker;

use crate::client::Client;
use crate::event_loop::EventLoop;
use crate::options::Options;
use crate::registrars::Registrar;
use crate::server::Server;
use crate::shared::{Id, Kind, Phase, REGISTRARS, Shared, WAKERS};
use crate::watch::Watch;

/// Descriptors for all else than connections.
const RESERVE: u64 = 512;
/// Descriptors of a connection: both ends are in this process.
const ENDS: u64 = 2;

/// The quiet loop polls this long at most. It exceeds the bound for a wake, so that a wake that is
/// lost is not found by the timeout.
const QUIET: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
    match run(Options::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(mut options: Options) -> Result<ExitCode> {
    let limit = resources::raise_limit();
    fit(&mut options, limit)?;
    if let Some(file) = &options.plot {
        // Before the run: hours later it would be too late.
        let part = part(file);
        File::create(&part).with_context(|| format!("--plot: {}", part.display()))?;
    }
    let seed = options.seed.unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        now.map_or(1, |time| time.as_nanos() as u64)
    });
    let interrupted = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&interrupted))?;
    }
    println!(
        "{}: {} connections, {} requests/s, {:.1} min, --seed {seed}; limit of descriptors: {}",
        report::backend(),
        options.connections,
        options.rate,
        options.duration().as_secs_f64() / 60.0,
        limit.map_or("none".to_owned(), |limit| limit.to_string())
    );

    let shared = Shared::new(options);
    under_load(&shared, seed, &interrupted)?;
    let faults = shared.faults();
    for fault in &faults {
        println!("FAULT {fault}");
    }
    Ok(match (faults.len(), interrupted.load(Ordering::Relaxed)) {
        (0, false) => {
            println!("\npassed");
            ExitCode::SUCCESS
        }
        (0, true) => {
            println!("\ninterrupted; no fault was found");
            ExitCode::from(130)
        }
        (count, _) => {
            println!(
                "\nFAILED: {count} faults on {}, --seed {seed}",
                report::backend()
            );
            ExitCode::FAILURE
        }
    })
}

/// Reduces the number of connections to what the limit of descriptors allows.
fn fit(options: &mut Options, limit: Option<u64>) -> Result<()> {
    let Some(limit) = limit else {
        return Ok(());
    };
    let possible = limit.saturating_sub(RESERVE) / ENDS;
    if possible == 0 {
        bail!(
            "the limit of open descriptors is {limit}, and {} are needed; help: ulimit -n {}",
            RESERVE + ENDS,
            RESERVE + ENDS * u64::from(options.connections)
        );
    }
    if possible < options.connections.into() {
        println!(
            "{} connections in place of {}: the limit of open descriptors is {limit}",
            possible, options.connections
        );
        options.connections = possible as u32;
    }
    Ok(())
}

/// The file that becomes the plot.
fn part(file: &Path) -> std::path::PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

fn under_load(shared: &Shared, seed: u64, interrupted: &AtomicBool) -> Result<()> {
    let (quiet, quiet_control) = EventLoop::new("quiet loop", shared)?;
    let (turns, client_control) = EventLoop::new("client", shared)?;
    let (server, server_control) = EventLoop::new("server", shared)?;
    let (server, addresses) = Server::new(server)?;
    let controls = [quiet_control, client_control, server_control];
    let client = Client::new(turns, &controls[2], addresses, seed);

    // Half of the threads wake the quiet loop, and a quarter each of the others.
    let registries = [
        quiet.registry(),
        client.turns.registry(),
        server.turns.registry(),
    ];
    let wakers: Result<Vec<Waker>> = (0..WAKERS)
        .map(|number| {
            let registry = registries[[0, 1, 0, 2][number % 4]];
            let token = Id::new(Kind::Waker, number, 0).token();
            Waker::new(registry, token).context("Waker::new")
        })
        .collect();
    let wakers = wakers?;
    let registrars: Result<Vec<Registrar<'_>>> = (0..REGISTRARS)
        .map(|thread| {
            Ok(Registrar {
                shared,
                thread,
                registry: registries[thread]
                    .try_clone()
                    .context("Registry::try_clone")?,
                rng: fastrand::Rng::with_seed(seed.wrapping_add(100 + thread as u64)),
            })
        })
        .collect();

    let mut watch = Watch::new(shared, &controls, interrupted);
    thread::scope(|scope| {
        let mut threads = vec![
            scope.spawn(move || quiet_loop(quiet)),
            scope.spawn(move || {
                let mut server = server;
                server.run();
            }),
            scope.spawn(move || {
                let mut client = client;
                client.run();
            }),
        ];
        for (number, waker) in wakers.iter().enumerate() {
            let seed = seed.wrapping_add(1 + number as u64);
            threads.push(scope.spawn(move || wakes::wake(shared, number, waker, seed)));
        }
        match registrars {
            Ok(registrars) => {
                for registrar in registrars {
                    threads.push(scope.spawn(move || registrar.run()));
                }
                watch.run(|| threads.iter().all(|thread| !thread.is_finished()));
            }
            Err(error) => shared.fault(error),
        }
        watch.set_phase(Phase::Stop);
        for thread in threads {
            if thread.join().is_err() {
                shared.fault("a thread has panicked");
            }
        }
    });
    report::print(shared, &watch);
    if let Some(file) = &shared.options.plot {
        let title = format!(
            "{}: {} connections, {:.1} min",
            report::backend(),
            shared.options.connections,
            shared.start.elapsed().as_secs_f64() / 60.0
        );
        plot::write(&watch.samples, &title, &part(file))?;
        std::fs::rename(part(file), file).with_context(|| file.display().to_string())?;
        println!("plot: {}", file.display());
    }
    Ok(())
}

/// The loop of wakers and registrars alone.
fn quiet_loop(mut quiet: EventLoop<'_>) {
    let mut others = Vec::new();
    while quiet.shared.phase() != Phase::Stop {
        quiet.turn(QUIET, &mut others);
        for (id, readiness) in &others {
            let shared = quiet.shared;
            shared.fault(format_args!(
                "the quiet loop got an event ({readiness}) of {id}"
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Options, fit};
    use clap::Parser;

    #[test]
    fn connections_fit_the_limit() {
        let mut options = Options::parse_from(["mio-soak", "--connections=1000"]);
        fit(&mut options, None).unwrap();
        fit(&mut options, Some(100_000)).unwrap();
        assert_eq!(options.connections, 1000);
        fit(&mut options, Some(1024)).unwrap();
        assert_eq!(options.connections, 256);
        let error = fit(&mut options, Some(512)).unwrap_err().to_string();
        assert!(error.contains("ulimit -n 1024"), "{error}");
    }
}
