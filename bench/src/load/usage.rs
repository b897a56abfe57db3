//! What processes have used, by the kernel's count.

use std::iter::successors;

use anyhow::{Context, Result};
use sysinfo::{Pid, Process, ProcessRefreshKind, ProcessesToUpdate, System};

use crate::peers::target::Target;
use crate::run::API;
use crate::tool::{Run, postgrest};

/// Seconds of CPU time: of the edge (workerd or Node), the API gateway, PostgREST, and Postgres with
/// all its backends.
pub type Cpu = [f64; 4];

/// What has been used so far to answer the requests of a target.
pub fn cpu_seconds(run: &Run, target: Target) -> Result<Cpu> {
    let mut system = System::new();
    let kind = ProcessRefreshKind::nothing().with_cpu().without_tasks();
    system.refresh_processes_specifics(ProcessesToUpdate::All, true, kind);
    let of = |name: &str| Ok::<_, anyhow::Error>(below(&system, pid(run, name)?));
    let edge = match target {
        Target::Postgrest => 0.0,
        _ => of(target.name())?,
    };
    Ok([edge, of(API)?, of(postgrest::NAME)?, of("postgres")?])
}

/// What has been used since an earlier look. It is never below zero: when a backend ends, its time is
/// no longer counted.
pub fn since(now: Cpu, earlier: Cpu) -> Cpu {
    std::array::from_fn(|part| (now[part] - earlier[part]).max(0.0))
}

/// The memory that a process has resident, in megabytes.
pub fn resident_mb(run: &Run, name: &str) -> Result<f64> {
    let pid = pid(run, name)?;
    let mut system = System::new();
    let kind = ProcessRefreshKind::nothing().with_memory();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), true, kind);
    let process = system.process(pid).context("the process has ended")?;
    Ok(process.memory() as f64 / 1024.0 / 1024.0)
}

fn pid(run: &Run, name: &str) -> Result<Pid> {
    let pid = run.pid(name)?.as_raw_nonzero().get();
    Ok(Pid::from_u32(pid.cast_unsigned()))
}

/// The CPU time of a process and of all that it has started.
fn below(system: &System, root: Pid) -> f64 {
    let parent = |pid: &Pid| system.process(*pid)?.parent();
    let is_below = |process: &&Process| {
        successors(Some(process.pid()), parent).any(|ancestor| ancestor == root)
    };
    let found = system.processes().values().filter(is_below);
    let milliseconds: u64 = found.map(Process::accumulated_cpu_time).sum();
    milliseconds as f64 / 1000.0
}
