//! `cargo xtask test host`: whether the host application answers as the chat asks it, and whether the test
//! of that finds the faults of hosts that do not.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::host::{Host, file_name, sql_files};
use crate::paths::root;
use crate::pgtap;
use crate::postgres::Postgres;
use crate::tap::Report;

const TEST: &str = "supabase/tests/host.test.sql";
/// Faults that are put into the example host, each in a file that says in a comment which functions the
/// test must then name: `-- fails: chat.is_blocked`.
const BROKEN: &str = "tests/hosts/broken";
const FAILS: &str = "-- fails: ";

/// Runs the test, and on the example host those of the test itself; returns how many passed and failed.
pub async fn run(postgres: &Postgres, host: &Host) -> Result<(usize, usize)> {
    pgtap::prepare(postgres, host).await?;
    let file = root().join(TEST);
    let sql = fs::read_to_string(&file).with_context(|| format!("cannot read {TEST}"))?;
    let report = pgtap::run_file(postgres, &file, &sql).await?;
    print_all(&report);
    let mut counts = (report.passed(), report.failed());
    if host.is_example()? {
        for broken in sql_files(&root().join(BROKEN))? {
            match finds(postgres, &broken, &sql).await? {
                Ok(()) => counts.0 += 1,
                Err(problem) => {
                    println!(
                        "not ok - {} is not found out: {problem}",
                        file_name(&broken)
                    );
                    counts.1 += 1;
                }
            }
        }
    }
    Ok(counts)
}

/// Runs the test on a broken host, in one transaction that is rolled back.
async fn finds(postgres: &Postgres, broken: &Path, test: &str) -> Result<Result<(), String>> {
    let fault = fs::read_to_string(broken)?;
    let expected: BTreeSet<&str> = fault
        .lines()
        .filter_map(|line| line.strip_prefix(FAILS))
        .collect();
    ensure!(
        !expected.is_empty(),
        "{} has no `{FAILS}`",
        broken.display()
    );
    let sql = format!("begin;\n{fault}\n{test}");
    let report = pgtap::run_file(postgres, broken, &sql).await?;
    Ok(judge(&report, &expected))
}

/// The test must run to its end, and fail for these functions and no other.
fn judge(report: &Report, expected: &BTreeSet<&str>) -> Result<(), String> {
    if let Some(problem) = report.problem() {
        return Err(problem);
    }
    let failed = report.cases.iter().filter(|case| !case.ok);
    let blamed: BTreeSet<&str> = failed.map(|case| function_of(&case.name)).collect();
    if blamed == *expected {
        return Ok(());
    }
    Err(format!("expected {expected:?}, blamed {blamed:?}"))
}

/// Each check is named `<function>: <what it must answer>`.
fn function_of(name: &str) -> &str {
    name.split_once(": ").map_or(name, |(function, _)| function)
}

fn print_all(report: &Report) {
    for case in &report.cases {
        println!("{} - {}", if case.ok { "ok" } else { "not ok" }, case.name);
        for line in case.diagnostics.iter().filter(|_| !case.ok) {
            println!("    # {line}");
        }
    }
    if let Some(problem) = report.problem() {
        println!("{problem}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(output: &str, expected: &[&str]) -> Result<(), String> {
        let mut report = Report::default();
        report.read(output);
        judge(&report, &expected.iter().copied().collect())
    }

    #[test]
    fn a_fault_is_found_where_its_function_and_no_other_is_blamed() {
        let output =
            "1..2\nok 1 - chat.are_friends: right\nnot ok 2 - chat.is_blocked: must be true";
        assert_eq!(judged(output, &["chat.is_blocked"]), Ok(()));
        assert!(judged(output, &["chat.are_friends"]).is_err());
        assert!(judged(output, &["chat.are_friends", "chat.is_blocked"]).is_err());
        assert!(judged("1..1\nok 1 - all is well", &["chat.is_blocked"]).is_err());
        assert!(judged("1..2\nnot ok 1 - chat.is_blocked: no", &["chat.is_blocked"]).is_err());
    }
}
