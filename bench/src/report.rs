//! The results of a run: the page of tables, the plots and the summary, which are kept in git, and the
//! samples, which are not.

pub mod bars;
pub mod machine;
pub mod plots;
pub mod summary;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Result;

use crate::data::cases::Case;
use crate::load::{Number, P50, P99, RATE, Series, find, ratio, spread};
use crate::memory::Memory;
use crate::peers::target::Target;
use crate::report::bars::Bar;
use crate::report::machine::Machine;
use crate::report::summary::Summary;

/// Where the results of full runs are kept.
pub const DIR: &str = "docs/benchmarks";

pub struct Results {
    pub machine: Machine,
    pub quick: bool,
    pub cases: Vec<Case>,
    pub series: Vec<Series>,
    pub memory: Vec<Memory>,
    /// The size of each module.
    pub gzipped_kb: BTreeMap<String, f64>,
}

impl Results {
    /// Writes everything. The samples go to a folder of their own, which git ignores.
    pub fn write(&self, dir: &Path, samples: &Path, earlier: Option<&Summary>) -> Result<()> {
        let bars = bars::all(self)?;
        println!("\n{}", bars_table(&bars));
        let mut samples_of_all = self.series.iter().flat_map(|series| &series.samples);
        if let Some(error) = samples_of_all.find_map(|sample| sample.first_error.as_deref()) {
            println!("warning: some requests failed, the first of them with: {error}");
        }
        fs::create_dir_all(dir)?;
        fs::create_dir_all(samples)?;
        let summary = Summary::new(self, &bars);
        fs::write(dir.join("results.md"), self.page(&bars, &summary, earlier))?;
        summary.write(dir)?;
        plots::draw_all(self, dir)?;
        let json = serde_json::to_string(&self.series)?;
        fs::write(samples.join("samples.json"), json)?;
        println!("all figures: {}", dir.join("results.md").display());
        Ok(())
    }

    fn page(&self, bars: &[Bar], summary: &Summary, earlier: Option<&Summary>) -> String {
        let Machine { about, commit, at } = &self.machine;
        let quick = if self.quick { " A quick run." } else { "" };
        let mut page = format!(
            "# The figures\n\nWritten by `cargo xtask bench`. [README.md](README.md) explains them.\n\n\
             {about}. Commit {commit}, {at} UTC.{quick}\n"
        );
        let mut section = |title: &str, about: &str, table: &str| {
            page.push_str(&format!("\n## {title}\n\n{about}\n\n{table}"));
        };
        let about = "Of several cases the worst one is named.";
        section("The bars", about, &bars_table(bars));
        if let Some(earlier) = earlier {
            let Machine { commit, at, .. } = &earlier.machine;
            let about = format!("Then: commit {commit}, {at} UTC.");
            let changes = summary.changes_since(earlier);
            section("Since the last full run", &about, &changes);
        }
        let about = "The last five are answered by ours only.";
        let row = |case: &Case| format!("{} | {}", case.name, case.about);
        section(
            "The cases",
            about,
            &table("case | is", self.cases.iter().map(row)),
        );
        let medians = "The median of the rounds (the lowest to the highest).";
        for (title, connections, number, digits) in [
            ("Requests a second at 16 connections", 16, RATE, 0),
            ("Requests a second at 64 connections", 64, RATE, 0),
            ("Median latency in ms at 1 connection", 1, P50, 2),
        ] {
            let cell = |series: &Series| with_spread(series, number, digits);
            section(title, medians, &self.grid((connections, false), cell));
        }
        section(
            "Shares of the pass-through",
            "Requests a second at 16 connections / those of the JavaScript pass-through.",
            &self.grid((16, false), |series| {
                let base = find(&self.series, &series.case, Target::PassThrough, (16, false));
                base.map_or_else(String::new, |base| {
                    let (ratio, (low, high)) = ratio(series, base, RATE);
                    format!("{ratio:.2} ({low:.2} to {high:.2})")
                })
            }),
        );
        section(
            "99th percentile in ms",
            "At 70 % of what each target can do, in an open loop.",
            &self.grid((64, true), |series| {
                format!("{:.1} at {:.0}/s", series.median(P99), series.median(RATE))
            }),
        );
        section(
            "CPU time of a request in ms",
            "At 16 connections: edge (workerd or Node) + API gateway + PostgREST + Postgres.",
            &self.grid((16, false), |series| {
                series.cpu_ms().map(|ms| format!("{ms:.2}")).join(" + ")
            }),
        );
        let about = "What workerd has resident after many requests.";
        section("Memory", about, &self.memory_table());
        let row = |(name, kb): (&String, &f64)| format!("{name} | {kb:.0}");
        let sizes = table("module | gzipped KB", self.gzipped_kb.iter().map(row));
        section("Modules", "Their sizes.", &sizes);
        page
    }

