//! The files of supabase/tests, one test a file, and whether supabase/inventory.tsv is up to date.
//! Run by `cargo xtask test sql [filter]`.

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};

use harness::{Host, Report, Stack, block_on, pgtap, root};
use libtest_mimic::{Arguments, Failed, Trial, run};

/// How many assertions have held.
static HELD: AtomicUsize = AtomicUsize::new(0);

fn main() -> ExitCode {
    let arguments = Arguments {
        // Tests of plans and of growth look at the whole database.
        test_threads: Some(1),
        ..Arguments::from_args()
    };
    let mut trials = Vec::new();
    // A host of one's own may have functions of its own in public. First, as the files may leave something behind.
    let host = Host::get();
    if !matches!(host, Host::Folder(_)) {
        trials.push(Trial::test("inventory", inventory));
    }
    let provided = block_on(pgtap::provided());
    for file in host.sql_tests() {
        let name = file
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let sql = fs::read_to_string(&file).expect("a file of tests");
        let missing: Vec<_> = pgtap::needs(&sql)
            .filter(|need| !provided.contains(*need))
            .collect();
        if !missing.is_empty() {
            println!(
                "{name}: not run, as this host has no {}",
                missing.join(", no ")
            );
        }
        let ignored = !missing.is_empty();
        let trial = Trial::test(name, move || keeps(&file, &sql));
        trials.push(trial.with_ignored_flag(ignored));
    }
    let conclusion = run(&arguments, trials);
    println!("{} assertions held", HELD.load(Ordering::Relaxed));
    conclusion.exit_code()
}

/// Runs a file, every assertion of which must hold.
fn keeps(file: &Path, sql: &str) -> Result<(), Failed> {
    let report = block_on(pgtap::run_file(file, sql));
    HELD.fetch_add(report.passed(), Ordering::Relaxed);
    match report.failed() {
        0 => Ok(()),
        _ => Err(told(&report).into()),
    }
}

/// Each assertion that failed, and what is wrong with the file beyond them.
fn told(report: &Report) -> String {
    let failed = report.cases.iter().filter(|case| !case.ok);
    let mut lines: Vec<_> = failed.map(ToString::to_string).collect();
    lines.extend(report.problem());
    lines.join("\n")
}

/// `cargo xtask doctor` compares databases with this file.
fn inventory() -> Result<(), Failed> {
    let stale = block_on(async {
        let client = Stack::sql_connection().await;
        doctor::stale_inventory(&root(), &client).await
    });
    match stale? {
        None => Ok(()),
        Some(problem) => Err(problem.into()),
    }
}
