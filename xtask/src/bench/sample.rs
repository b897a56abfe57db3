//! One measurement, and the measurements of the same thing in all rounds.

use serde::Serialize;

use crate::bench::target::Target;
use crate::bench::usage::Cpu;

/// How much is asked at once, and for how long.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Load {
    /// How many connections wait for their answer before they ask again.
    pub connections: usize,
    /// Requests a second, whatever the answers do; `None` is as many as the connections can.
    pub rate: Option<f64>,
    /// How long.
    pub seconds: f64,
}

/// What the load generator saw.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Timed {
    /// Answered as they should be.
    pub requests: u64,
    /// Answered otherwise, or not.
    pub errors: u64,
    /// The first of these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_error: Option<String>,
    /// How long it took.
    pub seconds: f64,
    /// The median latency in milliseconds.
    pub p50_ms: f64,
    /// The 99th percentile.
    pub p99_ms: f64,
}

/// That, and what it cost.
#[derive(Clone, Debug, Serialize)]
pub struct Sample {
    /// What the client saw.
    #[serde(flatten)]
    pub timed: Timed,
    /// Seconds of CPU.
    pub cpu: Cpu,
}

/// The samples of one case at one target under one load, a round each.
#[derive(Clone, Debug, Serialize)]
pub struct Series {
    /// The case.
    pub case: &'static str,
    /// Who answered.
    pub target: Target,
    /// How many connections.
    pub connections: usize,
    /// Whether at 70 % of the capacity, in an open loop.
    pub open_loop: bool,
    /// Round by round.
    pub samples: Vec<Sample>,
}

impl Sample {
    /// Good answers a second.
    pub fn rate(&self) -> f64 {
        self.timed.requests as f64 / self.timed.seconds.max(f64::EPSILON)
    }
}

impl Series {
    /// A number of each round.
    pub fn each(&self, number: impl Fn(&Sample) -> f64) -> Vec<f64> {
        self.samples.iter().map(number).collect()
    }

    /// The median of good answers a second.
    pub fn rate(&self) -> f64 {
        median(&self.each(Sample::rate))
    }

    /// The median of the median latencies, in milliseconds.
    pub fn p50(&self) -> f64 {
        median(&self.each(|sample| sample.timed.p50_ms))
    }

    /// The median of the 99th percentiles, in milliseconds.
    pub fn p99(&self) -> f64 {
        median(&self.each(|sample| sample.timed.p99_ms))
    }

    /// How many answers of all rounds were errors.
    pub fn errors(&self) -> u64 {
        self.samples.iter().map(|sample| sample.timed.errors).sum()
    }

    /// Milliseconds of CPU that one request took, of a part, over all rounds.
    pub fn cpu_ms(&self, part: impl Fn(&Cpu) -> f64) -> f64 {
        let requests: u64 = self
            .samples
            .iter()
            .map(|sample| sample.timed.requests)
            .sum();
        let seconds: f64 = self.samples.iter().map(|sample| part(&sample.cpu)).sum();
        seconds * 1000.0 / (requests.max(1) as f64)
    }
}

/// The middle one; the mean of the two in the middle where their number is even.
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
