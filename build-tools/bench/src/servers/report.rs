//! The results: a table, servers.json, and the section of build-tools/bench/README.md.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use anyhow::Result;
use serde::Serialize;

use crate::report::table;
use crate::servers::load::{Case, Sample};
use crate::servers::machine::Machine;
use crate::servers::statistics::{CONFIDENCE, Estimate};
use crate::servers::{Backend, PEERS, chart};
use crate::{Folders, publish};

/// The least ratio of requests per second, ours divided by upstream's.
pub(crate) const GOAL: f64 = 0.99;

/// Where `--publish` writes.
const BEGIN: &str = "<!-- servers: written by `cargo xtask bench servers --publish` -->\n";
const END: &str = "<!-- end of servers -->\n";

/// The medians of a peer.
#[derive(Debug, Serialize)]
pub(crate) struct Peer {
    /// Requests per second.
    pub(crate) rate: f64,
    /// Latencies in microseconds.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) p999: f64,
    /// Processor time of the server for each request, in microseconds.
    pub(crate) processor: f64,
}

impl Peer {
    fn of(samples: &[Sample]) -> Peer {
        let median = |part: fn(&Sample) -> f64| Estimate::of(samples.iter().map(part)).median;
        Peer {
            rate: median(|sample| sample.rate),
            p50: median(|sample| sample.latencies[0]),
            p99: median(|sample| sample.latencies[1]),
            p999: median(|sample| sample.latencies[2]),
            processor: median(|sample| sample.processor),
        }
    }
}

/// Ours divided by upstream's, in the same round.
#[derive(Debug, Serialize)]
pub(crate) struct Ratios {
    pub(crate) rate: Estimate,
    pub(crate) processor: Estimate,
    pub(crate) p99: Estimate,
}

impl Ratios {
    fn of(samples: &[Vec<Sample>; 2]) -> Ratios {
        let ratio = |part: fn(&Sample) -> f64| {
            let [ours, upstream] = samples;
            let rounds = ours.iter().zip(upstream);
            Estimate::of(rounds.map(|(ours, upstream)| part(ours) / part(upstream)))
        };
        Ratios {
            rate: ratio(|sample| sample.rate),
            processor: ratio(|sample| sample.processor),
            p99: ratio(|sample| sample.latencies[1]),
        }
    }
}

/// How requests per second compare with the goal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Verdict {
    /// The median is not below it.
    Met,
    /// The median is below it, but the interval is not, or the rounds are too few.
    Unclear,
    /// The whole interval is below it.
    Missed,
}

impl Verdict {
    fn of(rate: &Estimate) -> Verdict {
        if rate.median >= GOAL {
            Verdict::Met
        } else if rate.high >= GOAL || rate.confidence < CONFIDENCE {
            Verdict::Unclear
        } else {
            Verdict::Missed
        }
    }

    fn word(self) -> &'static str {
        match self {
            Verdict::Met => "met",
            Verdict::Unclear => "below, within the spread",
            Verdict::Missed => "MISSED",
        }
    }
}

/// What was measured.
#[derive(Debug, Serialize)]
pub(crate) struct Measured {
    pub(crate) rounds: usize,
    pub(crate) peers: BTreeMap<&'static str, Peer>,
    pub(crate) ratios: Ratios,
    pub(crate) verdict: Verdict,
}

/// A case on a backend.
#[derive(Debug, Serialize)]
pub(crate) struct Line {
    /// `backend/case`, or a backend if it was not run at all.
    pub(crate) name: String,
    pub(crate) measured: Option<Measured>,
    pub(crate) not_run: Option<String>,
}

impl Line {
    pub(crate) fn measured(backend: Backend, case: &Case, samples: &[Vec<Sample>; 2]) -> Line {
        let ratios = Ratios::of(samples);
        let peers = PEERS.into_iter().zip(samples);
        Line {
            name: format!("{}/{}", backend.name(), case.name()),
            measured: Some(Measured {
                rounds: samples[0].len(),
                peers: peers
                    .map(|(peer, samples)| (peer, Peer::of(samples)))
                    .collect(),
                verdict: Verdict::of(&ratios.rate),
                ratios,
            }),
            not_run: None,
        }
    }

