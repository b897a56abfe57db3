//! The bucket, where the file for Supabase's schemas runs again.

use crate::catalog;
use crate::database::Database;
use crate::migrations;

/// Somebody made the bucket and copied its files, and then ran the file.
#[tokio::test]
async fn a_bucket_with_the_chats_files_is_taken_and_made_private() {
    let database = installed().await;
    database
        .prepare("update storage.buckets set public = true, file_size_limit = 7 where id = 'chat-attachments'")
        .await;
    let file = ["a11ce000-0000-4000-8000-000000000001"; 3].join("/");
    database
        .prepare(&format!("insert into storage.objects (bucket_id, name) values ('chat-attachments', '{file}/cat.png')"))
        .await;
    run_again(&database).await.unwrap();
    let sql = "select public, file_size_limit from storage.buckets where id = 'chat-attachments'";
    let row = database.superuser.query_one(sql, &[]).await.unwrap();
    let limit: i64 = row.get(1);
    assert_eq!((row.get::<_, bool>(0), limit), (false, 7));
    database.drop().await;
}

#[tokio::test]
async fn a_bucket_with_other_files_is_refused_and_nothing_is_changed() {
    let database = installed().await;
    database
        .prepare("update storage.buckets set public = true where id = 'chat-attachments'; \
            insert into storage.objects (bucket_id, name) values ('chat-attachments', 'invoices/2025.pdf'); \
            drop policy \"nobody else reads attachments\" on storage.objects")
        .await;
    let before = catalog::snapshot(&database.superuser).await;
    let error = run_again(&database).await.expect_err("a refusal");
    let error = error.as_db_error().expect("a refusal");
    assert_eq!(
        error.message(),
        "bucket chat-attachments has a file that is not the chat's, and would be removed as left over: invoices/2025.pdf"
    );
    assert_eq!(
        error.hint(),
        Some("Move such files into a bucket of another name, then run this again.")
    );
    assert_eq!(
        catalog::difference(&before, &catalog::snapshot(&database.superuser).await),
        ""
    );
    database.drop().await;
}

async fn installed() -> Database {
    let database = Database::pristine().await;
    migrations::apply(&database.owner().await).await.unwrap();
    database
}

async fn run_again(database: &Database) -> Result<(), tokio_postgres::Error> {
    migrations::apply_one(
        &database.owner().await,
        &migrations::for_supabases_schemas(),
    )
    .await
}
