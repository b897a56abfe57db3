//! The bars, of bars.toml: what the figures must show, and whether they do.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::data::cases::Case;
use crate::load::{Number, P50, RATE, find, ratio};
use crate::peers::target::Target;
use crate::report::Results;

const FILE: &str = include_str!("../../bars.toml");

/// What must be so.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    figure: String,
    at_least: Option<f64>,
    at_most: Option<f64>,
    number: String,
    #[serde(default)]
    connections: usize,
    #[serde(default = "ours")]
    targets: [Target; 2],
    /// Two cases, or the name of a group: `reads` or `all`.
    #[serde(default)]
    cases: Vec<String>,
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
    pub margin: f64,
}

fn ours() -> [Target; 2] {
    [Target::Ours; 2]
}

fn rules() -> Result<Vec<Rule>> {
    let mut file: BTreeMap<String, Vec<Rule>> = toml::from_str(FILE).context("bars.toml")?;
    file.remove("bar").context("bars.toml has bars")
}

/// All bars that could be measured.
pub fn all(results: &Results) -> Result<Vec<Bar>> {
    let measure = |rule: Rule| rule.measure(results);
    Ok(rules()?.into_iter().filter_map(measure).collect())
}

impl Rule {
    fn measure(&self, results: &Results) -> Option<Bar> {
        let (case, measured) = match self.number.as_str() {
            "rate" => return self.worst(results, RATE),
            "p50" => return self.worst(results, P50),
            "errors" => {
                let hot = find(&results.series, "send-hot", Target::Ours, (64, false));
                ("send-hot", hot?.errors() as f64)
            }
            "module-kb" => {
                let sizes = results.gzipped_kb.iter();
                let (name, kb) = sizes.max_by(|a, b| a.1.total_cmp(b.1))?;
                (name.as_str(), *kb)
            }
            "memory-growth" => ("first-page", results.memory.first()?.growth()),
            _ => return None,
        };
        Some(self.bar(case, measured, None))
    }

    /// The worst ratio of all cases.
    fn worst(&self, results: &Results, number: Number) -> Option<Bar> {
        let pairs: Vec<[&str; 2]> = match self.cases.as_slice() {
            [above, below] => vec![[above, below]],
            group => {
                let reads = group.first().is_some_and(|name| name == "reads");
                let compared = results.cases.iter().filter(|case| !case.ours_only);
                let answered = |case: &&Case| {
                    let servers = case.targets();
                    self.targets.iter().all(|target| servers.contains(target))
                };
                let wanted = compared.filter(|case| !(reads && case.writes()));
                wanted
                    .filter(answered)
                    .map(|case| [case.name.as_str(); 2])
                    .collect()
            }
        };
        let ([above, below], load) = (self.targets, (self.connections, false));
        let bars = pairs.into_iter().map(|[case, other]| {
            let above = find(&results.series, case, above, load)?;
            let below = find(&results.series, other, below, load)?;
            let (measured, spread) = ratio(above, below, number);
            Some(self.bar(case, measured, Some(spread)))
        });
        let bars: Option<Vec<Bar>> = bars.collect();
        bars?
            .into_iter()
            .min_by(|a, b| a.margin.total_cmp(&b.margin))
    }

    fn bar(&self, case: &str, measured: f64, spread: Option<(f64, f64)>) -> Bar {
        let most = self.at_most.unwrap_or_default();
        let (limit, margin) = match self.at_least {
            Some(least) => (format!("≥ {least:.2}"), measured - least),
            None => (format!("≤ {most:.2}"), most - measured),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bar_has_a_limit_and_a_number_and_those_of_ratios_have_cases() {
        let rules = rules().unwrap();
        assert_eq!(rules.len(), 14);
        for rule in rules {
            assert_ne!(
                rule.at_least.is_some(),
                rule.at_most.is_some(),
                "{}",
                rule.figure
            );
            let numbers = ["rate", "p50", "errors", "module-kb", "memory-growth"];
            let number = numbers.iter().position(|known| **known == rule.number);
            assert_eq!(
                number.unwrap() < 2,
                !rule.cases.is_empty(),
                "{}",
                rule.figure
            );
        }
    }

    #[test]
    fn a_value_on_the_bar_meets_it() {
        let mut rule = rules().unwrap()[0].clone();
        assert!(rule.bar("send", 0.95, None).margin >= 0.0);
        assert!(rule.bar("send", 0.94, None).margin < 0.0);
        (rule.at_least, rule.at_most) = (None, Some(0.95));
        assert!(rule.bar("send", 0.96, None).margin < 0.0);
    }
}
