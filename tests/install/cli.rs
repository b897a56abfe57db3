//! The official CLI, as a person calls it who installs the chat: without Docker, an account and the network.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

use crate::database::{Database, password};
use crate::migrations::root;

/// A project's folder, whose `supabase/` the CLI reads.
#[derive(Debug)]
pub struct Project(TempDir);

/// What a command said.
#[derive(Debug)]
pub struct Said {
    pub ok: bool,
    pub stdout: String,
    pub stderr: String,
}

impl Project {
    /// One with this project's `supabase/`.
    pub fn with_the_chat() -> Self {
        let project = Self::new();
        project.add_the_chat();
        project
    }

    /// One with this configuration and nothing else.
    pub fn new() -> Self {
        let project = Self(TempDir::new().expect("a folder"));
        fs::create_dir_all(project.folder("supabase/migrations")).expect("a folder");
        project.copy("supabase/config.toml");
        project
    }

    /// Adds the migrations and the seed.
    pub fn add_the_chat(&self) {
        for file in crate::migrations::files() {
            let name = file.file_name().expect("a name").to_string_lossy();
            self.copy(&format!("supabase/migrations/{name}"));
        }
        self.copy("supabase/seed.sql");
    }

    /// Writes a file of the project's own.
    pub fn write(&self, file: &str, text: &str) {
        fs::write(self.folder(file), text).expect(file);
    }

    /// Reads a file of the project's.
    pub fn read(&self, file: &str) -> String {
        fs::read_to_string(self.folder(file)).expect(file)
    }

    fn copy(&self, file: &str) {
        fs::copy(root().join(file), self.folder(file)).expect(file);
    }

    fn folder(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    /// `supabase db push --remote=<url> --yes`, as role `postgres`.
    pub async fn push(&self, database: &Database, further: &[&str]) -> Said {
        let mut arguments = vec!["db", "push"];
        arguments.extend(further);
        self.run(database, &arguments).await
    }

    /// `supabase migration list`: each version, of the folder and of the database.
    pub async fn migration_list(&self, database: &Database) -> Vec<(String, String)> {
        let said = self
            .run(database, &["migration", "list", "--output-format", "json"])
            .await;
        assert!(said.ok, "{said:?}");
        let answer: Value = serde_json::from_str(&said.stdout).expect(&said.stdout);
        let rows = answer
            .get("migrations")
            .and_then(Value::as_array)
            .expect("a list");
        let version = |row: &Value, place: &str| {
            row.get(place)
                .and_then(Value::as_str)
                .unwrap_or("")
                .to_owned()
        };
        rows.iter()
            .map(|row| (version(row, "local"), version(row, "remote")))
            .collect()
    }

    /// A command on a database that is named by its URL, as role `postgres`.
    pub async fn run(&self, database: &Database, arguments: &[&str]) -> Said {
        let home = self.0.path().join("home");
        let program = Path::new("node_modules/supabase/dist/supabase.js");
        let output = Command::new("node")
            .arg(root().canonicalize().expect("the checkout").join(program))
            .args(arguments)
            .arg(format!("--remote={}", database.url("postgres")))
            .args(["--yes", "--agent", "no"])
            .current_dir(self.0.path())
            .env("SUPABASE_HOME", home)
            .env("PGPASSWORD", password())
            .env("PGSSLMODE", "disable")
            // It would count its use and look for a newer version.
            .env("DO_NOT_TRACK", "1")
            .env("SUPABASE_NO_UPDATE_NOTIFIER", "1")
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .expect("node");
        Said {
            ok: output.status.success(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Said {
    /// Asserts that it did what it was told, without a warning of any kind.
    pub fn done(&self, stdout: &str) {
        assert!(self.ok, "{self:?}");
        assert_eq!(self.stdout.trim(), stdout);
        assert!(!self.warns(), "{}", self.stderr);
    }

    /// Whether a line warns, as of a setting in config.toml that is out of date.
    pub fn warns(&self) -> bool {
        let text = self.stderr.to_lowercase();
        ["warn", "deprecated", "unknown"]
            .iter()
            .any(|word| text.contains(word))
    }
}
