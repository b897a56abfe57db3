//! `cargo xtask test`: the parts in turn, on a stack of their own.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use tokio::process::Command;

use crate::cli::{Part, TestArgs};
use crate::env_file::{self, Vars};
use crate::functions::{self, EDGE, Function};
use crate::ports::{self, HOST};
use crate::processes::{Processes, Spec, command};
use crate::stack::{Ports, Stack};
use crate::steps::{Help, Steps, Told, print_failure};
use crate::supervisor::{self, Claim};
use crate::workerd::Placed;
use crate::{paths, pgtap, tools, wasm, workerd, wrangler};

/// How many passed and failed.
type Counts = (usize, usize);

/// `cargo xtask test [all|unit|sql|http|client] [filter]`
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
    let [api, database] = ports::free_many()?;
    let stack = Stack::start(state, Ports { api, database }, false, processes, &steps).await?;
    if wants(Part::Sql) {
        println!("SQL tests");
        add(counts, pgtap::run(&stack.postgres, filter).await?);
    }
    if args.part == Part::Sql {
        return Ok(());
    }
    let vars = start_functions(state, stack.vars(), processes, &steps).await?;
    if wants(Part::Http) {
        println!("HTTP tests");
        let mut arguments = vec![
            "test",
            "--quiet",
            "--package",
            "tests",
            "--test",
            "http",
            "--",
        ];
        arguments.extend(filter);
        add(
            counts,
            cargo_test("http", &arguments, &vars, processes).await?,
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
    Ok(())
}

/// The functions on workerd; returns the environment of the HTTP tests.
async fn start_functions(
    state: &Path,
    stack: Vars,
    processes: &Processes,
    steps: &Steps,
) -> Result<Vars> {
    let functions = functions::all()?;
    wasm::build(&functions, processes, steps).await?;
    let (placed, mut vars) = place(functions, stack)?;
    let help = Help::log(
        processes.log(workerd::NAME),
        "its log tells what it cannot load",
    );
    let start = workerd::start(processes, state, &placed);
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
    vars.insert("STACK_ENV".to_owned(), file.display().to_string());
    Ok(vars)
}

/// Gives each function a port, and some a second instance that cannot do its work, for the tests of
/// what a client is told then. Adds where all of them are to the stack's variables.
fn place(functions: Vec<Function>, mut vars: Vars) -> Result<(Vec<Placed>, Vars)> {
    let function_vars = wrangler::function_vars(&vars);
    let with_url = |url: String| {
        let mut changed = function_vars.clone();
        changed.insert("SUPABASE_URL".to_owned(), url);
        changed
    };
    let mut without_key = function_vars.clone();
    without_key.remove("SUPABASE_ANON_KEY");
    let supabase_url = vars.get("SUPABASE_URL").cloned().unwrap_or_default();
    let nowhere = format!("http://{HOST}:{}", ports::free()?);
    // Auth is no PostgREST: it answers, and with nothing that could be an answer.
    let auth = format!("{supabase_url}/auth/v1");
    let broken = [
        ("UNCONFIGURED", "chats", without_key),
        ("UNREACHABLE", "chats", with_url(nowhere.clone())),
        ("UNREACHABLE_EDGE", EDGE, with_url(nowhere)),
        ("MISDIRECTED", "chats", with_url(auth)),
    ];

    let mut placed = Vec::new();
    let mut add = |name: String, service: String, function: &Function, vars_of: &Vars| {
        let port = ports::free()?;
        vars.insert(format!("{name}_URL"), format!("http://{HOST}:{port}"));
        placed.push(Placed {
            service,
            function: function.clone(),
            port,
            vars: vars_of.clone(),
        });
        anyhow::Ok(())
    };
    for function in &functions {
        let name = match function.name.as_str() {
            EDGE => "EDGE".to_owned(),
            name => name.to_uppercase().replace('-', "_"),
        };
        add(name, function.config.name.clone(), function, &function_vars)?;
    }
    for (name, of, vars_of) in &broken {
        let function = functions.iter().find(|function| function.name == *of);
        let function = function.with_context(|| format!("there is no function `{of}`"))?;
        add((*name).to_owned(), name.to_lowercase(), function, vars_of)?;
    }
    Ok((placed, vars))
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
