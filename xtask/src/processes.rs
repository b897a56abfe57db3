//! The processes that a run starts. Each leads its own process group, writes to its own log,
//! carries a marker in its environment, and ends with the run.

use std::cell::RefCell;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

/// The environment variable by which a process of ours is known again: the state folder.
pub const MARKER: &str = "XTASK_STATE";
/// How long a process may take to end by itself.
const GRACE: Duration = Duration::from_secs(8);
/// The user that Postgres runs as when we are root: nobody.
pub const UNPRIVILEGED: u32 = if cfg!(target_os = "macos") {
    u32::MAX - 1
} else {
    65534
};

/// What is being started.
pub struct Spec {
    /// Name of the log and of the process in messages.
    pub name: String,
    /// Program, arguments, environment, folder.
    pub command: Command,
    /// What tells it to end in good order.
    pub stop: Signal,
    /// Run as [`UNPRIVILEGED`] when we are root.
    pub drop_root: bool,
}

impl Spec {
    /// A process that SIGTERM ends.
    pub fn new(name: &str, command: Command) -> Self {
        Self {
            name: name.to_owned(),
            command,
            stop: Signal::TERM,
            drop_root: false,
        }
    }
}

struct Running {
    name: String,
    log: PathBuf,
    stop: Signal,
    group: Pid,
    child: Child,
}

/// All that a run has started.
#[derive(Clone)]
pub struct Processes {
    state: PathBuf,
    marker: OsString,
    running: Rc<RefCell<Vec<Running>>>,
}

impl Processes {
    /// For a run whose state lies in `state`.
    pub fn new(state: &Path) -> Result<Self> {
        fs::create_dir_all(state.join("logs"))
            .with_context(|| format!("cannot make {}", state.display()))?;
        Ok(Self {
            state: state.to_owned(),
            // A build that a `dev` calls through wrangler belongs to that `dev`.
            marker: env::var_os(MARKER).unwrap_or_else(|| state.into()),
            running: Rc::default(),
        })
    }

    /// The log of a process.
    pub fn log(&self, name: &str) -> PathBuf {
        self.state.join("logs").join(format!("{name}.log"))
    }

    /// Starts a process that stays.
    pub fn start(&self, spec: Spec) -> Result<()> {
        let log = self.log(&spec.name);
        let file = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        self.spawn(spec, log, file)
    }

    /// Runs a process to its end; its output goes to the log.
    pub async fn run(&self, spec: Spec) -> Result<()> {
        let name = spec.name.clone();
        let status = self.status(spec).await?;
        if !status.success() {
            bail!("{name} ended with {status}");
        }
        Ok(())
    }

    /// Runs a process to its end and says how it ended.
    pub async fn status(&self, spec: Spec) -> Result<ExitStatus> {
        let name = spec.name.clone();
        self.start(spec)?;
        loop {
            if let Some(status) = self.ended(&name)? {
                return Ok(status);
            }
            sleep(Duration::from_millis(15)).await;
        }
    }

    /// Like [`Processes::status`], and shows the output while it comes.
    pub async fn status_shown(&self, spec: Spec) -> Result<ExitStatus> {
        let name = spec.name.clone();
        self.start(spec)?;
        let mut log = File::open(self.log(&name))?;
        loop {
            let ended = self.ended(&name)?;
            show_new(&mut log)?;
            if let Some(status) = ended {
                return Ok(status);
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// The first process that has ended though it should not have.
    pub fn first_ended(&self) -> Option<(String, PathBuf, ExitStatus)> {
        self.running.borrow_mut().iter_mut().find_map(|running| {
            let status = running.child.try_wait().ok().flatten()?;
            Some((running.name.clone(), running.log.clone(), status))
        })
    }

    /// Fails when the process has ended, so that waiting for it does not go on.
    pub fn check_alive(&self, name: &str) -> Result<()> {
        let mut running = self.running.borrow_mut();
        let Some(found) = running.iter_mut().find(|running| running.name == name) else {
            bail!("{name} is not running");
        };
        match found.child.try_wait()? {
            Some(status) => bail!("{name} ended with {status}"),
            None => Ok(()),
        }
    }

    /// The process's id, which is its group's too.
    pub fn pid(&self, name: &str) -> Result<Pid> {
        let running = self.running.borrow();
        let found = running.iter().find(|running| running.name == name);
        Ok(found
            .with_context(|| format!("{name} is not running"))?
            .group)
    }

    /// Ends everything, the last started first.
    pub async fn stop_all(&self) {
        loop {
            let Some(running) = self.running.borrow_mut().pop() else {
                break;
            };
            end(running).await;
        }
    }

    /// Ends one process, in its own good order.
    pub async fn stop(&self, name: &str) -> Result<()> {
        end(self.take(name)?).await;
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
        let mut running = self.running.borrow_mut();
        let Some(at) = running.iter().position(|running| running.name == name) else {
            bail!("{name} is not running");
        };
        Ok(running.remove(at))
    }

    /// Takes a process that has ended off the list.
    fn ended(&self, name: &str) -> Result<Option<ExitStatus>> {
        let mut running = self.running.borrow_mut();
        let Some(at) = running.iter().position(|running| running.name == name) else {
            bail!("{name} was stopped");
        };
        let status = running[at].child.try_wait()?;
        if status.is_some() {
            running.remove(at);
        }
        Ok(status)
    }

    fn spawn(&self, spec: Spec, log: PathBuf, file: File) -> Result<()> {
        let mut command = spec.command;
        if spec.drop_root && rustix::process::geteuid().is_root() {
            command.uid(UNPRIVILEGED).gid(UNPRIVILEGED);
        }
        for (name, _) in env::vars_os() {
            if is_of_cargo_run(&name.to_string_lossy()) {
                command.env_remove(name);
            }
        }
        command
            .env(MARKER, &self.marker)
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .process_group(0)
            .kill_on_drop(true);
        let child = command
            .spawn()
            .with_context(|| format!("cannot start {}", spec.name))?;
        let group = child
            .id()
            .and_then(|id| Pid::from_raw(id.cast_signed()))
            .context("a process that was just started has an id")?;
        self.running.borrow_mut().push(Running {
            name: spec.name,
            log,
            stop: spec.stop,
            group,
            child,
        });
        Ok(())
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
/// change, and some build scripts (ring's) run anew for it.
fn is_of_cargo_run(name: &str) -> bool {
    name == "CARGO" || name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
}

/// Asks a process group to end, waits, then makes it.
async fn end(mut running: Running) {
    if running.child.try_wait().ok().flatten().is_none() {
        let _ = kill_process_group(running.group, running.stop);
        let _ = timeout(GRACE, running.child.wait()).await;
    }
    // The leader may be gone and a child of it not.
    let _ = kill_process_group(running.group, Signal::KILL);
    let _ = running.child.wait().await;
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
