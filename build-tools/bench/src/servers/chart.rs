//! The chart: requests per second and processor time, ours divided by upstream's.

use std::path::Path;

use anyhow::{Result, anyhow};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

use crate::plot;
use crate::servers::report::{GOAL, Line, Measured, Report};
use crate::servers::statistics::Estimate;

/// The file, in target/bench and in build-tools/bench/plots.
pub(crate) const NAME: &str = "servers.svg";

const BLUE: RGBColor = RGBColor(0, 90, 181);
const RED: RGBColor = RGBColor(220, 50, 32);

const WIDTH: u32 = 900;

type Plane<'a> = ChartContext<'a, SVGBackend<'a>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// Draws a row for each case that ran.
pub(crate) fn draw(report: &Report, folder: &Path) -> Result<()> {
    let rows: Vec<(&Line, &Measured)> = report
        .lines
        .iter()
        .filter_map(|line| Some((line, line.measured.as_ref()?)))
        .collect();
    let file = folder.join(NAME);
    plot::remove(&file)?;
    if rows.is_empty() {
        return Ok(());
    }
    svg(&rows, &file).map_err(|error| anyhow!("{}: {error}", file.display()))
}

/// The two quantities of a row: its estimate, its color and its height in the row.
fn marks(measured: &Measured) -> [(&Estimate, RGBColor, f64); 2] {
    [
        (&measured.ratios.rate, BLUE, 0.17),
        (&measured.ratios.processor, RED, -0.17),
    ]
}

fn svg(rows: &[(&Line, &Measured)], file: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let ends = rows.iter().flat_map(|(_, measured)| {
        marks(measured)
            .into_iter()
            .flat_map(|(estimate, ..)| [estimate.low, estimate.high])
    });
    let (low, high) = ends.fold((0.9, 1.1), |(low, high), end| (end.min(low), end.max(high)));
    let count = rows.len() as f64;
    let root = SVGBackend::new(file, (WIDTH, 120 + 30 * rows.len() as u32)).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart: Plane<'_> = ChartBuilder::on(&root)
        .caption(
            "HTTP servers on tokio: ours divided by upstream's",
            ("sans-serif", 18),
        )
        .margin(10)
        .x_label_area_size(30)
        .y_label_area_size(170)
        .build_cartesian_2d(low - 0.02..high + 0.02, -1.2..count)?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .y_labels(0)
        .max_light_lines(1)
        .x_label_formatter(&|ratio| format!("{ratio:.2}"))
        .draw()?;
    for (ratio, color) in [(1.0, BLACK), (GOAL, RGBColor(120, 120, 120))] {
        let line = PathElement::new([(ratio, 0.0), (ratio, count)], color.stroke_width(1));
        chart.draw_series([line])?;
    }
    let font = || ("sans-serif", 14).into_font();
    for (index, (line, measured)) in rows.iter().enumerate() {
        // The axis points up, but the list goes down.
        let middle = count - index as f64 - 0.5;
        let (_, y) = chart.backend_coord(&(1.0, middle));
        root.draw(&Text::new(line.name.clone(), (12, y - 7), font()))?;
        for (estimate, color, height) in marks(measured) {
            let height = middle + height;
            let ends = [(estimate.low, height), (estimate.high, height)];
            chart.draw_series([PathElement::new(ends, color.stroke_width(2))])?;
            chart.draw_series([Circle::new((estimate.median, height), 4, color.filled())])?;
        }
    }
    let (_, y) = chart.backend_coord(&(1.0, -0.7));
    let texts = [
        (
            190,
            "requests per second (right of 1 is better; the gray line is the goal)",
            BLUE,
        ),
        (620, "CPU time of a request (left of 1 is better)", RED),
    ];
    for (x, text, color) in texts {
        root.draw(&Circle::new((x, y), 4, color.filled()))?;
        root.draw(&Text::new(text, (x + 10, y - 7), font()))?;
    }
    root.present()?;
    Ok(())
}
