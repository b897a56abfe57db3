//! The embedded Postgres: its data, its start, its end.

pub mod pristine;
pub mod programs;

use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use programs::Major;
use sha2::{Digest, Sha256};
use tokio::process::Command;
use tokio::time::timeout;
use tokio_postgres::{Client, Config, NoTls};

use crate::paths;
use crate::run::{Run, command};
use crate::stack::ports::LOOPBACK;

/// The superuser, which on hosted Supabase belongs to the platform.
pub const SUPERUSER: &str = "supabase_admin";
/// The role of the project's owner: migrations, seed and SQL tests run as it.
pub const OWNER: &str = "postgres";

/// The user that Postgres runs as when we are root: nobody.
const UNPRIVILEGED: u32 = if cfg!(target_os = "macos") {
    u32::MAX - 1
} else {
    65534
};
const START_TIME: Duration = Duration::from_secs(30);

/// One cluster.
#[derive(Clone)]
pub struct Postgres {
    port: u16,
    password: String,
    data: PathBuf,
    /// Tests may lose their data at a power cut, and are faster for it.
    durable: bool,
    major: Major,
}

impl Postgres {
    /// The cluster of this checkout with this password. Its data has the hash of both in its name: a copy of a
    /// checkout has the same password, and a cluster that was made with another password is of no use.
    pub fn new(port: u16, password: &str, durable: bool, major: Major) -> Result<Self> {
        let owner = format!("{} {password}", paths::root().display());
        let name = paths::hex(&Sha256::digest(owner)[..6]);
        Ok(Self {
            port,
            password: password.to_owned(),
            data: paths::postgres_cache()?.join("data").join(name),
            durable,
            major,
        })
    }

    /// Puts the programs in place, makes the cluster the first time, starts it, and waits.
    pub async fn start(&self, run: &Run) -> Result<()> {
        let programs = programs::install(self.major)?;
        if !self.data.is_dir() {
            self.init(run, &programs).await?;
        }
        let port = self.port.to_string();
        let mut postgres = command(programs.join("bin/postgres"), ["-p", &port, "-D"]);
        postgres.arg(&self.data);
        let mut settings = vec![
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            // Hosted Supabase has it, and publications warn without it.
            "wal_level=logical",
            "max_connections=200",
            "timezone=UTC",
            "log_min_messages=warning",
        ];
        if !self.durable {
            settings.extend([
                "fsync=off",
                "synchronous_commit=off",
                // Replication sends what is written to disk, which waits for 200 ms without this.
                "wal_writer_delay=10ms",
                "full_page_writes=off",
            ]);
        }
        for setting in settings {
            postgres.args(["-c", setting]);
        }
        run.start("postgres", unprivileged(postgres))?;
        run.until_ready("postgres", async || self.connect(SUPERUSER).await.map(drop))
            .await
    }

    /// Connects; the connection ends when the client is dropped.
    pub async fn connect(&self, role: &str) -> Result<Client> {
        connect(&self.url(role)).await
    }

    pub fn url(&self, role: &str) -> String {
        self.url_of(role, "postgres")
    }

    /// The same for another database of the cluster.
    pub fn url_of(&self, role: &str, database: &str) -> String {
        format!(
            "postgres://{role}:{}@{LOOPBACK}:{}/{database}",
            self.password, self.port
        )
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The password that every role that can log in has.
    pub fn password(&self) -> &str {
        &self.password
    }

    pub fn remove(&self) -> Result<()> {
        paths::remove_dir(&self.data)
    }

    async fn init(&self, run: &Run, programs: &Path) -> Result<()> {
        let parent = self.data.parent().context("the data has a folder")?;
        fs::create_dir_all(parent)?;
        give_away(parent)?;
        let password_file = self.data.with_extension("password");
        paths::write_private(&password_file, &self.password)?;
        give_away(&password_file)?;
        // Made beside and renamed, so that what an interrupted run has left is never taken for a cluster.
        let fresh = self.data.with_extension("new");
        let _ = fs::remove_dir_all(&fresh);
        let mut initdb = command(programs.join("bin/initdb"), ["--encoding=UTF8"]);
        initdb
            .args(self.major.locale())
            .args(["--auth=scram-sha-256", "--no-sync", "--username", SUPERUSER])
            .arg("--pgdata")
            .arg(&fresh)
            .arg("--pwfile")
            .arg(&password_file);
        let made = run.finish("initdb", unprivileged(initdb)).await;
        fs::remove_file(&password_file)?;
        made?;
        Ok(fs::rename(&fresh, &self.data)?)
    }
}

/// Connects to any Postgres; the connection ends when the client is dropped.
pub async fn connect(url: &str) -> Result<Client> {
    let mut config: Config = url.parse().context(
        "this is not a connection string. Expected: postgres://postgres:<password>@<host>:5432/postgres",
    )?;
    config.application_name("xtask");
    // What listens there may be no Postgres, and say nothing.
    let (client, connection) = timeout(START_TIME, config.connect(NoTls))
        .await
        .context("no Postgres answers at this address")?
        .context("cannot connect to Postgres")?;
    // It ends with its client; what goes wrong on it shows in the client's next call.
    tokio::spawn(connection);
    Ok(client)
}

/// Makes the user that Postgres runs as the owner, when we are root.
fn give_away(path: &Path) -> Result<()> {
    if rustix::process::geteuid().is_root() {
        chown(path, Some(UNPRIVILEGED), Some(UNPRIVILEGED))?;
    }
    Ok(())
}

/// A program of Postgres, which refuses root. It wants a working directory that its user can enter, and the
/// checkout may not be one.
fn unprivileged(mut command: Command) -> Command {
    if rustix::process::geteuid().is_root() {
        command.uid(UNPRIVILEGED).gid(UNPRIVILEGED);
    }
    command.current_dir("/");
    command
}
