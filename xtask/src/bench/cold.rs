//! What a process of its own is started for: the first request, and the memory after many.

use std::time::Instant;

use anyhow::{Result, bail};
use serde::Serialize;

use crate::bench::calls::{Call, Wire};
use crate::bench::client::Client;
use crate::bench::oha;
use crate::bench::rounds::Meter;
use crate::bench::sample::median;
use crate::bench::servers::{Listening, Server, Setup, wait_for_port};
use crate::bench::usage::resident_mb;

/// How many times each server is started.
const STARTS: usize = 5;
/// How many requests of the same kind show what a warm one takes.
const WARM: usize = 20;

/// How a server begins.
#[derive(Clone, Debug, Serialize)]
pub struct ColdStart {
    /// Which.
    pub server: &'static str,
    /// From the start of the process until it listens, in milliseconds.
    pub listens_ms: f64,
    /// The first request.
    pub first_ms: f64,
    /// One like it, a little later.
    pub warm_ms: f64,
}

/// The resident memory of a workerd.
#[derive(Clone, Debug, Serialize)]
pub struct Memory {
    /// Whose.
    pub server: &'static str,
    /// After a thousand requests, in megabytes.
    pub after_1000_mb: f64,
    /// After ten times as many.
    pub after_10000_mb: Option<f64>,
    /// After this many.
    pub requests: u32,
    /// In megabytes.
    pub after_all_mb: f64,
}

/// Starts each server anew, some times.
pub async fn starts(setup: &Setup<'_>, call: &Call) -> Result<Vec<ColdStart>> {
    let mut found = Vec::new();
    for server in Server::ALL {
        let mut runs = Vec::new();
        for _ in 0..STARTS {
            runs.push(start(server, setup, call).await?);
        }
        let middle =
            |number: fn(&ColdStart) -> f64| median(&runs.iter().map(number).collect::<Vec<_>>());
        found.push(ColdStart {
            server: server.name(),
            listens_ms: middle(|run| run.listens_ms),
            first_ms: middle(|run| run.first_ms),
            warm_ms: middle(|run| run.warm_ms),
        });
    }
    Ok(found)
}

async fn start(server: Server, setup: &Setup<'_>, call: &Call) -> Result<ColdStart> {
    let name = format!("cold-{}", server.name());
    let begun = Instant::now();
    let listening = server.spawn(&name, setup)?;
    wait_for_port(&listening.edge, &name, setup.processes).await?;
    let listens_ms = begun.elapsed().as_secs_f64() * 1000.0;
    let wire = wire(server, &listening, setup, call);
    let client = Client::new();
    let mut took = Vec::new();
    for _ in 0..=WARM {
        let begun = Instant::now();
        let (status, _) = client.send(&wire).await?;
        took.push(begun.elapsed().as_secs_f64() * 1000.0);
        if !status.is_success() {
            bail!("{name} answers {status}");
        }
    }
    setup.processes.stop(&name).await?;
    let (first_ms, warm_ms) = (took[0], median(&took[1..]));
    Ok(ColdStart {
        server: server.name(),
        listens_ms,
        first_ms,
        warm_ms,
    })
}

fn wire(server: Server, listening: &Listening, setup: &Setup<'_>, call: &Call) -> Wire {
    match server {
        Server::PassThrough | Server::Plain => {
            let key = setup.vars.get("SUPABASE_PUBLISHABLE_KEY");
            call.to_postgrest(&listening.edge, key.map_or("", String::as_str))
        }
        _ => call.to_api(&listening.edge),
    }
}

/// Asks a fresh workerd for the same page a thousand times, and many more times.
pub async fn memory(
    server: Server,
    setup: &Setup<'_>,
    meter: &Meter<'_>,
    call: &Call,
    requests: u32,
) -> Result<Memory> {
    const FIRST: u32 = 1_000;
    let name = format!("memory-{}", server.name());
    let listening = server.spawn(&name, setup)?;
    wait_for_port(&listening.edge, &name, setup.processes).await?;
    let pid = setup.processes.pid(&name)?;
    let wire = wire(server, &listening, setup, call);
    let ask = async |count| {
        let timed = oha::run_count(&meter.oha, &wire, 16, count).await?;
        if timed.errors > 0 {
            bail!(
                "{} of {count} requests failed: {:?}",
                timed.errors,
                timed.first_error
            );
        }
        resident_mb(pid)
    };
    let after_1000_mb = ask(FIRST).await?;
    let many = requests > 10 * FIRST;
    let after_10000_mb = if many {
        Some(ask(9 * FIRST).await?)
    } else {
        None
    };
    let left = if many { 10 * FIRST } else { FIRST };
    let after_all_mb = ask(requests - left).await?;
    setup.processes.stop(&name).await?;
    Ok(Memory {
        server: server.name(),
        after_1000_mb,
        after_10000_mb,
        requests,
        after_all_mb,
    })
}
