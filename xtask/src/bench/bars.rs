//! What the figures must show, and whether they do.

use serde::Serialize;

use crate::bench::cold::Memory;
use crate::bench::modules::Module;
use crate::bench::sample::{Sample, Series, median};
use crate::bench::target::Target;

/// The cases that read.
pub const READS: [&str; 5] = [
    "first-page",
    "deep-page",
    "chat-list",
    "one-chat",
    "changes",
];
/// All that every target answers.
pub const ALL: [&str; 9] = [
    "first-page",
    "deep-page",
    "chat-list",
    "one-chat",
    "changes",
    "send",
    "send-hot",
    "edit",
    "mark-read",
];

/// One figure.
#[derive(Clone, Debug, Serialize)]
pub struct Bar {
    /// What is compared.
    pub figure: String,
    /// The case that it is of: of several, the one that is furthest from the bar.
    pub case: String,
    /// What it must be: `≥ 0.95`.
    pub bar: String,
    /// What it is: the ratio of the medians.
    pub measured: f64,
    /// The same of each round, the lowest and the highest.
    pub spread: Option<(f64, f64)>,
    /// Whether that is enough.
    pub met: bool,
}

/// Which side of the bar is the good one.
#[derive(Clone, Copy)]
enum Side {
    AtLeast(f64),
    AtMost(f64),
}

impl Side {
    fn met(self, value: f64) -> bool {
        match self {
            Side::AtLeast(bar) => value >= bar,
            Side::AtMost(bar) => value <= bar,
        }
    }

    fn text(self) -> String {
        match self {
            Side::AtLeast(bar) => format!("≥ {bar:.2}"),
            Side::AtMost(bar) => format!("≤ {bar:.2}"),
        }
    }

    /// Whether `a` is nearer to missing the bar than `b`.
    fn worse(self, a: f64, b: f64) -> bool {
        match self {
            Side::AtLeast(_) => a < b,
            Side::AtMost(_) => a > b,
        }
    }
}

/// One side of a comparison: a case, a target, connections.
pub type Pick = (&'static str, Target, usize);

/// All measurements in closed loops.
pub struct Figures<'a>(pub &'a [Series]);

impl Figures<'_> {
    fn find(&self, (case, target, connections): Pick) -> Option<&Series> {
        self.0.iter().find(|series| {
            !series.open_loop
                && series.case == case
                && series.target == target
                && series.connections == connections
        })
    }

    /// The ratio of two medians, and that of each round, the lowest and the highest.
    pub fn ratio(
        &self,
        above: Pick,
        below: Pick,
        number: fn(&Sample) -> f64,
    ) -> Option<(f64, (f64, f64))> {
        let (above, below) = (
            self.find(above)?.each(number),
            self.find(below)?.each(number),
        );
        let rounds: Vec<f64> = above
            .iter()
            .zip(&below)
            .map(|(above, below)| above / below)
            .collect();
        let lowest = rounds.iter().copied().fold(f64::INFINITY, f64::min);
        let highest = rounds.iter().copied().fold(0.0, f64::max);
        Some((median(&above) / median(&below), (lowest, highest)))
    }

    /// The worst of several comparisons.
    fn worst(
        &self,
        figure: &str,
        side: Side,
        number: fn(&Sample) -> f64,
        pairs: &[(Pick, Pick)],
    ) -> Option<Bar> {
        let mut worst: Option<(&str, f64, (f64, f64))> = None;
        for (above, below) in pairs {
            let (ratio, spread) = self.ratio(*above, *below, number)?;
            if worst.is_none_or(|(_, before, _)| side.worse(ratio, before)) {
                worst = Some((above.0, ratio, spread));
            }
        }
        let (case, measured, spread) = worst?;
        Some(Bar {
            figure: figure.to_owned(),
            case: case.to_owned(),
            bar: side.text(),
            measured,
            spread: Some(spread),
            met: side.met(measured),
        })
    }
}

