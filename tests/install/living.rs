//! A project that lives already: it takes the chat, and everything of its own stays as it was.

use std::collections::BTreeSet;

use crate::catalog;
use crate::cli::Project;
use crate::database::Database;

const OWN: &str = include_str!("living.sql");

#[tokio::test]
async fn it_takes_the_chat_and_keeps_everything_of_its_own() {
    let database = Database::pristine().await;
    let project = Project::new();
    project.write("supabase/migrations/20250101000000_profiles.sql", OWN);
    project
        .push(&database, &[])
        .await
        .done("Finished supabase db push.");
    let files = files(&database, "avatars").await;
    assert_eq!(files, 2);
    let before = catalog::snapshot(&database.superuser).await;

    project.add_the_chat();
    project
        .push(&database, &[])
        .await
        .done("Finished supabase db push.");
    let list = project.migration_list(&database).await;
    assert_eq!(list.first().unwrap().0, "20250101000000");
    assert!(
        list.iter().all(|(local, remote)| local == remote),
        "{list:?}"
    );

    let after = catalog::snapshot(&database.superuser).await;
    let changed: BTreeSet<_> = before
        .difference(&after)
        .map(|object| (object.kind.as_str(), object.name.as_str()))
        .collect();
    // These got more rows.
    assert_eq!(
        changed,
        [
            ("rows", "storage.buckets"),
            ("rows", "supabase_migrations.schema_migrations")
        ]
        .into()
    );
    database.drop().await;
}

/// Its policies on files have wide conditions, which must not open the chat's.
#[tokio::test]
async fn a_stranger_still_sees_its_files_and_none_of_the_chats() {
    let database = Database::pristine().await;
    let owner = database.owner().await;
    owner.batch_execute(OWN).await.unwrap();
    crate::migrations::apply(&owner).await.unwrap();
    let name = ["a0000000-0000-4000-8000-000000000001"; 3].join("/");
    let sql = format!(
        "insert into storage.objects (bucket_id, name) values ('chat-attachments', '{name}/cat.png')"
    );
    database.prepare(&sql).await;
    drop(owner);
    assert_eq!(files(&database, "avatars").await, 2);
    assert_eq!(files(&database, "chat-attachments").await, 0);
    database.drop().await;
}

/// It lets people change buckets: its own, and not the chat's, which one of them would make public.
#[tokio::test]
async fn its_people_change_its_buckets_and_not_the_chats() {
    let database = Database::pristine().await;
    let owner = database.owner().await;
    owner.batch_execute(OWN).await.unwrap();
    crate::migrations::apply(&owner).await.unwrap();
    owner.batch_execute("set role authenticated").await.unwrap();
    let update = "update storage.buckets set public = true where id = $1";
    assert_eq!(owner.execute(update, &[&"avatars"]).await.unwrap(), 1);
    let bucket = "chat-attachments";
    assert_eq!(owner.execute(update, &[&bucket]).await.unwrap(), 0);
    let delete = "delete from storage.buckets where id = $1";
    assert_eq!(owner.execute(delete, &[&bucket]).await.unwrap(), 0);
    drop(owner);
    database.drop().await;
}

/// A dump reads the table of files for hours: a push that waited for its end would stop all requests for files.
#[tokio::test]
async fn a_push_does_not_wait_for_a_long_transaction() {
    let database = Database::pristine().await;
    let mut reader = database.owner().await;
    let dump = reader.transaction().await.unwrap();
    dump.batch_execute("select from storage.objects")
        .await
        .unwrap();
    let before = catalog::snapshot(&database.superuser).await;
    let push = database.owner().await;
    let error = crate::migrations::apply(&push).await.unwrap_err();
    assert_eq!(error.code().unwrap().code(), "55P03", "{error}");
    let after = catalog::snapshot(&database.superuser).await;
    assert_eq!(catalog::difference(&before, &after), "");
    dump.rollback().await.unwrap();
    crate::migrations::apply(&push).await.unwrap();
    drop((reader, push));
    database.drop().await;
}

/// Default privileges that Supabase had until 2026 must give no table of the chat's away.
#[tokio::test]
async fn its_default_privileges_give_nothing_of_the_chats_away() {
    let database = Database::pristine().await;
    let owner = database.owner().await;
    owner.batch_execute(OWN).await.unwrap();
    crate::migrations::apply(&owner).await.unwrap();
    drop(owner);
    let stack = granted(&catalog::of_stack().await);
    let made = granted(&catalog::objects(&database.superuser).await);
    assert!(stack.len() > 100);
    assert_eq!(
        stack.difference(&made).collect::<Vec<_>>(),
        Vec::<&String>::new()
    );
    database.drop().await;
}

/// Objects with their owners and grants.
fn granted(objects: &BTreeSet<catalog::Object>) -> BTreeSet<String> {
    objects
        .iter()
        .filter(|object| object.name.starts_with("chat.") || object.name.starts_with("public."))
        .map(|object| format!("{object:?}"))
        .collect()
}

/// How many files somebody with an account sees in a bucket.
async fn files(database: &Database, bucket: &str) -> i64 {
    let mut owner = database.owner().await;
    let transaction = owner.transaction().await.unwrap();
    transaction
        .batch_execute("set local request.jwt.claims to '{\"sub\": \"b0000000-0000-4000-8000-000000000002\", \"role\": \"authenticated\"}'; \
            set local role authenticated")
        .await
        .unwrap();
    let sql = "select count(*) from storage.objects where bucket_id = $1";
    transaction.query_one(sql, &[&bucket]).await.unwrap().get(0)
}
