//! `cargo xtask test`: the parts in turn, on a stack of their own.

pub mod control;
pub mod placement;
pub mod workerd;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use tokio::net::TcpListener;
use tokio::process::Command;

use crate::cli::{Part, TestArgs};
use crate::env_file::{self, Vars};
use crate::functions;
use crate::host::Host;
use crate::log_audit::{self, Hidden, Others};
use crate::ports::{self, HOST};
use crate::postgres::{OWNER, Postgres, SUPERUSER, pristine};
use crate::processes::{Processes, Spec, command};
use crate::stack::{Ports, Programs, Stack};
use crate::steps::{Help, Steps, Told, print_failure};
use crate::supervisor::{self, Claim};
use crate::{conformance, doctor, keys, lint, paths, pgtap, tools, wasm};
use placement::Placement;

/// How many passed and failed.
type Counts = (usize, usize);

/// `cargo xtask test [all|unit|sql|host|lint|install|restore|http|client|faults] [filter]`
pub async fn run(args: TestArgs) -> Result<()> {
    let state = paths::test_state();
    let _claim = Claim::take(&state, "`cargo xtask test`").await?;
    let _ = fs::remove_dir_all(state.join("logs"));
    let processes = Processes::new(&state)?;
    let mut counts = (0, 0);
    let work = parts(&args, &state, &processes, &mut counts);
    let done = supervisor::until_stopped(&state, &processes, work).await;
    let (passed, mut failed) = counts;
    if let Err(error) = &done {
        // What could not be run has not passed.
        failed += 1;
        print_failure(error);
    }
    if failed > 0 {
        println!("\nlogs of every process: {}", state.join("logs").display());
    }
    println!("{passed} passed, {failed} failed");
    if failed > 0 {
        return Err(Told.into());
    }
    Ok(())
}

