//! Whether the host application answers as the chat asks it, one test for each function that must; and on the
//! example host, whether the check finds the faults of hosts that do not. Run by `cargo xtask test host`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use harness::{Case, Host, Report, block_on, pgtap, root};
use libtest_mimic::{Arguments, Failed, Trial, run};

const TESTS: [&str; 2] = [
    "supabase/tests/host_interface.test.sql",
    "supabase/tests/host_events.test.sql",
];
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
    let reports = TESTS.map(|test| (test, run_test(test, "")));
    let mut trials = checks(reports);
    if Host::get() == Host::Example {
        let broken = broken_hosts();
        assert!(!broken.is_empty(), "{BROKEN} has no host");
        trials.extend(broken.into_iter().map(|fault| {
            let name = fault.file_stem().unwrap_or_default().to_string_lossy();
            Trial::test(format!("broken::{name}"), move || finds(&fault))
        }));
    }
    run(&arguments, trials).exit_code()
}

/// Runs a file after other SQL, in the same session.
fn run_test(test: &str, before: &str) -> Report {
    let file = root().join(test);
    let sql = fs::read_to_string(&file).expect(test);
    block_on(pgtap::run_file(&file, &format!("{before}{sql}")))
}

/// A test for each function of the host, and one for each file as a whole.
fn checks(reports: [(&str, Report); 2]) -> Vec<Trial> {
    let mut subjects: Vec<(String, Vec<Case>)> = Vec::new();
    let mut whole = Vec::new();
    for (test, report) in reports {
        let name = format!("{test} runs to its end");
        whole.push(outcome(&name, report.problem().into_iter().collect()));
        group(report.cases, &mut subjects);
    }
    let trials = subjects.into_iter().map(|(name, cases)| {
        let failed = cases.iter().filter(|case| !case.ok);
        outcome(&name, failed.map(ToString::to_string).collect())
    });
    trials.chain(whole).collect()
}

/// Adds each check to those of its function.
fn group(cases: Vec<Case>, subjects: &mut Vec<(String, Vec<Case>)>) {
    for case in cases {
        let name = subject(&case.name);
        match subjects.iter_mut().find(|(known, _)| known == name) {
            Some((_, cases)) => cases.push(case),
            None => subjects.push((name.to_owned(), vec![case])),
        }
    }
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

/// Runs the files on a broken host.
fn finds(broken: &Path) -> Result<(), Failed> {
    let fault = fs::read_to_string(broken)?;
    let lines = fault.lines();
    let expected: BTreeSet<&str> = lines.filter_map(|line| line.strip_prefix(FAILS)).collect();
    if expected.is_empty() {
        return Err(format!("the file has no `{FAILS}`").into());
    }
    // Rolled back at the end of each file.
    let before = format!("begin;\n{fault}\n");
    let mut all = Report::default();
    for test in TESTS {
        let report = run_test(test, &before);
        if let Some(problem) = report.problem() {
            return Err(format!("{test}: {problem}").into());
        }
        all.cases.extend(report.cases);
    }
    all.plan = Some(all.cases.len());
    Ok(all.blames(&expected)?)
}
