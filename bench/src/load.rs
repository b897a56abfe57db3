//! The load, and what is measured under it.

pub mod client;
pub mod oha;
pub mod rounds;
pub mod usage;

use serde::{Deserialize, Serialize};

use crate::load::usage::Cpu;
use crate::peers::target::Target;

/// How much is asked at once, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// How many requests are under way at once in a closed loop.
    pub connections: usize,
    /// Requests a second of an open loop. `None` is a closed loop: each connection sends its next
    /// request when it has the answer.
    pub rate: Option<f64>,
    pub seconds: f64,
}

impl Load {
    pub fn closed(connections: usize, seconds: f64) -> Self {
        Load {
            connections,
            rate: None,
            seconds,
        }
    }
}

/// One measurement.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Sample {
    /// Answered with a success.
    pub requests: u64,
    pub errors: u64,
    pub first_error: Option<String>,
    pub seconds: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub cpu: Cpu,
}

/// A number of a sample.
pub type Number = fn(&Sample) -> f64;
/// Good answers a second.
pub const RATE: Number = |sample| sample.requests as f64 / sample.seconds.max(1e-9);
pub const P50: Number = |sample| sample.p50_ms;
pub const P99: Number = |sample| sample.p99_ms;

/// The samples of one case at one target under one load, one of each round.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Series {
    pub case: String,
    pub target: Target,
    pub connections: usize,
    /// Whether at 70 % of what the target can do.
    pub open_loop: bool,
    pub samples: Vec<Sample>,
}

impl Series {
    pub fn load(&self) -> (usize, bool) {
        (self.connections, self.open_loop)
    }

    pub fn each(&self, number: Number) -> Vec<f64> {
        self.samples.iter().map(number).collect()
    }

    pub fn median(&self, number: Number) -> f64 {
        median(&self.each(number))
    }

    pub fn errors(&self) -> u64 {
        self.samples.iter().map(|sample| sample.errors).sum()
    }

    /// Milliseconds of CPU time of one request, by part.
    pub fn cpu_ms(&self) -> Cpu {
        let requests: u64 = self.samples.iter().map(|sample| sample.requests).sum();
        let seconds = |part: usize| {
            self.samples
                .iter()
                .map(|sample| sample.cpu[part])
                .sum::<f64>()
        };
        std::array::from_fn(|part| seconds(part) * 1000.0 / requests.max(1) as f64)
    }
}

/// The series of a case at a target; `load` is the connections, and whether in an open loop.
pub fn find<'s>(
    series: &'s [Series],
    case: &str,
    target: Target,
    load: (usize, bool),
) -> Option<&'s Series> {
    let mut found = series.iter().filter(|series| series.load() == load);
    found.find(|series| (series.case.as_str(), series.target) == (case, target))
}

/// The middle value, or the mean of the two in the middle.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        length if length % 2 == 1 => sorted[middle],
        _ => (sorted[middle - 1] + sorted[middle]) / 2.0,
    }
}

/// The lowest and the highest value.
pub fn spread(values: &[f64]) -> (f64, f64) {
    let lowest = values.iter().copied().fold(f64::INFINITY, f64::min);
    (lowest, values.iter().copied().fold(0.0, f64::max))
}

/// The ratio of two medians, and the lowest and the highest ratio of all rounds.
pub fn ratio(above: &Series, below: &Series, number: Number) -> (f64, (f64, f64)) {
    let (above, below) = (above.each(number), below.each(number));
    let pairs = above.iter().zip(&below);
    let rounds: Vec<f64> = pairs.map(|(above, below)| above / below).collect();
    (median(&above) / median(&below), spread(&rounds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(&[]).is_nan());
    }
}
