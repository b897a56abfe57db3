//! What is measured with processes of their own: the first request, and the memory after many.

use std::time::Instant;

use anyhow::{Result, ensure};

use crate::data::cases::Call;
use crate::load::client::Client;
use crate::load::rounds::{Meter, Plan};
use crate::load::usage::resident_mb;
use crate::load::{median, oha};
use crate::peers::{Server, Setup};

/// How many times each server is started.
const STARTS: usize = 5;
/// How many further requests show how long a warm server takes.
const WARM: usize = 20;

/// How a server starts, in milliseconds: until it listens, the first request, and a later one.
pub struct Start {
    pub server: &'static str,
    pub ms: [f64; 3],
}

/// The resident memory of a workerd.
pub struct Memory {
    pub server: &'static str,
    /// Number of requests so far, and megabytes after them.
    pub after: Vec<(u32, f64)>,
}

impl Memory {
    /// The last figure as a multiple of the first.
    pub fn growth(&self) -> f64 {
        let (Some((_, first)), Some((_, last))) = (self.after.first(), self.after.last()) else {
            return f64::NAN;
        };
        last / first
    }
}

/// Starts each server anew, several times.
pub async fn starts(setup: &Setup, call: &Call) -> Result<Vec<Start>> {
    let mut found = Vec::new();
    for server in Server::ALL {
        let mut runs = Vec::new();
        for _ in 0..STARTS {
            runs.push(start(server, setup, call).await?);
        }
        let middle = |part: usize| median(&runs.iter().map(|run| run[part]).collect::<Vec<_>>());
        found.push(Start {
            server: server.name(),
            ms: std::array::from_fn(middle),
        });
    }
    Ok(found)
}

async fn start(server: Server, setup: &Setup, call: &Call) -> Result<[f64; 3]> {
    let name = format!("cold-{}", server.name());
    let begun = Instant::now();
    let listening = server.start(&name, setup).await?;
    let listens_ms = begun.elapsed().as_secs_f64() * 1000.0;
    let wire = server.wire(&listening.edge, call, setup);
    let client = Client::new()?;
    let mut took = Vec::new();
    for _ in 0..=WARM {
        let begun = Instant::now();
        let (status, _) = client.send(&wire).await?;
        took.push(begun.elapsed().as_secs_f64() * 1000.0);
        ensure!(status.is_success(), "{name} answers {status}");
    }
    setup.processes.stop(&name).await?;
    Ok([listens_ms, took[0], median(&took[1..])])
}

pub async fn memory_of_all(meter: &Meter, call: &Call, plan: &Plan) -> Result<Vec<Memory>> {
    let mut found = Vec::new();
    for server in plan.memory_of {
        found.push(memory(*server, meter, call, plan.memory_after).await?);
    }
    Ok(found)
}

/// Asks a fresh workerd for the same page, 1,000 times and then many more times.
async fn memory(server: Server, meter: &Meter, call: &Call, requests: u32) -> Result<Memory> {
    let name = format!("memory-{}", server.name());
    let setup = &meter.places.setup;
    let listening = server.start(&name, setup).await?;
    let wire = server.wire(&listening.edge, call, setup);
    let (mut so_far, mut after) = (0, Vec::new());
    for goal in [1_000, 10_000, requests] {
        if goal <= so_far || goal > requests {
            continue;
        }
        let timed = oha::run_count(&meter.oha, &wire, 16, goal - so_far).await?;
        let error = timed.first_error.unwrap_or_default();
        ensure!(
            timed.errors == 0,
            "{} requests failed: {error}",
            timed.errors
        );
        so_far = goal;
        after.push((goal, resident_mb(&setup.processes, &name)?));
    }
    setup.processes.stop(&name).await?;
    Ok(Memory {
        server: server.name(),
        after,
    })
}
