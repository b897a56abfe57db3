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

/// What the client saw.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Timed {
    /// Answered with a success.
    pub requests: u64,
    pub errors: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_error: Option<String>,
    pub seconds: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
}

/// One measurement: what the client saw, and the CPU time that it took.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sample {
    #[serde(flatten)]
    pub timed: Timed,
    pub cpu: Cpu,
}

/// A number of a sample.
pub type Number = fn(&Sample) -> f64;
/// Good answers a second.
pub const RATE: Number = |sample| sample.timed.rate();
pub const P50: Number = |sample| sample.timed.p50_ms;
pub const P99: Number = |sample| sample.timed.p99_ms;

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

impl Timed {
    pub fn rate(&self) -> f64 {
        self.requests as f64 / self.seconds.max(f64::EPSILON)
    }
}

impl Series {
    pub fn each(&self, number: Number) -> Vec<f64> {
        self.samples.iter().map(number).collect()
    }

    pub fn median(&self, number: Number) -> f64 {
        median(&self.each(number))
    }

    pub fn errors(&self) -> u64 {
        self.samples.iter().map(|sample| sample.timed.errors).sum()
    }

    /// Milliseconds of CPU time of one request, by part.
    pub fn cpu_ms(&self) -> Cpu {
        let requests: u64 = self
            .samples
            .iter()
            .map(|sample| sample.timed.requests)
            .sum();
        let seconds = |part: usize| {
            self.samples
                .iter()
                .map(|sample| sample.cpu[part])
                .sum::<f64>()
        };
        std::array::from_fn(|part| seconds(part) * 1000.0 / requests.max(1) as f64)
    }
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

    #[test]
    fn cpu_time_is_shared_by_the_requests_of_all_rounds() {
        let sample = |requests, edge| Sample {
            timed: Timed {
                requests,
                ..Timed::default()
            },
            cpu: [edge, 0.0, 0.0, 0.0],
        };
        let series = Series {
            case: "send".to_owned(),
            target: Target::Ours,
            connections: 1,
            open_loop: false,
            samples: vec![sample(100, 0.1), sample(300, 0.1)],
        };
        assert_eq!(series.cpu_ms(), [0.5, 0.0, 0.0, 0.0]);
    }
}
