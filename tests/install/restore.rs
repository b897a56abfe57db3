//! A backup by `supabase db dump`, and its restore with psql: the scripts are those that the official CLI 3.1
//! would run in Docker, as its `--dry-run` prints them. pg_dump must be as new as the server, hence the
//! version of Postgres. Run by `cargo xtask test restore --postgres 15`.

mod dump;
mod life;

use std::collections::BTreeSet;
use std::fs;

use dump::{Dump, psql};
use life::Chat;
use tokio::sync::OnceCell;

use crate::catalog;
use crate::database::Database;
use crate::doctor::examine_as_owner;
use crate::migrations;

/// The path of the migration whose name ends so.
fn file(ending: &str) -> String {
    let mut files = migrations::files()
        .into_iter()
        .map(|file| file.display().to_string());
    files.find(|file| file.ends_with(ending)).expect("the file")
}

/// The statement that docs/operating.md has for a restore of rows alone.
fn makes_room() -> String {
    let page = fs::read_to_string(migrations::root().join("docs/operating.md")).expect("the page");
    let mut lines = page
        .lines()
        .map(|line| line.trim().trim_end_matches(['\\', ' ']));
    let line = lines
        .find_map(|line| line.strip_prefix("--command \"delete from chat.refusals;"))
        .expect("the page has the statement");
    format!("delete from chat.refusals;{}", line.trim_end_matches('"'))
}

/// A project in use, whose operator has changed settings and limits.
struct Old {
    chat: Chat,
    rows: BTreeSet<catalog::Object>,
    dump: Dump,
}

impl Old {
    /// The same one for all tests.
    async fn get() -> &'static Self {
        static OLD: OnceCell<Old> = OnceCell::const_new();
        OLD.get_or_init(Self::make).await
    }

    async fn make() -> Self {
        let database = Database::migrated().await;
        migrations::seed(&database.owner().await).await.unwrap();
        let chat = Chat::begin(&database).await;
        // The last is the embedded stack's own, which no project has: the CLI would dump it.
        database
            .prepare(
                "update chat.settings set value = 42 where name = 'told_participants';
                 update chat.rate_limits set max_count = 99 where name = 'send';
                 delete from chat.rate_limits where name = 'typing';
                 update storage.buckets set file_size_limit = 1000000 where id = 'chat-attachments';
                 drop schema platform_guard cascade",
            )
            .await;
        // Transactions of a cluster that has had many more.
        for table in ["chats", "chat_participants", "read_marks"] {
            database
                .prepare(&format!(
                    "alter table chat.{table} disable trigger _000_note_change;
                     update chat.{table} set changed_in = '9000000000000000000';
                     alter table chat.{table} enable always trigger _000_note_change"
                ))
                .await;
        }
        let rows = all_rows(&database).await;
        let dump = Dump::take(&database).await;
        database.drop().await;
        Self { chat, rows, dump }
    }
}

/// A fresh project, with the wide policy that the old one had for its other buckets.
async fn fresh() -> Database {
    let database = Database::pristine().await;
    // The CLI makes it at the first push.
    database
        .prepare("drop schema supabase_migrations cascade")
        .await;
    database
        .prepare(
            "create policy \"everybody reads files\" on storage.objects for select using (true)",
        )
        .await;
    database
}

#[tokio::test]
async fn a_dump_and_one_file_bring_everything_back() {
    let Old { chat, rows, dump } = Old::get().await;
    let new = fresh().await;
    psql(&new, &dump.all()).await;
    psql(&new, &dump.history()).await;
    chat.is_of_this_cluster(&new).await;

    // Without the file: exactly what lies in Supabase's schemas is missing, and a stranger reads files.
    let report = examine_as_owner(&new).await;
    assert_eq!(report.status, 1, "{}", report.text);
    let wrong: Vec<String> = report
        .wrong()
        .into_iter()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    let inventory = fs::read_to_string(migrations::root().join("supabase/inventory.tsv")).unwrap();
    let lost: Vec<String> = inventory
        .lines()
        .filter(|line| {
            ["policy\tstorage.", "policy\trealtime.", "trigger\tauth."]
                .iter()
                .any(|lost| line.starts_with(lost))
        })
        .map(|line| {
            let mut fields = line.split('\t');
            format!(
                "MISSING {} {}",
                fields.next().unwrap(),
                fields.next().unwrap()
            )
        })
        .collect();
    assert_eq!(lost.len(), 16);
    assert_eq!(wrong, lost);
    let repair = format!(
        "-f {}",
        file("_supabase_schemas.sql").rsplit_once("/../").unwrap().1
    );
    assert_eq!(report.text.matches(&repair).count(), 16, "{}", report.text);
    assert_eq!(chat.files_that_a_stranger_sees(&new).await, 1);

    psql(&new, &["--file".to_owned(), file("_supabase_schemas.sql")]).await;
    let report = examine_as_owner(&new).await;
    assert_eq!(report.status, 0, "{}", report.text);
    for kept in [
        "told_participants is 42",
        "send is 99 in 10 s",
        "typing has no row",
        "file_size_limit is 1000000",
    ] {
        assert!(report.text.contains(kept), "{kept}\n{}", report.text);
    }
    assert_eq!(catalog::difference(rows, &all_rows(&new).await), "");

    let before = catalog::snapshot(&new.superuser).await;
    psql(&new, &["--file".to_owned(), file("_supabase_schemas.sql")]).await;
    let after = catalog::snapshot(&new.superuser).await;
    assert_eq!(
        catalog::difference(&before, &after),
        "",
        "the second time it changes nothing"
    );

    assert_eq!(chat.files_that_a_stranger_sees(&new).await, 0);
    chat.goes_on(&new).await;
    new.drop().await;
}

