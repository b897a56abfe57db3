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
use crate::load::{Load, Sample};

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
    summary: BTreeMap<String, Option<f64>>,
    latency_percentiles: BTreeMap<String, Option<f64>>,
    status_code_distribution: BTreeMap<String, u64>,
    error_distribution: BTreeMap<String, u64>,
}

/// Sends this request again and again, for as long as the load says.
pub async fn run(oha: &Path, wire: &Wire, load: &Load) -> Result<Sample> {
    let length = format!("{}ms", (load.seconds * 1000.0) as u64);
    start(oha, wire, load, ["-z", &length]).await
}

/// Sends this request `count` times, as fast as it goes.
pub async fn run_count(oha: &Path, wire: &Wire, connections: usize, count: u32) -> Result<Sample> {
    let load = Load::closed(connections, f64::from(count) / 20.0);
    start(oha, wire, &load, ["-n", &count.to_string()]).await
}

async fn start(oha: &Path, wire: &Wire, load: &Load, length: [&str; 2]) -> Result<Sample> {
    let mut command = Command::new(oha);
    command.args(OPTIONS).args(length);
    command.args(["-m", wire.method.as_str()]);
    command.args(["-c", &load.connections.to_string()]);
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
    Ok(report.sample())
}

impl Report {
    fn sample(self) -> Sample {
        let mut errors = self.status_code_distribution;
        let good = errors.extract_if(.., |status, _| status.starts_with('2'));
        let requests = good.map(|(_, count)| count).sum();
        errors.extend(self.error_distribution);
        errors.remove(CUT_OFF);
        let number = |of: &BTreeMap<_, _>, name| of.get(name).copied().flatten().unwrap_or(0.0);
        Sample {
            requests,
            errors: errors.values().sum(),
            first_error: errors.into_keys().next(),
            seconds: number(&self.summary, "total"),
            p50_ms: number(&self.latency_percentiles, "p50") * 1000.0,
            p99_ms: number(&self.latency_percentiles, "p99") * 1000.0,
            ..Sample::default()
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
        let sample = report.sample();
        assert_eq!(
            (sample.requests, sample.errors, sample.seconds),
            (99, 3, 0.5)
        );
        assert_eq!((sample.p50_ms, sample.p99_ms), (2.0, 0.0));
        assert_eq!(sample.first_error.as_deref(), Some("503"));
    }
}
