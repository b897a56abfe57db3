//! The commands and their flags.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::stack::cors;
use crate::stack::postgres::programs::Major;

/// Runs, tests and builds the chat API.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Starts the whole API on this machine: Postgres, Auth, Storage, PostgREST and the functions
    Dev(DevArgs),
    /// Stops what `dev` started, also after `dev` itself was killed
    Stop,
    /// Waits until the run that started it has ended, and ends the processes that it left
    #[command(hide = true)]
    Guard {
        /// The state folder of the run
        state: PathBuf,
    },
    /// Runs the tests on a fresh stack of their own, beside a running `dev`
    Test(TestArgs),
    /// Runs the property tests of everything that reads bytes from outside, at length
    Fuzz {
        /// How many cases each of them tries
        #[arg(long, default_value_t = 1_000_000)]
        cases: u32,
    },
    /// Measures the built functions beside what a team would build instead, into docs/benchmarks
    Bench {
        /// Ends within three minutes: shorter and fewer rounds, and nothing is written to docs/benchmarks
        #[arg(long)]
        quick: bool,
    },
    /// Checks the repository's own rules: lengths, imports, links, words (tests/tidy)
    Tidy,
    /// Compares openapi.json, asyncapi.json and llms.txt with the code (openapi)
    Openapi {
        /// Writes them
        #[arg(long)]
        write: bool,
    },
    /// Builds the functions' wasm modules and prints their sizes
    Build {
        /// Names of folders in functions/; all when none is given
        functions: Vec<String>,
    },
    /// Signs in through Auth and prints an access token (a new e-mail address is signed up)
    Token {
        /// E-mail address, or the id of a user whose password is the seed's
        who: String,
    },
    /// Makes two people friends in the example host of the running stack
    Befriend {
        /// E-mail address (a new one is signed up), or the id of a user
        one: String,
        /// The same of the other
        other: String,
    },
    /// Counts the attachments without a message, or whose message was deleted long ago; `--apply`
    /// removes them
    Sweep(SweepArgs),
    /// Compares a database with what the chat needs there, read-only, and says what to correct
    Doctor(DoctorArgs),
    /// The database of the running dev stack
    Db {
        #[command(subcommand)]
        command: Db,
    },
}

#[derive(Subcommand)]
pub enum Db {
    /// Empties the database of the running dev stack, then applies all migrations and the seed
    Reset,
}

/// The key of a Supabase that is named.
#[derive(Args, Clone)]
pub struct KeyArgs {
    /// Publishable or anon key of that Supabase; if neither is given, SUPABASE_ANON_KEY is read
    #[arg(
        long,
        visible_alias = "anon-key",
        value_name = "KEY",
        env = "SUPABASE_PUBLISHABLE_KEY",
        hide_env_values = true
    )]
    pub publishable_key: Option<String>,
}

impl KeyArgs {
    /// What the flag or its variable says, else the variable of the key's older name.
    pub fn key(&self) -> Option<String> {
        let older = std::env::var("SUPABASE_ANON_KEY").ok();
        self.publishable_key
            .clone()
            .into_iter()
            .chain(older)
            .find(|key| !key.is_empty())
    }
}

/// Where `dev` listens, and what it runs on.
#[derive(Args, Clone)]
pub struct DevArgs {
    /// Returns as soon as the API is ready and leaves it running; `stop` ends it
    #[arg(long)]
    pub detach: bool,
    /// Port of the edge, the functions' gateway
    #[arg(long, default_value_t = 8787)]
    pub port: u16,
    /// Port of the stack's API gateway, the SUPABASE_URL
    #[arg(long, default_value_t = 54321)]
    pub api_port: u16,
    /// Port of the stack's Postgres
    #[arg(long, default_value_t = 54322)]
    pub db_port: u16,
    /// PostgREST's program. npm has it for Linux on x86_64; elsewhere the one in PATH is used
    #[arg(long, value_name = "PATH", env = "POSTGREST")]
    pub postgrest: Option<PathBuf>,
    /// Leaves out the stack's stand-in for Realtime, as though Realtime were down
    #[arg(long)]
    pub without_realtime: bool,
    /// Runs this wrangler in place of the pinned one, such as <folder>/node_modules/.bin/wrangler
    #[arg(long, value_name = "PATH")]
    pub wrangler: Option<PathBuf>,
    /// Origin of web pages that may call, in place of the defaults; several times for several. `*` at the end is every
    /// port
    #[arg(long = "origin", value_name = "ORIGIN", value_parser = cors::check, default_values = cors::DEFAULT_ORIGINS)]
    pub origins: Vec<String>,
    /// Uses a Supabase that runs already (hosted, or `supabase start`); apply the migrations to it yourself (docs/deploying.md)
    #[arg(long, value_name = "URL")]
    pub supabase_url: Option<String>,
    #[command(flatten)]
    pub key: KeyArgs,
    /// Legacy JWT secret of that Supabase; without it only tokens signed with signing keys are accepted
    #[arg(
        long,
        value_name = "SECRET",
        env = "SUPABASE_JWT_SECRET",
        hide_env_values = true
    )]
    pub jwt_secret: Option<String>,
    /// The `iss` that a token must have, or `any`; <supabase-url>/auth/v1 when it is absent
    #[arg(long, value_name = "URL", env = "SUPABASE_JWT_ISSUER")]
    pub jwt_issuer: Option<String>,
    /// Connection string of that Supabase's database, role postgres
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// The background process of `--detach`
    #[arg(long, hide = true)]
    pub background: bool,
}

