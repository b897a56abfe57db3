//! What processes have used, by /proc.

use std::fs;

use anyhow::{Context, Result};
use rustix::process::Pid;
use serde::Serialize;

/// Seconds of CPU, by part.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Cpu {
    /// workerd or Node.
    pub edge: f64,
    /// The stand-in for Supabase's own API gateway.
    pub api: f64,
    /// PostgREST.
    pub postgrest: f64,
    /// Postgres with all its backends.
    pub postgres: f64,
}

impl Cpu {
    /// What has been used since an earlier look. A backend that has ended takes its time with it,
    /// which is no reason to give some back.
    pub fn since(self, earlier: Cpu) -> Cpu {
        let used = |now: f64, then: f64| (now - then).max(0.0);
        Cpu {
            edge: used(self.edge, earlier.edge),
            api: used(self.api, earlier.api),
            postgrest: used(self.postgrest, earlier.postgrest),
            postgres: used(self.postgres, earlier.postgres),
        }
    }
}

/// The kernel's unit of time in /proc, in seconds.
const TICK: f64 = 0.01;

/// Seconds that a process and all below it have spent on a CPU.
pub fn cpu_seconds(root: Pid) -> f64 {
    let ticks: u64 = tree(root.as_raw_nonzero().get())
        .into_iter()
        .filter_map(ticks)
        .sum();
    ticks as f64 * TICK
}

/// In user and system mode, by all threads, those that have ended too: PostgREST's come and go.
fn ticks(pid: i32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The command name, in parentheses, may hold spaces: fields are counted after it.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(user + system)
}

/// The memory that a process has resident, in megabytes.
pub fn resident_mb(pid: Pid) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{}/status", pid.as_raw_nonzero()))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next());
    let kilobytes: f64 = kilobytes.context("a process has a size")?.parse()?;
    Ok(kilobytes / 1024.0)
}

fn tree(pid: i32) -> Vec<i32> {
    let mut found = vec![pid];
    for thread in threads(pid) {
        let children = fs::read_to_string(format!("/proc/{pid}/task/{thread}/children"));
        for child in children.unwrap_or_default().split_whitespace() {
            found.extend(child.parse().map(tree).unwrap_or_default());
        }
    }
    found
}

fn threads(pid: i32) -> Vec<i32> {
    let entries = fs::read_dir(format!("/proc/{pid}/task"));
    entries
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect()
}
