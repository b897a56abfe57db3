//! The processes that a killed run has left. They have a marker in their environment, and no run owns their
//! state folder.

use std::io::Read;
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail};
use rustix::process::{Pid, Signal, getpid, kill_process};
use sysinfo::{Process, ProcessRefreshKind, ProcessesToUpdate, System, UpdateKind};
use tokio::time::sleep;

use crate::build::tools::lock_file;
use crate::run::{MARKER, gentle};
use crate::supervisor::holder;

/// How often we look whether all have ended, in 8 seconds.
const LOOKS: u32 = 160;

/// `cargo xtask guard`: waits until the run ends (then its stdin closes). Then it ends the processes that the run
/// left. A run that ends by itself ends its guard first.
pub async fn guard(state: &Path) -> Result<()> {
    std::io::stdin().read_to_end(&mut Vec::new())?;
    let _one_at_a_time = lock_file(&state.join("orphans.lock")).await?;
    // The next run ends them before it starts anything.
    if holder(state).is_some() {
        return Ok(());
    }
    end_marked(state).await.map(|_| ())
}

/// Ends the processes that are left of runs in this folder, and returns their number.
pub async fn end(state: &Path) -> Result<usize> {
    std::fs::create_dir_all(state)?;
    let _one_at_a_time = lock_file(&state.join("orphans.lock")).await?;
    end_marked(state).await
}

async fn end_marked(state: &Path) -> Result<usize> {
    let mut left = marked(state);
    let count = left.len();
    for forced in [false, true] {
        for (pid, gentle) in &left {
            let _ = kill_process(*pid, if forced { Signal::KILL } else { *gentle });
        }
        for _ in 0..LOOKS {
            if left.is_empty() {
                return Ok(count);
            }
            sleep(Duration::from_millis(50)).await;
            left = marked(state);
        }
    }
    bail!("processes of an earlier run do not end: {left:?}")
}

/// Processes whose environment has this folder's marker, and the signal that ends each in good order.
fn marked(state: &Path) -> Vec<(Pid, Signal)> {
    let marker = format!("{MARKER}={}", state.display());
    let kind = ProcessRefreshKind::nothing()
        .without_tasks()
        .with_environ(UpdateKind::Always);
    let mut system = System::new();
    system.refresh_processes_specifics(ProcessesToUpdate::All, true, kind);
    let ours = |process: &&Process| process.environ().iter().any(|name| *name == *marker);
    let found = system.processes().values().filter(ours);
    found
        .filter_map(|process| {
            let pid = Pid::from_raw(process.pid().as_u32().cast_signed())?;
            let gentle = gentle(&process.name().to_string_lossy());
            (pid != getpid()).then_some((pid, gentle))
        })
        .collect()
}
