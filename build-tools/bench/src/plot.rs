//! The charts: bars of the ratio to upstream, and curves.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context as _, Result, anyhow};
use plotters::coord::Shift;
use plotters::prelude::*;

use crate::latency::bin_start;
use crate::pages;
use crate::results::{PEERS, Results, Row};

/// The bars.
pub(crate) const BARS: &str = "against-upstream.svg";
/// A poll over the number of ready sources.
pub(crate) const READY: &str = "ready-of-10000.svg";
/// Histograms of the times from a wake to its event.
pub(crate) const LATENCY: &str = "wake-to-event.svg";
/// Operations in a second over the number of threads.
pub(crate) const THREADS: &str = "threads.svg";

/// The size of one panel of a chart.
const PANEL: (u32, u32) = (450, 340);

const WIDTH: u32 = 900;

const COLORS: [RGBColor; 4] = [
    RGBColor(0, 90, 181),
    RGBColor(220, 50, 32),
    RGBColor(230, 159, 0),
    RGBColor(110, 110, 110),
];

/// Draws the charts of all cases that ran.
pub(crate) fn all(results: &Results, folder: &Path) -> Result<()> {
    for chart in [BARS, READY, LATENCY, THREADS] {
        remove(&folder.join(chart))?;
    }
    bars(results, &folder.join(BARS))?;
    grid(&folder.join(READY), &ready(results))?;
    grid(&folder.join(LATENCY), &latency(results))?;
    grid(&folder.join(THREADS), &threads(results))
}

/// Removes the chart of an earlier run, which is not one of this run's cases.
pub(crate) fn remove(file: &Path) -> Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| file.display().to_string())
        }
        _ => Ok(()),
    }
}

/// A line of a panel, with the index of its peer.
struct Line {
    peer: usize,
    points: Vec<(f64, f64)>,
}

/// A chart with a logarithmic scale in both directions.
struct Panel {
    title: String,
    across: &'static str,
    up: &'static str,
    across_label: fn(&f64) -> String,
    up_label: fn(&f64) -> String,
    /// The factor between two labels of the horizontal axis.
    base: f64,
    /// Whether the points are the steps of a histogram.
    is_histogram: bool,
    lines: Vec<Line>,
}

fn number(value: &f64) -> String {
    match *value {
        value if value >= 1e6 => format!("{:.0}M", value / 1e6),
        value if value >= 1e3 => format!("{:.0}k", value / 1e3),
        value if value >= 1.0 => format!("{value:.0}"),
        value => format!("{value}"),
    }
}

fn time(nanos: &f64) -> String {
    match *nanos {
        nanos if nanos < 1e3 => format!("{nanos:.0} ns"),
        nanos if nanos < 1e6 => format!("{:.0} us", nanos / 1e3),
        nanos => format!("{:.0} ms", nanos / 1e6),
    }
}

fn share(share: &f64) -> String {
    format!("{} %", share * 100.0)
}

/// The lines of all peers over cases that are named by a number.
fn lines_over(
    results: &Results,
    numbers: &[u32],
    name: impl Fn(u32) -> String,
    value: impl Fn(&Row, &str) -> Option<f64>,
) -> Vec<Line> {
    let line = |(peer, name_of_peer): (usize, &&str)| {
        let point = |number: &u32| {
            let row = results.rows.get(&name(*number))?;
            Some((f64::from(*number), value(row, name_of_peer)?))
        };
        let points = numbers.iter().filter_map(point).collect();
        Line { peer, points }
    };
    PEERS.iter().enumerate().map(line).collect()
}

fn median(row: &Row, peer: &str) -> Option<f64> {
    row.nanos.get(peer).map(|nanos| nanos.median)
}

fn ready(results: &Results) -> Vec<Panel> {
    let mut panels = Vec::new();
    for (backend, system) in [("epoll", "epoll"), ("poll", "poll(2)")] {
        let name = |ready| format!("{backend}/ready-{ready}-of-10000");
        panels.push(Panel {
            title: format!("{system}: time of a poll"),
            across: "ready of 10,000 sources",
            base: 10.0,
            up: "",
            across_label: number,
            up_label: time,
            is_histogram: false,
            lines: lines_over(results, &pages::READY, name, median),
        });
        panels.push(Panel {
            title: format!("{system}: instructions in user space"),
            across: "ready of 10,000 sources",
            base: 10.0,
            up: "",
            across_label: number,
            up_label: number,
            is_histogram: false,
            lines: lines_over(results, &pages::READY, name, |row, peer| {
                row.instructions.get(peer).copied()
            }),
        });
    }
    panels
}