    /// A row for each case, a column for each target.
    fn grid(&self, load: (usize, bool), cell: impl Fn(&Series) -> String) -> String {
        let measured = self.series.iter().filter(|series| series.load() == load);
        let cells: BTreeMap<(&str, Target), String> = measured
            .map(|series| ((series.case.as_str(), series.target), cell(series)))
            .collect();
        let mut targets: Vec<Target> = Target::ALL.into_iter().chain(Target::LIMITS).collect();
        targets.retain(|target| cells.keys().any(|(_, measured)| measured == target));
        let row = |case: &Case| {
            let cell = |target: &Target| cells.get(&(case.name.as_str(), *target));
            let text = |target| cell(target).map_or("", String::as_str);
            let row: Vec<&str> = targets.iter().map(text).collect();
            let is_empty = row.iter().all(|cell| cell.is_empty());
            (!is_empty).then(|| format!("{} | {}", case.name, row.join(" | ")))
        };
        let titles: Vec<&str> = targets.iter().map(|target| target.title()).collect();
        let head = format!("case | {}", titles.join(" | "));
        table(&head, self.cases.iter().filter_map(row))
    }

    fn memory_table(&self) -> String {
        let row = |memory: &Memory| {
            let after = memory.after.iter();
            let after = after.map(|(count, mb)| format!("{mb:.0} after {count}"));
            let after: Vec<String> = after.collect();
            format!("{} | {}", memory.of.title(), after.join(", "))
        };
        table("workerd of | MB", self.memory.iter().map(row))
    }
}

fn bars_table(bars: &[Bar]) -> String {
    let row = |bar: &Bar| {
        let (figure, limit, measured) = (&bar.figure, &bar.limit, bar.measured);
        let met = ["**not met**", "met"][usize::from(bar.margin >= 0.0)];
        let rounds = bar
            .spread
            .map(|(low, high)| format!("{low:.2} to {high:.2}"));
        let rounds = rounds.unwrap_or_default();
        format!(
            "{figure} | {limit} | {measured:.2} ({}) | {rounds} | {met}",
            bar.case
        )
    };
    table("figure | bar | measured | rounds | ", bars.iter().map(row))
}

/// A table in Markdown. Cells are parted by ` | `.
pub fn table(head: &str, rows: impl IntoIterator<Item = String>) -> String {
    let line = "---|".repeat(head.split('|').count());
    let rows = rows.into_iter().map(|row| format!("| {row} |\n"));
    format!("| {head} |\n|{line}\n{}", rows.collect::<String>())
}

fn with_spread(series: &Series, number: Number, digits: usize) -> String {
    let (lowest, highest) = spread(&series.each(number));
    let errors = match series.errors() {
        0 => String::new(),
        errors => format!(", {errors} errors"),
    };
    let median = series.median(number);
    format!("{median:.digits$} ({lowest:.digits$} to {highest:.digits$}{errors})")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::cases::parse;
    use crate::load::Sample;

    fn results() -> Results {
        let sample = |requests| Sample {
            requests,
            seconds: 1.0,
            ..Sample::default()
        };
        let series = |case: &str, target, rates: [u64; 3]| Series {
            case: case.to_owned(),
            target,
            connections: 16,
            open_loop: false,
            samples: rates.map(sample).to_vec(),
        };
        Results {
            machine: Machine::default(),
            quick: true,
            cases: parse().unwrap(),
            series: vec![
                series("edit", Target::PassThrough, [100, 200, 100]),
                series("edit", Target::HonoSupabase, [100, 100, 100]),
                series("edit", Target::Ours, [90, 100, 80]),
                series("send", Target::HonoSupabase, [100, 100, 100]),
                series("send", Target::Ours, [70, 80, 90]),
            ],
            memory: Vec::new(),
            gzipped_kb: BTreeMap::from([("chats".to_owned(), 351.0)]),
        }
    }

    #[test]
    fn the_page_shows_what_was_measured() {
        let results = results();
        let bars = bars::all(&results).unwrap();
        let page = results.page(&bars, &Summary::new(&results, &bars), None);
        for row in [
            "| module size, gzipped, each, in KB | ≤ 350.00 | 351.00 (chats) |  | **not met** |",
            "| case | JavaScript pass-through | Hono + supabase-js | ours |",
            "| edit | 100 (100 to 200) | 100 (100 to 100) | 90 (80 to 100) |",
            "| edit | 1.00 (1.00 to 1.00) | 1.00 (0.50 to 1.00) | 0.90 (0.50 to 0.90) |",
        ] {
            assert!(page.contains(row), "{row} in {page}");
        }
        let dir = tempfile::tempdir().unwrap();
        plots::draw_all(&results, dir.path()).unwrap();
        let plot = fs::read_to_string(dir.path().join("rates.svg")).unwrap();
        assert!(plot.contains("JavaScript pass-through"), "{plot}");
    }

    #[test]
    fn a_bar_names_the_case_that_misses_it_by_most() {
        let mut results = results();
        // Without a measurement of every case, a bar is left out.
        assert_eq!(bars::all(&results).unwrap().len(), 1);
        results
            .cases
            .retain(|case| case.name == "edit" || case.name == "send");
        let bars = bars::all(&results).unwrap();
        assert_eq!((bars[0].case.as_str(), bars[0].measured), ("send", 0.8));
        assert_eq!(bars[0].spread, Some((0.7, 0.9)));
    }
}
