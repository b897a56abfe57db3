//! Runs supabase/tests/*.sql as `supabase test db` does: each file in a session of its own as role
//! `postgres`, pgTAP in schema `extensions`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::pin::pin;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures_util::TryStreamExt;
use tokio::time::{Instant, timeout};
use tokio_postgres::{Client, SimpleQueryMessage};

use crate::host::{Host, file_name};
use crate::migrations::explain;
use crate::postgres::{OWNER, Postgres, SUPERUSER};
use crate::tap::Report;

/// A file that takes longer has lost itself.
const FILE_TIME: Duration = Duration::from_secs(300);

/// What a file says of the host in a comment of its own: `-- needs: rooms`.
const NEEDS: &str = "-- needs: ";

/// Runs the files whose name holds the filter; returns how many tests passed and failed.
pub async fn run(postgres: &Postgres, host: &Host, filter: Option<&str>) -> Result<(usize, usize)> {
    prepare(postgres, host).await?;
    let provided = provided(postgres).await?;
    let (mut passed, mut failed) = (0, 0);
    for file in host.sql_tests()? {
        let name = file_name(&file);
        if !filter.is_none_or(|filter| name.contains(filter)) {
            continue;
        }
        let sql = fs::read_to_string(&file)?;
        let missing: Vec<&str> = needs(&sql)
            .filter(|need| !provided.contains(*need))
            .collect();
        if !missing.is_empty() {
            println!(
                "{name:.<44} not run: this host has no {}",
                missing.join(", no ")
            );
            continue;
        }
        let begun = Instant::now();
        let report = run_file(postgres, &file, &sql).await?;
        print_report(&name, &report, begun.elapsed());
        passed += report.passed();
        failed += report.failed();
    }
    Ok((passed, failed))
}

/// Makes pgTAP, and what all tests share: the helpers are the files whose names begin with a digit.
pub async fn prepare(postgres: &Postgres, host: &Host) -> Result<()> {
    // Hosted Supabase lets `postgres` make it; here only the superuser may.
    postgres
        .connect(SUPERUSER)
        .await?
        .batch_execute("create extension if not exists pgtap with schema extensions")
        .await
        .context("cannot create the extension pgtap")?;
    for file in host.sql_tests()? {
        if file_name(&file).starts_with(|first: char| first.is_ascii_digit()) {
            let sql = fs::read_to_string(&file)?;
            let report = run_file(postgres, &file, &sql).await?;
            if report.failed() > 0 {
                print_report(&file_name(&file), &report, Duration::ZERO);
                bail!("the helpers of the tests in {} fail", file.display());
            }
        }
    }
    Ok(())
}

/// What the host says that it has.
pub async fn provided(postgres: &Postgres) -> Result<BTreeSet<String>> {
    let client = postgres.connect(OWNER).await?;
    let row = client
        .query_one("select chat_tests.provides()", &[])
        .await?;
    Ok(row.get::<_, Vec<String>>(0).into_iter().collect())
}

fn needs(sql: &str) -> impl Iterator<Item = &str> {
    let line = sql.lines().find_map(|line| line.strip_prefix(NEEDS));
    line.into_iter().flat_map(|line| line.split(", "))
}

/// Runs one file, or what is to be run in its place, in a session of its own.
pub async fn run_file(postgres: &Postgres, file: &Path, sql: &str) -> Result<Report> {
    let client = postgres.connect(OWNER).await?;
    let mut report = Report::default();
    match timeout(FILE_TIME, read_rows(&client, sql, &mut report)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => report.error = Some(explain(file, sql, &error).to_string()),
        Err(_) => report.error = Some(format!("no end after {} s", FILE_TIME.as_secs())),
    }
    Ok(report)
}

/// Reads row by row, so that what ran before an error is reported.
async fn read_rows(
    client: &Client,
    sql: &str,
    report: &mut Report,
) -> Result<(), tokio_postgres::Error> {
    let mut rows = pin!(client.simple_query_raw(sql).await?);
    while let Some(message) = rows.try_next().await? {
        if let SimpleQueryMessage::Row(row) = message {
            for column in 0..row.len() {
                report.read(row.get(column).unwrap_or_default());
            }
        }
    }
    Ok(())
}

fn print_report(name: &str, report: &Report, took: Duration) {
    let verdict = if report.failed() == 0 { "ok" } else { "FAILED" };
    println!(
        "{name:.<44} {verdict} ({} tests, {:.1} s)",
        report.cases.len(),
        took.as_secs_f64()
    );
    for case in report.cases.iter().filter(|case| !case.ok) {
        println!("  not ok - {}", case.name);
        for line in &case.diagnostics {
            println!("    # {line}");
        }
    }
    if let Some(problem) = report.problem() {
        println!("  {}", problem.replace('\n', "\n  "));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_says_what_it_needs_of_the_host() {
        let sql = "-- Stories.\n--\n-- needs: friends, rooms\n\nbegin;\n-- needs: groups";
        assert_eq!(needs(sql).collect::<Vec<_>>(), ["friends", "rooms"]);
        assert_eq!(needs("begin;").count(), 0);
    }
}
