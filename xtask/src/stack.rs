//! The embedded stack, part by part, in the order in which each needs the ones before.

pub mod api_gateway;
pub mod cors;
pub mod demo;
pub mod host;
pub mod keys;
pub mod lite;
pub mod migrations;
pub mod ports;
pub mod postgres;
pub mod postgrest;
pub mod realtime;
pub mod storage;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::env_file::Vars;
use crate::run::Run;
use crate::{http, token};
use api_gateway::Upstreams;
use host::Host;
use keys::Keys;
use migrations::explain;
use ports::LOOPBACK;
use postgres::programs::Major;
use postgres::{OWNER, Postgres, SUPERUSER, pristine};
use realtime::Relay;

/// What hosted Supabase brings and the embedded parts lack.
const PLATFORM_SQL: &str = include_str!("stack/platform.sql");

/// Which stack is wanted.
#[derive(Clone, Default)]
pub struct Settings {
    /// The API gateway's port: SUPABASE_URL.
    pub api: u16,
    /// Postgres' port.
    pub database: u16,
    /// The data outlives the run.
    pub durable: bool,
    pub postgres: Major,
    /// PostgREST, where it is not to be looked for.
    pub postgrest: Option<PathBuf>,
    /// The value of CORS_ALLOWED_ORIGINS, if it is not the default.
    pub origins: Option<String>,
    /// Leaves out the stand-in for Realtime.
    pub without_realtime: bool,
}

impl Settings {
    fn origins(&self) -> String {
        let default = || cors::DEFAULT_ORIGINS.join(",");
        self.origins.clone().unwrap_or_else(default)
    }
}

/// A stack that runs.
pub struct Stack {
    pub postgres: Postgres,
    pub keys: Keys,
    settings: Settings,
    /// Where Auth and Storage listen.
    lite: u16,
    rest: postgrest::Ports,
    api_log: PathBuf,
}

impl Stack {
    /// Starts everything but the functions.
    pub async fn start(run: &Run, settings: Settings) -> Result<Self> {
        let stack = Self::start_database(run, settings, &Host::default()).await?;
        stack.start_api(run).await?;
        Ok(stack)
    }

    /// Starts the migrated database, which is all that SQL tests need. Auth and Storage run with it,
    /// as their schemas are made by them.
    pub async fn start_database(run: &Run, settings: Settings, host: &Host) -> Result<Self> {
        let keys = Keys::load_or_make(&run.state.join("secrets.env"))?;
        let postgres = Postgres::new(
            settings.database,
            &keys.database_password,
            settings.durable,
            settings.postgres,
        )?;
        if !settings.durable {
            postgres.remove()?;
            lite::remove_files(&run.state)?;
        }
        let [lite, rest, admin] = ports::free_many()?;
        let stack = Self {
            postgres,
            keys,
            settings,
            lite,
            rest: postgrest::Ports { rest, admin },
            api_log: run.log(api_gateway::LOG),
        };
        let repair = "`cargo xtask stop`, then again; if its data is broken, remove the folder that the log names";
        let work = stack.postgres.start(run);
        run.step("postgres", "Postgres accepts connections", repair, work)
            .await?;
        let repair = "remove node_modules and run again";
        let what = "Auth and Storage answer, roles and grants are set";
        run.step(lite::NAME, what, repair, stack.start_lite(run))
            .await?;
        let repair = "correct the file and run again (a file that fails changes nothing); or `cargo xtask db reset`";
        migrate(&stack.postgres, host, repair, run).await?;
        Ok(stack)
    }

    /// Starts what callers reach: PostgREST, and the API gateway before it, Auth and Storage.
    pub async fn start_api(&self, run: &Run) -> Result<()> {
        let repair = "see its log for what it could not read";
        let work = self.start_postgrest_alone(&[], run);
        run.step(
            postgrest::NAME,
            "PostgREST has read the schema",
            repair,
            work,
        )
        .await?;
        let upstreams = Upstreams {
            postgrest: self.rest.rest,
            lite: self.lite,
            realtime: (!self.settings.without_realtime)
                .then(|| Relay::start(&self.postgres, &self.keys)),
        };
        let origins = self.settings.origins();
        let (port, log) = (self.settings.api, &self.api_log);
        let page = demo::folder(run);
        api_gateway::start(port, upstreams, &self.keys, &origins, log, &page).await
    }