    pub(crate) fn not_run(backend: Backend, case: Option<&Case>, reason: String) -> Line {
        let case = case.map_or_else(String::new, |case| format!("/{}", case.name()));
        Line {
            name: format!("{}{case}", backend.name()),
            measured: None,
            not_run: Some(reason),
        }
    }

    /// The cells of a table, after the name.
    fn cells(&self) -> Vec<String> {
        let Some(measured) = &self.measured else {
            let reason = self.not_run.as_deref().unwrap_or_default();
            return vec![format!("not run: {reason}")];
        };
        let both = |part: fn(&Peer) -> String| {
            let cells = PEERS.iter().filter_map(|peer| measured.peers.get(peer));
            cells.map(part).collect::<Vec<_>>().join(", ")
        };
        vec![
            both(|peer| format!("{:.0}", peer.rate)),
            ratio(&measured.ratios.rate),
            both(|peer| micros(peer.p50)),
            both(|peer| micros(peer.p99)),
            both(|peer| micros(peer.p999)),
            both(|peer| micros(peer.processor)),
            ratio(&measured.ratios.processor),
        ]
    }
}

/// The columns of the tables. Where there are two figures, the first one is ours.
const COLUMNS: [&str; 8] = [
    "case",
    "requests/s",
    "ratio",
    "p50, us",
    "p99, us",
    "p99.9, us",
    "CPU/request, us",
    "ratio of CPU",
];

/// A ratio with its interval.
fn ratio(estimate: &Estimate) -> String {
    let Estimate {
        median, low, high, ..
    } = estimate;
    format!("{median:.3} ({low:.3}-{high:.3})")
}

/// Microseconds with three digits, as far as they matter.
fn micros(value: f64) -> String {
    if value < 100.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.0}")
    }
}

/// All results.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) machine: Machine,
    pub(crate) wrk: String,
    pub(crate) pinning: String,
    pub(crate) lines: Vec<Line>,
}

impl Report {
    pub(crate) fn new(machine: Machine, wrk: String, pinning: String) -> Report {
        Report {
            machine,
            wrk,
            pinning,
            lines: Vec::new(),
        }
    }

    /// How the intervals are to be read. The backends may have different numbers of rounds.
    fn intervals(&self) -> String {
        let mut rounds: BTreeMap<usize, (f64, Vec<&str>)> = BTreeMap::new();
        for line in &self.lines {
            let Some(measured) = &line.measured else {
                continue;
            };
            let backend = line.name.split('/').next().unwrap_or_default();
            let confidence = measured.ratios.rate.confidence;
            let (_, backends) = rounds
                .entry(measured.rounds)
                .or_insert((confidence, Vec::new()));
            if !backends.contains(&backend) {
                backends.push(backend);
            }
        }
        let parts = rounds.iter().map(|(rounds, (confidence, backends))| {
            let percent = confidence * 100.0;
            format!("{}: {rounds} rounds, {percent:.0} %", backends.join(", "))
        });
        parts.collect::<Vec<_>>().join("; ")
    }
}

/// Prints the table.
pub(crate) fn print(report: &Report) {
    println!("{}", report.machine.sentence());
    println!("{}; {}", report.wrk, report.pinning);
    println!(
        "Medians; ours, upstream. Ratios are ours divided by upstream's in the same round, with \
         the confidence interval of the median ({}).\n",
        report.intervals()
    );
    let mut header = COLUMNS.to_vec();
    let goal = format!("goal: ratio >= {GOAL}");
    header.push(&goal);
    let mut rows = table(&header);
    for line in &report.lines {
        let mut cells = vec![line.name.clone()];
        cells.extend(line.cells());
        if let Some(measured) = &line.measured {
            cells.push(measured.verdict.word().to_owned());
        }
        rows.add_row(cells);
    }
    println!("{rows}\n");
}

/// Writes target/bench/servers.json.
pub(crate) fn write(folders: &Folders, report: &Report) -> Result<()> {
    let file = folders.out.join("servers.json");
    fs::write(&file, serde_json::to_string_pretty(report)?)?;
    println!("written: {}, and servers.svg in its folder", file.display());
    Ok(())
}

