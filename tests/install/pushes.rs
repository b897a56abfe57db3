//! `supabase db push` to databases of every kind.

use std::collections::BTreeSet;

use crate::catalog::{self, Object};
use crate::cli::Project;
use crate::collisions;
use crate::database::Database;
use crate::migrations;
use crate::refusals::HEADING;

const PUSHED: &str = "Finished supabase db push.";
const UP_TO_DATE: &str = "Remote database is up to date.";

#[tokio::test]
async fn a_fresh_project_gets_all_once_and_the_history_agrees() {
    let database = Database::pristine().await;
    let sql = "select rolsuper from pg_roles where rolname = 'postgres'";
    let superuser: bool = database.superuser.query_one(sql, &[]).await.unwrap().get(0);
    assert!(!superuser);
    let project = Project::with_the_chat();
    project.push(&database, &[]).await.done(PUSHED);

    let list = project.migration_list(&database).await;
    let files: Vec<_> = migrations::files()
        .iter()
        .map(|file| version(file))
        .collect();
    assert_eq!(
        list.iter().map(|(local, _)| local).collect::<Vec<_>>(),
        files.iter().collect::<Vec<_>>()
    );
    assert!(
        list.iter().all(|(local, remote)| local == remote),
        "{list:?}"
    );
    assert_eq!(people(&database).await, 0);
    let made = catalog::objects(&database.superuser).await;
    assert_eq!(catalog::difference(&catalog::of_stack().await, &made), "");

    let before = catalog::snapshot(&database.superuser).await;
    project.push(&database, &[]).await.done(UP_TO_DATE);
    assert_eq!(
        catalog::difference(&before, &catalog::snapshot(&database.superuser).await),
        ""
    );
    database.drop().await;
}

/// A new project of hosted Supabase has no history of migrations: the CLI makes that before the first
/// migration runs, and it is all that is left of a push that was refused.
#[tokio::test]
async fn a_new_project_is_refused_then_mended_then_pushed_to_with_the_seed() {
    let database = Database::pristine().await;
    let prepare = "drop schema supabase_migrations cascade; create table public.messages ()";
    database.prepare(prepare).await;
    let project = Project::with_the_chat();
    let before = without_history(catalog::snapshot(&database.superuser).await);
    let said = project.push(&database, &["--include-seed"]).await;
    assert!(!said.ok && said.stderr.contains(HEADING), "{said:?}");
    let after = without_history(catalog::snapshot(&database.superuser).await);
    assert_eq!(catalog::difference(&before, &after), "");

    database.prepare("drop table public.messages").await;
    let seeded = project.push(&database, &["--include-seed"]).await;
    seeded.done(PUSHED);
    assert_eq!(people(&database).await, 7);
    let made = without_history(catalog::objects(&database.superuser).await);
    let stack = without_history(catalog::of_stack().await);
    assert_eq!(catalog::difference(&stack, &made), "");

    let before = catalog::snapshot(&database.superuser).await;
    let again = project.push(&database, &["--include-seed"]).await;
    again.done(UP_TO_DATE);
    let after = catalog::snapshot(&database.superuser).await;
    assert_eq!(catalog::difference(&before, &after), "");
    database.drop().await;
}

#[tokio::test]
async fn the_whole_list_of_what_is_in_the_way_is_shown_and_nothing_is_changed() {
    let database = Database::pristine().await;
    let mut list = HEADING.to_owned();
    for collision in collisions::together() {
        database.prepare(collision.sql).await;
        list = format!("{list}\n- {}\n    {}", collision.finding, collision.repair);
    }
    let before = catalog::snapshot(&database.superuser).await;
    let said = Project::with_the_chat().push(&database, &[]).await;
    assert!(!said.ok);
    assert!(
        said.stderr
            .contains(&format!("ERROR: {list} (SQLSTATE 55000)")),
        "{}",
        said.stderr
    );
    // What follows the list is the statement that raised it: it must not push the list out of sight.
    let (_, rest) = said.stderr.split_once("(SQLSTATE 55000)").unwrap();
    assert!(rest.lines().count() < 15, "{rest}");
    assert_eq!(
        catalog::difference(&before, &catalog::snapshot(&database.superuser).await),
        ""
    );
    database.drop().await;
}

/// The database was restored from a dump, which leaves the history of migrations out.
#[tokio::test]
async fn a_lost_history_is_entered_again_as_the_refusal_says() {
    let database = Database::pristine().await;
    let project = Project::with_the_chat();
    migrations::apply(&database.owner().await).await.unwrap();
    let said = project.push(&database, &[]).await;
    assert!(!said.ok);
    let repair = "supabase migration repair --remote --status applied (SQLSTATE";
    assert!(said.stderr.contains(repair), "{}", said.stderr);
    let repaired = project
        .run(&database, &["migration", "repair", "--status", "applied"])
        .await;
    assert!(repaired.ok, "{repaired:?}");
    project.push(&database, &[]).await.done(UP_TO_DATE);
    database.drop().await;
}

/// That the assertion on warnings can fail: this setting is out of date.
#[tokio::test]
async fn a_configuration_that_is_out_of_date_warns() {
    let database = Database::pristine().await;
    let project = Project::with_the_chat();
    let config = project.read("supabase/config.toml");
    let config = config.replace("[auth.email]\n", "[auth.email]\nenable_signup = true\n");
    project.write("supabase/config.toml", &config);
    let said = project.push(&database, &["--dry-run"]).await;
    assert!(said.ok && said.warns(), "{said:?}");
    database.drop().await;
}

#[test]
fn what_the_cli_keeps_in_a_checkout_is_ignored() {
    let ignored = std::fs::read_to_string(migrations::root().join(".gitignore")).unwrap();
    for folder in ["/supabase/.temp", "/supabase/.branches"] {
        assert!(ignored.lines().any(|line| line == folder), "{folder}");
    }
}

fn without_history(objects: BTreeSet<Object>) -> BTreeSet<Object> {
    let of_history = |object: &Object| object.name.starts_with("supabase_migrations");
    objects
        .into_iter()
        .filter(|object| !of_history(object))
        .collect()
}

async fn people(database: &Database) -> i64 {
    let sql = "select count(*) from auth.users";
    database
        .superuser
        .query_one(sql, &[])
        .await
        .expect(sql)
        .get(0)
}

fn version(file: &std::path::Path) -> String {
    let name = file.file_name().expect("a name").to_string_lossy();
    name.split('_').next().expect("a version").to_owned()
}
