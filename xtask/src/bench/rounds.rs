//! The measurements: round after round, the targets in turn within each, so that what disturbs the
//! machine disturbs all of them.

use std::path::PathBuf;

use anyhow::Result;
use rustix::process::Pid;

use crate::bench::cases::Case;
use crate::bench::client::Client;
use crate::bench::oha;
use crate::bench::sample::{Load, Sample, Series, Timed};
use crate::bench::servers::Server;
use crate::bench::target::{Places, Target};
use crate::bench::usage::{Cpu, cpu_seconds};
use crate::bench::world::World;
use crate::processes::Processes;

/// How many rounds, how long each measurement, at which loads.
pub struct Plan {
    /// Rounds.
    pub rounds: usize,
    /// Seconds of one measurement in a closed loop.
    pub seconds: f64,
    /// Connections of the closed loops.
    pub connections: &'static [usize],
    /// Seconds of one measurement in an open loop, and of how many cases: the first ones.
    pub open_loop: (f64, usize),
    /// How many requests the memory is looked at after.
    pub memory_after: u32,
    /// Whose: ours first.
    pub memory_of: &'static [Server],
}

/// What measures.
pub struct Meter<'a> {
    /// Where the targets are.
    pub places: &'a Places,
    /// The data.
    pub world: &'a World,
    /// Whose CPU is counted.
    pub parts: Parts,
    /// The load generator for reads.
    pub oha: PathBuf,
}

/// The processes of the stack and of the targets.
pub struct Parts {
    api: Pid,
    postgrest: Pid,
    postgres: Pid,
    servers: [(Server, Pid); 5],
}

impl Parts {
    /// Finds them among what runs.
    pub fn find(processes: &Processes) -> Result<Self> {
        let server =
            |server: Server| Ok::<_, anyhow::Error>((server, processes.pid(server.name())?));
        let [a, b, c, d, e] = Server::ALL;
        Ok(Parts {
            api: processes.pid(super::API)?,
            postgrest: processes.pid(crate::postgrest::NAME)?,
            postgres: processes.pid("postgres")?,
            servers: [server(a)?, server(b)?, server(c)?, server(d)?, server(e)?],
        })
    }

    fn cpu(&self, target: Target) -> Cpu {
        let server = match target {
            Target::Postgrest => None,
            Target::PassThrough => Some(Server::PassThrough),
            Target::HonoSupabase => Some(Server::HonoSupabase),
            Target::HonoDrizzle => Some(Server::HonoDrizzle),
            Target::Ours | Target::OurFunction => Some(Server::Ours),
            Target::Plain | Target::PlainFunction => Some(Server::Plain),
        };
        let edge = self
            .servers
            .iter()
            .find(|(found, _)| Some(*found) == server);
        Cpu {
            edge: edge.map_or(0.0, |(_, pid)| cpu_seconds(*pid)),
            api: cpu_seconds(self.api),
            postgrest: cpu_seconds(self.postgrest),
            postgres: cpu_seconds(self.postgres),
        }
    }
}

