//! The results: as JSON, and as the tables of a page.

use std::fmt::Write;

use serde::Serialize;

use crate::bench::bars::{self, Bar, Figures};
use crate::bench::cold::{ColdStart, Memory};
use crate::bench::machine::Machine;
use crate::bench::modules::Module;
use crate::bench::sample::{Sample, Series};
use crate::bench::target::Target;

/// A column of ratios: of which target to which, at so many connections, of which number.
type Column = (Target, Target, usize, fn(&Sample) -> f64);

/// All that one run found.
#[derive(Serialize)]
pub struct Results {
    /// Where.
    pub machine: Machine,
    /// Whether by `--quick`.
    pub quick: bool,
    /// How many rounds.
    pub rounds: usize,
    /// What they must show.
    pub bars: Vec<Bar>,
    /// What each case is.
    pub cases: Vec<(&'static str, &'static str)>,
    /// All measurements.
    pub series: Vec<Series>,
    /// How the servers begin.
    pub cold_starts: Vec<ColdStart>,
    /// What a workerd needs.
    pub memory: Vec<Memory>,
    /// The modules.
    pub modules: Vec<Module>,
    /// Requests a second by our own client / by oha, of the same page.
    pub own_client_to_oha: f64,
    /// PostgREST's median latency without / with the API gateway, of the first page.
    pub without_api_gateway: f64,
}

impl Results {
    /// The table of the bars.
    pub fn bars_table(&self) -> String {
        let mut table =
            String::from("| figure | bar | measured | rounds | |\n|---|---|---|---|---|\n");
        for bar in &self.bars {
            let met = if bar.met { "met" } else { "**not met**" };
            let spread = bar
                .spread
                .map_or_else(String::new, |(low, high)| format!("{low:.2} to {high:.2}"));
            let _ = writeln!(
                table,
                "| {} | {} | {:.2} ({}) | {spread} | {met} |",
                bar.figure, bar.bar, bar.measured, bar.case
            );
        }
        table
    }

    /// A line for each measurement that had errors, with the first of them.
    pub fn errors(&self) -> String {
        let mut lines = String::new();
        for series in self.series.iter().filter(|series| series.errors() > 0) {
            let first = series
                .samples
                .iter()
                .find_map(|sample| sample.timed.first_error.as_deref());
            let _ = writeln!(
                lines,
                "warning: {} errors of {} by {} at {} connections: {}",
                series.errors(),
                series.case,
                series.target.title(),
                series.connections,
                first.unwrap_or_default()
            );
        }
        lines
    }

    /// The whole page.
    pub fn page(&self) -> String {
        let mut page = String::from(
            "# The figures\n\nWritten by `cargo xtask bench`; [README.md](README.md) reads them.\n\n",
        );
        self.write_machine(&mut page);
        let _ = write!(
            page,
            "\n## The bars\n\nOf several cases the one furthest from the bar is named.\n\n{}",
            self.bars_table()
        );
        page.push_str("\n## The cases\n\n| case | is |\n|---|---|\n");
        for (name, about) in &self.cases {
            let _ = writeln!(page, "| {name} | {about} |");
        }
        for connections in [1, 16, 64] {
            let title = format!("Requests a second at {connections} connections");
            self.write_table(
                &mut page,
                &title,
                |series| series.connections == connections,
                |series| with_spread(series, Sample::rate, 0),
            );
            let title = format!("Median latency in ms at {connections} connections");
            self.write_table(
                &mut page,
                &title,
                |series| series.connections == connections,
                |series| with_spread(series, |sample| sample.timed.p50_ms, 2),
            );
        }
        self.write_limits(&mut page);
        self.write_open_loops(&mut page);
        self.write_cpu(&mut page);
        self.write_rest(&mut page);
        page
    }

    fn write_machine(&self, page: &mut String) {
        let Machine {
            cpu,
            cores,
            memory_gb,
            versions,
            commit,
            at,
        } = &self.machine;
        let versions: Vec<String> = versions
            .iter()
            .map(|(name, version)| format!("{name} {version}"))
            .collect();
        let quick = if self.quick { ", quick" } else { "" };
        let _ = writeln!(
            page,
            "{cpu}, {cores} cores, {memory_gb:.0} GB; {}. Commit {commit}, {at} UTC, {} rounds{quick}.",
            versions.join(", "),
            self.rounds
        );
    }

