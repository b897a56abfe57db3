//! The plots: a small chart of bars for each case.

use std::path::Path;

use anyhow::Result;
use plotters::prelude::*;

use crate::load::{Number, P50, P99, RATE, Series};
use crate::peers::target::Target;
use crate::report::Results;

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
    let of_load = |series: &&Series| (series.connections, series.open_loop) == load;
    let series: Vec<&Series> = results.series.iter().filter(of_load).collect();
    let value = |case: &str, target: Target| {
        let found = series
            .iter()
            .find(|s| (s.case.as_str(), s.target) == (case, target));
        found.map_or(0.0, |series| series.median(number))
    };
    let mut charts: Vec<(&str, [f64; 6])> = Vec::new();
    for case in results.cases.iter().filter(|case| !case.ours_only) {
        let values = Target::ALL.map(|target| value(&case.name, target));
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
            .y_label_formatter(&|at| Target::ALL[place(at)].title().to_owned())
            .draw()?;
        // The axis points upwards, and the first target stands at the top.
        let bars = values
            .iter()
            .enumerate()
            .map(|(at, value)| (LAST - at, *value));
        let style = |at: &_, _: &_| Palette99::pick(place(at)).filled();
        let rectangles = Histogram::horizontal(&chart).style_func(style).margin(2);
        chart.draw_series(rectangles.data(bars.clone()))?;
        chart.draw_series(bars.map(|(at, value)| {
            let digits = if value < 100.0 { 2 } else { 0 };
            let place = (value + largest * 0.01, SegmentValue::CenterOf(at));
            Text::new(format!("{value:.digits$}"), place, ("sans-serif", 10))
        }))?;
    }
    Ok(root.present()?)
}

/// The target at a place of the axis.
fn place(at: &SegmentValue<usize>) -> usize {
    match at {
        SegmentValue::CenterOf(at) | SegmentValue::Exact(at) => LAST.saturating_sub(*at),
        SegmentValue::Last => 0,
    }
}