async fn parts(
    args: &TestArgs,
    state: &Path,
    processes: &Processes,
    counts: &mut Counts,
) -> Result<()> {
    let wants = |part| args.part == Part::All || args.part == part;
    let host = match &args.host {
        Some(folder) => Host::in_folder(folder)?,
        None => Host::installed(),
    };
    anyhow::ensure!(
        args.host.is_none() || matches!(args.part, Part::Sql | Part::Host | Part::Http),
        "--host goes with `test sql`, `test host` and `test http`"
    );
    let filter = args.filter.as_deref();
    let steps = Steps::new();
    if wants(Part::Unit) {
        println!("unit tests");
        let mut arguments = vec!["test", "--quiet", "--no-fail-fast"];
        arguments.extend(filter);
        add(
            counts,
            cargo_test("unit", &arguments, &Vars::new(), processes).await?,
        );
    }
    if args.part == Part::Unit {
        return Ok(());
    }
    println!("the stack for the tests");
    tools::npm_packages(processes, &steps).await?;
    tools::postgres(args.postgres, processes, &steps).await?;
    let [api, database] = ports::free_many()?;
    let ports = Ports { api, database };
    let programs = Programs {
        postgres: args.postgres,
        postgrest: args.postgrest.clone(),
    };
    let stack =
        Stack::start_database(state, ports, false, programs, &host, processes, &steps).await?;
    // First, as the tests of SQL make an extension.
    if wants(Part::Install) || args.part == Part::Restore {
        println!("tests of installing");
        let vars = install_vars(&stack.postgres)?;
        let mut arguments = vec!["test", "--quiet", "--package=tests", "--test=install", "--"];
        if args.part == Part::Restore {
            // The roles that they restore are the cluster's.
            arguments.extend(["restore::", "--test-threads=1"]);
        } else {
            // They need a pg_dump, and have a part of their own.
            arguments.extend(["--skip", "restore::"]);
        }
        arguments.extend(filter);
        add(
            counts,
            cargo_test("install", &arguments, &vars, processes).await?,
        );
    }
    if matches!(args.part, Part::Install | Part::Restore) {
        return Ok(());
    }
    // Before the tests of SQL bring functions of their own. A filter by name is not for it.
    if wants(Part::Lint) && (args.part == Part::Lint || filter.is_none()) {
        println!("lint");
        let required = args.require_lint;
        add(
            counts,
            lint::run(&stack.postgres, &host, state, required, processes).await?,
        );
    }
    if args.part == Part::Lint {
        return Ok(());
    }
    if wants(Part::Sql) {
        println!("SQL tests");
        // Another host may have functions of its own in public.
        if filter.is_none() && args.host.is_none() {
            let client = stack.postgres.connect(OWNER).await?;
            match doctor::stale_inventory(&client).await? {
                None => counts.0 += 1,
                Some(problem) => {
                    println!("{problem}");
                    counts.1 += 1;
                }
            }
        }
        add(counts, pgtap::run(&stack.postgres, &host, filter).await?);
    }
    if args.part == Part::Sql {
        return Ok(());
    }
    if wants(Part::Host) && (args.part == Part::Host || filter.is_none()) {
        println!("the host");
        add(counts, conformance::run(&stack.postgres, &host).await?);
    }
    if args.part == Part::Host {
        return Ok(());
    }
    pgtap::prepare(&stack.postgres, &host).await?;
    stack.start_api(processes, &steps).await?;
    let mut vars = start_functions(state, &stack, wants(Part::Faults), processes, &steps).await?;
    allow_many_writes(&stack.postgres).await?;
    vars.extend(stack.keys.signing.private.clone());
    vars.insert("LOG_MARKER".to_owned(), keys::random()?);
    if wants(Part::Http) {
        println!("HTTP tests");
        let mut arguments = vec!["test", "--quiet", "--package=tests", "--test=http", "--"];
        if !host.is_example()? {
            println!(
                "not run with this host: tests/http/example_host (they count as filtered out)"
            );
            arguments.push("--skip=example_host::");
        }
        arguments.extend(filter);
        add(
            counts,
            cargo_test("http", &arguments, &vars, processes).await?,
        );
        println!("the functions' log");
        let hidden = Hidden::collect(&vars, &vars["LOG_MARKER"], &stack.postgres).await?;
        add(
            counts,
            log_audit::run(
                &processes.log(workerd::NAME),
                &hidden,
                Others::None,
                filter.is_some(),
            )?,
        );
    }
    // A filter by name is not for these, which have seeds.
    if wants(Part::Client) && (args.part == Part::Client || filter.is_none()) {
        println!("client tests");
        let mut node = command("node", ["tests/client/run.mjs"]);
        node.args(filter);
        add(counts, tested("client", node, &vars, processes).await?);
        let driver = command("node", ["tests/realtime/run.mjs"]);
        add(counts, tested("realtime", driver, &vars, processes).await?);
    }
    // These stop Postgres and kill PostgREST under the feet of everything else.
    if wants(Part::Faults) {
        println!("tests of faults");
        let mut arguments = vec!["test", "--quiet", "--package=tests", "--test=faults", "--"];
        arguments.push("--test-threads=1");
        arguments.extend(filter);
        let listener = TcpListener::bind((HOST, 0)).await?;
        vars.insert("CONTROL".to_owned(), listener.local_addr()?.to_string());
        tokio::select! {
            ended = control::serve(listener, &stack, processes) => ended?,
            counted = cargo_test("faults", &arguments, &vars, processes) => add(counts, counted?),
        }
        println!("the functions' log");
        let hidden = Hidden::collect(&vars, &vars["LOG_MARKER"], &stack.postgres).await?;
        let log = processes.log(workerd::NAME);
        add(
            counts,
            log_audit::run(&log, &hidden, Others::OfFaults, filter.is_some())?,
        );
    }
    // Really the last: these load 200,000 messages.
    if wants(Part::Http) && args.host.is_some() {
        println!("not run with this host: direct reads (tests/reads)");
    } else if wants(Part::Http) {
        println!("direct reads");
        let mut arguments = vec!["test", "--quiet", "--package=tests", "--test=reads", "--"];
        arguments.extend(filter);
        add(
            counts,
            cargo_test("reads", &arguments, &vars, processes).await?,
        );
    }
    Ok(())
}

/// The environment of the tests that make databases of their own.
fn install_vars(postgres: &Postgres) -> Result<Vars> {
    Ok(Vars::from([
        ("DATABASE_URL".to_owned(), postgres.url(OWNER)),
        ("SUPERUSER_URL".to_owned(), postgres.url(SUPERUSER)),
        ("PRISTINE_DATABASE".to_owned(), pristine::NAME.to_owned()),
        ("XTASK".to_owned(), paths::program()?.display().to_string()),
    ]))
}

