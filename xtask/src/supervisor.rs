//! One run owns a state folder: it is recorded there, ends on a signal, and leaves nothing behind.

use std::fs;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use rustix::process::{Pid, Signal, WaitOptions, getpid, kill_process, test_kill_process};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, sleep};

use crate::paths;
use crate::postgres;
use crate::processes::{MARKER, Processes};

/// How long `stop` waits for the supervisor to end its processes.
const STOP_TIME: Duration = Duration::from_secs(30);

/// Holds a state folder for this process; dropped, it gives it back.
pub struct Claim {
    file: PathBuf,
}

impl Claim {
    /// Takes the folder. Refused while another run has it; what a killed one left is cleaned first.
    pub async fn take(state: &Path, whose: &str) -> Result<Self> {
        let file = state.join("supervisor");
        if let Some(pid) = living(&file) {
            bail!(
                "{whose} is running already (process {})",
                pid.as_raw_nonzero()
            );
        }
        sweep(state).await?;
        fs::create_dir_all(state)?;
        let own = getpid();
        let start = start_time(own).unwrap_or_default();
        fs::write(&file, format!("{} {start}\n", own.as_raw_nonzero()))?;
        Ok(Self { file })
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.file);
    }
}

/// Runs `work` until it ends or a signal comes, and then ends every process in either case.
pub async fn until_stopped(
    state: &Path,
    processes: &Processes,
    work: impl Future<Output = Result<()>>,
) -> Result<()> {
    // Children of children that we end come to us, not to an init that may not look after them.
    #[cfg(target_os = "linux")]
    rustix::process::set_child_subreaper(Some(getpid()))?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let result = tokio::select! {
        result = work => result,
        _ = interrupt.recv() => Err(anyhow!("stopped by Ctrl-C")),
        _ = terminate.recv() => Err(anyhow!("stopped by `cargo xtask stop` or SIGTERM")),
        _ = hangup.recv() => Err(anyhow!("stopped: the terminal was closed")),
    };
    processes.stop_all().await;
    sweep(state).await?;
    while let Ok(Some(_)) = rustix::process::wait(WaitOptions::NOHANG) {}
    result
}

/// `cargo xtask stop`
pub async fn stop() -> Result<()> {
    let state = paths::dev_state();
    let file = state.join("supervisor");
    let Some(pid) = living(&file) else {
        let left = sweep(&state).await?;
        let _ = fs::remove_file(&file);
        if left == 0 {
            println!("nothing is running");
        } else {
            println!("ended {left} processes that a killed supervisor had left");
        }
        return Ok(());
    };
    kill_process(pid, Signal::TERM).context("cannot signal the supervisor")?;
    println!(
        "waiting for process {} to end what it started",
        pid.as_raw_nonzero()
    );
    let deadline = Instant::now() + STOP_TIME;
    while living(&file).is_some() {
        if Instant::now() > deadline {
            bail!(
                "process {} has not ended in {} s; its log is {}",
                pid.as_raw_nonzero(),
                STOP_TIME.as_secs(),
                state.join("logs/dev.log").display()
            );
        }
        sleep(Duration::from_millis(50)).await;
    }
    let left = sweep(&state).await?;
    if left > 0 {
        println!("ended {left} processes that were left");
    }
    println!("stopped");
    Ok(())
}

/// Whether a run owns the folder.
pub fn is_running(state: &Path) -> bool {
    living(&state.join("supervisor")).is_some()
}

/// The recorded supervisor, if it is still that process: an id alone may have a new owner.
fn living(file: &Path) -> Option<Pid> {
    let text = fs::read_to_string(file).ok()?;
    let (pid, start) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
    let pid = Pid::from_raw(pid.parse().ok()?)?;
    test_kill_process(pid).ok()?;
    let now = start_time(pid).unwrap_or_default();
    (now == start).then_some(pid)
}

/// When a process started, in the kernel's clock ticks (Linux), which together with its id names
/// it for good.
fn start_time(pid: Pid) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
    // The command name, in parentheses, may hold spaces: fields are counted after it.
    let (_, rest) = stat.rsplit_once(')')?;
    // A zombie has ended; only its parent has not looked yet.
    if rest.split_whitespace().next() == Some("Z") {
        return None;
    }
    rest.split_whitespace().nth(19).map(str::to_owned)
}

/// Ends what carries this folder's marker and no living supervisor answers for. Returns how many.
///
/// Elsewhere than on Linux there is no /proc to look in; the embedded stack runs on Linux only.
async fn sweep(state: &Path) -> Result<usize> {
    let mut found = marked(state);
    let count = found.len();
    // Postgres first and in good order: it then needs no recovery at the next start.
    postgres::stop_stale(state).await?;
    for (signal, patience) in [(Signal::TERM, 40), (Signal::KILL, 40)] {
        found = marked(state);
        for pid in &found {
            let _ = kill_process(*pid, signal);
        }
        for _ in 0..patience {
            found = marked(state);
            if found.is_empty() {
                return Ok(count);
            }
            sleep(Duration::from_millis(50)).await;
        }
    }
    bail!(
        "processes {:?} do not end; they were started by an earlier run",
        found
            .iter()
            .map(|pid| pid.as_raw_nonzero())
            .collect::<Vec<_>>()
    )
}

/// Processes whose environment carries this folder's marker.
fn marked(state: &Path) -> Vec<Pid> {
    let marker = format!("{MARKER}={}", state.display());
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let pid = Pid::from_raw(entry.file_name().to_str()?.parse().ok()?)?;
            let environment = fs::read(entry.path().join("environ")).ok()?;
            let ours = environment
                .split(|byte| *byte == 0)
                .any(|variable| variable == marker.as_bytes());
            (ours && pid != getpid() && start_time(pid).is_some()).then_some(pid)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_of_this_process_is_living_and_one_with_another_start_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("supervisor");
        let own = getpid();
        let start = start_time(own).unwrap_or_default();
        fs::write(&file, format!("{} {start}\n", own.as_raw_nonzero())).unwrap();
        assert_eq!(living(&file), Some(own));
        fs::write(&file, format!("{} 1\n", own.as_raw_nonzero())).unwrap();
        assert_eq!(living(&file), None);
    }
}
