//! The measurements: in each round all targets take turns, so that what disturbs the machine
//! disturbs all of them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Result;

use crate::data::World;
use crate::data::cases::{Call, Case, Wire};
use crate::load::client::Client;
use crate::load::usage::{cpu_seconds, since};
use crate::load::{Load, RATE, Sample, Series, oha};
use crate::peers::target::Target;
use crate::peers::{Listening, Setup};

/// How much is measured.
pub struct Plan {
    pub quick: bool,
    pub rounds: usize,
    /// Of one measurement.
    pub seconds: f64,
    /// After how many requests the memory is looked at.
    pub memory_after: u32,
}

/// All that runs, and what measures it.
pub struct Meter {
    pub setup: Setup,
    pub world: World,
    /// The project's URL: the API gateway, and PostgREST behind it.
    pub project: String,
    /// By the names of their processes.
    pub servers: BTreeMap<&'static str, Listening>,
    pub oha: PathBuf,
}

impl Meter {
    /// A call as this target takes it.
    pub fn wire(&self, target: Target, call: &Call) -> Wire {
        let base = match self.servers.get(target.name()) {
            None => &self.project,
            Some(server) => {
                let function = server.functions.get(call.function.as_str());
                let function = function.filter(|_| !target.has_gateway());
                function.unwrap_or(&server.edge)
            }
        };
        self.setup.wire(target, base, call)
    }

    async fn measure(&self, case: &Case, target: Target, load: &Load) -> Result<Sample> {
        if let Some(before) = &case.before {
            self.world.sql.batch_execute(before).await?;
        }
        let wires: Vec<Wire> = case
            .calls
            .iter()
            .map(|call| self.wire(target, call))
            .collect();
        let before = cpu_seconds(&self.setup.run, target)?;
        let sample = if case.writes() {
            // With new connections, as oha: workerd closes one that was idle for five seconds, and a
            // client that uses it in that moment would have an error.
            Client::new()?.load(&wires, load).await?
        } else {
            oha::run(&self.oha, &wires[0], load).await?
        };
        let cpu = since(cpu_seconds(&self.setup.run, target)?, before);
        Ok(Sample { cpu, ..sample })
    }

    /// Compilers, pools and caches come to rest.
    pub async fn warm_up(&self, cases: &[Case], seconds: f64) -> Result<()> {
        for case in cases {
            for target in case.targets() {
                self.measure(case, target, &Load::closed(8, seconds))
                    .await?;
            }
        }
        Ok(())
    }

    /// All rounds of the closed loops.
    pub async fn closed_loops(&self, plan: &Plan, cases: &[Case]) -> Result<Vec<Series>> {
        let mut groups = Vec::new();
        for connections in [1, 16, 64] {
            for case in cases {
                let targets = targets(case, connections, plan.quick).into_iter();
                let series = targets.map(|target| Series::new(case, target, connections));
                groups.push((case, series.collect::<Vec<_>>()));
            }
        }
        groups.retain(|(_, group)| !group.is_empty());
        for round in 0..plan.rounds {
            println!("  round        {} of {}", round + 1, plan.rounds);
            self.world.restore().await?;
            for (case, group) in &mut groups {
                for series in group.iter_mut() {
                    let load = Load::closed(series.connections, plan.seconds);
                    let sample = self.measure(case, series.target, &load).await?;
                    series.samples.push(sample);
                }
                // The next round begins with another target.
                group.rotate_left(1);
            }
        }
        Ok(groups.into_iter().flat_map(|(_, group)| group).collect())
    }

    /// Adds the reads at 70 % of what each target can do, in an open loop, for the 99th percentile.
    pub async fn tails(&self, plan: &Plan, cases: &[Case], all: &mut Vec<Series>) -> Result<()> {
        let is_read = |case: &&Case| !case.writes() && !case.ours_only;
        let reads = cases.iter().filter(is_read);
        for case in reads.take(if plan.quick { 1 } else { usize::MAX }) {
            for target in case.servers() {
                let mut series = Series::new(case, target, 64);
                series.open_loop = true;
                let same = |other: &&Series| (&other.case, other.target) == (&case.name, target);
                let capacities = all.iter().filter(same).map(|series| series.median(RATE));
                let load = Load {
                    rate: Some(capacities.fold(0.0, f64::max) * 0.7),
                    ..Load::closed(64, plan.seconds * 2.0)
                };
                for _ in 0..plan.rounds.min(3) {
                    let sample = self.measure(case, target, &load).await?;
                    series.samples.push(sample);
                }
                all.push(series);
            }
        }
        Ok(())
    }
}

/// What is measured of a case at this load. A quick run leaves out 64 connections, but for the case
/// whose errors have a bar.
fn targets(case: &Case, connections: usize, quick: bool) -> Vec<Target> {
    // Ours is compared with itself by the latencies of reads, and by how many sends it takes.
    let alone = if case.writes() { 16 } else { 1 };
    match connections {
        _ if case.ours_only && connections != alone => Vec::new(),
        64 if quick && case.name == "send-hot" => vec![Target::Ours],
        64 if quick => Vec::new(),
        64 => case.servers(),
        _ => case.targets(),
    }
}

impl Series {
    fn new(case: &Case, target: Target, connections: usize) -> Self {
        Series {
            case: case.name.clone(),
            target,
            connections,
            open_loop: false,
            samples: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::cases::parse;

    #[test]
    fn nobody_is_asked_what_they_have_no_counterpart_of() {
        for case in parse().unwrap() {
            for connections in [1, 16, 64] {
                let asked = targets(&case, connections, false);
                let cannot = asked.iter().find(|target| case.without.contains(target));
                assert_eq!(cannot, None, "{} at {connections}", case.name);
            }
        }
    }
}
