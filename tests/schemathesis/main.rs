//! Requests that schemathesis makes of `openapi.json`, right and wrong ones, and the API's answers to them, compared with
//! the document. Run by `cargo xtask test schemathesis`.

mod fixtures;
mod program;

use std::path::Path;
use std::process::{Command, ExitCode};

use fixtures::Fixtures;
use harness::contract::FILE;
use harness::{Env, block_on, root, variable};
use libtest_mimic::{Arguments, Failed, Trial, run};

const CONFIG: &str = include_str!("schemathesis.toml");

fn main() -> ExitCode {
    let program = program::find();
    if let Err(why) = &program {
        println!("not run: schemathesis\n  {why}");
    }
    let skipped = program.is_err() && variable("PART_OF_ALL") == "true";
    let trial =
        Trial::test("schemathesis", || block_on(test(&program?))).with_ignored_flag(skipped);
    run(&Arguments::from_args(), vec![trial]).exit_code()
}

/// One runtime for all of it: the fixtures' connection ends with the runtime that made it.
async fn test(program: &Path) -> Result<(), Failed> {
    // A run of its own each time, so that a report is never one of an earlier run.
    let state = Path::new(&variable("STACK_ENV")).with_file_name("schemathesis");
    let _ = std::fs::remove_dir_all(&state);
    std::fs::create_dir(&state)?;
    std::fs::write(state.join("schemathesis.toml"), CONFIG)?;
    let fixtures = Fixtures::new().await;
    fixtures.write(&state)?;
    let status = Command::new(program)
        .arg("--config-file")
        .arg(state.join("schemathesis.toml"))
        .args(["--no-color", "run"])
        .arg(root().join(FILE))
        .args(["--url", &Env::get().edge_url])
        .env("ALICE", &fixtures.token)
        .current_dir(&state)
        .status()?;
    fixtures.end().await;
    if status.success() {
        return Ok(());
    }
    Err(format!("schemathesis: {status}").into())
}
