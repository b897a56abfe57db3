//! `cargo xtask`: everything a person does with this checkout, in one `match`.

use std::process::ExitCode;

use clap::Parser;
use xtask::cli::{Cli, Command, Db};
use xtask::{
    befriend, build, cargo, db, dev, doctor, orphans, paths, steps, supervisor, sweep, test, token,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    // Now, as a build may replace the file later. An error is told where the path is needed.
    let _ = paths::program();
    let done = match Cli::parse().command {
        Command::Dev(args) => dev::run(args).await,
        Command::Guard { state } => orphans::guard(&state).await,
        Command::Stop => supervisor::stop().await,
        Command::Test(args) => test::run(args).await,
        Command::Fuzz { cases } => cargo::fuzz(cases),
        Command::Bench { quick } => cargo::bench(quick),
        Command::Tidy => cargo::tidy(),
        Command::Build { functions } => build::run(&functions).await,
        Command::Sweep(args) => sweep::run(args).await,
        Command::Doctor(args) => doctor::run(args).await,
        Command::Token { who } => token::run(&who).await,
        Command::Befriend { one, other } => befriend::run(&one, &other).await,
        Command::Db { command: Db::Reset } => db::reset().await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            steps::print_failure(&error);
            ExitCode::FAILURE
        }
    }
}
