//! What the suites run on, made when the first of them needs it.

use std::fs;

use anyhow::{Context, Result};

use super::workerd;
use crate::build::{self, functions};
use crate::env_file::{self, Vars};
use crate::run::Run;
use crate::stack::Stack;
use crate::stack::host::Host;
use crate::stack::keys;
use crate::stack::migrations::explain;
use crate::stack::postgres::{OWNER, Postgres, SUPERUSER, pristine};
use crate::test::placement::Placement;

/// The variables of the suites that need the database.
pub fn database_vars(postgres: &Postgres, host: &Host) -> Result<Vars> {
    let kind = match (&host.folder, host.is_example()?) {
        (Some(folder), _) => &folder.display().to_string(),
        (None, true) => "example",
        (None, false) => "installed",
    };
    Ok(Vars::from([
        ("DATABASE_URL".to_owned(), postgres.url(OWNER)),
        ("SUPERUSER_URL".to_owned(), postgres.url(SUPERUSER)),
        ("PRISTINE_DATABASE".to_owned(), pristine::NAME.to_owned()),
        ("CHAT_HOST".to_owned(), kind.to_owned()),
    ]))
}

/// Makes pgTAP and what all tests share. Whether the assertions in these files hold is for the suite `sql` to say.
pub async fn make_helpers(postgres: &Postgres, host: &Host) -> Result<()> {
    // Hosted Supabase lets `postgres` make it; here only the superuser may.
    postgres
        .connect(SUPERUSER)
        .await?
        .batch_execute("create extension if not exists pgtap with schema extensions")
        .await
        .context("cannot create the extension pgtap")?;
    for file in host.test_helpers() {
        let sql = fs::read_to_string(&file)?;
        let client = postgres.connect(OWNER).await?;
        let done = client.batch_execute(&sql).await;
        done.map_err(|error| explain(&file, &sql, &error))?;
    }
    Ok(())
}

/// Sets the database's limits to one million, because many HTTP tests send hundreds of messages as one person. The
/// limit for uploads is unchanged. Tests of a limit use up a person's allowance by SQL. The SQL tests, which ran
/// before, had the limits of the migrations.
pub async fn allow_many_writes(postgres: &Postgres) -> Result<()> {
    let sql = "update chat.rate_limits set max_count = 1000000 where name <> 'upload'";
    let client = postgres.connect(OWNER).await?;
    let updated = client.execute(sql, &[]).await?;
    anyhow::ensure!(updated > 1, "the database has no limits");
    Ok(())
}

/// Starts the functions on workerd; returns the variables of the tests that call them.
pub async fn start_functions(run: &Run, stack: &Stack, faults: bool) -> Result<Vars> {
    let functions = functions::all()?;
    let panicking = faults.then(functions::panicking).transpose()?;
    let mut built = functions.clone();
    built.extend(panicking.clone());
    build::build(&built, run).await?;

    // Now, and not earlier: a port that is free does not stay so.
    let placement = Placement::new(&functions, stack.vars())?;
    let Placement {
        placed, mut vars, ..
    } = placement.with_instances(panicking.as_ref())?;
    let trigger = vars["TRIGGER_PORT"].parse()?;
    let start = workerd::start(run, &placed, trigger);
    let repair = "see its log for what it cannot load";
    run.step(workerd::NAME, "the functions answer", repair, start)
        .await?;
    let log = run.log(workerd::NAME);
    let file = run.state.join("stack.env");
    let head = "Written by `cargo xtask test`: the stack of the last run.";
    env_file::write(&file, head, &vars)?;
    vars.insert("FUNCTIONS_LOG".to_owned(), log.display().to_string());
    vars.insert(
        "REACHED".to_owned(),
        run.log("reached").display().to_string(),
    );
    vars.insert("POSTGREST_URL".to_owned(), stack.postgrest_url());
    vars.insert("STACK_ENV".to_owned(), file.display().to_string());
    vars.insert("LOG_MARKER".to_owned(), keys::random()?);
    vars.extend(stack.keys.private.clone());
    Ok(vars)
}
