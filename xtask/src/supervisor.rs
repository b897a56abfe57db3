//! A run owns its state folder, ends on a signal, and leaves no process behind.

use std::fs::{self, File};
use std::future::Future;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use rustix::fs::{FlockOperation, fcntl_lock};
use rustix::process::{Flock, FlockType, Pid, Signal, fcntl_getlk, kill_process};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, sleep};

use crate::run::{MARKER, Run};
use crate::{orphans, paths};

/// How long `stop` waits for the supervisor to end its processes.
const STOP_TIME: Duration = Duration::from_secs(30);

/// Holds a state folder for this process, by a lock that the kernel takes back when the process ends.
pub struct Claim {
    guard: Child,
    _lock: File,
}

impl Claim {
    /// Takes the folder, unless another run has it. First ends the processes that a killed run left.
    pub async fn take(state: &Path, whose: &str) -> Result<Self> {
        fs::create_dir_all(state).with_context(|| format!("cannot make {}", state.display()))?;
        let lock = state.join("supervisor");
        let lock =
            File::create(&lock).with_context(|| format!("cannot write {}", lock.display()))?;
        if fcntl_lock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
            let holder = holder(state).map_or(0, |pid| pid.as_raw_nonzero().get());
            bail!("{whose} is running already (process {holder})");
        }
        orphans::end(state).await?;
        Ok(Self {
            guard: guard(state)?,
            _lock: lock,
        })
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let _ = self.guard.kill();
        let _ = self.guard.wait();
    }
}

/// Starts the process that ends everything when this run is killed. Its input is a pipe that only this run
/// can write to, and the kernel closes it with this run. In a group of its own, the guard outlives Ctrl-C.
fn guard(state: &Path) -> Result<Child> {
    use std::os::unix::process::CommandExt;
    Command::new(paths::program()?)
        .arg("guard")
        .arg(state)
        .env_remove(MARKER)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .context("cannot start the guard process")
}

/// Runs `work` until it ends or a signal comes, and then ends every process in either case.
pub async fn until_stopped(run: &Run, work: impl Future<Output = Result<()>>) -> Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let result = tokio::select! {
        result = work => result,
        _ = interrupt.recv() => Err(anyhow!("stopped by Ctrl-C")),
        _ = terminate.recv() => Err(anyhow!("stopped by `cargo xtask stop` or SIGTERM")),
        _ = hangup.recv() => Err(anyhow!("stopped: the terminal was closed")),
    };
    run.stop_all().await;
    orphans::end(&run.state).await?;
    result
}

/// `cargo xtask stop`
pub async fn stop() -> Result<()> {
    let state = paths::dev_state();
    let Some(pid) = holder(&state) else {
        match orphans::end(&state).await? {
            0 => println!("nothing is running"),
            left => println!("ended {left} processes that a killed supervisor had left"),
        }
        return Ok(());
    };
    kill_process(pid, Signal::TERM).context("cannot signal the supervisor")?;
    let id = pid.as_raw_nonzero();
    println!("waiting for process {id} to stop everything");
    let deadline = Instant::now() + STOP_TIME;
    while holder(&state).is_some() {
        if Instant::now() > deadline {
            let (seconds, log) = (STOP_TIME.as_secs(), state.join("logs/dev.log"));
            bail!(
                "process {id} has not ended in {seconds} s; its log is {}",
                log.display()
            );
        }
        sleep(Duration::from_millis(50)).await;
    }
    println!("stopped");
    Ok(())
}

/// The process that owns the folder, as the kernel knows it: never one that has taken over the id of an owner
/// that has ended. The owner itself must not call this: closing the file here would release its lock.
pub fn holder(state: &Path) -> Option<Pid> {
    let lock = File::open(state.join("supervisor")).ok()?;
    fcntl_getlk(&lock, &Flock::from(FlockType::ReadLock))
        .ok()??
        .pid
}
