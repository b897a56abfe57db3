//! What the suites run on, made when the first of them needs it.

use std::env::join_paths;
use std::fs;
use std::path::{Path, absolute};

use anyhow::{Context, Result, bail};
use tokio_postgres::SimpleQueryMessage;

use crate::env_file::{self, Vars};
use crate::functions;
use crate::host::{Host, file_name};
use crate::migrations::explain;
use crate::placement::Placement;
use crate::postgres::{OWNER, Postgres, SUPERUSER, pristine};
use crate::processes::Processes;
use crate::stack::Stack;
use crate::steps::{Help, Steps};
use crate::{keys, wasm, workerd};

/// The variables of the suites that need the database.
pub fn database_vars(postgres: &Postgres, host: &Host, in_folder: bool) -> Result<Vars> {
    let kind = match (in_folder, host.is_example()?) {
        (true, _) => "folder",
        (false, true) => "example",
        (false, false) => "installed",
    };
    // The tests run in another folder.
    let sql_tests = host.sql_tests()?.into_iter().map(absolute);
    let sql_tests = join_paths(sql_tests.collect::<Result<Vec<_>, _>>()?)?;
    let sql_tests = sql_tests.into_string().ok().context("a path is no text")?;
    Ok(Vars::from([
        ("DATABASE_URL".to_owned(), postgres.url(OWNER)),
        ("SUPERUSER_URL".to_owned(), postgres.url(SUPERUSER)),
        ("PRISTINE_DATABASE".to_owned(), pristine::NAME.to_owned()),
        ("CHAT_HOST".to_owned(), kind.to_owned()),
        ("SQL_TESTS".to_owned(), sql_tests),
    ]))
}

/// Makes pgTAP and what all tests share: the helpers are the files whose names begin with a digit.
pub async fn make_helpers(postgres: &Postgres, host: &Host) -> Result<()> {
    // Hosted Supabase lets `postgres` make it; here only the superuser may.
    postgres
        .connect(SUPERUSER)
        .await?
        .batch_execute("create extension if not exists pgtap with schema extensions")
        .await
        .context("cannot create the extension pgtap")?;
    for file in host.sql_tests()? {
        if !file_name(&file).starts_with(|first: char| first.is_ascii_digit()) {
            continue;
        }
        let sql = fs::read_to_string(&file)?;
        let client = postgres.connect(OWNER).await?;
        let rows = client.simple_query(&sql).await;
        for message in rows.map_err(|error| explain(&file, &sql, &error))? {
            if let SimpleQueryMessage::Row(row) = message
                && let Some(said) = row.get(0).filter(|said| said.contains("not ok"))
            {
                bail!(
                    "the helpers of the tests in {} fail: {said}",
                    file.display()
                );
            }
        }
    }
    Ok(())
}

/// Takes the database's limits out of the way of the tests by HTTP, many of which send hundreds of
/// messages as one person: a million. The tests of a limit use a person's allowance up by SQL,
/// and the SQL tests, which have run by now, met the limits as the migrations set them. That for
/// uploads stays, as no test but its own comes near it.
pub async fn allow_many_writes(postgres: &Postgres) -> Result<()> {
    let sql = "update chat.rate_limits set max_count = 1000000 where name <> 'upload'";
    let client = postgres.connect(OWNER).await?;
    let updated = client.execute(sql, &[]).await?;
    anyhow::ensure!(updated > 1, "the database has no limits");
    Ok(())
}

/// Starts the functions on workerd; returns the variables of the tests that call them.
pub async fn start_functions(
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

    // Now, and not earlier: a port that is free does not stay so.
    let placement = Placement::new(&functions, stack.vars())?;
    let (placed, mut vars) = placement.with_instances(panicking.as_ref())?.finish();
    let trigger = vars["TRIGGER_PORT"].parse()?;
    let log = processes.log(workerd::NAME);
    let help = Help::log(log.clone(), "its log tells what it cannot load");
    let start = workerd::start(processes, state, &placed, trigger);
    steps
        .run("workerd", "the functions answer", help, start)
        .await?;
    let file = state.join("stack.env");
    let head = "Written by `cargo xtask test`: the stack of the last run.";
    env_file::write(&file, head, &vars)?;
    vars.insert("FUNCTIONS_LOG".to_owned(), log.display().to_string());
    vars.insert("POSTGREST_URL".to_owned(), stack.postgrest_url());
    vars.insert("STACK_ENV".to_owned(), file.display().to_string());
    vars.insert("LOG_MARKER".to_owned(), keys::random()?);
    vars.extend(stack.keys.signing.private.clone());
    Ok(vars)
}
