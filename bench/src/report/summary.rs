//! The summary: a small file in git that later runs are compared with. It holds ratios of one run,
//! as other figures depend on how fast the machine is in that hour.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::load::{RATE, find, ratio};
use crate::peers::target::Target;
use crate::report::bars::Bar;
use crate::report::machine::Machine;
use crate::report::{Results, table};

pub const FILE: &str = "summary.toml";
type Ratios = BTreeMap<String, f64>;

#[derive(Serialize, Deserialize)]
pub struct Summary {
    pub machine: Machine,
    /// Each bar's figure.
    pub bars: Ratios,
    pub gzipped_kb: Ratios,
    /// Of each case, by target: requests a second at 16 connections / those of the pass-through.
    pub shares: BTreeMap<String, Ratios>,
}

impl Summary {
    pub fn new(results: &Results, bars: &[Bar]) -> Self {
        let mut shares: BTreeMap<String, Ratios> = BTreeMap::new();
        let load = (16, false);
        for series in results.series.iter().filter(|series| series.load() == load) {
            let base = find(&results.series, &series.case, Target::PassThrough, load);
            if let Some(base) = base {
                let share = rounded(ratio(series, base, RATE).0);
                let of_case = shares.entry(series.case.clone()).or_default();
                of_case.insert(series.target.title().to_owned(), share);
            }
        }
        let figure = |bar: &Bar| (bar.figure.clone(), rounded(bar.measured));
        Summary {
            machine: results.machine.clone(),
            bars: bars.iter().map(figure).collect(),
            gzipped_kb: results.gzipped_kb.clone(),
            shares,
        }
    }

    /// That of the last full run, where there is one.
    pub fn read(dir: &Path) -> Result<Option<Self>> {
        let file = dir.join(FILE);
        if !file.exists() {
            return Ok(None);
        }
        let summary = toml::from_str(&fs::read_to_string(file)?);
        Ok(Some(summary.context("the last run's summary")?))
    }

    pub fn write(&self, dir: &Path) -> Result<()> {
        let head = "# Written by `cargo xtask bench`, which compares each run with it.";
        let text = format!("{head}\n{}", toml::to_string(self)?);
        Ok(fs::write(dir.join(FILE), text)?)
    }

    /// What has changed since an earlier run, as a table.
    pub fn changes_since(&self, earlier: &Summary) -> String {
        let mut rows = Vec::new();
        let mut add = |of: &str, now: &Ratios, then: &Ratios| {
            for (name, now) in now {
                if let Some(then) = then.get(name) {
                    // Nothing has changed where both are zero.
                    let ratio = if now == then { 1.0 } else { now / then };
                    let change = ratio * 100.0 - 100.0;
                    let numbers = format!("{then:.2} | {now:.2} | {change:+.1} %");
                    rows.push(format!("{of}{name} | {numbers}"));
                }
            }
        };
        add("", &self.bars, &earlier.bars);
        add("gzipped KB of ", &self.gzipped_kb, &earlier.gzipped_kb);
        for (case, now) in &self.shares {
            let mut now = now.clone();
            now.retain(|target, _| target.starts_with("ours"));
            if let Some(then) = earlier.shares.get(case) {
                add(&format!("{case}, requests/s / pass-through: "), &now, then);
            }
        }
        table("figure | then | now | change", rows)
    }
}

/// Three digits after the point: a fourth would be noise in each diff.
pub fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(share: f64) -> Summary {
        let ratios = |name: &str, value| Ratios::from([(name.to_owned(), value)]);
        Summary {
            machine: Machine::default(),
            bars: ratios("errors", 0.0),
            gzipped_kb: ratios("chats", 200.0),
            shares: BTreeMap::from([("send".to_owned(), ratios("ours", share))]),
        }
    }

    #[test]
    fn a_summary_is_read_back_and_compared() {
        let dir = tempfile::tempdir().unwrap();
        assert!(Summary::read(dir.path()).unwrap().is_none());
        summary(0.8).write(dir.path()).unwrap();
        let earlier = Summary::read(dir.path()).unwrap().unwrap();
        let changes = summary(0.88).changes_since(&earlier);
        let errors = "| errors | 0.00 | 0.00 | +0.0 % |\n";
        let share = "| send, requests/s / pass-through: ours | 0.80 | 0.88 | +10.0 % |\n";
        assert!(
            changes.contains(errors) && changes.contains(share),
            "{changes}"
        );
    }
}
