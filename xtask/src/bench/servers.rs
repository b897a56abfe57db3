//! What answers: our functions and the peers, each in a process of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

use crate::env_file::Vars;
use crate::functions::Function;
use crate::paths::root;
use crate::placement::Placement;
use crate::ports::{self, HOST};
use crate::processes::{Processes, Spec, command};
use crate::workerd;

/// Where the peers are written.
pub const PEERS: &str = "tests/bench/peers";
/// How long a server may take until it listens.
const START_TIME: Duration = Duration::from_secs(20);
/// workerd's behaviour for the peers: that of the functions.
pub const COMPATIBILITY_DATE: &str = "2026-04-01";

/// What an isolate may have at Cloudflare. workerd itself sets no limit, and without one V8 collects so
/// late that garbage could not be told from a leak.
const V8_FLAGS: &str = "v8Flags = [\"--max-heap-size=128\"]";

/// One of the servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// Gateway and functions on one workerd.
    Ours,
    /// The bare Worker.
    PassThrough,
    /// The Worker of Hono and supabase-js.
    HonoSupabase,
    /// Hono and Drizzle on Node.
    HonoDrizzle,
    /// The two Workers of plain JavaScript, on one workerd.
    Plain,
}

/// What each of them needs to know.
pub struct Setup<'a> {
    /// For configurations and bundles.
    pub state: &'a Path,
    /// What is started.
    pub processes: &'a Processes,
    /// Ours, without rate limits: workerd has none of its own, and a stand-in would be measured with them.
    pub functions: Vec<Function>,
    /// The project's URL and keys.
    pub vars: Vars,
    /// The database, as the owner of its tables.
    pub database_url: String,
}

/// Where a server listens.
#[derive(Clone)]
pub struct Listening {
    /// The gateway, or the whole peer.
    pub edge: String,
    /// The function `chats` alone.
    pub chats: String,
    /// The function `messages` alone.
    pub messages: String,
}

impl Server {
    /// All of them.
    pub const ALL: [Server; 5] = [
        Server::Ours,
        Server::PassThrough,
        Server::HonoSupabase,
        Server::HonoDrizzle,
        Server::Plain,
    ];

    /// The name of its process.
    pub fn name(self) -> &'static str {
        match self {
            Server::Ours => "ours",
            Server::PassThrough => "pass-through",
            Server::HonoSupabase => "hono-supabase",
            Server::HonoDrizzle => "hono-drizzle",
            Server::Plain => "plain",
        }
    }

    /// Starts it under this name, and does not wait.
    pub fn spawn(self, name: &str, setup: &Setup<'_>) -> Result<Listening> {
        match self {
            Server::Ours => ours(name, setup),
            Server::PassThrough => workers(name, &["pass_through"], setup),
            Server::HonoSupabase => workers(name, &["hono_supabase"], setup),
            Server::Plain => workers(name, &["plain_gateway", "plain"], setup),
            Server::HonoDrizzle => drizzle(name, setup),
        }
    }

    /// Starts it and waits until it listens.
    pub async fn start(self, setup: &Setup<'_>) -> Result<Listening> {
        let listening = self.spawn(self.name(), setup)?;
        wait_for_port(&listening.edge, self.name(), setup.processes).await?;
        Ok(listening)
    }
}

fn ours(name: &str, setup: &Setup<'_>) -> Result<Listening> {
    let (placed, vars) = Placement::new(&setup.functions, setup.vars.clone())?.finish();
    let config = workerd::render(&placed, None).replacen(
        "  services = [",
        &format!("  {V8_FLAGS},\n  services = ["),
        1,
    );
    workerd::spawn(name, &config, setup.processes, setup.state)?;
    let url = |name: &str| vars.get(name).cloned().context("each function has a URL");
    Ok(Listening {
        edge: url("EDGE_URL")?,
        chats: url("CHATS_URL")?,
        messages: url("MESSAGES_URL")?,
    })
}

