//! What the linters of the official CLI find in the migrated database, compared with the list of what is accepted;
//! and what Redocly's linter finds in the documents of the contract.
//! Run by `cargo xtask test lint`.

mod contract;
mod plpgsql_check;
mod supabase;

use std::process::ExitCode;

use harness::lint::{Accepted, FILE, Finding, Linter, of_advisors, of_lint};
use harness::{Host, Stack, block_on, variable};
use libtest_mimic::{Arguments, Trial, run};

/// The answer has the form of `db lint`'s, which leaves trigger functions out: they can only be checked together
/// with their tables.
const TRIGGER_FUNCTIONS: &str = include_str!("trigger_functions.sql");

fn main() -> ExitCode {
    let available = block_on(plpgsql_check::create());
    if let Err(why) = &available {
        println!("plpgsql_check not available: db lint not run\n  {why}");
    }
    let skipped = available.is_err() && variable("REQUIRE_LINT") != "true";
    let trials = vec![
        Trial::test("contract", || {
            block_on(contract::lint());
            Ok(())
        }),
        Trial::test("db_advisors", || {
            block_on(db_advisors());
            Ok(())
        }),
        Trial::test("db_lint", || {
            available?;
            block_on(db_lint());
            Ok(())
        })
        .with_ignored_flag(skipped),
    ];
    let conclusion = run(&Arguments::from_args(), trials);
    // The next suites run on a database as the migrations make it.
    block_on(plpgsql_check::drop());
    conclusion.exit_code()
}

/// Splinter, on schemas, grants, policies and indexes.
async fn db_advisors() {
    let answer = supabase::db(&["advisors", "--type", "all", "--level", "info"]).await;
    let found = of_advisors(&answer).unwrap();
    assert_accepted(Linter::Advisors, &found);
}

/// plpgsql_check, on the bodies of functions.
async fn db_lint() {
    let schemas: &[&str] = match Host::get() {
        Host::Example => &["public", "chat", "example_host"],
        _ => &["public", "chat"],
    };
    let client = Stack::sql_connection().await;
    for schema in schemas {
        // `db lint` finds no fault with a schema that is not there.
        let sql = "select to_regnamespace($1) is not null";
        let row = client.query_one(sql, &[schema]).await.unwrap();
        assert!(
            row.get::<_, bool>(0),
            "the migrations make no schema {schema}"
        );
    }
    let arguments = ["lint", "--schema", &schemas.join(","), "--level", "warning"];
    let mut found = of_lint(&supabase::db(&arguments).await).unwrap();
    let row = client
        .query_one(TRIGGER_FUNCTIONS, &[&schemas])
        .await
        .unwrap();
    found.extend(of_lint(row.get(0)).unwrap());
    assert_accepted(Linter::Lint, &found);
}

fn assert_accepted(linter: Linter, found: &[Finding]) {
    let accepted = Accepted::load().unwrap();
    let verdict = accepted.judge(linter, found);
    let refused = verdict.refused.iter().map(ToString::to_string);
    let unused = verdict
        .unused
        .iter()
        .map(|(rule, object)| format!("{} accepts what is not found: {rule}, {object}", FILE));
    let problems: Vec<String> = refused.chain(unused).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
