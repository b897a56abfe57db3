//! Databases that cannot be looked at: a clear error and the likely mend.

use super::{Report, examine, examine_as_owner};
use crate::database::Database;

fn assert_refused(report: &Report, said: &str) {
    assert_eq!(report.status, 1, "{}", report.text);
    let error = report.text.trim_start();
    assert!(error.starts_with(&format!("error: {said}")), "{error}");
    assert_eq!(report.text.trim().lines().count(), 1, "{}", report.text);
}

#[tokio::test]
async fn what_is_no_connection_string_is_refused() {
    let report = examine("https://project.supabase.co/secret").await;
    assert_refused(
        &report,
        "the connection string is not one. It looks like postgresql://postgres:<password>@<host>:5432/postgres",
    );
    assert!(!report.text.contains("secret"));
}

#[tokio::test]
async fn an_address_where_no_postgres_is() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let report = examine(&format!("postgres://postgres:secret@{address}/postgres")).await;
    assert_refused(&report, "no Postgres answers there: ");
    assert!(
        report
            .text
            .contains("Is the host right, and the port (5432)?")
    );
    assert!(!report.text.contains("secret"));
}

#[tokio::test]
async fn a_wrong_password_and_a_wrong_name() {
    let database = Database::empty().await;
    let url = database.url("postgres");
    let (head, tail) = url.rsplit_once('@').unwrap();
    let report = examine(&format!("{head}x@{tail}")).await;
    assert_refused(
        &report,
        "password authentication failed for user \"postgres\": the role or its password is wrong",
    );
    let report = examine(&format!("{url}_of_nobody")).await;
    let said = format!(
        "database \"{}_of_nobody\" does not exist: on Supabase the database's name is `postgres`",
        database.name
    );
    assert_refused(&report, &said);
    database.drop().await;
}

#[tokio::test]
async fn a_database_without_supabase() {
    let database = Database::empty().await;
    let report = examine_as_owner(&database).await;
    assert_refused(
        &report,
        "this is no database of Supabase: it has no auth.users, storage.objects, storage.buckets, realtime.messages. \
         Is the name of the database right",
    );
    database.drop().await;
}

#[tokio::test]
async fn a_database_without_the_chat() {
    let database = Database::pristine().await;
    let report = examine_as_owner(&database).await;
    assert_refused(
        &report,
        "the chat is not in this database: push the migrations, `npx supabase db push",
    );
    database.drop().await;
}

#[tokio::test]
async fn a_role_that_cannot_see_everything() {
    let database = Database::migrated().await;
    let report = examine(&database.url("authenticator")).await;
    assert_refused(
        &report,
        "the role `authenticator` cannot see everything (it may not read auth.users, ",
    );
    assert!(report.text.trim_end().ends_with("): connect as `postgres`"));
    database.drop().await;
}
