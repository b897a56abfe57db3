//! The load of writes, which oha cannot make: a body that belongs to its URL, an id for each request,
//! and 16 people at once.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use anyhow::Result;
use futures_util::future::join_all;
use hdrhistogram::Histogram;
use reqwest::StatusCode;
use reqwest::redirect::Policy;

use crate::data::cases::Wire;
use crate::load::{Load, Sample};

/// A request that takes longer is an error.
const PATIENCE: Duration = Duration::from_secs(15);

/// What a histogram can hold, in microseconds: more than a request may take.
const MOST_MICROS: u64 = 60_000_000;

pub struct Client(reqwest::Client);

/// What has been counted so far.
struct Tally {
    /// In microseconds.
    latencies: Histogram<u64>,
    errors: u64,
    first_error: Option<String>,
}

impl Client {
    pub fn new() -> Result<Self> {
        let builder = reqwest::Client::builder().no_proxy();
        let builder = builder.redirect(Policy::none()).timeout(PATIENCE);
        Ok(Client(builder.build()?))
    }

    /// One request and its whole answer.
    pub async fn send(&self, wire: &Wire) -> Result<(StatusCode, Vec<u8>)> {
        let mut request = self.0.request(wire.method.clone(), &wire.url);
        for (name, value) in &wire.headers {
            request = request.header(*name, value);
        }
        if let Some(body) = wire.fresh_body() {
            request = request.body(body);
        }
        let answer = request.send().await?;
        Ok((answer.status(), answer.bytes().await?.to_vec()))
    }

    /// Sends the requests in turn, in a closed loop. Of `n` connections the k-th sends every n-th
    /// request: so each has a sender of its own where the senders take turns.
    pub async fn load(&self, wires: &[Wire], load: &Load) -> Result<Sample> {
        let begun = Instant::now();
        let tally = RefCell::new(Tally::new()?);
        let connection = async |number: usize| {
            let wires = wires.iter().cycle().skip(number);
            for wire in wires.step_by(load.connections) {
                if begun.elapsed().as_secs_f64() >= load.seconds {
                    break;
                }
                let sent = Instant::now();
                let answer = self.send(wire).await;
                tally.borrow_mut().count(answer, sent.elapsed());
            }
        };
        join_all((0..load.connections).map(connection)).await;
        let tally = tally.into_inner();
        let ms = |share| tally.latencies.value_at_quantile(share) as f64 / 1000.0;
        Ok(Sample {
            requests: tally.latencies.len(),
            errors: tally.errors,
            seconds: begun.elapsed().as_secs_f64(),
            p50_ms: ms(0.50),
            p99_ms: ms(0.99),
            first_error: tally.first_error,
            ..Sample::default()
        })
    }
}

impl Tally {
    fn new() -> Result<Tally> {
        Ok(Tally {
            latencies: Histogram::new_with_bounds(1, MOST_MICROS, 3)?,
            errors: 0,
            first_error: None,
        })
    }

    fn count(&mut self, answer: Result<(StatusCode, Vec<u8>)>, took: Duration) {
        let error = match answer {
            Ok((status, _)) if status.is_success() => {
                let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
                return self.latencies.saturating_record(micros);
            }
            Ok((status, _)) => status.to_string(),
            Err(error) => format!("{error:#}"),
        };
        self.errors += 1;
        self.first_error.get_or_insert(error);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_are_as_long_as_they_were() {
        let mut tally = Tally::new().unwrap();
        for ms in [2, 30, 400] {
            tally.count(Ok((StatusCode::OK, Vec::new())), Duration::from_millis(ms));
        }
        let median = tally.latencies.value_at_quantile(0.5);
        assert!((30_000..30_100).contains(&median), "{median} µs");
    }
}