    /// A case a line, a target a column; without those that were not measured.
    fn write_table(
        &self,
        page: &mut String,
        title: &str,
        of_table: impl Fn(&Series) -> bool,
        cell: impl Fn(&Series) -> String,
    ) {
        let series: Vec<&Series> = self
            .series
            .iter()
            .filter(|series| !series.open_loop && of_table(series))
            .collect();
        if !series.is_empty() {
            let _ = writeln!(page, "\n## {title}\n");
            table(page, &series, cell);
        }
    }

    fn write_open_loops(&self, page: &mut String) {
        let series: Vec<&Series> = self
            .series
            .iter()
            .filter(|series| series.open_loop)
            .collect();
        if !series.is_empty() {
            page.push_str(
                "\n## 99th percentile in ms at 70 % of what each can do, in an open loop\n\n",
            );
            table(page, &series, |series| {
                format!("{:.1} at {:.0}/s", series.p99(), series.rate())
            });
        }
    }

    fn write_cpu(&self, page: &mut String) {
        page.push_str("\n## CPU of a request in ms at 16 connections\n\nEdge (workerd or Node) + API gateway + PostgREST + Postgres.\n\n");
        let series: Vec<&Series> = self
            .series
            .iter()
            .filter(|series| !series.open_loop && series.connections == 16)
            .collect();
        table(page, &series, |series| {
            format!(
                "{:.2} + {:.2} + {:.2} + {:.2}",
                series.cpu_ms(|cpu| cpu.edge),
                series.cpu_ms(|cpu| cpu.api),
                series.cpu_ms(|cpu| cpu.postgrest),
                series.cpu_ms(|cpu| cpu.postgres)
            )
        });
    }

    fn write_rest(&self, page: &mut String) {
        page.push_str("\n## Beginnings, memory, modules\n\n| server | listens after, ms | first request, ms | a warm one, ms |\n|---|---|---|---|\n");
        for start in &self.cold_starts {
            let ColdStart {
                server,
                listens_ms,
                first_ms,
                warm_ms,
            } = start;
            let _ = writeln!(
                page,
                "| {server} | {listens_ms:.0} | {first_ms:.1} | {warm_ms:.1} |"
            );
        }
        page.push_str(
            "\n| module | raw KB | gzipped KB | making an instance, ms |\n|---|---|---|---|\n",
        );
        for module in &self.modules {
            let kb = |bytes: usize| bytes as f64 / 1024.0;
            let _ = writeln!(
                page,
                "| {} | {:.0} | {:.0} | {:.3} |",
                module.name,
                kb(module.raw_bytes),
                kb(module.gzipped_bytes),
                module.instantiate_ms
            );
        }
        page.push_str("\n| workerd of | resident MB after 1,000 requests | after 10,000 | after all | of |\n|---|---|---|---|---|\n");
        for memory in &self.memory {
            let after_10000 = memory
                .after_10000_mb
                .map_or_else(String::new, |mb| format!("{mb:.0}"));
            let _ = writeln!(
                page,
                "| {} | {:.0} | {after_10000} | {:.0} | {} |",
                memory.server, memory.after_1000_mb, memory.after_all_mb, memory.requests
            );
        }
        let _ = writeln!(
            page,
            "\nThe load of reads is oha's, that of writes our own client's; of the first page at 16 connections ours makes \
             {:.2} times the requests of oha. PostgREST's median for that page at 1 connection is {:.2} of it without the API gateway \
             that all but Drizzle go through.",
            self.own_client_to_oha, self.without_api_gateway
        );
    }

