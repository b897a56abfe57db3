//! The official CLI, without Docker, an account and the network.

use std::process::Stdio;
use std::time::Duration;

use harness::{root, variable};
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::timeout;
use tokio_postgres::Config;

const PROGRAM: &str = "node_modules/supabase/dist/supabase.js";
/// No command takes that long.
const TIME: Duration = Duration::from_secs(60);

/// The answer of `supabase db …`. The exit status does not tell of findings: it says whether the command could run.
pub async fn db(arguments: &[&str]) -> String {
    let config: Config = variable("DATABASE_URL").parse().unwrap();
    let password = String::from_utf8_lossy(config.get_password().unwrap()).into_owned();
    // Others can read a command line, so it has no password.
    let address = format!(
        "postgres://postgres@127.0.0.1:{}/postgres",
        config.get_ports()[0]
    );
    // It would write into the checkout and the home folder.
    let folder = TempDir::new().unwrap();
    let mut cli = Command::new("node");
    cli.arg(root().canonicalize().unwrap().join(PROGRAM))
        .arg("db")
        .args(arguments)
        .args([
            "--fail-on",
            "none",
            "--output-format",
            "json",
            "--agent",
            "no",
        ])
        .arg(format!("--remote={address}"))
        .arg("--workdir")
        .arg(folder.path())
        .env("SUPABASE_HOME", folder.path())
        .env("PGPASSWORD", password)
        .env("PGSSLMODE", "disable")
        // It would count its use and look for a newer version.
        .env("DO_NOT_TRACK", "1")
        .env("SUPABASE_NO_UPDATE_NOTIFIER", "1")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = timeout(TIME, cli.output()).await.expect("an end").unwrap();
    let [answer, said] =
        [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    assert!(
        output.status.success(),
        "`supabase db {arguments:?}`: {said}{answer}"
    );
    answer
}
