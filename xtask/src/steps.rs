//! Progress: each step says what it waits for, how long it took, and on failure where to look.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Error, Result};
use tokio::time::{Instant, timeout};

use crate::run::Run;

/// A step that takes longer than this says again what it waits for.
const REMINDER: Duration = Duration::from_secs(10);
/// How much of a log a failure shows.
const LOG_LINES: usize = 25;

/// Carried by the error of a step.
#[derive(Debug, thiserror::Error)]
#[error("step `{step}` failed")]
struct Failed {
    step: String,
    /// The log of the process that has the step's name, if there is one.
    log: PathBuf,
    repair: &'static str,
}

impl Run {
    /// Runs one step: `what` tells what is being waited for, and `repair` what probably helps when it fails.
    pub async fn step<T>(
        &self,
        name: &str,
        what: &str,
        repair: &'static str,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let begun = Instant::now();
        let mut work = std::pin::pin!(work);
        let result = loop {
            match timeout(REMINDER, &mut work).await {
                Ok(result) => break result,
                Err(_) => {
                    let seconds = begun.elapsed().as_secs();
                    println!("  {name:<12} {what} ({seconds} s so far)");
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
                log: self.log(name),
                repair,
            })),
        }
    }

    /// Since its start.
    pub fn seconds(&self) -> f64 {
        self.begun.elapsed().as_secs_f64()
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
        if failed.log.is_file() {
            let end = tail(&failed.log);
            if !end.is_empty() {
                eprintln!("  the log ends with:\n    {end}");
            }
            eprintln!("  log: {}", failed.log.display());
        }
        if !failed.repair.is_empty() {
            eprintln!("  try: {}", failed.repair);
        }
    }
}
