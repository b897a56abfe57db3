//! Runs supabase/tests/*.sql as `supabase test db` does: each file in a session of its own as role
//! `postgres`, pgTAP in schema `extensions`.

use std::fs;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::Duration;

use anyhow::{Context, Result};
use futures_util::TryStreamExt;
use tokio::time::{Instant, timeout};
use tokio_postgres::{Client, SimpleQueryMessage};

use crate::migrations::explain;
use crate::paths::root;
use crate::postgres::{OWNER, Postgres, SUPERUSER};
use crate::tap::Report;

/// A file that takes longer has lost itself.
const FILE_TIME: Duration = Duration::from_secs(300);

/// Runs the files whose name holds the filter; returns how many tests passed and failed.
pub async fn run(postgres: &Postgres, filter: Option<&str>) -> Result<(usize, usize)> {
    // Hosted Supabase lets `postgres` make it; here only the superuser may.
    postgres
        .connect(SUPERUSER)
        .await?
        .batch_execute("create extension if not exists pgtap with schema extensions")
        .await
        .context("cannot create the extension pgtap")?;
    let (mut passed, mut failed) = (0, 0);
    for file in files(filter)? {
        let begun = Instant::now();
        let client = postgres.connect(OWNER).await?;
        let report = run_file(&client, &file).await?;
        print_report(&file, &report, begun.elapsed());
        passed += report.passed();
        failed += report.failed();
    }
    Ok((passed, failed))
}

fn files(filter: Option<&str>) -> Result<Vec<PathBuf>> {
    let dir = root().join("supabase/tests");
    let mut found = Vec::new();
    for entry in fs::read_dir(&dir).with_context(|| format!("cannot read {}", dir.display()))? {
        let file = entry?.path();
        let name = file
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if name.ends_with(".sql") && filter.is_none_or(|filter| name.contains(filter)) {
            found.push(file);
        }
    }
    found.sort();
    Ok(found)
}

async fn run_file(client: &Client, file: &Path) -> Result<Report> {
    let sql = fs::read_to_string(file)?;
    let mut report = Report::default();
    match timeout(FILE_TIME, read_rows(client, &sql, &mut report)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => report.error = Some(explain(file, &sql, &error).to_string()),
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

fn print_report(file: &Path, report: &Report, took: Duration) {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
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
