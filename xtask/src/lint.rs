//! `cargo xtask test lint`: what the linters of the official CLI find in the migrated database, held
//! against the list of what is accepted.

mod accepted;
mod findings;
mod supabase;
mod trigger_functions;

use std::path::Path;
use std::time::Duration;

use accepted::{Accepted, Verdict};
use anyhow::{Context, Result, bail};
use findings::Linter;
use tokio::time::Instant;

use crate::host::{EXAMPLE, Host};
use crate::migrations::INTERNAL_SCHEMA;
use crate::postgres::{OWNER, Postgres, plpgsql_check};
use crate::processes::Processes;

/// The schemas whose functions are linted.
fn schemas(host: &Host) -> Result<Vec<&'static str>> {
    let mut schemas = vec!["public", INTERNAL_SCHEMA];
    schemas.extend(host.is_example()?.then_some(EXAMPLE));
    Ok(schemas)
}

/// Runs the linters; returns how many passed, and how many problems there are. `required`: that `db lint`
/// cannot be run is a problem too.
pub async fn run(
    postgres: &Postgres,
    host: &Host,
    state: &Path,
    required: bool,
    processes: &Processes,
) -> Result<(usize, usize)> {
    let accepted = Accepted::load()?;
    let schemas = schemas(host)?;
    let supabase = supabase::Cli::new(postgres, state)?;
    let mut counts = (0, 0);

    let begun = Instant::now();
    let found = findings::of_advisors(&supabase.db_advisors().await?)?;
    let verdict = accepted.judge(Linter::Advisors, &found);
    report(Linter::Advisors, &verdict, begun.elapsed(), &mut counts);

    let begun = Instant::now();
    if !plpgsql_check::create(postgres, processes).await? {
        println!("plpgsql_check not available: db lint not run");
        println!(
            "  apt-get finds no {} here; Debian 12 has it for Postgres 15 (`--postgres 15`)",
            plpgsql_check::package(postgres.major())
        );
        counts.1 += usize::from(required);
        return Ok(counts);
    }
    need_schemas(postgres, &schemas).await?;
    let mut found = findings::of_lint(&supabase.db_lint(&schemas).await?)?;
    found.extend(findings::of_lint(
        &trigger_functions::check(postgres, &schemas).await?,
    )?);
    // What follows runs on a database as the migrations make it.
    plpgsql_check::drop(postgres).await?;
    let verdict = accepted.judge(Linter::Lint, &found);
    report(Linter::Lint, &verdict, begun.elapsed(), &mut counts);
    Ok(counts)
}

/// `db lint` finds no fault with a schema that is not there.
async fn need_schemas(postgres: &Postgres, schemas: &[&str]) -> Result<()> {
    let client = postgres.connect(OWNER).await?;
    for schema in schemas {
        let row = client
            .query_one("select to_regnamespace($1) is not null", &[schema])
            .await
            .context("cannot look for the schemas")?;
        if !row.get::<_, bool>(0) {
            bail!(
                "the migrations make no schema {schema}: the list in xtask/src/lint.rs is out of date"
            );
        }
    }
    Ok(())
}

fn report(linter: Linter, verdict: &Verdict, took: Duration, counts: &mut (usize, usize)) {
    let problems = verdict.refused.len() + verdict.unused.len();
    println!(
        "{:.<44} {} ({} findings accepted, {:.1} s)",
        linter.command(),
        if problems == 0 { "ok" } else { "FAILED" },
        verdict.accepted,
        took.as_secs_f64()
    );
    for finding in &verdict.refused {
        println!("  {finding}");
    }
    for (rule, object) in &verdict.unused {
        println!(
            "  {} accepts what is not found: {rule}, {object}",
            accepted::FILE
        );
    }
    counts.0 += usize::from(problems == 0);
    counts.1 += problems;
}
