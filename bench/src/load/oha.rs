//! The load of reads, which oha makes: one URL, one token, any number of connections.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use tokio::process::Command;
use tokio::time::timeout;

use crate::data::cases::Wire;
use crate::load::{Load, Timed};

/// oha counts a request as an error when the end of the measurement cuts it off. We do not.
const CUT_OFF: &str = "aborted due to deadline";
/// How much longer than its load oha may take.
const PATIENCE: Duration = Duration::from_secs(20);
const OPTIONS: [&str; 5] = [
    "--no-tui",
    "--output-format=json",
    "--disable-compression",
    "--redirect=0",
    // With a rate, a latency is counted from when the request was due.
    "--latency-correction",
];

/// The parts of oha's report that we read.
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

/// Sends this request again and again, for as long as the load says.
pub async fn run(oha: &Path, wire: &Wire, load: &Load) -> Result<Timed> {
    let length = format!("{}ms", (load.seconds * 1000.0) as u64);
    start(oha, wire, load, ["-z", &length]).await
}

/// Sends this request `count` times, as fast as it goes.
pub async fn run_count(oha: &Path, wire: &Wire, connections: usize, count: u32) -> Result<Timed> {
    let load = Load::closed(connections, f64::from(count) / 20.0);
    start(oha, wire, &load, ["-n", &count.to_string()]).await
}

async fn start(oha: &Path, wire: &Wire, load: &Load, length: [&str; 2]) -> Result<Timed> {
    let mut command = Command::new(oha);
    command.args(OPTIONS).args(length);
    command.args([
        "-c",
        &load.connections.to_string(),
        "-m",
        wire.method.as_str(),
    ]);
    for (name, value) in &wire.headers {
        command.args(["-H", &format!("{name}: {value}")]);
    }
    if let Some(rate) = load.rate {
        command.args(["-q", &format!("{rate:.1}")]);
    }
    command
        .arg(&wire.url)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let patience = PATIENCE + Duration::from_secs_f64(load.seconds);
    let output = timeout(patience, command.output()).await;
    let output = output.context("oha does not end")??;
    let stderr = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "oha failed: {}", stderr.trim());
    let report: Report = serde_json::from_slice(&output.stdout)
        .context("oha's report has another form than expected")?;
    Ok(report.timed())
}

impl Report {
    fn timed(mut self) -> Timed {
        self.error_distribution.remove(CUT_OFF);
        let (good, bad): (BTreeMap<_, _>, BTreeMap<_, _>) = self
            .status_code_distribution
            .into_iter()
            .partition(|(status, _)| status.starts_with('2'));
        let mut errors = bad;
        errors.append(&mut self.error_distribution);
        let percentiles = self.latency_percentiles;
        let ms = |name| percentiles.get(name).copied().flatten().unwrap_or_default() * 1000.0;
        Timed {
            requests: good.into_values().sum(),
            errors: errors.values().sum(),
            first_error: errors.into_keys().next(),
            seconds: self.summary.total,
            p50_ms: ms("p50"),
            p99_ms: ms("p99"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_that_the_end_cut_off_is_no_error() {
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
