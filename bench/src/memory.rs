//! The memory of a workerd of its own, after many requests.

use anyhow::{Result, ensure};

use crate::data::cases::Call;
use crate::load::oha;
use crate::load::rounds::{Meter, Plan};
use crate::load::usage::resident_mb;
use crate::peers::target::Target;

/// Ours is the first.
const MEASURED: [Target; 3] = [Target::Ours, Target::HonoSupabase, Target::PassThrough];

pub struct Memory {
    pub of: Target,
    /// Number of requests so far, and resident megabytes after them.
    pub after: Vec<(u32, f64)>,
}

impl Memory {
    /// The last figure as a multiple of the first.
    pub fn growth(&self) -> f64 {
        match self.after.as_slice() {
            [(_, first), .., (_, last)] => last / first,
            _ => f64::NAN,
        }
    }
}

/// Asks a fresh workerd for the same page, 1,000 times and then many more times.
pub async fn measure(meter: &Meter, call: &Call, plan: &Plan) -> Result<Vec<Memory>> {
    let setup = &meter.setup;
    let mut found = Vec::new();
    for of in &MEASURED[..if plan.quick { 1 } else { 3 }] {
        let name = format!("memory-{}", of.name());
        let listening = setup.start(*of, &name).await?;
        let wire = setup.wire(*of, &listening.edge, call);
        let mut after: Vec<(u32, f64)> = Vec::new();
        for goal in [1_000, 10_000.min(plan.memory_after), plan.memory_after] {
            let so_far = after.last().map_or(0, |(count, _)| *count);
            if goal > so_far {
                let sample = oha::run_count(&meter.oha, &wire, 16, goal - so_far).await?;
                ensure!(
                    sample.errors == 0,
                    "{name} answers {:?}",
                    sample.first_error
                );
                after.push((goal, resident_mb(&setup.run, &name)?));
            }
        }
        setup.run.stop(&name).await?;
        found.push(Memory { of: *of, after });
    }
    Ok(found)
}
