//! The machine, without a host's name or a path. The commit pins the versions of all packages.

use anyhow::Result;
use serde::{Deserialize, Serialize};
use sysinfo::System;
use tokio::process::Command;

use crate::data::World;
use crate::tool::paths::root;

#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Machine {
    /// Processor, cores, memory, and the versions that the commit does not pin.
    pub about: String,
    /// With a plus where the checkout has changes.
    pub commit: String,
    /// In UTC.
    pub at: String,
}

pub async fn look(world: &World) -> Result<Machine> {
    let system = System::new_all();
    let about = [
        system
            .cpus()
            .first()
            .map_or("?", |cpu| cpu.brand())
            .to_owned(),
        format!("{} cores", system.cpus().len()),
        format!("{} GB", system.total_memory() >> 30),
        format!("Linux {}", System::kernel_version().unwrap_or_default()),
        format!("Node {}", output_of("node", &["--version"]).await?),
        output_of("rustc", &["--version"]).await?,
    ];
    let now = "select to_char(now() at time zone 'UTC', 'YYYY-MM-DD HH24:MI')";
    Ok(Machine {
        about: about.join(", "),
        commit: output_of("git", &["describe", "--always", "--dirty=+", "--exclude=*"]).await?,
        at: world.text(now).await?,
    })
}

async fn output_of(program: &str, arguments: &[&str]) -> Result<String> {
    let mut command = Command::new(program);
    let output = command.args(arguments).current_dir(root()).output().await?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
