//! The publication of Realtime, in the states that a project may have it in.

use crate::catalog::{self, Object};
use crate::database::{Database, Warnings};
use crate::migrations;

#[tokio::test]
async fn where_there_is_none_it_is_made() {
    let (published, warnings) = published_after("drop publication supabase_realtime").await;
    assert_eq!(
        published,
        [
            "publication supabase_realtime: postgres | f | t | t | t | t | f",
            "published table supabase_realtime public.messages: "
        ]
    );
    assert_eq!(warnings, [""; 0]);
}

#[tokio::test]
async fn an_empty_one_gets_the_table() {
    let (published, warnings) = published_after("select").await;
    assert_eq!(
        published,
        [
            "publication supabase_realtime: postgres | f | t | t | t | t | f",
            "published table supabase_realtime public.messages: "
        ]
    );
    assert_eq!(warnings, [""; 0]);
}

#[tokio::test]
async fn one_for_all_tables_is_left_as_it_is_with_a_warning() {
    let (published, warnings) = published_after(
        "drop publication supabase_realtime; create publication supabase_realtime for all tables",
    )
    .await;
    assert_eq!(
        published,
        ["publication supabase_realtime: supabase_admin | t | t | t | t | t | f"]
    );
    assert_eq!(
        warnings,
        [
            "publication supabase_realtime is for all tables, the chat's among them, and is left as it is. \
          The event of a DELETE skips row level security: every subscriber whose filter matches gets the primary key of \
          the deleted row, also where a table of the schema chat had it: the ids of a chat and of a former participant."
        ]
    );
}

/// Such a publication lets no row change in a table without a replica identity.
#[tokio::test]
async fn every_table_of_the_chats_can_be_published() {
    let database = Database::pristine().await;
    migrations::apply(&database.owner().await).await.unwrap();
    let sql = "select count(*), count(i.indexrelid) from pg_class c \
        left join pg_index i on i.indrelid = c.oid and i.indisprimary \
        where c.relkind = 'r' and (c.relnamespace = 'chat'::regnamespace or c.oid = 'public.messages'::regclass)";
    let row = database.superuser.query_one(sql, &[]).await.unwrap();
    let (tables, with_key): (i64, i64) = (row.get(0), row.get(1));
    assert!(tables > 5);
    assert_eq!(tables, with_key);
    database.drop().await;
}

#[tokio::test]
async fn one_for_the_schema_is_left_as_it_is_with_a_warning() {
    let (published, warnings) = published_after(
        "drop publication supabase_realtime; create publication supabase_realtime for tables in schema public",
    )
    .await;
    assert_eq!(
        published,
        ["publication supabase_realtime: supabase_admin | f | t | t | t | t | f | public"]
    );
    assert_eq!(
        warnings,
        [
            "publication supabase_realtime is for all tables in schema public, messages among them, and is left as it is. \
          The event of a DELETE skips row level security: every subscriber whose filter matches gets the primary key of \
          the deleted row."
        ]
    );
}

#[tokio::test]
async fn the_tables_and_operations_of_the_projects_own_stay_as_they_are() {
    let (published, warnings) = published_after(
        "create table public.notes (id int primary key, text text); \
         alter publication supabase_realtime add table public.notes (id) where (id > 0); \
         alter publication supabase_realtime set (publish = 'insert, delete')",
    )
    .await;
    assert_eq!(
        published,
        [
            "publication supabase_realtime: postgres | f | t | f | t | f | f",
            "published table supabase_realtime public.messages: ",
            "published table supabase_realtime public.notes: 1 | (id > 0)",
        ]
    );
    assert_eq!(
        warnings,
        [
            "publication supabase_realtime leaves out inserts or updates, and is left as it is: \
          clients miss messages or edits until they ask for changes. "
        ]
    );
}

/// After a restore, or where somebody has changed it since.
#[tokio::test]
async fn the_file_runs_again() {
    let database = Database::pristine().await;
    migrations::apply(&database.owner().await).await.unwrap();
    let before = catalog::snapshot(&database.superuser).await;
    assert_eq!(run_again(&database).await, [""; 0]);
    assert_eq!(
        catalog::difference(&before, &catalog::snapshot(&database.superuser).await),
        ""
    );

    database.prepare("drop publication supabase_realtime").await;
    assert_eq!(run_again(&database).await, [""; 0]);
    assert_eq!(
        catalog::difference(&before, &catalog::snapshot(&database.superuser).await),
        ""
    );

    let sql = "alter publication supabase_realtime set table public.messages (id, text) where (text <> '')";
    database.prepare(sql).await;
    let before = catalog::snapshot(&database.superuser).await;
    assert_eq!(
        run_again(&database).await,
        [
            "publication supabase_realtime publishes only some rows or columns of messages, and is left as it is: \
          clients miss messages or edits until they ask for changes. "
        ]
    );
    assert_eq!(
        catalog::difference(&before, &catalog::snapshot(&database.superuser).await),
        ""
    );
    database.drop().await;
}

/// The publication after an installation over what the SQL makes, and the warnings of it.
async fn published_after(sql: &str) -> (Vec<String>, Vec<String>) {
    let database = Database::pristine().await;
    database.prepare(sql).await;
    let (owner, warnings) = database.owner_with_warnings().await;
    migrations::apply(&owner).await.unwrap();
    drop(owner);
    let published = catalog::objects(&database.superuser)
        .await
        .into_iter()
        .filter(|object| object.kind.starts_with("publi"))
        .map(
            |Object {
                 kind,
                 name,
                 definition,
             }| format!("{kind} {name}: {definition}"),
        )
        .collect();
    database.drop().await;
    (published, taken(&warnings))
}

async fn run_again(database: &Database) -> Vec<String> {
    let (owner, warnings) = database.owner_with_warnings().await;
    migrations::apply_one(&owner, &migrations::for_supabases_schemas())
        .await
        .unwrap();
    taken(&warnings)
}

fn taken(warnings: &Warnings) -> Vec<String> {
    std::mem::take(&mut *warnings.lock().expect("a lock"))
}
