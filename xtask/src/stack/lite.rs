//! Auth and Storage: `@supabase/lite`, the official light implementation, on our Postgres.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use axum::http::Method;

use crate::http;
use crate::paths;
use crate::run::{Run, command};
use crate::stack::keys::Keys;
use crate::stack::ports::LOOPBACK;
use crate::stack::postgres::{Postgres, SUPERUSER};

const PROGRAM: &str = "node_modules/@supabase/lite/dist/cli/index.js";
/// Corrects how it sends files.
const IMPORT: &str = "xtask/src/stack/bytes.mjs";
/// Its name among the processes.
pub const NAME: &str = "lite";

/// Starts it; it makes the schemas auth and storage the first time.
pub fn start(run: &Run, postgres: &Postgres, keys: &Keys, port: u16) -> Result<()> {
    let dir = folder(&run.state);
    let config = dir.join("supabase/config.toml");
    // It reads supabase/ in the folder where it runs, which must not be the project's.
    paths::write_private(
        &config,
        &format!(
            "# Written by cargo xtask at each start.\n\
             [api]\nport = {port}\n\
             [db]\ndriver = \"postgres\"\nurl = \"{url}\"\n\
             [auth]\nenabled = true\njwt_secret = \"{secret}\"\njwt_expiry = 3600\nenable_signup = true\n\
             [auth.email]\nenable_confirmations = false\n\
             [storage]\nenabled = true\n",
            url = postgres.url(SUPERUSER),
            secret = keys.jwt_secret,
        ),
    )?;
    let import = format!("--import={}", paths::root().join(IMPORT).display());
    let mut lite = command("node", [&import]);
    lite.arg(paths::root().join(PROGRAM));
    lite.args(["start", "--no-admin", "--no-telemetry", "--host", LOOPBACK])
        .current_dir(&dir)
        .env("EXPERIMENTAL_STORAGE", "1")
        .env("LITE_NON_INTERACTIVE", "1")
        .env("DO_NOT_TRACK", "1");
    run.start(NAME, lite)
}

/// Makes Storage's first request. In it, it tries to grant all tables to everybody, which platform.sql refuses,
/// and it does not try again.
pub async fn warm_up(port: u16, keys: &Keys) -> Result<()> {
    let url = format!("http://{LOOPBACK}:{port}/storage/v1/bucket");
    let token = Some(keys.anon.as_str());
    http::json(Method::GET, &url, &keys.anon, token, Vec::new()).await?;
    let (status, _) = http::json(Method::GET, &url, &keys.anon, token, Vec::new()).await?;
    ensure!(status.is_success(), "Storage answers {status}");
    Ok(())
}

/// Removes the stored files; their rows are the database's.
pub fn remove_files(state: &Path) -> Result<()> {
    paths::remove_dir(&folder(state).join("supabase/.temp/storage"))
}

fn folder(state: &Path) -> PathBuf {
    state.join("lite")
}
