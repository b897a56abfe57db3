//! One run of the tool: its state folder, and the processes that it starts. Each leads its own process group,
//! writes to its own log, carries a marker in its environment, and ends with the run.

use std::cell::RefCell;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

/// The environment variable that marks our processes. It holds the state folder.
pub const MARKER: &str = "XTASK_STATE";
/// How long a process may take until it answers.
const READY_TIME: Duration = Duration::from_secs(60);
/// How long a process may take to end by itself.
const GRACE: Duration = Duration::from_secs(8);

struct Running {
    name: String,
    group: Pid,
    child: Child,
}

/// Clones are of the same run.
#[derive(Clone)]
pub struct Run {
    /// The folder of its logs, keys and configurations.
    pub state: PathBuf,
    pub(crate) begun: Instant,
    marker: OsString,
    running: Rc<RefCell<Vec<Running>>>,
}

impl Run {
    pub fn new(state: &Path) -> Result<Self> {
        fs::create_dir_all(state.join("logs"))
            .with_context(|| format!("cannot make {}", state.display()))?;
        Ok(Self {
            state: state.to_owned(),
            begun: Instant::now(),
            // A build that a `dev` calls through wrangler belongs to that `dev`.
            marker: env::var_os(MARKER).unwrap_or_else(|| state.into()),
            running: Rc::default(),
        })
    }

    /// The log of a process.
    pub fn log(&self, name: &str) -> PathBuf {
        self.state.join("logs").join(format!("{name}.log"))
    }

    /// Starts a process that stays. Its log has its name.
    pub fn start(&self, name: &str, command: Command) -> Result<()> {
        let running = self.spawn(name, command)?;
        self.running.borrow_mut().push(running);
        Ok(())
    }

    /// Runs a process to its end; its output goes to the log.
    pub async fn finish(&self, name: &str, command: Command) -> Result<()> {
        let status = self.spawn(name, command)?.child.wait().await?;
        ensure!(status.success(), "{name} ended with {status}");
        Ok(())
    }

    /// Runs a process to its end, and shows its output while it comes.
    pub async fn finish_shown(&self, name: &str, command: Command) -> Result<ExitStatus> {
        let mut running = self.spawn(name, command)?;
        let mut log = File::open(self.log(name))?;
        loop {
            let ended = timeout(Duration::from_millis(50), running.child.wait()).await;
            show_new(&mut log)?;
            if let Ok(status) = ended {
                return Ok(status?);
            }
        }
    }

    /// The first of the processes that should stay which has ended.
    pub fn first_ended(&self) -> Option<(String, ExitStatus)> {
        self.running.borrow_mut().iter_mut().find_map(|running| {
            let status = running.child.try_wait().ok().flatten()?;
            Some((running.name.clone(), status))
        })
    }

    /// Fails when the process has ended, so that waiting for it does not go on.
    pub fn check_alive(&self, name: &str) -> Result<()> {
        let at = self.find(name)?;
        match self.running.borrow_mut()[at].child.try_wait()? {
            Some(status) => bail!("{name} ended with {status}"),
            None => Ok(()),
        }
    }

    /// Waits until an attempt succeeds; fails when the process has ended or is not ready in time.
    pub async fn until_ready(
        &self,
        name: &str,
        attempt: impl AsyncFn() -> Result<()>,
    ) -> Result<()> {
        let deadline = Instant::now() + READY_TIME;
        loop {
            self.check_alive(name)?;
            let Err(error) = attempt().await else {
                return Ok(());
            };
            if Instant::now() > deadline {
                let seconds = READY_TIME.as_secs();
                return Err(error.context(format!("{name} is not ready after {seconds} s")));
            }
            sleep(Duration::from_millis(25)).await;
        }
    }

    /// The process's id, which is its group's too.
    pub fn pid(&self, name: &str) -> Result<Pid> {
        let at = self.find(name)?;
        Ok(self.running.borrow()[at].group)
    }

    /// Ends everything, the last started first.
    pub async fn stop_all(&self) {
        loop {
            let Some(running) = self.running.borrow_mut().pop() else {
                break;
            };
            running.end().await;
        }
    }

    /// Ends one process, in its own good order.
    pub async fn stop(&self, name: &str) -> Result<()> {
        self.take(name)?.end().await;
        Ok(())
    }

    /// Ends one process at once, as a crash would.
    pub async fn kill(&self, name: &str) -> Result<()> {
        let mut running = self.take(name)?;
        kill_process_group(running.group, Signal::KILL)?;
        running.child.wait().await?;
        Ok(())
    }

    fn take(&self, name: &str) -> Result<Running> {
        let at = self.find(name)?;
        Ok(self.running.borrow_mut().remove(at))
    }

    fn find(&self, name: &str) -> Result<usize> {
        let running = self.running.borrow();
        let found = running.iter().position(|running| running.name == name);
        found.with_context(|| format!("{name} is not running"))
    }

    fn spawn(&self, name: &str, mut command: Command) -> Result<Running> {
        let log = self.log(name);
        let file = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        for (variable, _) in env::vars_os() {
            if is_of_cargo_run(&variable.to_string_lossy()) {
                command.env_remove(variable);
            }
        }
        command
            .env(MARKER, &self.marker)
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .process_group(0);
        let child = command.spawn();
        let child = child.with_context(|| format!("cannot start {name}"))?;
        let id = child.id().context("a new process has an id")?;
        Ok(Running {
            name: name.to_owned(),
            group: Pid::from_raw(id.cast_signed()).context("an id is not zero")?,
            child,
        })
    }
}

impl Running {
    /// Asks the process group to end, waits, and then forces it.
    async fn end(mut self) {
        if self.child.try_wait().ok().flatten().is_none() {
            let _ = kill_process_group(self.group, gentle(&self.name));
            let _ = timeout(GRACE, self.child.wait()).await;
        }
        let _ = kill_process_group(self.group, Signal::KILL);
        let _ = self.child.wait().await;
    }
}

impl Drop for Running {
    /// Also where the leader has ended, as a child of it may be left.
    fn drop(&mut self) {
        let _ = kill_process_group(self.group, Signal::KILL);
    }
}

/// The signal that ends a program in good order. SIGINT is Postgres' fast shutdown: it ends its clients and needs
/// no recovery later.
pub fn gentle(name: &str) -> Signal {
    match name {
        "postgres" => Signal::INT,
        _ => Signal::TERM,
    }
}

/// Prints what has been added to a file since it was read last.
pub fn show_new(file: &mut File) -> Result<()> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let mut out = std::io::stdout();
    out.write_all(&bytes)?;
    Ok(out.flush()?)
}

/// Whether `cargo run` has set this variable for us. A cargo that a child calls would take it for a
/// change, and some build scripts (ring's) would run again.
fn is_of_cargo_run(name: &str) -> bool {
    name == "CARGO" || name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
}

/// Looks a program up in PATH.
pub fn find_program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|dir| dir.join(name))
        .find(|file| file.is_file())
}

/// A command with arguments.
pub fn command<S: AsRef<OsStr>>(
    program: impl AsRef<OsStr>,
    args: impl IntoIterator<Item = S>,
) -> Command {
    let mut command = Command::new(program);
    command.args(args);
    command
}
