//! The plot: descriptors, memory, events and latency over time, one chart below the other.

use std::path::Path;

use anyhow::{Result, anyhow};
use plotters::coord::Shift;
use plotters::prelude::*;

use crate::watch::Sample;

const SIZE: (u32, u32) = (900, 1000);

const COLORS: [RGBColor; 3] = [
    RGBColor(0, 90, 181),
    RGBColor(230, 159, 0),
    RGBColor(220, 50, 32),
];

type Curve<'a> = (&'a str, Box<dyn Fn(&Sample) -> Option<f64>>);

/// Writes the plot of the samples.
pub(crate) fn write(samples: &[Sample], title: &str, file: &Path) -> Result<()> {
    let failed = |error: &dyn std::fmt::Display| anyhow!("{}: {error}", file.display());
    let root = SVGBackend::new(file, SIZE).into_drawing_area();
    root.fill(&WHITE).map_err(|error| failed(&error))?;
    let (head, rest) = root.split_vertically(30);
    head.titled(title, ("sans-serif", 18))
        .map_err(|error| failed(&error))?;
    let areas = rest.split_evenly((4, 1));
    let charts: [(&str, Vec<Curve<'_>>); 4] = [
        (
            crate::resources::DESCRIPTORS,
            vec![(
                "open",
                Box::new(|sample| sample.descriptors.map(|count| count as f64)),
            )],
        ),
        (
            "MiB",
            vec![(
                "resident memory",
                Box::new(|sample| sample.resident.map(|bytes| bytes as f64 / 1_048_576.0)),
            )],
        ),
        (
            "per second",
            vec![
                ("events", Box::new(|sample| Some(sample.events))),
                ("operations", Box::new(|sample| Some(sample.operations))),
            ],
        ),
        (
            "ms, logarithmic",
            vec![
                ("reply, median", Box::new(|sample| millis(sample.median))),
                ("99 %", Box::new(|sample| millis(sample.high))),
                ("slowest", Box::new(|sample| millis(sample.slowest))),
            ],
        ),
    ];
    for ((unit, curves), area) in charts.iter().zip(&areas) {
        let is_logarithmic = unit.contains("log");
        chart(area, samples, unit, curves, is_logarithmic).map_err(|error| failed(&error))?;
    }
    root.present().map_err(|error| failed(&error))
}

/// Milliseconds of microseconds.
fn millis(micros: u64) -> Option<f64> {
    (micros > 0).then_some(micros as f64 / 1000.0)
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

fn chart(
    area: &Area<'_>,
    samples: &[Sample],
    unit: &str,
    curves: &[Curve<'_>],
    is_logarithmic: bool,
) -> Result<(), DrawingAreaErrorKind<std::io::Error>> {
    // The charts share linear axes, so the logarithm is taken here.
    let scaled = |value: f64| if is_logarithmic { value.log10() } else { value };
    let values = |curve: &Curve<'_>| -> Vec<(f64, f64)> {
        let points = samples.iter();
        points
            .filter_map(|sample| Some((sample.time, scaled((curve.1)(sample)?))))
            .collect()
    };
    let all: Vec<(f64, f64)> = curves.iter().flat_map(&values).collect();
    let end = samples.last().map_or(1.0, |sample| sample.time).max(1.0);
    let highest = all.iter().map(|(_, value)| *value).fold(f64::MIN, f64::max);
    let lowest = all.iter().map(|(_, value)| *value).fold(f64::MAX, f64::min);
    let range = match (all.is_empty(), is_logarithmic) {
        (true, _) => 0.0..1.0,
        (_, true) => lowest.floor()..highest.ceil().max(lowest.floor() + 1.0),
        (_, false) => 0.0..(highest * 1.1).max(1.0),
    };
    let mut chart = ChartBuilder::on(area)
        .margin(8)
        .x_label_area_size(28)
        .y_label_area_size(75)
        .build_cartesian_2d(0.0..end, range)?;
    let label = |value: &f64| match is_logarithmic {
        true => format!("{}", 10_f64.powf(*value)),
        false => format!("{value}"),
    };
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .y_labels(6)
        .y_label_formatter(&label)
        .x_desc("seconds")
        .y_desc(unit)
        .draw()?;
    for (number, curve) in curves.iter().enumerate() {
        let color = COLORS[number % COLORS.len()];
        chart
            .draw_series(LineSeries::new(values(curve), color))?
            .label(curve.0)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], color));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .background_style(WHITE.mix(0.8))
        .border_style(TRANSPARENT)
        .draw()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::write;
    use crate::watch::Sample;

    #[test]
    fn plot_has_its_curves() {
        let folder = std::env::temp_dir().join(format!("mio-soak-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("plot.svg");
        let sample = |time| Sample {
            time,
            descriptors: Some(7),
            resident: None,
            events: 10.0 * time,
            operations: 20.0,
            median: 100,
            high: 1000,
            slowest: 0,
        };
        for samples in [vec![], vec![sample(1.0), sample(2.0), sample(3.0)]] {
            write(&samples, "a title", &file).unwrap();
            let text = std::fs::read_to_string(&file).unwrap();
            for word in ["a title", "resident memory", "events", "slowest", "</svg>"] {
                assert!(text.contains(word), "{word}");
            }
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