fn threads(results: &Results) -> Vec<Panel> {
    let mut panels = Vec::new();
    for (backend, system) in [("epoll", "epoll"), ("poll", "poll(2)")] {
        for (case, what) in [
            ("register-wake-threads", "register, wake, deregister"),
            ("wake-threads", "wake"),
        ] {
            let name = |threads| format!("{backend}/{case}-{threads}");
            panels.push(Panel {
                title: format!("{system}: {what}"),
                across: "threads",
                base: 2.0,
                up: "a second",
                across_label: number,
                up_label: number,
                is_histogram: false,
                lines: lines_over(results, &pages::THREADS, name, |row, peer| {
                    median(row, peer).map(|nanos| 1e9 / nanos)
                }),
            });
        }
    }
    panels
}

fn latency(results: &Results) -> Vec<Panel> {
    let mut panels: Vec<Panel> = Vec::new();
    for latency in &results.latency {
        let system = if latency.backend == "poll" {
            "poll(2)"
        } else {
            "epoll"
        };
        let title = format!(
            "{system}, {}: from a wake to its event",
            pages::load(latency)
        );
        let points = latency
            .histogram
            .iter()
            .map(|(bin, share)| (bin_start(*bin), *share))
            .collect();
        let peer = PEERS.iter().position(|name| *name == latency.peer);
        let line = Line {
            peer: peer.unwrap_or_default(),
            points,
        };
        if let Some(panel) = panels.iter_mut().find(|panel| panel.title == title) {
            panel.lines.push(line);
        } else {
            panels.push(Panel {
                title,
                across: "time",
                base: 10.0,
                up: "share of the wakes",
                across_label: time,
                up_label: share,
                is_histogram: true,
                lines: vec![line],
            });
        }
    }
    panels
}

/// Draws panels, two beside each other. Draws nothing if a panel has no line.
fn grid(file: &Path, panels: &[Panel]) -> Result<()> {
    let has_line = |panel: &Panel| panel.lines.iter().any(|line| line.points.len() > 1);
    if panels.is_empty() || !panels.iter().all(has_line) {
        return Ok(());
    }
    let rows = panels.len().div_ceil(2);
    let root = SVGBackend::new(file, (WIDTH, PANEL.1 * rows as u32)).into_drawing_area();
    let failed = |error: &dyn std::fmt::Display| anyhow!("{}: {error}", file.display());
    root.fill(&WHITE).map_err(|error| failed(&error))?;
    for (area, panel) in root.split_evenly((rows, 2)).iter().zip(panels) {
        draw(area, panel).map_err(|error| failed(&error))?;
    }
    root.present().map_err(|error| failed(&error))
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

fn draw(area: &Area<'_>, panel: &Panel) -> Result<(), Box<dyn std::error::Error>> {
    let all = || panel.lines.iter().flat_map(|line| &line.points);
    let least = |part: fn(&(f64, f64)) -> f64| all().map(part).fold(f64::INFINITY, f64::min);
    let most = |part: fn(&(f64, f64)) -> f64| all().map(part).fold(0.0, f64::max);
    let across = least(|point| point.0) / 1.15..most(|point| point.0) * 1.3;
    let floor = least(|point| point.1) / 1.5;
    let top = most(|point| point.1) * 1.5;
    // Room for the legend above the lines; a histogram has it at the right.
    let room = if panel.is_histogram { 0.1 } else { 0.45 };
    let up = floor..top * (top / floor).powf(room);
    let mut chart = ChartBuilder::on(area)
        .caption(&panel.title, ("sans-serif", 16))
        .margin(10)
        .x_label_area_size(38)
        .y_label_area_size(62)
        .build_cartesian_2d(across.log_scale().base(panel.base), up.log_scale())?;
    chart
        .configure_mesh()
        .max_light_lines(1)
        .x_labels(6)
        .y_labels(6)
        .x_desc(panel.across)
        .y_desc(panel.up)
        .x_label_formatter(&panel.across_label)
        .y_label_formatter(&panel.up_label)
        .draw()?;
    for line in &panel.lines {
        let (Some(name), Some(color)) = (PEERS.get(line.peer), COLORS.get(line.peer)) else {
            continue;
        };
        if line.points.is_empty() {
            continue;
        }
        let color = *color;
        let points = if panel.is_histogram {
            steps(&line.points, floor)
        } else {
            line.points.clone()
        };
        chart
            .draw_series(LineSeries::new(points, color.stroke_width(2)))?
            .label(*name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], color.stroke_width(2)));
        if !panel.is_histogram {
            let dots = line
                .points
                .iter()
                .map(|dot| Circle::new(*dot, 3, color.filled()));
            chart.draw_series(dots)?;
        }
    }
    chart
        .configure_series_labels()
        .position(if panel.is_histogram {
            SeriesLabelPosition::UpperRight
        } else {
            SeriesLabelPosition::UpperLeft
        })
        .background_style(WHITE.mix(0.8).filled())
        .draw()?;
    Ok(())
}

