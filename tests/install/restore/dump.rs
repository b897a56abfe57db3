//! `supabase db dump` without Docker, and psql.

use std::path::PathBuf;
use std::process::Stdio;

use tokio::process::Command;

use crate::database::Database;
use crate::migrations::root;

const CLI: &str = "node_modules/supabase/dist/supabase.js";

/// The files of a backup, in a folder of their own.
pub struct Dump {
    folder: PathBuf,
}

impl Dump {
    /// Takes one, as Supabase's guide says.
    pub async fn take(database: &Database) -> Self {
        // In the state of the tests, as it outlives the test that takes it.
        let folder = root().join(".dev/test/dump");
        std::fs::create_dir_all(&folder).expect("a folder");
        let dump = Self { folder };
        for (file, flags) in [
            ("roles.sql", vec!["--role-only"]),
            ("schema.sql", vec![]),
            ("data.sql", vec!["--data-only", "--use-copy"]),
            (
                "history_schema.sql",
                vec!["--schema", "supabase_migrations"],
            ),
            (
                "history_data.sql",
                vec![
                    "--use-copy",
                    "--data-only",
                    "--schema",
                    "supabase_migrations",
                ],
            ),
        ] {
            let script = dump.script(database, &flags).await;
            let sql = run(Command::new("bash").args(["-c", &script]))
                .await
                .expect("pg_dump, as new as the server");
            std::fs::write(dump.file(file), sql).expect("a file");
        }
        dump
    }

    /// The script that the CLI would run in a container.
    async fn script(&self, database: &Database, flags: &[&str]) -> String {
        let script = run(Command::new("node")
            .arg(root().join(CLI))
            .args(["db", "dump", "--dry-run"])
            .args(flags)
            .arg(format!("--remote={}", database.url("postgres")))
            .arg("--workdir")
            .arg(&self.folder)
            .env("SUPABASE_HOME", &self.folder)
            .env("DO_NOT_TRACK", "1")
            .env("SUPABASE_NO_UPDATE_NOTIFIER", "1"))
        .await
        .expect("the CLI prints its script");
        assert!(script.starts_with("#!/usr/bin/env bash\n"), "{script}");
        script
    }

    fn file(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    /// The arguments that restore everything but the history.
    pub fn all(&self) -> Vec<String> {
        [
            "--file",
            &self.file("roles.sql"),
            "--file",
            &self.file("schema.sql"),
            "--command",
            "set session_replication_role = replica",
            "--file",
            &self.file("data.sql"),
        ]
        .map(str::to_owned)
        .to_vec()
    }

    /// The arguments that restore the history of migrations.
    pub fn history(&self) -> Vec<String> {
        [
            "--file",
            &self.file("history_schema.sql"),
            "--file",
            &self.file("history_data.sql"),
        ]
        .map(str::to_owned)
        .to_vec()
    }

    /// The arguments that restore rows alone, after a statement that makes room for them.
    pub fn rows(&self, first: Option<&str>) -> Vec<String> {
        let mut arguments = vec!["--command", "set session_replication_role = replica"];
        arguments.extend(first.iter().flat_map(|first| ["--command", *first]));
        let file = self.file("data.sql");
        arguments.extend(["--file", &file]);
        arguments.into_iter().map(str::to_owned).collect()
    }
}

/// Runs files and statements as the project's owner, all or nothing.
pub async fn psql(database: &Database, arguments: &[String]) {
    try_psql(database, arguments).await.expect("psql");
}

/// The same, where it may fail.
pub async fn try_psql(database: &Database, arguments: &[String]) -> Result<String, String> {
    run(Command::new("psql")
        .args([
            "--no-psqlrc",
            "--quiet",
            "--single-transaction",
            "--variable",
            "ON_ERROR_STOP=1",
        ])
        .args(["--dbname", &database.url("postgres")])
        .args(arguments))
    .await
}

async fn run(command: &mut Command) -> Result<String, String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .await
        .map_err(|error| {
            format!("{error}: is Debian's postgresql-client-15 installed, and node?")
        })?;
    let [out, err] =
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    if output.status.success() {
        Ok(out)
    } else {
        Err(err)
    }
}
