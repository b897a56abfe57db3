//! Redocly's linter on openapi.json and asyncapi.json, by the rules of redocly.yaml. It also checks every example.

use std::process::Stdio;

use harness::root;
use tokio::process::Command;

const PROGRAM: &str = "node_modules/@redocly/cli/bin/cli.js";

pub async fn lint() {
    let mut redocly = Command::new("node");
    redocly
        .args([PROGRAM, "lint", "openapi.json", "asyncapi.json"])
        .current_dir(root())
        // It would count its use and look for a newer version.
        .env("REDOCLY_TELEMETRY", "off")
        .env("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = redocly.output().await.unwrap();
    let [found, said] =
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(output.status.success(), "{said}{found}");
}
