//! What the first migration says where it refuses.

use std::collections::BTreeSet;

use crate::catalog;
use crate::database::Database;
use crate::migrations;

/// What every list of findings begins with.
pub const HEADING: &str = "the chat cannot be installed in this database, and nothing was changed. \
    Repair this and push again. A migration that renames needs a number below 20261128080000, so that new databases \
    pass too:";

/// Applies the migrations as a role, and asserts that they are refused with these findings, each a line
/// of what is so and a line of the repair, and that the database is as before.
pub async fn assert_refused(database: &Database, role: &str, findings: &[(&str, &str)]) {
    let before = catalog::snapshot(&database.superuser).await;
    let message = message(database, role).await;
    let expected: String = findings
        .iter()
        .map(|(finding, repair)| format!("\n- {finding}\n    {repair}"))
        .collect();
    assert_eq!(message, format!("{HEADING}{expected}"));
    let after = catalog::snapshot(&database.superuser).await;
    assert_eq!(catalog::difference(&before, &after), "");
}

/// What the refusal says: the migrations must not pass.
pub async fn message(database: &Database, role: &str) -> String {
    let client = database.role(role).await;
    let error = migrations::apply(&client).await.expect_err("a refusal");
    let error = error.as_db_error().unwrap_or_else(|| panic!("{error}"));
    assert_eq!(error.code().code(), "55000", "{error}");
    error.message().to_owned()
}

/// What is so, without the repairs.
pub fn findings(message: &str) -> BTreeSet<String> {
    let lines = message
        .strip_prefix(HEADING)
        .unwrap_or_else(|| panic!("{message}"));
    lines
        .lines()
        .filter_map(|line| line.strip_prefix("- "))
        .map(str::to_owned)
        .collect()
}