/// What is swept, where, and by whom: on the running dev stack unless told otherwise.
#[derive(Args)]
pub struct SweepArgs {
    /// Removes what is found; without it nothing is changed
    #[arg(long)]
    pub apply: bool,
    /// A Supabase other than the dev stack's
    #[arg(long, value_name = "URL")]
    pub supabase_url: Option<String>,
    #[command(flatten)]
    pub key: KeyArgs,
    /// The account whose `app_metadata.role` is `sweeper`
    #[arg(long, env = "SWEEPER_EMAIL")]
    pub email: Option<String>,
    /// Its password, which a command line would show to others
    #[arg(long, env = "SWEEPER_PASSWORD", hide_env_values = true, hide = true)]
    pub password: Option<String>,
    /// How old an upload without a message must be; at least 25
    #[arg(long, value_name = "HOURS", default_value_t = 25)]
    pub unattached_hours: u32,
    /// How long the attachment of a deleted message stays
    #[arg(long, value_name = "DAYS", default_value_t = 30)]
    pub deleted_days: u32,
}

/// The database that is looked at: the running dev stack's unless told otherwise.
#[derive(Args)]
pub struct DoctorArgs {
    /// Connection string of the database, role postgres
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// The Supabase of that database, which is then asked whether it exposes what it must not
    #[arg(long, value_name = "URL")]
    pub supabase_url: Option<String>,
    #[command(flatten)]
    pub key: KeyArgs,
    /// Writes `supabase/inventory.tsv` from this database. Use it after you changed a migration
    #[arg(long, hide = true)]
    pub write_inventory: bool,
}

#[derive(Args)]
pub struct TestArgs {
    /// Which part
    #[arg(value_enum, default_value_t = Part::All)]
    pub part: Part,
    /// Only tests (for `sql`: files) whose name contains this
    pub filter: Option<String>,
    /// The version of Postgres that the stack runs on
    #[arg(long, value_enum, value_name = "MAJOR", default_value_t)]
    pub postgres: Major,
    /// Runs with the host application in this folder (`migrations` and `tests`) in place of the example's
    #[arg(long, value_name = "FOLDER")]
    pub host: Option<PathBuf>,
    /// PostgREST's program. npm has it for Linux on x86_64; elsewhere the one in PATH is used
    #[arg(long, value_name = "PATH", env = "POSTGREST")]
    pub postgrest: Option<PathBuf>,
    /// Fails where `db lint` cannot be run, because the machine has no plpgsql_check for that version
    #[arg(long)]
    pub require_lint: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// Everything
    All,
    /// `cargo test` of what needs no stack
    Unit,
    /// supabase/tests/*.sql, with pgTAP
    Sql,
    /// Whether the host application answers as the chat expects: supabase/tests/host_*.test.sql; prints each check
    Host,
    /// `db lint` and `db advisors` of the official CLI, against supabase/lint-accepted.toml
    Lint,
    /// The migrations on databases of every kind, by this tool's migrator and by the official CLI
    Install,
    /// Makes a dump with the official CLI and restores it. `pg_dump` and `psql` must be at least as new as the
    /// version of `--postgres`. Not part of `all`
    Restore,
    /// The running API, over HTTP
    Http,
    /// The package in client/: its tests, and random histories; the filter is a part of a test's name, a seed
    /// or a range of seeds
    Client,
    /// The code of docs/realtime.md with real subscriptions, by the lowest and the newest supabase-js. The server is
    /// the stack's stand-in for Realtime, or the real one that REALTIME_SUPABASE_URL names
    Realtime,
    /// Requests that schemathesis makes of `openapi.json`, right and wrong ones. Needs python3
    Schemathesis,
    /// The page client/demo in a Chrome or Chromium, which is on the PATH or in CHROME_BIN
    Browser,
    /// The running API with failing upstreams, clients that hang up, and panics
    Faults,
}