/// The outline of the bars of a histogram. Empty bins have this floor.
fn steps(bins: &[(f64, f64)], floor: f64) -> Vec<(f64, f64)> {
    let mut outline = Vec::new();
    let mut last_end = None;
    for (start, share) in bins {
        // Bins are powers of one factor, so their ends are equal but for rounding.
        let end = start * bin_start(1);
        match last_end {
            Some(last) if last * 1.01 > *start => {}
            Some(last) => outline.extend([(last, floor), (*start, floor)]),
            None => outline.push((*start, floor)),
        }
        outline.extend([(*start, *share), (end, *share)]);
        last_end = Some(end);
    }
    outline.extend(last_end.map(|end| (end, floor)));
    outline
}

/// Times divided by upstream's, on a logarithmic scale: left of 1 is faster.
fn bars(results: &Results, file: &Path) -> Result<()> {
    let rows: Vec<(&str, f64, f64, f64)> = results
        .rows
        .iter()
        .filter(|(name, _)| !name.contains("wake-threads"))
        .filter_map(|(name, row)| {
            let ratio = row.ratio.get("upstream")?;
            Some((name.as_str(), ratio.median, ratio.low, ratio.high))
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    // A ratio beyond the axis would end at its edge, as if it were that of the edge.
    let (least, most) = rows
        .iter()
        .fold((0.005_f64, 3.0_f64), |(least, most), row| {
            (least.min(row.2).max(1e-4), most.max(row.3).min(1e4))
        });
    let height = 70 + 20 * rows.len() as u32;
    let root = SVGBackend::new(file, (WIDTH, height)).into_drawing_area();
    let failed = |error: &dyn std::fmt::Display| anyhow!("{}: {error}", file.display());
    root.fill(&WHITE).map_err(|error| failed(&error))?;
    let mut chart = ChartBuilder::on(&root)
        .caption(
            "time, divided by upstream's (left of 1 is faster)",
            ("sans-serif", 18),
        )
        .margin(10)
        .x_label_area_size(30)
        .y_label_area_size(230)
        .build_cartesian_2d((least..most).log_scale(), 0.0..rows.len() as f64)
        .map_err(|error| failed(&error))?;
    let label = |height: &f64| {
        // The axis points up, but the list goes down.
        let index = rows.len() as f64 - height - 0.5;
        rows.get(index.round() as usize)
            .map_or_else(String::new, |row| row.0.to_owned())
    };
    chart
        .configure_mesh()
        .disable_y_mesh()
        .y_labels(0)
        .x_label_formatter(&|ratio| format!("{ratio}"))
        .draw()
        .map_err(|error| failed(&error))?;
    for (index, (_, median, low, high)) in rows.iter().enumerate() {
        let middle = rows.len() as f64 - index as f64 - 0.5;
        let bar = Rectangle::new(
            [(1.0, middle - 0.3), (*median, middle + 0.3)],
            COLORS[0].filled(),
        );
        let range = PathElement::new([(*low, middle), (*high, middle)], BLACK.stroke_width(1));
        chart.draw_series([bar]).map_err(|error| failed(&error))?;
        chart.draw_series([range]).map_err(|error| failed(&error))?;
        let style = ("sans-serif", 13).into_font();
        let (_, y) = chart.backend_coord(&(1.0, middle));
        let text = Text::new(label(&middle), (8, y - 6), style);
        root.draw(&text).map_err(|error| failed(&error))?;
    }
    root.present().map_err(|error| failed(&error))
}

#[cfg(test)]
mod tests {
    use std::{fs, process};

    use super::{LATENCY, all, bars};
    use crate::results::{Results, Spread};

    /// The widths of the bars in a chart of these ratios.
    fn widths(ratios: &[f64]) -> Vec<String> {
        let mut results = Results::default();
        for ratio in ratios {
            let row = results.row("epoll", &format!("{ratio}"));
            let spread = Spread::of(vec![*ratio]);
            row.ratio.insert("upstream".to_owned(), spread);
        }
        let file = std::env::temp_dir().join(format!("mio-bench-bars-{}.svg", process::id()));
        bars(&results, &file).unwrap();
        let text = fs::read_to_string(&file).unwrap();
        fs::remove_file(&file).unwrap();
        let bars = text
            .lines()
            .filter(|line| line.contains("fill=\"#005AB5\""));
        let width = |line: &str| {
            Some(
                line.split_once(" width=\"")?
                    .1
                    .split_once('"')?
                    .0
                    .to_owned(),
            )
        };
        bars.filter_map(width).collect()
    }

    #[test]
    fn axis_has_room_for_all_ratios() {
        let wide = widths(&[4.0, 40.0]);
        assert!(wide.len() == 2 && wide[0] != wide[1], "{wide:?}");
        let wide = widths(&[0.003, 0.0003]);
        assert!(wide.len() == 2 && wide[0] != wide[1], "{wide:?}");
    }

    #[test]
    fn chart_of_an_earlier_run_is_removed() {
        let folder = std::env::temp_dir().join(format!("mio-bench-plot-{}", process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(LATENCY), "old").unwrap();
        all(&Results::default(), &folder).unwrap();
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
        fs::remove_dir_all(&folder).unwrap();
    }
}
