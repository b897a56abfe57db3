//! The servers: ours, and what a team would build instead. Each has a process of its own.

pub mod answers;
pub mod target;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use tokio::net::TcpStream;

use crate::data::cases::{Call, Wire};
use crate::peers::target::Target;
use crate::tool::paths::root;
use crate::tool::{Function, LOOPBACK, Placement, Run, Vars, command, ports, workerd};

/// The folder of the peers' code.
const PEERS: &str = "bench/peers";

/// The servers that are started for the benchmark.
pub const SERVERS: [Target; 5] = [
    Target::PassThrough,
    Target::HonoSupabase,
    Target::HonoDrizzle,
    Target::Ours,
    Target::Plain,
];

/// What all servers are started with.
pub struct Setup {
    pub run: Run,
    /// Ours, without rate limits: workerd has none, and a stand-in would be measured with them.
    pub functions: Vec<Function>,
    /// The project's URL and keys.
    pub vars: Vars,
    /// The database, as the owner of its tables.
    pub database_url: String,
}

/// Where a server listens: URLs without a slash at the end.
pub struct Listening {
    pub edge: String,
    /// Without the gateway, by the function's name; empty where there is no gateway.
    pub functions: BTreeMap<&'static str, String>,
}

impl Setup {
    /// Starts a server as a process of this name, and waits until it listens.
    pub async fn start(&self, target: Target, name: &str) -> Result<Listening> {
        let listening = match target {
            Target::PassThrough => worker(name, "pass_through", self)?,
            Target::HonoSupabase => worker(name, "hono_supabase", self)?,
            Target::HonoDrizzle => drizzle(name, self)?,
            Target::Plain => plain(name, self)?,
            Target::Ours => ours(name, self)?,
            _ => bail!("{} is started with another", target.title()),
        };
        wait_for_port(&listening.edge, name, &self.run).await?;
        Ok(listening)
    }

    /// A call as this target takes it at a URL.
    pub fn wire(&self, target: Target, base: &str, call: &Call) -> Wire {
        match target {
            Target::HonoSupabase | Target::HonoDrizzle | Target::Ours | Target::OurFunction => {
                call.to_api(base)
            }
            _ => {
                let key = self.vars.get("SUPABASE_PUBLISHABLE_KEY");
                call.to_postgrest(base, key.map_or("", String::as_str))
            }
        }
    }

    /// Starts a workerd with a configuration of the peers' folder, whose words in <> are filled in.
    fn workerd(&self, name: &str, config: &str, words: &[(&str, &str)]) -> Result<()> {
        let mut config = fs::read_to_string(root().join(PEERS).join(config))?;
        let vars = self.vars.iter().map(|(name, value)| (&**name, &**value));
        for (word, value) in vars.chain(words.iter().copied()) {
            config = config.replace(&format!("\"<{word}>\""), &workerd::quote(value));
        }
        workerd::spawn(name, &config, &self.run)
    }
}

fn ours(name: &str, setup: &Setup) -> Result<Listening> {
    let Placement { placed, vars, .. } = Placement::new(&setup.functions, setup.vars.clone())?;
    workerd::spawn(name, &workerd::render(&placed, None), &setup.run)?;
    let url = |name: &str| vars.get(name).cloned().context("each function has a URL");
    let functions = [
        ("chats", url("CHATS_URL")?),
        ("messages", url("MESSAGES_URL")?),
    ];
    Ok(Listening {
        edge: url("EDGE_URL")?,
        functions: functions.into(),
    })
}

fn worker(name: &str, script: &str, setup: &Setup) -> Result<Listening> {
    let (address, script) = (address(ports::free()?), bundle(&setup.run.state, script));
    let words = [("edge address", &*address), ("edge script", &*script)];
    setup.workerd(name, "one_worker.capnp", &words)?;
    Ok(edge_at(&address))
}

fn plain(name: &str, setup: &Setup) -> Result<Listening> {
    let [edge, function] = ports::free_many()?.map(address);
    let (gateway, script) = (
        bundle(&setup.run.state, "plain_gateway"),
        bundle(&setup.run.state, "plain"),
    );
    let words = [
        ("edge address", &*edge),
        ("function address", &*function),
        ("edge script", &*gateway),
        ("function script", &*script),
    ];
    setup.workerd(name, "gateway_and_function.capnp", &words)?;
    let url = format!("http://{function}");
    Ok(Listening {
        functions: [("chats", url.clone()), ("messages", url)].into(),
        ..edge_at(&edge)
    })
}

fn drizzle(name: &str, setup: &Setup) -> Result<Listening> {
    let port = ports::free()?;
    let mut node = command("node", [root().join(PEERS).join("drizzle/server.js")]);
    let secret = setup.vars.get("SUPABASE_JWT_SECRET");
    node.env("NODE_ENV", "production")
        .env("PORT", port.to_string())
        .env("DATABASE_URL", &setup.database_url)
        .env("SUPABASE_JWT_SECRET", secret.context("the stack has keys")?);
    setup.run.start(name, node)?;
    Ok(edge_at(&address(port)))
}

fn address(port: u16) -> String {
    format!("{LOOPBACK}:{port}")
}

fn edge_at(address: &str) -> Listening {
    Listening {
        edge: format!("http://{address}"),
        functions: BTreeMap::new(),
    }
}

/// Installs the peers' packages, and bundles the peers that are Workers.
pub async fn prepare(run: &Run) -> Result<()> {
    let dir = root().join(PEERS);
    let stamp = dir.join("node_modules/.xtask-lock");
    let lock = fs::read_to_string(dir.join("package-lock.json"))?;
    if fs::read_to_string(&stamp).unwrap_or_default() != lock {
        let mut npm = command("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
        npm.current_dir(&dir);
        run.finish("peers", npm).await?;
        fs::write(&stamp, &lock)?;
    }
    for name in ["pass_through", "hono_supabase", "plain", "plain_gateway"] {
        let mut esbuild = command(root().join("node_modules/.bin/esbuild"), ["--bundle"]);
        esbuild
            .args(["--minify", "--format=esm", "--platform=browser"])
            .args(["--conditions=worker,browser", "--log-level=warning"])
            .arg(dir.join(format!("{name}.js")))
            .arg(format!("--outfile={}", bundle(&run.state, name)));
        run.finish("esbuild", esbuild).await?;
    }
    Ok(())
}

fn bundle(state: &Path, script: &str) -> String {
    format!("{}/peers/{script}.js", state.display())
}

/// Waits until something listens at a URL's port, and sends nothing.
pub async fn wait_for_port(url: &str, process: &str, run: &Run) -> Result<()> {
    let address = url.trim_start_matches("http://");
    run.until_ready(process, async || {
        TcpStream::connect(address).await?;
        Ok(())
    })
    .await
}
