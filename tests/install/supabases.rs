//! Databases that are no Supabase, lack a part of it, are too old, or have the chat already.

use crate::catalog;
use crate::database::Database;
use crate::migrations;
use crate::refusals::{assert_refused, findings};

#[tokio::test]
async fn a_database_that_is_no_supabase() {
    let database = Database::empty().await;
    assert_refused(
        &database,
        "postgres",
        &[(
            "this database is no Supabase: it has none of the schemas auth, storage and realtime",
            "take the URL of a Supabase project's database (Dashboard, Connect), or of `supabase start`",
        )],
    )
    .await;
    database.drop().await;
}

#[tokio::test]
async fn a_supabase_without_some_of_its_parts() {
    let database = Database::pristine().await;
    database
        .prepare("drop schema realtime cascade; alter table storage.buckets drop column file_size_limit; \
            alter table auth.users drop column raw_app_meta_data; drop function auth.jwt() cascade; \
            drop publication supabase_realtime")
        .await;
    let another = "update that part of Supabase, or take the URL of a hosted project's database";
    assert_refused(
        &database,
        "postgres",
        &[
            ("table auth.users has no column raw_app_meta_data", another),
            (
                "table storage.buckets has no column file_size_limit",
                another,
            ),
            ("there is no function auth.jwt()", another),
            (
                "there is no function realtime.send(jsonb, text, text, boolean)",
                another,
            ),
            ("there is no function realtime.topic()", another),
            ("there is no table realtime.messages", another),
        ],
    )
    .await;
    database.drop().await;
}

#[tokio::test]
async fn a_database_that_prints_names_its_own_way() {
    let database = Database::pristine().await;
    let name = &database.name;
    database
        .prepare(&format!(
            "alter database {name} set quote_all_identifiers = on"
        ))
        .await;
    migrations::apply(&database.owner().await)
        .await
        .expect("the migrations");
    database.drop().await;
}

#[tokio::test]
async fn a_later_supabase_may_give_its_functions_more_arguments() {
    let database = Database::pristine().await;
    database
        .prepare(
            "drop function realtime.send; \
             create function realtime.send(\
               payload jsonb, event text, topic text, private boolean default true, further integer default 0\
             ) returns void language sql as ''",
        )
        .await;
    let owner = database.owner().await;
    migrations::apply(&owner).await.unwrap();
    drop(owner);
    database.drop().await;
}

/// No such server runs here, so the number that is asked for is another.
#[tokio::test]
async fn a_version_of_postgres_that_is_too_old() {
    let database = Database::pristine().await;
    let file = migrations::files().into_iter().next().expect("a migration");
    let sql = std::fs::read_to_string(file).expect("the first migration");
    assert!(sql.contains("150000"));
    let error = database
        .owner()
        .await
        .batch_execute(&sql.replace("150000", "990000"))
        .await
        .expect_err("a refusal");
    let message = error.as_db_error().expect("a refusal").message();
    let sql = "show server_version";
    let version: String = database
        .superuser
        .query_one(sql, &[])
        .await
        .expect(sql)
        .get(0);
    let expected = format!("this is Postgres {version}; the chat needs 15 or later");
    assert_eq!(findings(message), [expected].into());
    database.drop().await;
}

/// As in a database that was restored from a dump.
#[tokio::test]
async fn a_database_that_has_the_chat_and_no_history() {
    let database = Database::pristine().await;
    let owner = database.owner().await;
    migrations::apply(&owner).await.unwrap();
    let before = catalog::snapshot(&database.superuser).await;
    let error = migrations::apply(&owner).await.expect_err("a refusal");
    assert_eq!(
        error.as_db_error().expect("a refusal").message(),
        "the chat is already installed, but the migration history does not list its migrations (for example after a restore). Nothing was changed.\n\
         To record them: supabase migration repair --remote --status applied"
    );
    assert_eq!(
        catalog::difference(&before, &catalog::snapshot(&database.superuser).await),
        ""
    );
    drop(owner);
    database.drop().await;
}
