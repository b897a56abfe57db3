//! The load of reads, which is oha's: one URL, one token, any number of connections.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use tokio::process::Command;
use tokio::time::timeout;

use crate::bench::calls::Wire;
use crate::bench::sample::{Load, Timed};

/// What oha counts as an error and is none: a request that the end of the measurement cut off.
const CUT_OFF: &str = "aborted due to deadline";
/// How much longer than its load it may take.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    summary: Summary,
    latency_percentiles: BTreeMap<String, Option<f64>>,
    status_code_distribution: BTreeMap<String, u64>,
    error_distribution: BTreeMap<String, u64>,
}

#[derive(Deserialize)]
struct Summary {
    total: f64,
}

/// Makes a load of this request.
pub async fn run(oha: &Path, wire: &Wire, load: &Load) -> Result<Timed> {
    let length = format!("{}ms", (load.seconds * 1000.0) as u64);
    call(oha, wire, load, ["-z", &length]).await
}

/// Makes so many of this request, as fast as they go.
pub async fn run_count(oha: &Path, wire: &Wire, connections: usize, count: u32) -> Result<Timed> {
    let load = Load {
        connections,
        rate: None,
        seconds: f64::from(count) / 20.0,
    };
    call(oha, wire, &load, ["-n", &count.to_string()]).await
}

async fn call(oha: &Path, wire: &Wire, load: &Load, length: [&str; 2]) -> Result<Timed> {
    let mut command = Command::new(oha);
    command
        .args([
            "--no-tui",
            "--output-format",
            "json",
            "--disable-compression",
            "--redirect",
            "0",
        ])
        .args(length)
        .args(["-c", &load.connections.to_string(), "-m", wire.method]);
    for (name, value) in &wire.headers {
        command.args(["-H", &format!("{name}: {value}")]);
    }
    if let Some(rate) = load.rate {
        // Latencies from when a request was due, and not from when a connection was free for it.
        command.args(["-q", &format!("{rate:.1}"), "--latency-correction"]);
    }
    command
        .arg(&wire.url)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let patience = PATIENCE + Duration::from_secs_f64(load.seconds);
    let output = timeout(patience, command.output())
        .await
        .context("oha does not end")??;
    if !output.status.success() {
        bail!(
            "oha failed: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    let report: Report =
        serde_json::from_slice(&output.stdout).context("oha's report is not as it was")?;
    Ok(report.timed())
}

impl Report {
    fn timed(mut self) -> Timed {
        self.error_distribution.remove(CUT_OFF);
        let is_good = |status: &str| status.starts_with('2');
        let (good, bad): (Vec<_>, Vec<_>) = self
            .status_code_distribution
            .iter()
            .partition(|(status, _)| is_good(status));
        let errors = bad.iter().map(|(_, count)| **count).sum::<u64>()
            + self.error_distribution.values().sum::<u64>();
        let mut reasons = bad
            .iter()
            .map(|(status, _)| *status)
            .chain(self.error_distribution.keys());
        let milliseconds = |name: &str| {
            self.latency_percentiles
                .get(name)
                .copied()
                .flatten()
                .unwrap_or_default()
                * 1000.0
        };
        Timed {
            requests: good.iter().map(|(_, count)| **count).sum(),
            errors,
            first_error: reasons.next().cloned(),
            seconds: self.summary.total,
            p50_ms: milliseconds("p50"),
            p99_ms: milliseconds("p99"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_end_cut_off_is_no_error() {
        let report: Report = serde_json::from_str(
            r#"{"summary":{"total":0.5},"latencyPercentiles":{"p50":0.002,"p99":null},
                "statusCodeDistribution":{"200":99,"503":1},
                "errorDistribution":{"aborted due to deadline":16,"connection refused":2}}"#,
        )
        .unwrap();
        let timed = report.timed();
        assert_eq!((timed.requests, timed.errors), (99, 3));
        assert_eq!((timed.p50_ms, timed.p99_ms), (2.0, 0.0));
        assert_eq!(timed.first_error.as_deref(), Some("503"));
    }
}