impl Meter<'_> {
    /// One measurement.
    pub async fn measure(&self, case: &Case, target: Target, load: &Load) -> Result<Sample> {
        if let Some(before) = &case.before {
            self.world.sql.batch_execute(before).await?;
        }
        let before = self.parts.cpu(target);
        let timed = if case.writes {
            self.by_own_client(case, target, load).await?
        } else {
            oha::run(&self.oha, &self.places.wire(target, &case.calls[0]), load).await?
        };
        let cpu = self.parts.cpu(target).since(before);
        Ok(Sample { timed, cpu })
    }

    /// The same load by the client of ours, whatever the case. Each has connections of its own, as oha's
    /// have: workerd closes those that were idle for five seconds, and a client that takes one at that
    /// moment has an error of its own.
    pub async fn by_own_client(&self, case: &Case, target: Target, load: &Load) -> Result<Timed> {
        let wires: Vec<_> = case
            .calls
            .iter()
            .map(|call| self.places.wire(target, call))
            .collect();
        Client::new().load(&wires, load).await
    }

    /// Lets just-in-time compilers, pools and caches come to rest.
    pub async fn warm_up(&self, cases: &[Case], seconds: f64) -> Result<()> {
        for case in cases {
            for target in case.targets() {
                let load = Load {
                    connections: 8,
                    rate: None,
                    seconds,
                };
                self.by_own_client(case, target, &load).await?;
            }
        }
        Ok(())
    }

    /// All rounds of the closed loops: `compared` at all targets, and what `alone` lists besides.
    pub async fn closed_loops(
        &self,
        plan: &Plan,
        compared: &[Case],
        alone: &[(&Case, usize)],
    ) -> Result<Vec<Series>> {
        let mut slots = Vec::new();
        for connections in plan.connections {
            for case in compared {
                let targets = case.targets().into_iter();
                let measured =
                    targets.filter(|target| *connections <= 16 || !Target::LIMITS.contains(target));
                slots.extend(measured.map(|target| (case, target, *connections)));
            }
            let of_load = alone.iter().filter(|(_, wanted)| wanted == connections);
            slots.extend(of_load.map(|(case, _)| (*case, Target::Ours, *connections)));
        }
        // One that is measured at a load that the others are not.
        let others = alone
            .iter()
            .filter(|(_, wanted)| !plan.connections.contains(wanted));
        slots.extend(others.map(|(case, wanted)| (*case, Target::Ours, *wanted)));
        let mut series: Vec<Series> = slots
            .iter()
            .map(|(case, target, connections)| Series {
                case: case.name,
                target: *target,
                connections: *connections,
                open_loop: false,
                samples: Vec::new(),
            })
            .collect();
        for round in 0..plan.rounds {
            self.world.restore().await?;
            println!("  round        {} of {}", round + 1, plan.rounds);
            for index in order(&slots, round) {
                let (case, target, connections) = slots[index];
                let load = Load {
                    connections,
                    rate: None,
                    seconds: plan.seconds,
                };
                let sample = self.measure(case, target, &load).await?;
                series[index].samples.push(sample);
            }
        }
        Ok(series)
    }

    /// 70 % of what each target can do, in an open loop, for the 99th percentile.
    pub async fn open_loops(
        &self,
        plan: &Plan,
        cases: &[Case],
        closed: &[Series],
    ) -> Result<Vec<Series>> {
        let (seconds, count) = plan.open_loop;
        let mut measured = Vec::new();
        self.world.restore().await?;
        for case in cases.iter().take(count) {
            for target in Target::ALL {
                let loads = closed
                    .iter()
                    .filter(|series| series.case == case.name && series.target == target);
                let capacity = loads.map(Series::rate).fold(0.0, f64::max);
                let load = Load {
                    connections: 64,
                    rate: Some(capacity * 0.7),
                    seconds,
                };
                let mut samples = Vec::new();
                for _ in 0..plan.rounds.min(3) {
                    samples.push(self.measure(case, target, &load).await?);
                }
                measured.push(Series {
                    case: case.name,
                    target,
                    connections: 64,
                    open_loop: true,
                    samples,
                });
            }
        }
        Ok(measured)
    }
}

/// The slots in their order, but those of one case and load begin with another target each round.
fn order(slots: &[(&Case, Target, usize)], round: usize) -> Vec<usize> {
    let mut order = Vec::with_capacity(slots.len());
    let indices: Vec<usize> = (0..slots.len()).collect();
    let same =
        |a: &usize, b: &usize| (slots[*a].0.name, slots[*a].2) == (slots[*b].0.name, slots[*b].2);
    for group in indices.chunk_by(same) {
        let mut group = group.to_vec();
        let by = round % group.len();
        group.rotate_left(by);
        order.extend(group);
    }
    order
}
