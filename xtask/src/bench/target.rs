//! What is compared, and where each of it listens.

use serde::Serialize;

use crate::bench::calls::{Call, Function, Wire};

/// One of the ways to get an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// No code at all: one request to PostgREST.
    Postgrest,
    /// A Worker that passes that request on.
    PassThrough,
    /// A Worker of Hono and supabase-js.
    HonoSupabase,
    /// A Node server of Hono, Drizzle and postgres.js.
    HonoDrizzle,
    /// Our gateway and the function behind it.
    Ours,
    /// Our function without the gateway.
    OurFunction,
    /// A Worker of plain JavaScript that makes the same exchange as ours and checks nothing.
    PlainFunction,
    /// The same behind a gateway that does nothing.
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
    /// What no Worker does better that answers for itself: measured by the reads, at 1 and 16 connections.
    pub const LIMITS: [Target; 2] = [Target::PlainFunction, Target::Plain];

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
}

/// Where all of them listen, as URLs without a slash at the end.
pub struct Places {
    /// The project's URL: the API gateway, and PostgREST behind it.
    pub project: String,
    /// Its anon key.
    pub anon_key: String,
    /// See [`Target::PassThrough`].
    pub pass_through: String,
    /// See [`Target::HonoSupabase`].
    pub hono_supabase: String,
    /// See [`Target::HonoDrizzle`].
    pub hono_drizzle: String,
    /// Our gateway.
    pub edge: String,
    /// Our function `chats`.
    pub chats: String,
    /// Our function `messages`.
    pub messages: String,
    /// See [`Target::PlainFunction`].
    pub plain_function: String,
    /// See [`Target::Plain`].
    pub plain: String,
}

impl Places {
    /// A call as this target takes it.
    pub fn wire(&self, target: Target, call: &Call) -> Wire {
        match target {
            Target::Postgrest => call.to_postgrest(&self.project, &self.anon_key),
            Target::PassThrough => call.to_postgrest(&self.pass_through, &self.anon_key),
            Target::HonoSupabase => call.to_api(&self.hono_supabase),
            Target::HonoDrizzle => call.to_api(&self.hono_drizzle),
            Target::Ours => call.to_api(&self.edge),
            Target::PlainFunction => call.to_postgrest(&self.plain_function, &self.anon_key),
            Target::Plain => call.to_postgrest(&self.plain, &self.anon_key),
            Target::OurFunction => call.to_api(match call.function {
                Function::Chats => &self.chats,
                Function::Messages => &self.messages,
            }),
        }
    }
}
