//! The suites, in the order in which they run.

use crate::cli::Part;

/// How much of the stack there must be. Each stage includes those before it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    Nothing,
    /// Postgres with the migrations and the seed; Auth and Storage.
    Database,
    /// pgTAP, and the helpers of the tests in schema `chat_tests`.
    Helpers,
    /// PostgREST, the API gateway, and the functions on workerd.
    Functions,
    /// The page `client/demo` at the API gateway.
    Demo,
}

/// What `cargo xtask test <part> <filter>` does with the filter.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    /// It is part of a test's name.
    Name,
    /// The same, but `cargo xtask test all <filter>` leaves the suite out.
    Own,
    /// The suite runs whole.
    Ignored,
}

pub struct Suite {
    pub name: &'static str,
    /// What runs it, beside `all`.
    pub part: Part,
    pub needs: Stage,
    pub filter: Filter,
    /// Programs with their arguments, each of which prints libtest's result line.
    pub commands: &'static [&'static [&'static str]],
}

/// A target of the package `tests`, with arguments for it.
macro_rules! target {
    ($name:literal $(, $argument:literal)*) => {
        &[&["cargo", "test", "--quiet", "--package=tests", concat!("--test=", $name), "--" $(, $argument)*]]
    };
}

#[rustfmt::skip]
const UNIT: &[&[&str]] = &[
    &["cargo", "test", "--quiet", "--no-fail-fast"],
    &["cargo", "test", "--quiet", "--no-fail-fast", "--package=tests", "--lib", "--test=sources", "--test=tool"],
];
const CLIENT: &[&[&str]] = &[
    &["node", "tests/client/package/run.mjs"],
    &["node", "tests/client/run.mjs"],
];
const BROWSER: &[&[&str]] = &[&["node", "tests/browser/run.mjs"]];
const REALTIME: &[&[&str]] = &[&["node", "tests/realtime/run.mjs"]];

#[rustfmt::skip]
pub const SUITES: &[Suite] = {
    use Filter::{Ignored, Name, Own};
    use Stage::{Database, Demo, Functions, Helpers, Nothing};
    &[
        Suite { name: "unit", part: Part::Unit, needs: Nothing, filter: Name, commands: UNIT },
        // Before the helpers, which make an extension and functions.
        Suite { name: "install", part: Part::Install, needs: Database, filter: Name, commands: target!("install", "--skip=restore::") },
        // The roles that these restore belong to the whole cluster.
        Suite { name: "restore", part: Part::Restore, needs: Database, filter: Name, commands: target!("install", "restore::", "--test-threads=1") },
        Suite { name: "lint", part: Part::Lint, needs: Database, filter: Own, commands: target!("lint") },
        Suite { name: "sql", part: Part::Sql, needs: Helpers, filter: Name, commands: target!("sql") },
        Suite { name: "host", part: Part::Host, needs: Helpers, filter: Own, commands: target!("conformance") },
        Suite { name: "http", part: Part::Http, needs: Functions, filter: Name, commands: target!("http") },
        Suite { name: "http-log", part: Part::Http, needs: Functions, filter: Ignored, commands: target!("log_audit") },
        Suite { name: "http-reached", part: Part::Http, needs: Functions, filter: Ignored, commands: target!("reached") },
        Suite { name: "client", part: Part::Client, needs: Functions, filter: Own, commands: CLIENT },
        Suite { name: "realtime", part: Part::Realtime, needs: Functions, filter: Own, commands: REALTIME },
        Suite { name: "schemathesis", part: Part::Schemathesis, needs: Functions, filter: Own, commands: target!("schemathesis") },
        Suite { name: "browser", part: Part::Browser, needs: Demo, filter: Own, commands: BROWSER },
        // These stop Postgres and kill PostgREST, which every other suite needs.
        Suite { name: "faults", part: Part::Faults, needs: Functions, filter: Name, commands: target!("faults", "--test-threads=1") },
        Suite { name: "faults-log", part: Part::Faults, needs: Functions, filter: Ignored, commands: target!("log_audit") },
        Suite { name: "faults-reached", part: Part::Faults, needs: Functions, filter: Ignored, commands: target!("reached") },
        // Last, as these load 200,000 messages.
        Suite { name: "reads", part: Part::Http, needs: Functions, filter: Name, commands: target!("reads") },
    ]
};
