//! Workers of JavaScript: how they are bundled, and the workerd that runs them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::peers::{PEERS, Setup};
use crate::tool::paths::root;
use crate::tool::{HOST, Processes, Spec, command, workerd};

/// The heap that Cloudflare gives an isolate. workerd itself sets no limit, and V8 would then
/// collect so late that garbage looks like a leak.
pub const V8_FLAGS: &str = "v8Flags = [\"--max-heap-size=128\"]";
/// The functions have the same date.
const COMPATIBILITY_DATE: &str = "2026-04-01";

/// A Worker.
pub struct Script {
    pub name: &'static str,
    pub port: u16,
    pub file: PathBuf,
    /// As lines of workerd's configuration.
    pub bindings: String,
}

impl Script {
    pub fn url(&self) -> String {
        format!("http://{HOST}:{}", self.port)
    }

    fn config(&self, index: usize) -> String {
        let file = workerd::quote(&self.file.to_string_lossy());
        format!(
            "\nconst worker{index} :Workerd.Worker = (\n  compatibilityDate = \"{COMPATIBILITY_DATE}\",\n  \
             modules = [(name = \"index.js\", esModule = embed {file})],\n  \
             bindings = [\n{}  ],\n);\n",
            self.bindings
        )
    }
}

/// Starts a workerd that runs all of these, and does not wait.
pub fn spawn(name: &str, scripts: &[Script], setup: &Setup) -> Result<()> {
    let (mut services, mut sockets, mut workers) = (String::new(), String::new(), String::new());
    for (index, script) in scripts.iter().enumerate() {
        let service = workerd::quote(script.name);
        services.push_str(&format!(
            "    (name = {service}, worker = .worker{index}),\n"
        ));
        sockets.push_str(&workerd::socket(&service, script.port));
        workers.push_str(&script.config(index));
    }
    let config = format!(
        "using Workerd = import \"/workerd/workerd.capnp\";\n\n\
         const config :Workerd.Config = (\n  {V8_FLAGS},\n  services = [\n{services}    \
         (name = \"internet\", network = (allow = [\"public\", \"private\", \"local\"])),\n  ],\n  \
         sockets = [\n{sockets}  ],\n);\n{workers}"
    );
    workerd::spawn(name, &config, &setup.processes, &setup.state)
}

/// Installs the peers' packages, and bundles the peers that are Workers.
pub async fn prepare(state: &Path, processes: &Processes) -> Result<()> {
    let dir = root().join(PEERS);
    let stamp = dir.join("node_modules/.xtask-lock");
    let lock = fs::read_to_string(dir.join("package-lock.json"))?;
    if fs::read_to_string(&stamp).unwrap_or_default() != lock {
        let mut npm = command("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
        npm.current_dir(&dir);
        processes.run(Spec::new("npm-peers", npm)).await?;
        fs::write(&stamp, &lock)?;
    }
    for name in ["pass_through", "hono_supabase", "plain", "plain_gateway"] {
        let options = [
            "--bundle",
            "--minify",
            "--format=esm",
            "--platform=browser",
            "--conditions=worker,browser",
            "--log-level=warning",
        ];
        let mut esbuild = command(root().join("node_modules/.bin/esbuild"), options);
        esbuild
            .arg(dir.join(format!("{name}.js")))
            .arg(format!("--outfile={}", bundle(state, name).display()));
        processes.run(Spec::new("esbuild", esbuild)).await?;
    }
    Ok(())
}

/// The file of a bundled peer.
pub fn bundle(state: &Path, name: &str) -> PathBuf {
    state.join("peers").join(format!("{name}.js"))
}
