//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

/// Keeps the library under a mixed load, and checks it on the way.
///
/// Exit status: 0 no fault was found; 1 a fault was found; 2 wrong usage; 130 interrupted.
#[derive(Clone, Debug, Parser)]
#[command(name = "mio-soak")]
pub(crate) struct Options {
    /// How long the load lasts
    #[arg(long, value_name = "N", default_value_t = 1.0, value_parser = minutes)]
    minutes: f64,
    /// TCP connections that are open at a time, or as many as the limit of file descriptors allows
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) connections: u32,
    /// Requests that all connections together send in a second
    #[arg(long, value_name = "N", default_value_t = 4000)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub(crate) rate: u32,
    /// Seed of the random choices [default: the time]
    ///
    /// The schedule of the threads still differs from run to run.
    #[arg(long, value_name = "S")]
    pub(crate) seed: Option<u64>,
    /// Write a plot: descriptors, memory, events, latency over time
    #[arg(long, value_name = "FILE.svg")]
    pub(crate) plot: Option<PathBuf>,
}

impl Options {
    pub(crate) fn duration(&self) -> Duration {
        Duration::from_secs_f64(self.minutes * 60.0)
    }
}

fn minutes(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        // A month.
        Ok(minutes) if (0.1..=43_200.0).contains(&minutes) => Ok(minutes),
        Ok(_) => Err("between 0.1 and 43200 are possible".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::Options;
    use clap::{CommandFactory, Parser};

    #[test]
    fn command_line_is_consistent() {
        Options::command().debug_assert();
    }

    #[test]
    fn wrong_durations_are_rejected() {
        for minutes in ["0", "-1", "nan", "inf", "1e9", "x"] {
            let arguments = ["mio-soak".to_owned(), format!("--minutes={minutes}")];
            assert!(Options::try_parse_from(arguments).is_err(), "{minutes}");
        }
    }
}
