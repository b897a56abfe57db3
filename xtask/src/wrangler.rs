//! `wrangler dev` with all functions in one process, as a person develops them.

use std::fs;

use anyhow::{Context, Result, ensure};

use crate::build::functions::Function;
use crate::cli::DevArgs;
use crate::env_file::{self, Vars};
use crate::paths::root;
use crate::run::{Run, command};
use crate::stack::ports::{self, LOOPBACK};
use crate::stack::wait_for;

/// Its name among the processes.
pub const NAME: &str = "wrangler";
const HEAD: &str = "Written by `cargo xtask dev` at each start; edits are lost.";
/// The variables of stack.env that a function gets. The service role key is not among them.
const FUNCTION_VARS: [&str; 5] = [
    "SUPABASE_URL",
    "SUPABASE_PUBLISHABLE_KEY",
    "SUPABASE_JWT_SECRET",
    "SUPABASE_JWT_ISSUER",
    "CORS_ALLOWED_ORIGINS",
];

/// What a function is configured with, out of stack.env. Only `uploads` gets the account of the sweep.
pub fn function_vars(function: &Function, stack: &Vars) -> Vars {
    let own: &[&str] = match function.name.as_str() {
        "uploads" => &["SWEEPER_EMAIL", "SWEEPER_PASSWORD"],
        _ => &[],
    };
    let mut vars = stack.clone();
    vars.retain(|name, _| FUNCTION_VARS.iter().chain(own).any(|of| of == name));
    vars
}

/// Starts it and waits until the edge answers.
pub async fn start(run: &Run, functions: &[Function], stack: &Vars, args: &DevArgs) -> Result<()> {
    write_vars(functions, stack)?;
    // Nothing lasts there, and an older wrangler cannot read what a newer one has left.
    let own_state = run.state.join("wrangler");
    let _ = fs::remove_dir_all(&own_state);
    let port = args.port;
    let pinned = || root().join("node_modules/wrangler/bin/wrangler.js");
    let program = args.wrangler.clone().unwrap_or_else(pinned);
    let mut wrangler = command("node", [program]);
    wrangler.arg("dev");
    for function in functions {
        wrangler.arg("-c").arg(&function.config_file);
    }
    wrangler
        .args(["--ip", LOOPBACK, "--port", &port.to_string()])
        .args(["--inspector-port", &ports::free()?.to_string()])
        .args(["--show-interactive-dev-session=false", "--log-level", "log"])
        .arg("--persist-to")
        .arg(&own_state)
        .current_dir(root())
        .env("WRANGLER_SEND_METRICS", "false")
        .env("WRANGLER_LOG_PATH", run.state.join("logs/wrangler-debug"))
        .env("WRANGLER_REGISTRY_PATH", own_state.join("registry"))
        .env("WRANGLER_HIDE_BANNER", "true")
        // Without these it asks the internet for a location and for newer versions.
        .env("CLOUDFLARE_CF_FETCH_ENABLED", "false")
        .env("NO_UPDATE_NOTIFIER", "1")
        .env("CI", "1");
    run.start(NAME, wrangler)?;
    wait_for(&format!("http://{LOOPBACK}:{port}/health"), NAME, run).await
}

/// Beside each configuration, the only place that wrangler looks in for every function but the
/// first: flags like `--var` and `--env-file` reach the first one alone.
fn write_vars(functions: &[Function], stack: &Vars) -> Result<()> {
    for function in functions {
        let dir = function
            .config_file
            .parent()
            .context("a file has a folder")?;
        let file = dir.join(".dev.vars");
        let before = fs::read_to_string(&file).unwrap_or_default();
        ensure!(
            before.is_empty() || before.starts_with(&format!("# {HEAD}")),
            "{} was not written by xtask, which would overwrite it: move it away",
            file.display()
        );
        env_file::write(&file, HEAD, &function_vars(function, stack))?;
    }
    Ok(())
}