/// Writes the chart, and the table between the two comments of the page.
pub(crate) fn publish(folders: &Folders, report: &Report) -> Result<()> {
    let page = fs::read_to_string(folders.bench.join("README.md"))?;
    let text = publish::replaced(&page, [BEGIN, END], &section(report))?;
    publish::write(folders, &[chart::NAME], &text)
}

/// The section as Markdown.
fn section(report: &Report) -> String {
    // Writing to a string does not fail.
    let mut text = String::new();
    let _ = writeln!(text, "Measured on\n{};", report.machine.sentence());
    let _ = writeln!(text, "{}; {}.", report.wrk, report.pinning);
    let _ = writeln!(text, "Rounds and confidence: {}.\n", report.intervals());
    let _ = writeln!(text, "| {} |", COLUMNS.join(" | "));
    let _ = writeln!(text, "|---|{}", "--:|".repeat(COLUMNS.len() - 1));
    for line in &report.lines {
        let _ = writeln!(text, "| `{}` | {} |", line.name, line.cells().join(" | "));
    }
    let _ = writeln!(
        text,
        "\n![requests per second and CPU time, ours divided by upstream's](plots/{})",
        chart::NAME
    );
    text
}

#[cfg(test)]
mod tests {
    use super::{Line, Report, Verdict, section};
    use crate::servers::Backend;
    use crate::servers::load::{Case, Sample};
    use crate::servers::machine::Machine;
    use crate::servers::statistics::Estimate;

    fn samples(rates: [f64; 3]) -> Vec<Sample> {
        let sample = |rate| Sample {
            rate,
            latencies: [1.0, 2.0, 3.0],
            processor: 100.0 / rate,
        };
        rates.map(sample).into()
    }

    const CASE: Case = Case {
        echo: true,
        connections: 64,
    };

    #[test]
    fn ratios_are_of_the_same_round() {
        let samples = [samples([10.0, 200.0, 33.0]), samples([20.0, 100.0, 30.0])];
        let line = Line::measured(Backend::Epoll, &CASE, &samples);
        assert_eq!(line.name, "epoll/echo-1k-64");
        let measured = line.measured.unwrap();
        assert_eq!(measured.peers["ours"].rate, 33.0);
        assert_eq!(measured.peers["upstream"].rate, 30.0);
        let rate = measured.ratios.rate;
        assert_eq!((rate.low, rate.median, rate.high), (0.5, 1.1, 2.0));
        assert!((measured.ratios.processor.median - 1.0 / 1.1).abs() < 1e-9);
    }

    #[test]
    fn verdict_compares_with_the_interval() {
        let verdict = |low, median, high, confidence| {
            Verdict::of(&Estimate {
                median,
                low,
                high,
                confidence,
            })
        };
        assert_eq!(verdict(0.5, 0.99, 1.2, 0.96), Verdict::Met);
        assert_eq!(verdict(0.5, 0.98, 1.0, 0.96), Verdict::Unclear);
        assert_eq!(verdict(0.5, 0.97, 0.98, 0.96), Verdict::Missed);
        assert_eq!(verdict(0.5, 0.97, 0.98, 0.75), Verdict::Unclear);
    }

    #[test]
    fn section_has_a_row_for_each_line() {
        let machine = Machine {
            processor: "A CPU".to_owned(),
            processors: 2,
            is_virtual: true,
            kernel: "6.1".to_owned(),
            date: "2026-11-30".to_owned(),
        };
        let mut report = Report::new(machine, "wrk 4".to_owned(), "one processor".to_owned());
        let same = [samples([1.0, 1.0, 1.0]), samples([1.0, 1.0, 1.0])];
        report
            .lines
            .push(Line::measured(Backend::Epoll, &CASE, &same));
        let reason = "Wine is not installed".to_owned();
        report.lines.push(Line::not_run(Backend::Afd, None, reason));
        let text = section(&report);
        assert!(text.contains("Measured on\nA CPU (a virtual machine), 2 processors, Linux 6.1"));
        assert!(text.contains("epoll: 3 rounds, 75 %"), "{text}");
        assert!(text.contains("| `epoll/echo-1k-64` | 1, 1 | 1.000 (1.000-1.000) | 1.0, 1.0 |"));
        assert!(text.contains("| `afd` | not run: Wine is not installed |"));
        assert!(text.ends_with("(plots/servers.svg)\n"), "{text}");
    }
}
