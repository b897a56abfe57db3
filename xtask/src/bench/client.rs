//! The load that oha cannot make: bodies that go with their URLs, ids that no other request has, and
//! sixteen people at once. Everything else is oha's, and each run compares the two.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use axum::body::{Body, Bytes, to_bytes};
use axum::http::{Request, StatusCode};
use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;
use hyper_util::client::legacy::Client as HyperClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::bench::calls::Wire;
use crate::bench::sample::{Load, Timed};

/// Answers are pages at most.
const MAX_BODY_BYTES: usize = 4 * 1024 * 1024;
/// What takes longer is an error.
const PATIENCE: Duration = Duration::from_secs(15);
/// How many requests of an open loop may be under way: more than any server here can have in work.
const MOST_UNDER_WAY: usize = 2_000;

/// A client with connections that stay.
#[derive(Clone)]
pub struct Client(HyperClient<HttpConnector, Body>);

impl Client {
    /// Without connections yet.
    pub fn new() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Client(HyperClient::builder(TokioExecutor::new()).build(connector))
    }

    /// One request and its whole answer.
    pub async fn send(&self, wire: &Wire) -> Result<(StatusCode, Bytes)> {
        let mut request = Request::builder().method(wire.method).uri(&wire.url);
        for (name, value) in &wire.headers {
            request = request.header(*name, value);
        }
        let body = wire.fresh_body().map_or_else(Body::empty, Body::from);
        let answer = async {
            let response = self.0.request(request.body(body)?).await?;
            let status = response.status();
            let bytes = to_bytes(Body::new(response.into_body()), MAX_BODY_BYTES).await?;
            Ok((status, bytes))
        };
        timeout(PATIENCE, answer)
            .await
            .context("no answer in time")?
    }

    /// Makes a load of these requests, one after the other and round again. At `n` connections the
    /// k-th sends each n-th request, so that it stays with its person where the list alternates.
    pub async fn load(&self, wires: &[Wire], load: &Load) -> Result<Timed> {
        if wires.is_empty() {
            bail!("there is nothing to send");
        }
        let begun = Instant::now();
        let tally = Tally::default();
        match load.rate {
            None => self.closed_loop(wires, load, begun, &tally).await,
            Some(rate) => self.open_loop(wires, load, rate, begun, &tally).await,
        }
        Ok(tally.finish(begun.elapsed().as_secs_f64()))
    }

    async fn closed_loop(&self, wires: &[Wire], load: &Load, begun: Instant, tally: &Tally) {
        let connection = async |number: usize| {
            for wire in wires.iter().cycle().skip(number).step_by(load.connections) {
                if begun.elapsed().as_secs_f64() >= load.seconds {
                    break;
                }
                self.timed(wire, Instant::now(), tally).await;
            }
        };
        join_all((0..load.connections).map(connection)).await;
    }

    /// Requests leave when they are due, however long the others take; a latency begins then.
    async fn open_loop(
        &self,
        wires: &[Wire],
        load: &Load,
        rate: f64,
        begun: Instant,
        tally: &Tally,
    ) {
        let mut ticks = interval(Duration::from_millis(1));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut wires = wires.iter().cycle();
        let mut under_way = FuturesUnordered::new();
        let mut sent = 0_u32;
        loop {
            tokio::select! {
                _ = ticks.tick() => {
                    let elapsed = begun.elapsed().as_secs_f64();
                    if elapsed >= load.seconds {
                        break;
                    }
                    while f64::from(sent) < elapsed * rate && under_way.len() < MOST_UNDER_WAY {
                        let due = begun + Duration::from_secs_f64(f64::from(sent) / rate);
                        if let Some(wire) = wires.next() {
                            under_way.push(self.timed(wire, due, tally));
                        }
                        sent += 1;
                    }
                }
                Some(()) = under_way.next() => {}
            }
        }
        while under_way.next().await.is_some() {}
    }

    async fn timed(&self, wire: &Wire, since: Instant, tally: &Tally) {
        match self.send(wire).await {
            Ok((status, _)) if status.is_success() => {
                tally.latencies.borrow_mut().push(since.elapsed())
            }
            Ok((status, _)) => tally.fail(&status.to_string()),
            Err(error) => tally.fail(&format!("{error:#}")),
        }
    }
}

/// What has been counted so far.
#[derive(Default)]
struct Tally {
    latencies: RefCell<Vec<Duration>>,
    errors: Cell<u64>,
    first_error: RefCell<Option<String>>,
}

impl Tally {
    fn fail(&self, reason: &str) {
        self.errors.set(self.errors.get() + 1);
        self.first_error
            .borrow_mut()
            .get_or_insert_with(|| reason.to_owned());
    }

    fn finish(self, seconds: f64) -> Timed {
        let mut latencies = self.latencies.into_inner();
        latencies.sort_unstable();
        let at = |share: f64| {
            let index = (latencies.len() as f64 * share) as usize;
            latencies
                .get(index.min(latencies.len().saturating_sub(1)))
                .map_or(0.0, |latency| latency.as_secs_f64() * 1000.0)
        };
        Timed {
            requests: latencies.len() as u64,
            errors: self.errors.get(),
            first_error: self.first_error.into_inner(),
            seconds,
            p50_ms: at(0.50),
            p99_ms: at(0.99),
        }
    }
}
