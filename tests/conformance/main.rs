//! Whether the host application answers as the chat asks it, one test a check; and on the example host, whether
//! the check finds the faults of hosts that do not. Run by `cargo xtask test host`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use harness::{Host, Report, block_on, pgtap, root};
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

/// A test for each check of the host, and one for the file as a whole.
fn checks(report: Report) -> Vec<Trial> {
    let problem = report.problem();
    let cases = report.cases.into_iter().map(|case| {
        let said = case.diagnostics.join("\n");
        let ok = case.ok;
        Trial::test(
            case.name,
            move || if ok { Ok(()) } else { Err(said.into()) },
        )
    });
    let mut trials: Vec<_> = cases.collect();
    trials.push(Trial::test("the file runs to its end", move || {
        problem.map_or(Ok(()), |problem| Err(problem.into()))
    }));
    trials
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
