//! The bars, of bars.toml: what the figures must show, and whether they do.

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::load::{P50, RATE, Series, ratio};
use crate::peers::target::Target;
use crate::report::Results;

const FILE: &str = include_str!("../../bars.toml");

#[derive(Deserialize)]
struct File {
    bar: Vec<Rule>,
}

/// What must be so.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    figure: String,
    at_least: Option<f64>,
    at_most: Option<f64>,
    number: Measure,
    connections: Option<usize>,
    #[serde(default = "ours")]
    targets: [Target; 2],
    cases: Option<Cases>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Measure {
    Rate,
    P50,
    Errors,
    ModuleKb,
    MemoryGrowth,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Cases {
    Pair([String; 2]),
    Group(Group),
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Group {
    Reads,
    All,
}

/// A figure and its bar.
pub struct Bar {
    pub figure: String,
    /// The worst case.
    pub case: String,
    pub limit: String,
    pub measured: f64,
    /// The lowest and the highest ratio of all rounds.
    pub spread: Option<(f64, f64)>,
    /// How far the figure is on the good side. Below zero, the bar is not met.
    margin: f64,
}

impl Bar {
    pub fn met(&self) -> bool {
        self.margin >= 0.0
    }
}

fn ours() -> [Target; 2] {
    [Target::Ours; 2]
}

fn rules() -> Result<Vec<Rule>> {
    let file: File = toml::from_str(FILE).context("bars.toml")?;
    Ok(file.bar)
}

/// All bars that could be measured.
pub fn all(results: &Results) -> Result<Vec<Bar>> {
    let bars = rules()?.into_iter().map(|rule| rule.worst(results));
    Ok(bars.flatten().collect())
}

impl Rule {
    fn worst(&self, results: &Results) -> Option<Bar> {
        let number = match self.number {
            Measure::Rate => RATE,
            Measure::P50 => P50,
            Measure::Errors => {
                let hot = find(&results.series, "send-hot", Target::Ours, 64)?;
                return Some(self.bar("send-hot", hot.errors() as f64, None));
            }
            Measure::ModuleKb => {
                let sizes = results.gzipped_kb.iter();
                let (largest, kb) = sizes.max_by(|a, b| a.1.total_cmp(b.1))?;
                return Some(self.bar(largest, *kb, None));
            }
            Measure::MemoryGrowth => {
                let growth = results.memory.first()?.growth();
                return Some(self.bar("first-page", growth, None));
            }
        };
        let mut worst: Option<Bar> = None;
        for [above, below] in self.pairs(results) {
            let find =
                |case, at: usize| find(&results.series, case, self.targets[at], self.connections?);
            let (measured, spread) = ratio(find(above, 0)?, find(below, 1)?, number);
            let bar = self.bar(above, measured, Some(spread));
            if worst.as_ref().is_none_or(|worst| bar.margin < worst.margin) {
                worst = Some(bar);
            }
        }
        worst
    }

    /// The cases that are compared.
    fn pairs<'a>(&'a self, results: &'a Results) -> Vec<[&'a str; 2]> {
        let is_read = |case: &&crate::data::cases::Case| match &self.cases {
            Some(Cases::Group(Group::Reads)) => !case.writes(),
            _ => true,
        };
        match &self.cases {
            Some(Cases::Pair([above, below])) => vec![[above, below]],
            _ => {
                let compared = results.cases.iter().filter(|case| !case.ours_only);
                compared
                    .filter(is_read)
                    .map(|case| [case.name.as_str(); 2])
                    .collect()
            }
        }
    }

    fn bar(&self, case: &str, measured: f64, spread: Option<(f64, f64)>) -> Bar {
        let (limit, margin) = match (self.at_least, self.at_most) {
            (Some(least), _) => (format!("≥ {least:.2}"), measured - least),
            (_, most) => {
                let most = most.unwrap_or_default();
                (format!("≤ {most:.2}"), most - measured)
            }
        };
        Bar {
            figure: self.figure.clone(),
            case: case.to_owned(),
            limit,
            measured,
            spread,
            margin,
        }
    }
}

/// The measurements of a closed loop.
pub fn find<'s>(
    series: &'s [Series],
    case: &str,
    target: Target,
    connections: usize,
) -> Option<&'s Series> {
    series.iter().find(|series| {
        (series.connections, series.open_loop) == (connections, false)
            && (series.case.as_str(), series.target) == (case, target)
    })
}
