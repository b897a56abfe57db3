//! A database of a test's own, in the running cluster.

use std::env;
use std::future::poll_fn;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::OnceCell;
use tokio_postgres::{AsyncMessage, Client, Config, NoTls};

use crate::migrations;

/// Messages and details.
pub type Warnings = Arc<Mutex<Vec<String>>>;

/// Made by [`Database::pristine`] or [`Database::empty`], dropped by [`Database::drop`].
#[derive(Debug)]
pub struct Database {
    /// Its name.
    pub name: String,
    /// As the superuser, which on hosted Supabase is the platform's: what the test prepares and looks at.
    pub superuser: Client,
}

impl Database {
    /// As a fresh project of hosted Supabase is, before any migration.
    pub async fn pristine() -> Self {
        Self::copy_of(&variable("PRISTINE_DATABASE")).await
    }

    /// With all migrations, as after `supabase db push`.
    pub async fn migrated() -> Self {
        static TEMPLATE: OnceCell<String> = OnceCell::const_new();
        let make = || async {
            let database = Self::pristine().await;
            let owner = database.owner().await;
            migrations::apply(&owner).await.expect("the migrations");
            migrations::record(&owner).await;
            // Postgres copies only a database that nobody uses.
            let disconnect = format!("alter database {} allow_connections false", database.name);
            cluster()
                .await
                .batch_execute(&disconnect)
                .await
                .expect("it stays alone");
            let sql =
                "select pg_terminate_backend(pid, 1000) from pg_stat_activity where datname = $1";
            cluster()
                .await
                .query(sql, &[&database.name])
                .await
                .expect(sql);
            database.name
        };
        Self::copy_of(TEMPLATE.get_or_init(make).await).await
    }

    /// Postgres alone, without Supabase.
    pub async fn empty() -> Self {
        Self::copy_of("template0").await
    }

    async fn copy_of(template: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("install_{}_{number}", std::process::id());
        // Settings of a database are not copied; hosted Supabase has this one.
        for sql in [
            format!("create database {name} template {template} owner postgres"),
            format!("alter database {name} set search_path = \"$user\", public, extensions"),
        ] {
            cluster().await.batch_execute(&sql).await.expect(&sql);
        }
        let superuser = connect(&config(&variable("SUPERUSER_URL"), &name)).await;
        Self { name, superuser }
    }

    /// A connection as the project's owner, role `postgres`: what migrations run as.
    pub async fn owner(&self) -> Client {
        connect(&config(&variable("DATABASE_URL"), &self.name)).await
    }

    /// The same, and the warnings that it gets.
    pub async fn owner_with_warnings(&self) -> (Client, Warnings) {
        let config = config(&variable("DATABASE_URL"), &self.name);
        let (client, mut connection) = config.connect(NoTls).await.expect("Postgres answers");
        let warnings = Warnings::default();
        let heard = warnings.clone();
        tokio::spawn(async move {
            while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await
            {
                if let AsyncMessage::Notice(notice) = message
                    && notice.severity() == "WARNING"
                {
                    let detail = notice.detail().unwrap_or_default();
                    let text = format!("{}. {detail}", notice.message());
                    heard.lock().expect("a lock").push(text);
                }
            }
        });
        (client, warnings)
    }

    /// A connection as another role that can log in, with the stack's password.
    pub async fn role(&self, role: &str) -> Client {
        let mut config = config(&variable("DATABASE_URL"), &self.name);
        connect(config.user(role)).await
    }

    /// A connection string, password and all: the cluster is the tests' own.
    pub fn url(&self, role: &str) -> String {
        let config = config(&variable("DATABASE_URL"), &self.name);
        let password = String::from_utf8_lossy(config.get_password().unwrap_or_default());
        let port = config.get_ports().first().copied().unwrap_or(5432);
        format!(
            "postgres://{role}:{password}@127.0.0.1:{port}/{}",
            self.name
        )
    }

    /// Runs statements as the superuser.
    pub async fn prepare(&self, sql: &str) {
        self.superuser.batch_execute(sql).await.expect(sql);
    }

    /// Removes it. A test that fails leaves its database behind, which ends with the test's cluster.
    pub async fn drop(self) {
        let Self { name, superuser } = self;
        std::mem::drop(superuser);
        let sql = format!("drop database {name} with (force)");
        cluster().await.batch_execute(&sql).await.expect(&sql);
    }
}

/// The superuser, connected to no database of a test's.
pub async fn cluster() -> Client {
    connect(&config(&variable("SUPERUSER_URL"), "template1")).await
}

/// The password of every role that logs in.
pub fn password() -> String {
    let config: Config = variable("DATABASE_URL")
        .parse()
        .expect("a connection string");
    String::from_utf8_lossy(config.get_password().unwrap_or_default()).into_owned()
}

fn config(url: &str, database: &str) -> Config {
    let mut config: Config = url.parse().expect("a connection string");
    config.dbname(database);
    config
}

/// Connects; the connection ends when the client is dropped.
pub async fn connect(config: &Config) -> Client {
    let (client, connection) = config.connect(NoTls).await.expect("Postgres answers");
    // It ends with its client; an error of it shows in the client's next query.
    tokio::spawn(connection);
    client
}

/// A variable that `cargo xtask test install` sets.
pub fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: run these tests by `cargo xtask test install`")
    })
}