/// Workers of JavaScript on one workerd, the first of them the edge; each is bound to the others by its
/// name in capitals.
fn workers(name: &str, modules: &[&str], setup: &Setup<'_>) -> Result<Listening> {
    let mut text_bindings = String::new();
    for variable in [
        "SUPABASE_URL",
        "SUPABASE_PUBLISHABLE_KEY",
        "SUPABASE_JWT_SECRET",
    ] {
        let value = setup.vars.get(variable).context("the stack has keys")?;
        text_bindings.push_str(&workerd::binding(variable, "text", &workerd::quote(value)));
    }
    let (mut services, mut sockets, mut workers) = (String::new(), String::new(), String::new());
    let mut urls = Vec::new();
    for (index, module) in modules.iter().enumerate() {
        let (port, service) = (ports::free()?, workerd::quote(module));
        urls.push(format!("http://{HOST}:{port}"));
        services.push_str(&format!(
            "    (name = {service}, worker = .worker{index}),\n"
        ));
        sockets.push_str(&workerd::socket(&service, port));
        let others = modules.iter().filter(|other| *other != module);
        let service_bindings: String = others
            .map(|other| workerd::binding(&other.to_uppercase(), "service", &workerd::quote(other)))
            .collect();
        let script = bundle(setup.state, module);
        workers.push_str(&format!(
            "\nconst worker{index} :Workerd.Worker = (\n  compatibilityDate = \"{COMPATIBILITY_DATE}\",\n  \
             modules = [(name = \"index.js\", esModule = embed {script})],\n  \
             bindings = [\n{text_bindings}{service_bindings}  ],\n);\n",
            script = workerd::quote(&script.to_string_lossy()),
        ));
    }
    let config = format!(
        "using Workerd = import \"/workerd/workerd.capnp\";\n\n\
         const config :Workerd.Config = (\n  {V8_FLAGS},\n  services = [\n{services}    \
         (name = \"internet\", network = (allow = [\"public\", \"private\", \"local\"])),\n  ],\n  \
         sockets = [\n{sockets}  ],\n);\n{workers}"
    );
    workerd::spawn(name, &config, setup.processes, setup.state)?;
    let (Some(edge), Some(last)) = (urls.first(), urls.last()) else {
        bail!("{name} has no Worker");
    };
    Ok(Listening {
        edge: edge.clone(),
        ..at(last)
    })
}

fn drizzle(name: &str, setup: &Setup<'_>) -> Result<Listening> {
    let port = ports::free()?;
    let mut node = command("node", [root().join(PEERS).join("drizzle/server.js")]);
    let secret = setup.vars.get("SUPABASE_JWT_SECRET");
    node.env("NODE_ENV", "production")
        .env("PORT", port.to_string())
        .env("DATABASE_URL", &setup.database_url)
        .env("SUPABASE_JWT_SECRET", secret.context("the stack has keys")?);
    setup.processes.start(Spec::new(name, node))?;
    Ok(at(&format!("http://{HOST}:{port}")))
}

fn at(url: &str) -> Listening {
    Listening {
        edge: url.to_owned(),
        chats: url.to_owned(),
        messages: url.to_owned(),
    }
}

/// Installs the peers' packages and bundles those that are Workers.
pub async fn prepare_peers(state: &Path, processes: &Processes) -> Result<()> {
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
        let mut esbuild = command(
            root().join("node_modules/.bin/esbuild"),
            ["--bundle", "--minify"],
        );
        esbuild
            .args([
                "--format=esm",
                "--platform=browser",
                "--conditions=worker,browser",
                "--log-level=warning",
            ])
            .arg(dir.join(format!("{name}.js")))
            .arg(format!("--outfile={}", bundle(state, name).display()));
        processes.run(Spec::new("esbuild", esbuild)).await?;
    }
    Ok(())
}

fn bundle(state: &Path, name: &str) -> PathBuf {
    state.join("peers").join(format!("{name}.js"))
}

/// Waits until somebody listens at a URL's port; asks nothing.
pub async fn wait_for_port(url: &str, process: &str, processes: &Processes) -> Result<()> {
    let address = url.trim_start_matches("http://");
    let deadline = Instant::now() + START_TIME;
    while TcpStream::connect(address).await.is_err() {
        processes.check_alive(process)?;
        if Instant::now() > deadline {
            bail!("{process} does not listen after {} s", START_TIME.as_secs());
        }
        sleep(Duration::from_millis(1)).await;
    }
    Ok(())
}
