//! The measurements: in each round all targets take turns, so that what disturbs the machine
//! disturbs all of them.

use std::path::PathBuf;

use anyhow::Result;

use crate::data::World;
use crate::data::cases::Case;
use crate::load::client::Client;
use crate::load::usage::{cpu_seconds, since};
use crate::load::{Load, RATE, Sample, Series, Timed, oha};
use crate::peers::Server;
use crate::peers::target::{Places, Target};

/// How many rounds, how long each measurement, and at which loads.
pub struct Plan {
    pub rounds: usize,
    /// Of one measurement.
    pub seconds: f64,
    pub connections: &'static [usize],
    /// Of one measurement in an open loop, and of how many cases.
    pub open_loop_seconds: f64,
    pub open_loop_cases: usize,
    /// After how many requests the memory is looked at, and of which servers. Ours is the first.
    pub memory_after: u32,
    pub memory_of: &'static [Server],
}

pub struct Meter {
    pub places: Places,
    pub world: World,
    pub oha: PathBuf,
}

impl Meter {
    async fn measure(&self, case: &Case, target: Target, load: &Load) -> Result<Sample> {
        if let Some(before) = &case.before {
            self.world.sql.batch_execute(before).await?;
        }
        let processes = &self.places.setup.processes;
        let before = cpu_seconds(processes, target)?;
        let timed = if case.writes() {
            self.by_own_client(case, target, load).await?
        } else {
            self.by_oha(case, target, load).await?
        };
        let cpu = since(cpu_seconds(processes, target)?, before);
        Ok(Sample { timed, cpu })
    }

    pub async fn by_oha(&self, case: &Case, target: Target, load: &Load) -> Result<Timed> {
        oha::run(&self.oha, &self.places.wire(target, &case.calls[0]), load).await
    }

    /// Each measurement has connections of its own, as with oha. workerd closes a connection that was
    /// idle for five seconds, and a client that uses it in that moment would have an error.
    pub async fn by_own_client(&self, case: &Case, target: Target, load: &Load) -> Result<Timed> {
        let wire = |call| self.places.wire(target, call);
        let wires: Vec<_> = case.calls.iter().map(wire).collect();
        Client::new()?.load(&wires, load).await
    }

    /// Compilers, pools and caches come to rest.
    pub async fn warm_up(&self, cases: &[Case], seconds: f64) -> Result<()> {
        let load = Load::closed(8, seconds);
        for case in cases {
            for target in case.targets() {
                self.by_own_client(case, target, &load).await?;
            }
        }
        Ok(())
    }

    /// All rounds of the closed loops.
    pub async fn closed_loops(&self, plan: &Plan, cases: &[Case]) -> Result<Vec<Series>> {
        let mut groups = groups(plan, cases);
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

    /// The reads at 70 % of what each target can do, in an open loop, for the 99th percentile.
    pub async fn open_loops(
        &self,
        plan: &Plan,
        cases: &[Case],
        closed: &[Series],
    ) -> Result<Vec<Series>> {
        let mut measured = Vec::new();
        let reads = cases
            .iter()
            .filter(|case| !case.writes() && !case.ours_only);
        for case in reads.take(plan.open_loop_cases) {
            for target in Target::ALL {
                let mut series = Series::new(case, target, 64);
                series.open_loop = true;
                let same = |other: &&Series| (&other.case, other.target) == (&case.name, target);
                let capacities = closed.iter().filter(same).map(|series| series.median(RATE));
                let load = Load {
                    rate: Some(capacities.fold(0.0, f64::max) * 0.7),
                    ..Load::closed(64, plan.open_loop_seconds)
                };
                for _ in 0..plan.rounds.min(3) {
                    series
                        .samples
                        .push(self.measure(case, target, &load).await?);
                }
                measured.push(series);
            }
        }
        Ok(measured)
    }
}

/// The series of each case and load, in the order in which they are measured.
fn groups<'c>(plan: &Plan, cases: &'c [Case]) -> Vec<(&'c Case, Vec<Series>)> {
    let mut groups = Vec::new();
    for connections in [1, 16, 64] {
        for case in cases {
            let is_wanted = if case.ours_only {
                // Latencies of reads at one connection, sends by sixteen.
                connections == if case.writes() { 16 } else { 1 }
            } else {
                plan.connections.contains(&connections)
            };
            let mut targets = case.targets();
            targets.retain(|target| connections <= 16 || !Target::LIMITS.contains(target));
            if !is_wanted {
                // There is a bar for the errors of this one.
                let is_hot = case.name == "send-hot" && connections == 64;
                targets.retain(|target| is_hot && *target == Target::Ours);
            }
            if !targets.is_empty() {
                let series = |target| Series::new(case, target, connections);
                groups.push((case, targets.into_iter().map(series).collect()));
            }
        }
    }
    groups
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