    /// The lines of stack.env that the stack knows.
    pub fn vars(&self) -> Vars {
        let vars = [
            (
                "SUPABASE_URL",
                format!("http://{LOOPBACK}:{}", self.settings.api),
            ),
            ("DATABASE_URL", self.postgres.url(OWNER)),
            ("SUPABASE_PUBLISHABLE_KEY", self.keys.anon.clone()),
            ("SUPABASE_SERVICE_ROLE_KEY", self.keys.service_role.clone()),
            ("SUPABASE_JWT_SECRET", self.keys.jwt_secret.clone()),
            // The stack's Auth writes no `iss` into its tokens.
            ("SUPABASE_JWT_ISSUER", "any".to_owned()),
            ("CORS_ALLOWED_ORIGINS", self.settings.origins()),
            // From the seed, whose password is no secret.
            ("SWEEPER_EMAIL", "sweeper@example.com".to_owned()),
            ("SWEEPER_PASSWORD", token::PASSWORD.to_owned()),
            ("API_LOG", self.api_log.display().to_string()),
        ];
        Vars::from(vars.map(|(name, value)| (name.to_owned(), value)))
    }

    async fn start_lite(&self, run: &Run) -> Result<()> {
        let port = self.lite;
        lite::start(run, &self.postgres, &self.keys, port)?;
        let url = format!("http://{LOOPBACK}:{port}/auth/v1/health");
        wait_for(&url, lite::NAME, run).await?;
        platform(&self.postgres).await?;
        if !self.settings.durable {
            pristine::make(&self.postgres).await?;
        }
        lite::warm_up(port, &self.keys).await
    }

    /// Starts PostgREST, with further settings of its own, and waits until it has read the schema.
    pub async fn start_postgrest_alone(&self, further: &[&str], run: &Run) -> Result<()> {
        let named = self.settings.postgrest.as_deref();
        postgrest::start(named, run, &self.postgres, &self.keys, self.rest, further).await
    }

    /// PostgREST itself, without the API gateway before it.
    pub fn postgrest_url(&self) -> String {
        format!("http://{LOOPBACK}:{}", self.rest.rest)
    }
}

/// Applies the migrations and the seed, and says what that did.
pub async fn migrate(
    postgres: &Postgres,
    host: &Host,
    repair: &'static str,
    run: &Run,
) -> Result<()> {
    let work = async {
        let mut client = postgres.connect(OWNER).await?;
        let applied = migrations::apply(&mut client, host).await?;
        let reload = "notify pgrst, 'reload schema'";
        client.batch_execute(reload).await?;
        Ok(applied)
    };
    let what = "supabase/migrations and the seed are applied";
    let applied = run.step("migrations", what, repair, work).await?;
    if applied.migrations > 0 || applied.seeded {
        let seed = if applied.seeded { " and the seed" } else { "" };
        println!(
            "               {} migrations{seed} were new",
            applied.migrations
        );
    }
    for file in &applied.changed {
        println!(
            "  warning: {file} has changed since it was applied; `cargo xtask db reset` applies it again"
        );
    }
    Ok(())
}

/// Makes what hosted Supabase has; can run again.
pub async fn platform(postgres: &Postgres) -> Result<()> {
    let client = postgres.connect(SUPERUSER).await?;
    client.batch_execute(PLATFORM_SQL).await.map_err(|error| {
        explain(
            Path::new("xtask/src/stack/platform.sql"),
            PLATFORM_SQL,
            &error,
        )
    })?;
    // Random hexadecimal, so quoting has nothing to escape.
    let password = postgres.password();
    client
        .batch_execute(&format!(
            "alter role postgres password '{password}'; alter role authenticator password '{password}'"
        ))
        .await
        .context("cannot set the roles' passwords")
}

/// Waits until a URL answers with a success.
pub async fn wait_for(url: &str, process: &str, run: &Run) -> Result<()> {
    run.until_ready(process, async || {
        let status = http::status(url).await?;
        ensure!(status.is_success(), "it answers {status}");
        Ok(())
    })
    .await
}
