//! A running server: its address, its processor and the time that it takes there.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::time::clock_getcpuclockid;
use nix::unistd::Pid;

use crate::servers::build::Programs;

/// The processor of the servers and that of the load, if there are two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Processors(Option<(usize, usize)>);

impl Processors {
    /// The first and the last processor that this process may use.
    pub(crate) fn find() -> Result<Processors> {
        let set = sched_getaffinity(Pid::from_raw(0)).context("sched_getaffinity")?;
        let usable = (0..CpuSet::count()).filter(|number| set.is_set(*number) == Ok(true));
        Ok(Processors::of(&usable.collect::<Vec<_>>()))
    }

    fn of(usable: &[usize]) -> Processors {
        Processors(match usable {
            [first, .., last] => Some((*first, *last)),
            _ => None,
        })
    }

    /// A sentence about them.
    pub(crate) fn pinning(self) -> String {
        match self.0 {
            Some((server, load)) => {
                format!("the servers run on processor {server}, wrk on processor {load}")
            }
            None => "servers and wrk share one processor".to_owned(),
        }
    }

    /// A command that runs `program` on the processor of the load, for at most a minute.
    pub(crate) fn load(self, program: &str) -> Command {
        let mut command = Command::new("timeout");
        command.args(["--kill-after=5", "60"]);
        if let Some((_, number)) = self.0 {
            command.args(["taskset", "--cpu-list", &number.to_string()]);
        }
        command.arg(program);
        command
    }
}

/// A server, which stops when this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    address: SocketAddr,
    /// The processes whose time counts: the server, and Wine's server, which executes the calls of
    /// Windows programs.
    counted: Vec<Pid>,
}

impl Server {
    /// Starts the server of a peer, and waits for its address.
    pub(crate) fn start(programs: &Programs, peer: &str, processors: Processors) -> Result<Server> {
        let words = programs.command(peer);
        let mut command = match processors.0 {
            Some((number, _)) => {
                let mut command = Command::new("taskset");
                command.args(["--cpu-list", &number.to_string()]);
                command.args(&words);
                command
            }
            None => {
                let mut command = Command::new(&words[0]);
                command.args(&words[1..]);
                command
            }
        };
        // The server exits when its input ends, even if this process is killed.
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{words:?}"))?;
        let mut line = String::new();
        if let Some(output) = child.stdout.take() {
            BufReader::new(output).read_line(&mut line)?;
        }
        let Ok(address) = line.trim().parse() else {
            // It ends by itself, or because its input has ended.
            let output = child.wait()?;
            bail!(
                "{words:?} printed `{}` instead of an address; {output}",
                line.trim()
            );
        };
        let mut counted = vec![Pid::from_raw(child.id().try_into()?)];
        if programs.is_of_windows() {
            let wine = wine_server()?;
            if let Some((number, _)) = processors.0 {
                let mut set = CpuSet::new();
                set.set(number)?;
                sched_setaffinity(wine, &set).context("sched_setaffinity")?;
            }
            counted.push(wine);
        }
        Ok(Server {
            child,
            address,
            counted,
        })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The time that it has taken on processors, in user space and in the kernel.
    pub(crate) fn processor_time(&self) -> Result<Duration> {
        let mut sum = Duration::ZERO;
        for process in &self.counted {
            let clock = clock_getcpuclockid(*process).context("clock_getcpuclockid")?;
            sum += Duration::from(clock.now().context("clock_gettime")?);
        }
        Ok(sum)
    }

    /// Ends its input, and waits until it exits.
    pub(crate) fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        drop(self.child.stdin.take());
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(5) {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            thread::sleep(Duration::from_millis(5));
        }
        // It fails if the server has just exited.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

/// Wine's server of the prefix in use.
fn wine_server() -> Result<Pid> {
    let prefix = std::env::var("WINEPREFIX").context("WINEPREFIX")?;
    let variable = format!("WINEPREFIX={prefix}");
    for entry in std::fs::read_dir("/proc")? {
        let folder = entry?.path();
        let number = folder
            .file_name()
            .and_then(|name| name.to_str()?.parse().ok());
        let (Some(number), Ok(program)) = (number, std::fs::read_link(folder.join("exe"))) else {
            continue;
        };
        let name = program.file_name().unwrap_or_default().to_string_lossy();
        let has_prefix = std::fs::read(folder.join("environ")).is_ok_and(|variables| {
            let mut variables = variables.split(|byte| *byte == 0);
            variables.any(|other| other == variable.as_bytes())
        });
        if name.starts_with("wineserver") && has_prefix {
            return Ok(Pid::from_raw(number));
        }
    }
    bail!("Wine's server is not running")
}

#[cfg(test)]
mod tests {
    use super::Processors;

    #[test]
    fn servers_and_load_have_a_processor_each() {
        assert_eq!(Processors::of(&[3]), Processors(None));
        assert_eq!(Processors::of(&[0, 1, 5]), Processors(Some((0, 5))));
        let command = format!("{:?}", Processors(Some((0, 5))).load("wrk"));
        assert!(
            command.contains(r#""taskset" "--cpu-list" "5" "wrk""#),
            "{command}"
        );
        let command = format!("{:?}", Processors(None).load("wrk"));
        assert!(!command.contains("taskset"), "{command}");
    }
}
