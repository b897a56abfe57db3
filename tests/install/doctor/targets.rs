//! Databases that cannot be looked at: a clear error and the likely repair.

use std::time::Duration;

use tokio::time::sleep;

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
        "this is not a connection string. Expected: postgresql://postgres:<password>@<host>:5432/postgres",
    );
    assert!(!report.text.contains("secret"));
}

#[tokio::test]
async fn an_address_where_no_postgres_is() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let report = examine(&format!("postgres://postgres:secret@{address}/postgres")).await;
    assert_eq!(report.status, 1, "{}", report.text);
    let said =
        "error: no Postgres answers at this address. Is the host right, and the port (5432)?";
    assert!(report.text.contains(said), "{}", report.text);
    assert!(
        report.text.contains("Connection refused"),
        "{}",
        report.text
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
        "the chat is not in this database: push the migrations, `npx supabase db push --remote",
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

#[tokio::test]
async fn a_server_that_takes_tls_alone() {
    let database = Database::migrated().await;
    let url = format!("{}?sslmode=require", database.url("postgres"));
    let report = examine(&url).await;
    assert_eq!(report.status, 1, "{}", report.text);
    assert!(
        report.text.contains("server does not support TLS"),
        "{}",
        report.text
    );

    // As hosted Supabase's, the certificate is signed by nobody whom this machine knows.
    let made = rcgen::generate_simple_self_signed(["db.example.com".to_owned()]).unwrap();
    for (file, pem) in [
        ("server.crt", made.cert.pem()),
        ("server.key", made.signing_key.serialize_pem()),
    ] {
        // Postgres takes a key that only its own user may read.
        let lines = format!("unnest(string_to_array('{}', E'\\n'))", pem.trim());
        let sql = format!("copy (select {lines}) to program 'umask 077; cat > {file}'");
        database.prepare(&sql).await;
    }
    let mut report = examine_with_ssl(&database, &url, "on").await;
    // The server reads its settings in its own time.
    for _ in 0..50 {
        if report.status == 0 {
            break;
        }
        sleep(Duration::from_millis(50)).await;
        report = examine(&url).await;
    }
    examine_with_ssl(&database, &url, "off").await;
    assert_eq!(report.status, 0, "{}", report.text);
    database.drop().await;
}

async fn examine_with_ssl(database: &Database, url: &str, ssl: &str) -> Report {
    // No two of these in one message: that would be a transaction.
    database
        .prepare(&format!("alter system set ssl = {ssl}"))
        .await;
    database.prepare("select pg_reload_conf()").await;
    examine(url).await
}
