//! The page `client/demo`: built into the run's state, served by the API gateway, and told where the stack is.

use std::fs;
use std::path::PathBuf;

use anyhow::Result;
use serde_json::json;

use crate::env_file::Vars;
use crate::paths::root;
use crate::run::{Run, command};

/// Its path at the API gateway.
pub const PATH: &str = "/demo";
const NAME: &str = "demo";

/// Each run has its own, as each has its own stack.
pub fn folder(run: &Run) -> PathBuf {
    run.state.join(NAME)
}

/// Builds it with Vite. `mode` is Vite's and React's: with `development`, React mounts everything twice and warns.
pub async fn build(run: &Run, mode: &str) -> Result<()> {
    let work = async {
        let vite = root().join("node_modules/vite/bin/vite.js");
        let mut node = command("node", [vite]);
        node.args([
            "build",
            "client/demo",
            "--emptyOutDir",
            "--logLevel=warn",
            "--mode",
            mode,
            "--outDir",
        ]);
        node.arg(folder(run))
            .current_dir(root())
            .env("NODE_ENV", mode);
        run.finish(NAME, node).await
    };
    let repair = "read its log; `npx tsc -p client/demo` checks its types";
    run.step(NAME, "the demo is built", repair, work).await
}

/// Tells it where the stack is; returns its URL. After [`build`], which empties the folder.
pub fn configure(run: &Run, vars: &Vars) -> Result<String> {
    let url = &vars["SUPABASE_URL"];
    let config = json!({
        "supabaseUrl": url,
        "publishableKey": vars["SUPABASE_PUBLISHABLE_KEY"],
        "apiUrl": vars["EDGE_URL"],
    });
    fs::write(folder(run).join("config.json"), config.to_string())?;
    Ok(format!("{url}{PATH}/"))
}
