//! The plots: a small chart of bars for each case.

use std::array::from_fn;
use std::path::Path;

use anyhow::Result;
use plotters::prelude::*;

use crate::load::{Number, P50, P99, RATE, find};
use crate::peers::target::Target;
use crate::report::Results;

const OURS: RGBColor = RGBColor(31, 111, 84);
const OTHERS: RGBColor = RGBColor(169, 184, 197);
const LAST: usize = Target::ALL.len() - 1;

/// Draws all plots of a run into a folder.
pub fn draw_all(results: &Results, dir: &Path) -> Result<()> {
    let rates = "Requests a second at 16 connections (more is better)";
    let latencies = "Median latency at 1 connection, ms (less is better)";
    let tails = "99th percentile at 70 % of capacity, open loop, ms (less is better)";
    let draw = |file, title, load, number| draw(&dir.join(file), title, results, load, number);
    draw("rates.svg", rates, (16, false), RATE)?;
    draw("latencies.svg", latencies, (1, false), P50)?;
    draw("tails.svg", tails, (64, true), P99)
}

fn draw(
    file: &Path,
    title: &str,
    results: &Results,
    load: (usize, bool),
    number: Number,
) -> Result<()> {
    let value = |case: &str, target: Target| {
        let found = find(&results.series, case, target, load);
        found.map_or(0.0, |series| series.median(number))
    };
    let mut charts: Vec<(&str, [f64; 6])> = Vec::new();
    for case in results.cases.iter().filter(|case| !case.ours_only) {
        let values: [f64; 6] = from_fn(|place| value(&case.name, target(place)));
        if values.iter().any(|value| *value > 0.0) {
            charts.push((&case.name, values));
        }
    }
    let rows = charts.len().div_ceil(3).max(1);
    let height = u32::try_from(40 + 200 * rows)?;
    let root = SVGBackend::new(file, (1200, height)).into_drawing_area();
    root.fill(&WHITE)?;
    let root = root.titled(title, ("sans-serif", 18))?;
    for ((case, values), area) in charts.into_iter().zip(root.split_evenly((rows, 3))) {
        let largest = values.iter().copied().fold(0.0, f64::max);
        let label = |place: &_| match place {
            SegmentValue::CenterOf(place) => target(*place).title().to_owned(),
            _ => String::new(),
        };
        let mut chart = ChartBuilder::on(&area)
            .caption(case, ("sans-serif", 14))
            .margin(6)
            .y_label_area_size(140)
            .build_cartesian_2d(0.0..largest * 1.15, (0..LAST).into_segmented())?;
        chart
            .configure_mesh()
            .disable_mesh()
            .disable_x_axis()
            .y_labels(values.len())
            .y_label_formatter(&label)
            .draw()?;
        let bars = values.into_iter().enumerate();
        chart.draw_series(bars.clone().map(|(at, value)| {
            let is_ours = matches!(target(at), Target::Ours | Target::OurFunction);
            let colour = if is_ours { OURS } else { OTHERS };
            let above = [SegmentValue::Exact(at + 1), SegmentValue::Last];
            let corners = [
                (0.0, SegmentValue::Exact(at)),
                (value, above[usize::from(at == LAST)].clone()),
            ];
            let mut bar = Rectangle::new(corners, colour.filled());
            bar.set_margin(2, 2, 0, 0);
            bar
        }))?;
        chart.draw_series(bars.map(|(at, value)| {
            let digits = if value < 100.0 { 2 } else { 0 };
            let place = (value + largest * 0.01, SegmentValue::CenterOf(at));
            Text::new(format!("{value:.digits$}"), place, ("sans-serif", 10))
        }))?;
    }
    Ok(root.present()?)
}

/// The target at a place of the axis, which points upwards: the first target stands at the top.
fn target(place: usize) -> Target {
    Target::ALL[LAST - place.min(LAST)]
}
