//! The plots: bars, a group for each case, as SVG without a library, as there is nothing in them but
//! rectangles and words.

use std::fmt::Write;

use crate::bench::bars::ALL;
use crate::bench::sample::Series;
use crate::bench::target::Target;

const WIDTH: f64 = 960.0;
const LEFT: f64 = 110.0;
const RIGHT: f64 = 80.0;
const TOP: f64 = 66.0;
const BAR: f64 = 11.0;
const GAP: f64 = 14.0;
/// Ours are the dark ones.
const COLOURS: [&str; 6] = [
    "#b8c4ce", "#8fb3d9", "#e0b27a", "#d98f8f", "#1f6f54", "#57a888",
];

/// A plot of one number; `number` is `None` where it was not measured.
pub fn bars(title: &str, number: impl Fn(&'static str, Target) -> Option<f64>) -> String {
    let group = BAR * Target::ALL.len() as f64 + GAP;
    let height = TOP + group * ALL.len() as f64 + 10.0;
    let all = ALL
        .iter()
        .flat_map(|case| Target::ALL.map(|target| number(case, target).unwrap_or(0.0)));
    let largest = all.fold(f64::MIN_POSITIVE, f64::max);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" font-size=\"11\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <text x=\"10\" y=\"22\" font-size=\"15\">{title}</text>\n"
    );
    for (index, (target, colour)) in Target::ALL.iter().zip(COLOURS).enumerate() {
        let x = 10.0 + index as f64 * 156.0;
        let _ = writeln!(
            svg,
            "<rect x=\"{x}\" y=\"36\" width=\"12\" height=\"12\" fill=\"{colour}\"/><text x=\"{}\" y=\"46\">{}</text>",
            x + 17.0,
            target.title()
        );
    }
    for (row, case) in ALL.iter().enumerate() {
        let y = TOP + row as f64 * group;
        let middle = y + (group - GAP) / 2.0 + 4.0;
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{middle}\" text-anchor=\"end\">{case}</text>",
            LEFT - 8.0
        );
        for (index, (target, colour)) in Target::ALL.iter().zip(COLOURS).enumerate() {
            let Some(value) = number(case, *target) else {
                continue;
            };
            let (y, width) = (
                y + index as f64 * BAR,
                value / largest * (WIDTH - LEFT - RIGHT),
            );
            let text = if value < 100.0 {
                format!("{value:.2}")
            } else {
                format!("{value:.0}")
            };
            let _ = writeln!(
                svg,
                "<rect x=\"{LEFT}\" y=\"{y}\" width=\"{width:.1}\" height=\"{}\" fill=\"{colour}\"/>\
                 <text x=\"{:.1}\" y=\"{}\" font-size=\"9\">{text}</text>",
                BAR - 1.0,
                LEFT + width + 4.0,
                y + BAR - 2.5
            );
        }
    }
    svg.push_str("</svg>\n");
    svg
}

/// File names and plots of a run.
pub fn all(series: &[Series]) -> Vec<(&'static str, String)> {
    let find = |case: &str, target: Target, connections: usize, open_loop: bool| {
        series.iter().find(|series| {
            series.case == case
                && series.target == target
                && series.connections == connections
                && series.open_loop == open_loop
        })
    };
    vec![
        (
            "rates.svg",
            bars(
                "Requests a second at 16 connections (more is better)",
                |case, target| find(case, target, 16, false).map(Series::rate),
            ),
        ),
        (
            "latencies.svg",
            bars(
                "Median latency at 1 connection, ms (less is better)",
                |case, target| find(case, target, 1, false).map(Series::p50),
            ),
        ),
        (
            "tails.svg",
            bars(
                "99th percentile at 70 % of capacity, open loop, ms (less is better)",
                |case, target| find(case, target, 64, true).map(Series::p99),
            ),
        ),
    ]
}
