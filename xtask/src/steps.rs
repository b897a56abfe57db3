//! Progress: each step says what it waits for, how long it took, and on failure where to look.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Error, Result};
use tokio::time::{Instant, timeout};

/// A step that takes longer than this says again what it waits for.
const REMINDER: Duration = Duration::from_secs(10);
/// How much of a log a failure shows.
const LOG_LINES: usize = 25;

/// The steps of one run.
pub struct Steps {
    started: Instant,
}

impl Default for Steps {
    fn default() -> Self {
        Self {
            started: Instant::now(),
        }
    }
}

/// What a person should know when the step fails.
#[derive(Clone, Debug, Default)]
pub struct Help {
    /// The log of the process that the step waits for.
    pub log: Option<PathBuf>,
    /// What probably helps.
    pub mend: &'static str,
}

impl Help {
    pub fn mend(mend: &'static str) -> Self {
        Self { log: None, mend }
    }

    pub fn log(log: PathBuf, mend: &'static str) -> Self {
        Self {
            log: Some(log),
            mend,
        }
    }
}

/// Carried by the error of a step.
#[derive(Debug, thiserror::Error)]
#[error("step `{step}` failed")]
struct Failed {
    step: String,
    help: Help,
}

impl Steps {
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs one step: `what` tells what is being waited for.
    pub async fn run<T>(
        &self,
        name: &str,
        what: &str,
        help: Help,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let begun = Instant::now();
        let mut work = std::pin::pin!(work);
        let result = loop {
            match timeout(REMINDER, &mut work).await {
                Ok(result) => break result,
                Err(_) => {
                    println!(
                        "  {name:<12} {what} ({} s so far)",
                        begun.elapsed().as_secs()
                    );
                }
            }
        };
        let took = begun.elapsed();
        match result {
            Ok(value) => {
                println!("  {name:<12} {:>5.1} s  {what}", took.as_secs_f64());
                Ok(value)
            }
            Err(error) => Err(error.context(Failed {
                step: name.to_owned(),
                help,
            })),
        }
    }

    /// Seconds since the start.
    pub fn total(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }
}

/// The last lines of a log.
fn tail(log: &Path) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.trim_end().lines().collect();
    lines[lines.len().saturating_sub(LOG_LINES)..].join("\n    ")
}

/// A failure that was printed already. Only the exit status is left.
#[derive(Debug, thiserror::Error)]
#[error("told above")]
pub struct Told;

/// Prints a failure: the step, the causes, the end of its log, and what probably helps.
pub fn print_failure(error: &Error) {
    if error.is::<Told>() {
        return;
    }
    eprintln!("\nerror: {error}");
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        eprintln!("  because: {}", cause.trim_end().replace('\n', "\n    "));
    }
    // The innermost step knows most; an outer one only wraps it.
    if let Some(failed) = error.downcast_ref::<Failed>() {
        if let Some(log) = &failed.help.log {
            let end = tail(log);
            if !end.is_empty() {
                eprintln!("  the log ends with:\n    {end}");
            }
            eprintln!("  log: {}", log.display());
        }
        if !failed.help.mend.is_empty() {
            eprintln!("  try: {}", failed.help.mend);
        }
    }
}