#[tokio::test]
async fn rows_alone_come_back_over_pushed_migrations() {
    let Old { chat, rows, dump } = Old::get().await;
    let new = Database::migrated().await;
    let error = dump::try_psql(&new, &dump.rows(None)).await.unwrap_err();
    assert!(
        error.contains("duplicate key value violates unique constraint"),
        "{error}"
    );

    let since = Chat::position(&new).await;
    psql(&new, &dump.rows(Some(&makes_room()))).await;
    chat.is_of_this_cluster(&new).await;
    chat.is_told_since(&new, &since).await;
    let report = examine_as_owner(&new).await;
    assert_eq!(report.status, 0, "{}", report.text);
    for kept in [
        "told_participants is 42",
        "send is 99 in 10 s",
        "typing has no row",
        "file_size_limit is 1000000",
    ] {
        assert!(report.text.contains(kept), "{kept}\n{}", report.text);
    }
    assert_eq!(catalog::difference(rows, &all_rows(&new).await), "");
    chat.goes_on(&new).await;
    new.drop().await;
}

#[tokio::test]
async fn an_older_project_grants_too_much_to_what_is_restored() {
    let dump = &Old::get().await.dump;
    let new = fresh().await;
    // As hosted Supabase had it until 2026.
    let grants = ["tables", "functions", "sequences"].map(|kind| {
        format!(
            "alter default privileges for role postgres in schema public \
             grant all on {kind} to anon, authenticated, service_role;"
        )
    });
    new.prepare(&grants.concat()).await;
    psql(&new, &dump.all()).await;
    psql(&new, &dump.history()).await;
    psql(&new, &["--file".to_owned(), file("_supabase_schemas.sql")]).await;
    let report = examine_as_owner(&new).await;
    assert_eq!(report.status, 1, "{}", report.text);
    let wrong = report.wrong();
    assert!(
        wrong.iter().all(|line| line.starts_with("DIFFERS  grant ")),
        "{}",
        report.text
    );
    for role in ["anon", "authenticated"] {
        let told = format!("table public.messages to {role}: too much: delete, insert");
        assert!(
            wrong.iter().any(|line| line.contains(&told)),
            "{}",
            report.text
        );
    }
    psql(&new, &["--file".to_owned(), file("_privileges.sql")]).await;
    let report = examine_as_owner(&new).await;
    assert_eq!(report.status, 0, "{}", report.text);
    new.drop().await;
}

#[tokio::test]
async fn the_file_changes_nothing_where_nothing_is_missing() {
    let database = Database::migrated().await;
    database
        .prepare("update storage.buckets set file_size_limit = 1000, allowed_mime_types = '{text/plain}' where id = 'chat-attachments'")
        .await;
    let before = catalog::snapshot(&database.superuser).await;
    let owner = database.owner().await;
    for _ in 0..2 {
        migrations::apply_one(&owner, file("_supabase_schemas.sql").as_ref())
            .await
            .unwrap();
        let after = catalog::snapshot(&database.superuser).await;
        assert_eq!(catalog::difference(&before, &after), "");
    }
    drop(owner);
    database.drop().await;
}

/// A hash of each table's rows, but those of the platform that are in no dump.
async fn all_rows(database: &Database) -> BTreeSet<catalog::Object> {
    let mut rows = catalog::rows(&database.superuser).await;
    rows.retain(|table| !table.name.starts_with("realtime.") && !table.name.contains("migrations"));
    rows
}
