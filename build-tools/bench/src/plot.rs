//! The charts: bars of the ratio to upstream, and curves over the number of sources and of threads.

use std::path::Path;

use anyhow::{Result, anyhow};
use plotters::prelude::*;

use crate::results::{PEERS, Results};

/// The chart in build-tools/bench/README.md.
pub(crate) const BARS: &str = "against-upstream.svg";

/// The other charts.
const CURVES: [&str; 3] = ["poll-ready-1.svg", "epoll-ready-1.svg", "wake-threads.svg"];

const SIZE: (u32, u32) = (900, 460);

const COLORS: [RGBColor; 4] = [
    RGBColor(0, 90, 181),
    RGBColor(220, 50, 32),
    RGBColor(230, 159, 0),
    RGBColor(110, 110, 110),
];

/// Draws the charts of all cases that ran.
pub(crate) fn all(results: &Results, folder: &Path) -> Result<()> {
    let [poll, epoll, threads] = CURVES.map(|name| folder.join(name));
    bars(results, &folder.join(BARS))?;
    let one_of = "sources; one is ready";
    curve(
        results,
        &poll,
        "poll(2): one poll",
        one_of,
        "poll/ready-1-of-",
    )?;
    curve(
        results,
        &epoll,
        "epoll: one poll",
        one_of,
        "epoll/ready-1-of-",
    )?;
    let title = "epoll: one wake of a busy selector";
    curve(
        results,
        &threads,
        title,
        "threads that call wake",
        "epoll/wake-threads-",
    )
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
    let height = 70 + 20 * rows.len() as u32;
    let root = SVGBackend::new(file, (SIZE.0, height)).into_drawing_area();
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
        .build_cartesian_2d((0.005_f64..3.0).log_scale(), 0.0..rows.len() as f64)
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

/// Time over the number at the end of the cases' names, with a line for each peer.
fn curve(results: &Results, file: &Path, title: &str, axis: &str, prefix: &str) -> Result<()> {
    let mut lines: [Vec<(f64, f64)>; 4] = Default::default();
    for (name, row) in &results.rows {
        let Some(x) = name
            .strip_prefix(prefix)
            .and_then(|x| x.parse::<f64>().ok())
        else {
            continue;
        };
        for (peer, line) in PEERS.iter().zip(&mut lines) {
            if let Some(nanos) = row.nanos.get(*peer) {
                line.push((x, nanos.median));
            }
        }
    }
    let all = || lines.iter().flatten();
    if all().count() < 8 {
        return Ok(());
    }
    let most = |part: fn(&(f64, f64)) -> f64| all().map(part).fold(0.0, f64::max);
    let least = all().map(|point| point.1).fold(f64::INFINITY, f64::min);
    let root = SVGBackend::new(file, SIZE).into_drawing_area();
    let failed = |error: &dyn std::fmt::Display| anyhow!("{}: {error}", file.display());
    root.fill(&WHITE).map_err(|error| failed(&error))?;
    let across = (0.9..most(|point| point.0) * 1.1).log_scale();
    let up = (least.max(1.0) / 1.5..most(|point| point.1) * 1.5).log_scale();
    let mut chart = ChartBuilder::on(&root)
        .caption(title, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(80)
        .build_cartesian_2d(across, up)
        .map_err(|error| failed(&error))?;
    chart
        .configure_mesh()
        .x_desc(axis)
        .y_desc("time an operation")
        .y_label_formatter(&|nanos| crate::report::time(*nanos))
        .draw()
        .map_err(|error| failed(&error))?;
    for ((peer, mut line), color) in PEERS.iter().zip(lines).zip(COLORS) {
        line.sort_by(|one, other| one.0.total_cmp(&other.0));
        let dots = line.clone();
        chart
            .draw_series(LineSeries::new(line, color.stroke_width(2)))
            .map_err(|error| failed(&error))?
            .label(*peer)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], color.stroke_width(2)));
        chart
            .draw_series(
                dots.into_iter()
                    .map(|dot| Circle::new(dot, 3, color.filled())),
            )
            .map_err(|error| failed(&error))?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.filled())
        .draw()
        .map_err(|error| failed(&error))?;
    root.present().map_err(|error| failed(&error))
}
