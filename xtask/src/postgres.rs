//! The embedded Postgres: its data, its start, its end.

pub mod plpgsql_check;
pub mod pristine;
pub mod programs;

use std::fs;
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, chown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use programs::Major;
use rustix::process::Signal;
use sha2::{Digest, Sha256};
use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::{Client, Config, NoTls};

use crate::paths;
use crate::ports::HOST;
use crate::processes::{Processes, Spec, UNPRIVILEGED, command};

/// The superuser, which on hosted Supabase belongs to the platform.
pub const SUPERUSER: &str = "supabase_admin";
/// The role of the project's owner: migrations, seed and SQL tests run as it.
pub const OWNER: &str = "postgres";

/// A file in the data directory: the hash of the password that the cluster was made with.
const MADE_WITH: &str = "made_with.sha256";
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
    /// The cluster that belongs to a state folder.
    pub fn new(state: &Path, port: u16, password: &str, durable: bool) -> Result<Self> {
        Ok(Self {
            port,
            password: password.to_owned(),
            data: data_dir(state)?,
            durable,
            major: Major::default(),
        })
    }

    /// The same cluster on another version of Postgres; one version cannot read another's data.
    pub fn on(self, major: Major) -> Self {
        Self { major, ..self }
    }

    /// Its version.
    pub fn major(&self) -> Major {
        self.major
    }

    /// Puts the programs in place, makes the cluster the first time, starts it, and waits.
    pub async fn start(&self, processes: &Processes) -> Result<()> {
        let programs = programs::install(self.major)?;
        if !self.is_ours() {
            self.init(processes, &programs).await?;
        }
        let mut postgres = command(
            programs.join("bin/postgres"),
            [
                "-D",
                &self.data.to_string_lossy(),
                "-p",
                &self.port.to_string(),
            ],
        );
        for setting in [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            // Hosted Supabase has it, and publications warn without it.
            "wal_level=logical",
            "max_connections=200",
            "timezone=UTC",
            "log_min_messages=warning",
        ] {
            postgres.args(["-c", setting]);
        }
        if !self.durable {
            for setting in [
                "fsync=off",
                "synchronous_commit=off",
                "full_page_writes=off",
            ] {
                postgres.args(["-c", setting]);
            }
        }
        processes.start(Spec {
            // SIGINT is Postgres' fast shutdown: it ends its clients and needs no recovery later.
            stop: Signal::INT,
            drop_root: true,
            ..Spec::new("postgres", in_readable_dir(postgres))
        })?;
        let deadline = Instant::now() + START_TIME;
        loop {
            processes.check_alive("postgres")?;
            match self.connect(SUPERUSER).await {
                Ok(_) => return Ok(()),
                Err(error) if Instant::now() > deadline => return Err(error),
                Err(_) => sleep(Duration::from_millis(30)).await,
            }
        }
    }

    /// Connects; the connection ends when the client is dropped.
    pub async fn connect(&self, role: &str) -> Result<Client> {
        connect(&self.url(role)).await
    }

    /// A connection string.
    pub fn url(&self, role: &str) -> String {
        self.url_of(role, "postgres")
    }

    /// The same for another database of the cluster.
    pub fn url_of(&self, role: &str, database: &str) -> String {
        format!(
            "postgres://{role}:{}@{HOST}:{}/{database}",
            self.password, self.port
        )
    }

    /// The password that every role that can log in has.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// Removes the cluster.
    pub fn remove(&self) -> Result<()> {
        match fs::remove_dir_all(&self.data) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot remove {}", self.data.display()))
            }
            _ => Ok(()),
        }
    }

    /// Whether the cluster is there and was made with our password. A checkout that was removed
    /// leaves its cluster behind, and a new one in its place has secrets of its own.
    fn is_ours(&self) -> bool {
        fs::read_to_string(self.data.join(MADE_WITH)).is_ok_and(|hash| hash == self.password_hash())
    }

    fn password_hash(&self) -> String {
        paths::hex(&Sha256::digest(&self.password))
    }

    async fn init(&self, processes: &Processes, programs: &Path) -> Result<()> {
        // A half-made cluster of an interrupted run is no cluster.
        self.remove()?;
        let parent = self.data.parent().context("the data has a folder")?;
        fs::create_dir_all(parent)?;
        give_away(parent)?;
        let password_file = parent.join("password");
        let _ = fs::remove_file(&password_file);
        fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&password_file)?
            .write_all(self.password.as_bytes())?;
        give_away(&password_file)?;
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
        let made = processes
            .run(Spec {
                drop_root: true,
                ..Spec::new("initdb", in_readable_dir(initdb))
            })
            .await;
        fs::remove_file(&password_file)?;
        made?;
        fs::write(fresh.join(MADE_WITH), self.password_hash())?;
        fs::rename(&fresh, &self.data)?;
        Ok(())
    }
}

/// Connects to any Postgres; the connection ends when the client is dropped.
pub async fn connect(url: &str) -> Result<Client> {
    let mut config: Config = url.parse().context(
        "that is no connection string, which looks like postgres://postgres:<password>@<host>:5432/postgres",
    )?;
    config.application_name("xtask");
    // What listens there may be no Postgres, and say nothing.
    let (client, connection) = timeout(START_TIME, config.connect(NoTls))
        .await
        .context("nothing answers there as Postgres does")?
        .context("cannot connect to Postgres")?;
    // It ends with its client; what goes wrong on it shows in the client's next call.
    tokio::spawn(connection);
    Ok(client)
}

/// `.dev` has the data directory `dev`, `.dev/test` has `test`.
fn data_dir(state: &Path) -> Result<PathBuf> {
    let name = state.file_name().context("the state folder has a name")?;
    let name = name.to_string_lossy();
    Ok(paths::data_root()?.join(name.trim_start_matches('.')))
}

/// Makes the user that Postgres runs as the owner, when we are root.
fn give_away(path: &Path) -> Result<()> {
    if rustix::process::geteuid().is_root() {
        chown(path, Some(UNPRIVILEGED), Some(UNPRIVILEGED))?;
    }
    Ok(())
}

/// Postgres wants a working directory that its user can enter; the checkout may not be one.
fn in_readable_dir(mut command: tokio::process::Command) -> tokio::process::Command {
    command.current_dir("/");
    command
}
