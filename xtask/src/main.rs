//! `cargo xtask`: everything a person does with this checkout, in one `match`.

mod attach;
mod bench;
mod cli;
mod control;
mod db;
mod dev;
mod doctor;
mod env_file;
mod functions;
mod fuzz;
mod gateway;
mod host;
mod http;
mod keys;
mod leftovers;
mod lite;
mod migrations;
mod paths;
mod placement;
mod platform;
mod ports;
mod postgres;
mod postgrest;
mod processes;
mod rate_limits;
mod shared_cache;
mod signing_keys;
mod stack;
mod steps;
mod storage;
mod supervisor;
mod sweep;
mod test;
mod token;
mod tools;
mod trigger;
mod wasm;
mod workerd;
mod wrangler;

use std::process::ExitCode;

use clap::Parser;
use cli::{Cli, Command, Db};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    // Before anything can replace it; what cannot be told now is told where it is needed.
    let _ = paths::program();
    let done = match Cli::parse().command {
        Command::Dev(args) => dev::run(args).await,
        Command::Guard { state } => leftovers::guard(&state).await,
        Command::Stop => supervisor::stop().await,
        Command::Test(args) => test::run(args).await,
        Command::Fuzz { cases } => fuzz::run(cases),
        Command::Bench { quick } => bench::run(quick).await,
        Command::BenchApi { port, postgrest } => bench::serve_api(port, postgrest).await,
        Command::Build { functions } => wasm::run(&functions).await,
        Command::Sweep(args) => sweep::run(args).await,
        Command::Doctor(args) => doctor::run(args).await,
        Command::Token { who } => token::run(&who).await,
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
