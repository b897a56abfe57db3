//! The servers: ours, and what a team would build instead. Each has a process of its own.

pub mod answers;
pub mod scripts;
pub mod target;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

use crate::data::cases::{Call, Wire};
use crate::peers::scripts::{Script, V8_FLAGS};
use crate::tool::paths::root;
use crate::tool::{Function, HOST, Placement, Processes, Spec, Vars, command, ports, workerd};

/// The folder of the peers' code.
pub const PEERS: &str = "bench/peers";
const START_TIME: Duration = Duration::from_secs(20);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// Gateway and functions on one workerd.
    Ours,
    /// A Worker that passes requests on to PostgREST.
    PassThrough,
    /// A Worker with Hono and supabase-js.
    HonoSupabase,
    /// Node with Hono, Drizzle and postgres.js.
    HonoDrizzle,
    /// Two Workers of plain JavaScript: an empty gateway, and a function that checks nothing.
    Plain,
}

/// What all servers are started with.
pub struct Setup {
    /// The folder for configurations and bundles.
    pub state: PathBuf,
    pub processes: Processes,
    /// Ours, without rate limits: workerd has none, and a stand-in would be measured with them.
    pub functions: Vec<Function>,
    /// The project's URL and keys.
    pub vars: Vars,
    /// The database, as the owner of its tables.
    pub database_url: String,
}

/// Where a server listens, as URLs without a slash at the end.
#[derive(Clone)]
pub struct Listening {
    /// The gateway, or the only server.
    pub edge: String,
    /// The functions without the gateway.
    pub chats: String,
    pub messages: String,
}

impl Server {
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

    /// Starts it as a process of this name, and waits until it listens.
    pub async fn start(self, name: &str, setup: &Setup) -> Result<Listening> {
        let listening = match self {
            Server::Ours => ours(name, setup)?,
            Server::PassThrough => workers(name, &["pass_through"], setup)?,
            Server::HonoSupabase => workers(name, &["hono_supabase"], setup)?,
            Server::Plain => workers(name, &["plain_gateway", "plain"], setup)?,
            Server::HonoDrizzle => drizzle(name, setup)?,
        };
        wait_for_port(&listening.edge, name, &setup.processes).await?;
        Ok(listening)
    }

    /// A call as this server takes it.
    pub fn wire(self, base: &str, call: &Call, setup: &Setup) -> Wire {
        match self {
            Server::PassThrough | Server::Plain => call.to_postgrest(base, setup.anon_key()),
            _ => call.to_api(base),
        }
    }
}

impl Setup {
    pub fn anon_key(&self) -> &str {
        let key = self.vars.get("SUPABASE_PUBLISHABLE_KEY");
        key.map_or("", String::as_str)
    }
}

fn ours(name: &str, setup: &Setup) -> Result<Listening> {
    let (placed, vars) = Placement::new(&setup.functions, setup.vars.clone())?.finish();
    let services = "  services = [";
    let with_flags = format!("  {V8_FLAGS},\n{services}");
    let config = workerd::render(&placed, None).replacen(services, &with_flags, 1);
    workerd::spawn(name, &config, &setup.processes, &setup.state)?;
    let url = |name: &str| vars.get(name).cloned().context("each function has a URL");
    Ok(Listening {
        edge: url("EDGE_URL")?,
        chats: url("CHATS_URL")?,
        messages: url("MESSAGES_URL")?,
    })
}

/// JavaScript Workers on one workerd. The first is the edge. Each is bound to the others by their
/// names in capitals.
fn workers(name: &str, modules: &[&'static str], setup: &Setup) -> Result<Listening> {
    let mut scripts = Vec::new();
    for module in modules {
        let mut bindings = String::new();
        for variable in [
            "SUPABASE_URL",
            "SUPABASE_PUBLISHABLE_KEY",
            "SUPABASE_JWT_SECRET",
        ] {
            let value = setup.vars.get(variable).context("the stack has keys")?;
            bindings.push_str(&workerd::binding(variable, "text", &workerd::quote(value)));
        }
        for other in modules.iter().filter(|other| *other != module) {
            let (variable, service) = (other.to_uppercase(), workerd::quote(other));
            bindings.push_str(&workerd::binding(&variable, "service", &service));
        }
        scripts.push(Script {
            name: module,
            port: ports::free()?,
            file: scripts::bundle(&setup.state, module),
            bindings,
        });
    }
    scripts::spawn(name, &scripts, setup)?;
    let (first, last) = (&scripts[0], &scripts[scripts.len() - 1]);
    Ok(Listening {
        edge: first.url(),
        ..only(&last.url())
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
    setup.processes.start(Spec::new(name, node))?;
    Ok(only(&format!("http://{HOST}:{port}")))
}

/// A server at one URL.
fn only(url: &str) -> Listening {
    Listening {
        edge: url.to_owned(),
        chats: url.to_owned(),
        messages: url.to_owned(),
    }
}

/// Waits until something listens at a URL's port, and sends nothing.
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
