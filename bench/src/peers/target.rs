//! What is compared. A server may be two targets: with its gateway and without.

use serde::{Deserialize, Serialize};

use crate::data::cases::{Call, Wire};
use crate::peers::{Listening, Server, Setup};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// One request to PostgREST, without code of anybody's.
    Postgrest,
    PassThrough,
    HonoSupabase,
    HonoDrizzle,
    Ours,
    OurFunction,
    PlainFunction,
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
    /// The limit for any Worker that reads the answers it passes on. Measured by the reads at 1 and
    /// 16 connections.
    pub const LIMITS: [Target; 2] = [Target::PlainFunction, Target::Plain];

    /// What the tables call it, and who answers.
    const fn about(self) -> (&'static str, Option<Server>) {
        match self {
            Target::Postgrest => ("PostgREST direct", None),
            Target::PassThrough => ("JavaScript pass-through", Some(Server::PassThrough)),
            Target::HonoSupabase => ("Hono + supabase-js", Some(Server::HonoSupabase)),
            Target::HonoDrizzle => ("Hono + Drizzle on Node", Some(Server::HonoDrizzle)),
            Target::Ours => ("ours", Some(Server::Ours)),
            Target::OurFunction => ("ours without gateway", Some(Server::Ours)),
            Target::PlainFunction => ("plain JavaScript that checks nothing", Some(Server::Plain)),
            Target::Plain => ("the same behind an empty gateway", Some(Server::Plain)),
        }
    }

    pub fn title(self) -> &'static str {
        self.about().0
    }

    pub fn server(self) -> Option<Server> {
        self.about().1
    }
}

/// All servers, started.
pub struct Places {
    pub setup: Setup,
    /// The project's URL: the API gateway, and PostgREST behind it.
    pub project: String,
    /// In the order of [`Server::ALL`].
    pub servers: Vec<Listening>,
}

impl Places {
    /// A call as this target takes it.
    pub fn wire(&self, target: Target, call: &Call) -> Wire {
        let Some(server) = target.server() else {
            return call.to_postgrest(&self.project, self.setup.anon_key());
        };
        let listening = &self.servers[server as usize];
        let base = match (target, call.function.as_str()) {
            (Target::OurFunction, "chats") => &listening.chats,
            (Target::OurFunction | Target::PlainFunction, _) => &listening.messages,
            _ => &listening.edge,
        };
        server.wire(base, call, &self.setup)
    }
}
