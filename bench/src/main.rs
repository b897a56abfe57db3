//! The benchmark: the built functions beside what a team would build instead, in one run, on one
//! Postgres. Start it with `cargo xtask bench`.

mod data;
mod load;
mod memory;
mod peers;
mod report;
mod run;
mod tool;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::tool::{orphans, paths, print_failure};

/// Measures the built functions beside what a team would build instead
#[derive(Parser)]
#[command(name = "cargo xtask bench", bin_name = "cargo xtask bench")]
struct Cli {
    /// Ends within three minutes: fewer and shorter rounds, and nothing is written to docs/benchmarks
    #[arg(long)]
    quick: bool,
    #[command(subcommand)]
    part: Option<Part>,
}

/// What the benchmark starts of itself.
#[derive(Subcommand)]
enum Part {
    /// Waits until the run has ended, and ends what that run has left
    #[command(hide = true)]
    Guard { state: PathBuf },
    /// The stack's API gateway, in a process of its own
    #[command(hide = true)]
    Api { port: u16, postgrest: u16 },
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    // The path of a running program cannot be told once its file has been replaced.
    let _ = paths::program();
    let cli = Cli::parse();
    let done = match cli.part {
        None => run::run(cli.quick).await,
        Some(Part::Guard { state }) => orphans::guard(&state).await,
        Some(Part::Api { port, postgrest }) => run::serve_api(port, postgrest).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            print_failure(&error);
            ExitCode::FAILURE
        }
    }
}
