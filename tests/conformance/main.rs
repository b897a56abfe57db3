//! Whether the host application answers as the chat asks it, one test for each function that must; and on the
//! example host, whether the check finds the faults of hosts that do not. Run by `cargo xtask test host`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use harness::{Case, Host, Report, block_on, pgtap, root};
use libtest_mimic::{Arguments, Failed, Trial, run};

const TEST: &str = "supabase/tests/host.test.sql";
/// Faults that are put into the example host, each in a file that says in a comment which functions the
/// test must then name: `-- fails: chat.is_blocked`.
const BROKEN: &str = "tests/hosts/broken";
const FAILS: &str = "-- fails: ";

fn main() -> ExitCode {
    let arguments = Arguments {
        // Broken hosts replace the same functions.
        test_threads: Some(1),
        ..Arguments::from_args()
    };
    let file = root().join(TEST);
    let sql = fs::read_to_string(&file).expect(TEST);
    let report = block_on(pgtap::run_file(&file, &sql));
    let mut trials = checks(report);
    if Host::get() == Host::Example {
        let broken = broken_hosts();
        assert!(!broken.is_empty(), "{BROKEN} has no host");
        trials.extend(broken.into_iter().map(|fault| {
            let name = fault.file_stem().unwrap_or_default().to_string_lossy();
            let (name, sql) = (format!("broken::{name}"), sql.clone());
            Trial::test(name, move || finds(&fault, &sql))
        }));
    }
    run(&arguments, trials).exit_code()
}

/// A test for each function of the host, and one for the file as a whole.
fn checks(report: Report) -> Vec<Trial> {
    let problem = report.problem();
    let mut subjects: Vec<(String, Vec<Case>)> = Vec::new();
    for case in report.cases {
        let name = subject(&case.name);
        match subjects.iter_mut().find(|(known, _)| known == name) {
            Some((_, cases)) => cases.push(case),
            None => subjects.push((name.to_owned(), vec![case])),
        }
    }
    let trials = subjects.into_iter().map(|(name, cases)| {
        let failed = cases.iter().filter(|case| !case.ok);
        outcome(&name, failed.map(ToString::to_string).collect())
    });
    let whole = outcome("the file runs to its end", problem.into_iter().collect());
    trials.chain([whole]).collect()
}

/// Of `chat.is_blocked: must be …` the function. What the host has is told in full: `rooms: not provided`.
fn subject(check: &str) -> &str {
    match check.split_once(": ") {
        Some((function, what)) if !what.ends_with("provided") => function,
        _ => check,
    }
}

/// A test whose outcome is known.
fn outcome(name: &str, problems: Vec<String>) -> Trial {
    Trial::test(name, move || match problems.as_slice() {
        [] => Ok(()),
        _ => Err(problems.join("\n").into()),
    })
}

fn broken_hosts() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(BROKEN)).expect(BROKEN);
    let mut files: Vec<_> = entries.map(|entry| entry.expect(BROKEN).path()).collect();
    files.sort();
    files
}

/// Runs the test on a broken host, in one transaction that is rolled back.
fn finds(broken: &Path, test: &str) -> Result<(), Failed> {
    let fault = fs::read_to_string(broken)?;
    let lines = fault.lines();
    let expected: BTreeSet<&str> = lines.filter_map(|line| line.strip_prefix(FAILS)).collect();
    if expected.is_empty() {
        return Err(format!("the file has no `{FAILS}`").into());
    }
    let sql = format!("begin;\n{fault}\n{test}");
    let report = block_on(pgtap::run_file(broken, &sql));
    Ok(report.blames(&expected)?)
}