    /// What stands between ours and its bars.
    fn write_limits(&self, page: &mut String) {
        use Target::{
            HonoDrizzle, HonoSupabase, OurFunction, Ours, PassThrough, Plain, PlainFunction,
            Postgrest,
        };
        let rate = Sample::rate as fn(&Sample) -> f64;
        let p50 = (|sample: &Sample| sample.timed.p50_ms) as fn(&Sample) -> f64;
        page.push_str(
            "\n## The limit of a Worker\n\nRequests a second at 16 connections / those of the pass-through. \
             The plain Worker makes the same exchange, reads the answer whole, sees that it is JSON, has a deadline and writes a \
             line to the log; it verifies no token and applies no rule. The empty gateway hands the request on and does nothing else.\n\n",
        );
        let over = |below| move |above| (above, below, 16, rate);
        let columns = [PlainFunction, OurFunction, Plain, Ours].map(over(PassThrough));
        self.write_ratios(page, &bars::READS, &columns);
        page.push_str("\nThe share of the gateway, by the median latency at 1 connection.\n\n");
        let columns = [(Plain, PlainFunction, 1, p50), (Ours, OurFunction, 1, p50)];
        self.write_ratios(page, &bars::ALL, &columns);
        page.push_str(
            "\n## The limit of whatever asks PostgREST\n\nRequests a second at 16 connections, and the median latency at 1, \
             of PostgREST and of ours.\n\n",
        );
        let columns = [
            (Postgrest, HonoSupabase, 16, rate),
            (Ours, HonoSupabase, 16, rate),
            (Postgrest, HonoDrizzle, 16, rate),
            (Ours, HonoDrizzle, 16, rate),
            (PassThrough, Postgrest, 1, p50),
            (Plain, Postgrest, 1, p50),
            (Ours, Postgrest, 1, p50),
        ];
        self.write_ratios(page, &bars::ALL, &columns);
    }

    /// A case a line, a ratio a column.
    fn write_ratios(&self, page: &mut String, cases: &[&'static str], columns: &[Column]) {
        let title = |(above, below, ..): &Column| format!("{} / {}", above.title(), below.title());
        let titles: Vec<String> = columns.iter().map(title).collect();
        let _ = writeln!(
            page,
            "| case | {} |\n|---|{}",
            titles.join(" | "),
            "---|".repeat(titles.len())
        );
        let figures = Figures(&self.series);
        for case in cases {
            let cell = |(above, below, connections, number): &Column| {
                let (above, below) = ((*case, *above, *connections), (*case, *below, *connections));
                let ratio = figures.ratio(above, below, *number);
                ratio.map_or_else(String::new, |(ratio, (low, high))| {
                    format!("{ratio:.2} ({low:.2} to {high:.2})")
                })
            };
            let cells: Vec<String> = columns.iter().map(cell).collect();
            let _ = writeln!(page, "| {case} | {} |", cells.join(" | "));
        }
    }
}

fn with_spread(series: &Series, number: impl Fn(&Sample) -> f64, digits: usize) -> String {
    let values = series.each(number);
    let lowest = values.iter().copied().fold(f64::INFINITY, f64::min);
    let highest = values.iter().copied().fold(0.0, f64::max);
    let median = crate::bench::sample::median(&values);
    let errors = match series.errors() {
        0 => String::new(),
        errors => format!(", {errors} errors"),
    };
    format!("{median:.digits$} ({lowest:.digits$} to {highest:.digits$}{errors})")
}

fn table(page: &mut String, series: &[&Series], cell: impl Fn(&Series) -> String) {
    let titles: Vec<&str> = Target::ALL.iter().map(|target| target.title()).collect();
    let _ = writeln!(
        page,
        "| case | {} |\n|---|{}",
        titles.join(" | "),
        "---|".repeat(titles.len())
    );
    let mut names: Vec<&str> = Vec::new();
    for series in series {
        if !names.contains(&series.case) {
            names.push(series.case);
        }
    }
    names.sort_by_key(|name| {
        bars::ALL
            .iter()
            .position(|known| known == name)
            .unwrap_or(usize::MAX)
    });
    for name in names {
        let cells = Target::ALL.map(|target| {
            let found = series
                .iter()
                .find(|series| series.case == name && series.target == target);
            found.map_or_else(String::new, |series| cell(series))
        });
        let _ = writeln!(page, "| {name} | {} |", cells.join(" | "));
    }
}