/// Takes the database's limits out of the way of the tests by HTTP, many of which send hundreds of
/// messages as one person: a million. The tests of a limit use a person's allowance up by SQL,
/// and the SQL tests, which have run by now, met the limits as the migrations set them. That for
/// uploads stays, as no test but its own comes near it.
async fn allow_many_writes(postgres: &Postgres) -> Result<()> {
    let sql = "update chat.rate_limits set max_count = 1000000 where name <> 'upload'";
    let client = postgres.connect(OWNER).await?;
    let updated = client.execute(sql, &[]).await?;
    anyhow::ensure!(updated > 1, "the database has no limits");
    Ok(())
}

/// The functions on workerd; returns the environment of the tests that call them.
async fn start_functions(
    state: &Path,
    stack: &Stack,
    faults: bool,
    processes: &Processes,
    steps: &Steps,
) -> Result<Vars> {
    let functions = functions::all()?;
    let panicking = faults.then(functions::panicking).transpose()?;
    let mut built = functions.clone();
    built.extend(panicking.clone());
    wasm::build(&built, processes, steps).await?;

    // Now, and not earlier: what is free does not stay so.
    let placement = Placement::new(&functions, stack.vars())?;
    let (placed, mut vars) = placement.with_instances(panicking.as_ref())?.finish();
    let trigger = vars["TRIGGER_PORT"].parse()?;
    let help = Help::log(
        processes.log(workerd::NAME),
        "its log tells what it cannot load",
    );
    let start = workerd::start(processes, state, &placed, trigger);
    steps
        .run("workerd", "the functions answer", help, start)
        .await?;
    let file = state.join("stack.env");
    env_file::write(
        &file,
        "Written by `cargo xtask test`: the stack of the last run.",
        &vars,
    )?;
    let log = processes.log(workerd::NAME).display().to_string();
    vars.insert("FUNCTIONS_LOG".to_owned(), log);
    let xtask = paths::program()?.display().to_string();
    vars.insert("XTASK".to_owned(), xtask);
    vars.insert("POSTGREST_URL".to_owned(), stack.postgrest_url());
    vars.insert("STACK_ENV".to_owned(), file.display().to_string());
    Ok(vars)
}

/// Runs `cargo test`.
async fn cargo_test(
    name: &str,
    arguments: &[&str],
    vars: &Vars,
    processes: &Processes,
) -> Result<Counts> {
    tested(name, command("cargo", arguments), vars, processes).await
}

/// Runs tests that end with libtest's result lines, shows what they say, and counts.
async fn tested(
    name: &str,
    mut tests: Command,
    vars: &Vars,
    processes: &Processes,
) -> Result<Counts> {
    tests.current_dir(paths::root()).envs(vars);
    let status = processes.status_shown(Spec::new(name, tests)).await?;
    let log = processes.log(name);
    let output = fs::read(&log).with_context(|| format!("cannot read {}", log.display()))?;
    let (passed, failed) = count(&String::from_utf8_lossy(&output));
    // What does not compile reports no test at all.
    let failed = if status.success() {
        failed
    } else {
        failed.max(1)
    };
    Ok((passed, failed))
}

/// Adds up libtest's result lines.
fn count(output: &str) -> Counts {
    let mut counts = (0, 0);
    for line in output
        .lines()
        .filter(|line| line.starts_with("test result:"))
    {
        let number = |label: &str| {
            let before = line.split(label).next()?;
            before
                .rsplit([' ', '.'])
                .find(|word| !word.is_empty())?
                .parse()
                .ok()
        };
        add(
            &mut counts,
            (
                number(" passed").unwrap_or(0),
                number(" failed").unwrap_or(0),
            ),
        );
    }
    counts
}

fn add(counts: &mut Counts, more: Counts) {
    counts.0 += more.0;
    counts.1 += more.1;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn result_lines_are_added_up() {
        let output = "running 3 tests\n\
            test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n\
            test result: FAILED. 10 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out\n";
        assert_eq!(count(output), (13, 2));
    }

    #[test]
    fn output_without_results_counts_nothing() {
        assert_eq!(count("error: could not compile"), (0, 0));
    }
}