/// The same cases at two targets.
fn targets(
    cases: &[&'static str],
    above: Target,
    below: Target,
    connections: usize,
) -> Vec<(Pick, Pick)> {
    let pair = |case: &&'static str| ((*case, above, connections), (*case, below, connections));
    cases.iter().map(pair).collect()
}

/// Two cases at ours.
fn cases(above: &'static str, below: &'static str, connections: usize) -> [(Pick, Pick); 1] {
    [(
        (above, Target::Ours, connections),
        (below, Target::Ours, connections),
    )]
}

/// All bars, in the order of the issue. Those that could not be measured are left out.
pub fn all(figures: &Figures<'_>, modules: &[Module], memory: &Memory) -> Vec<Bar> {
    use Side::{AtLeast, AtMost};
    use Target::{HonoDrizzle, HonoSupabase, OurFunction, Ours, PassThrough, Postgrest};
    let rate = Sample::rate as fn(&Sample) -> f64;
    let p50 = (|sample: &Sample| sample.timed.p50_ms) as fn(&Sample) -> f64;
    let found = [
        figures.worst(
            "function alone / JavaScript pass-through, requests/s, reads at 16 connections",
            AtLeast(0.95),
            rate,
            &targets(&READS, OurFunction, PassThrough, 16),
        ),
        figures.worst(
            "gateway and function / JavaScript pass-through, the same",
            AtLeast(0.88),
            rate,
            &targets(&READS, Ours, PassThrough, 16),
        ),
        figures.worst(
            "ours / Hono + supabase-js, requests/s, every case",
            AtLeast(1.25),
            rate,
            &targets(&ALL, Ours, HonoSupabase, 16),
        ),
        figures.worst(
            "ours / Hono + Drizzle on Node, requests/s, every case",
            AtLeast(0.75),
            rate,
            &targets(&ALL, Ours, HonoDrizzle, 16),
        ),
        figures.worst(
            "ours / PostgREST direct, p50 at 1 connection, with the gateway",
            AtMost(1.35),
            p50,
            &targets(&ALL, Ours, Postgrest, 1),
        ),
        figures.worst(
            "with / without the gateway, p50 at 1 connection",
            AtMost(1.08),
            p50,
            &targets(&ALL, Ours, OurFunction, 1),
        ),
        figures.worst(
            "page 1,000 deep / first page, p50",
            AtMost(1.10),
            p50,
            &cases("deep-page", "first-page", 1),
        ),
        figures.worst(
            "first page in a chat of 300,000 / of 100 messages, p50",
            AtMost(1.15),
            p50,
            &cases("first-page", "first-page-of-100", 1),
        ),
        figures.worst(
            "user in 1,000 chats / in 1, first page, p50",
            AtMost(1.15),
            p50,
            &cases("first-page-in-1000", "first-page-in-1", 1),
        ),
        figures.worst(
            "chat list of 50 for the user in 1,000 chats / in 200, p50",
            AtMost(2.0),
            p50,
            &cases("chat-list-of-1000", "chat-list", 1),
        ),
        figures.worst(
            "sends into one hot chat from 16 senders / into 16 chats, requests/s",
            AtLeast(0.5),
            rate,
            &cases("send-hot", "send-spread", 16),
        ),
        figures.find(("send-hot", Ours, 64)).map(|hot| {
            let errors = hot.errors() as f64;
            number(
                "errors of sends into one hot chat at 64 connections",
                "send-hot",
                AtMost(0.0),
                errors,
            )
        }),
        modules
            .iter()
            .max_by_key(|module| module.gzipped_bytes)
            .map(|largest| {
                let size = largest.gzipped_bytes as f64 / 1024.0;
                number(
                    "module size, gzipped, each, in KB",
                    &largest.name,
                    AtMost(300.0),
                    size,
                )
            }),
        Some(number(
            &format!(
                "memory of workerd after {} requests / after 1,000",
                memory.requests
            ),
            "first-page",
            AtMost(1.10),
            memory.after_all_mb / memory.after_1000_mb,
        )),
    ];
    found.into_iter().flatten().collect()
}

fn number(figure: &str, case: &str, side: Side, measured: f64) -> Bar {
    Bar {
        figure: figure.to_owned(),
        case: case.to_owned(),
        bar: side.text(),
        measured,
        spread: None,
        met: side.met(measured),
    }
}
