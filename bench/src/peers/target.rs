//! What is compared.

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// One request to PostgREST, with nothing in front of it.
    Postgrest,
    /// A Worker that passes this request on.
    PassThrough,
    /// A Worker with Hono and supabase-js.
    HonoSupabase,
    /// Node with Hono, Drizzle and postgres.js.
    HonoDrizzle,
    /// Our gateway and functions, on one workerd.
    Ours,
    OurFunction,
    /// A Worker of plain JavaScript that makes the same exchange as ours and checks nothing.
    PlainFunction,
    /// The same behind an empty gateway.
    Plain,
}

impl Target {
    /// All that are compared.
    pub const ALL: [Target; 6] = [
        Target::Postgrest,
        Target::PassThrough,
        Target::HonoSupabase,
        Target::HonoDrizzle,
        Target::Ours,
        Target::OurFunction,
    ];
    /// The limit for any Worker that reads the answers it passes on. Only the reads measure it, at 1 and
    /// 16 connections.
    pub const LIMITS: [Target; 2] = [Target::PlainFunction, Target::Plain];

    /// The name of its process. Two targets are one server with its gateway and without.
    pub fn name(self) -> &'static str {
        match self {
            Target::Postgrest => "postgrest",
            Target::PassThrough => "pass-through",
            Target::HonoSupabase => "hono-supabase",
            Target::HonoDrizzle => "hono-drizzle",
            Target::Ours | Target::OurFunction => "ours",
            Target::PlainFunction | Target::Plain => "plain",
        }
    }

    /// What the tables call it.
    pub fn title(self) -> &'static str {
        match self {
            Target::Postgrest => "PostgREST direct",
            Target::PassThrough => "JavaScript pass-through",
            Target::HonoSupabase => "Hono + supabase-js",
            Target::HonoDrizzle => "Hono + Drizzle on Node",
            Target::Ours => "ours",
            Target::OurFunction => "ours without gateway",
            Target::PlainFunction => "plain JavaScript that checks nothing",
            Target::Plain => "the same behind an empty gateway",
        }
    }

    pub fn has_gateway(self) -> bool {
        !matches!(self, Target::OurFunction | Target::PlainFunction)
    }
}
