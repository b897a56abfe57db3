//! `cargo xtask doctor`, the program itself, on databases that are whole, damaged, or none of ours.

mod damages;
mod surroundings;
mod targets;

use std::process::Stdio;

use tokio::process::Command;

use crate::catalog;
use crate::database::{Database, variable};

/// What the program said.
#[derive(Debug)]
pub struct Report {
    /// Its exit status.
    pub status: i32,
    /// Both of its outputs.
    pub text: String,
}

/// Asks the doctor about the database that a connection string names.
pub async fn examine(url: &str) -> Report {
    let output = Command::new(variable("XTASK"))
        .args(["doctor", "--database-url", url])
        .env_remove("DATABASE_URL")
        .env_remove("SUPABASE_ANON_KEY")
        .env_remove("SUPABASE_PUBLISHABLE_KEY")
        .stdin(Stdio::null())
        .output()
        .await
        .expect("the program starts");
    let [out, err] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    Report {
        status: output.status.code().expect("it ends by itself"),
        text: out + &err,
    }
}

/// The same for the project's owner.
pub async fn examine_as_owner(database: &Database) -> Report {
    examine(&database.url("postgres")).await
}

impl Report {
    /// The lines of what must be repaired, without their repairs.
    pub fn wrong(&self) -> Vec<&str> {
        self.lines(&["MISSING", "DIFFERS"])
    }

    /// The lines of what is only told.
    pub fn notices(&self) -> Vec<&str> {
        self.lines(&["notice"])
    }

    fn lines(&self, labels: &[&str]) -> Vec<&str> {
        let lines = self.text.lines().map(str::trim);
        lines
            .filter(|line| labels.iter().any(|label| line.starts_with(label)))
            .collect()
    }

    /// What it says to do about the first thing that must be repaired.
    pub fn repair(&self) -> &str {
        let mut lines = self.text.lines().map(str::trim);
        lines
            .find(|line| line.starts_with("MISSING") || line.starts_with("DIFFERS"))
            .expect(&self.text);
        lines
            .next()
            .and_then(|line| line.strip_prefix("repair: "))
            .expect(&self.text)
    }
}

#[tokio::test]
async fn nothing_is_missing_in_a_database_that_was_just_migrated() {
    let database = Database::migrated().await;
    let before = catalog::snapshot(&database.superuser).await;
    let report = examine_as_owner(&database).await;
    assert_eq!(report.status, 0, "{}", report.text);
    assert!(report.wrong().is_empty());
    assert!(
        report.text.ends_with("\nnothing is missing\n"),
        "{}",
        report.text
    );
    let after = catalog::snapshot(&database.superuser).await;
    assert_eq!(catalog::difference(&before, &after), "");
    database.drop().await;
}

#[tokio::test]
async fn what_an_operator_may_change_is_told_and_not_refused() {
    let database = Database::migrated().await;
    let before = examine_as_owner(&database).await.notices().len();
    database
        .prepare(&format!(
            "update chat.settings set value = 50 where name = 'told_participants';
             update chat.rate_limits set max_count = 7 where name = 'send';
             delete from chat.rate_limits where name = 'typing';
             update storage.buckets set file_size_limit = 1000 where id = 'chat-attachments';
             alter role authenticated in database {} set statement_timeout = 0;
             insert into supabase_migrations.schema_migrations (version, name) values ('20200101000000', 'of_their_own');
             create table public.notes (id uuid);
             create policy \"everybody reads everything\" on storage.objects for select using (true);
             create function public.of_their_own() returns integer language sql return 1;
             create function chat.of_somebody() returns integer language sql return 1;",
            database.name
        ))
        .await;
    let report = examine_as_owner(&database).await;
    assert_eq!(report.status, 0, "{}", report.text);
    let notices = report.notices().join("\n");
    for told in [
        "told_participants is 50; it was 10 at first",
        "send is 7 in 10 s; it was 100 in 10 s at first",
        "typing has no row, so nothing limits it; it was 30 in 10 s at first",
        "chat-attachments file_size_limit is 1000; it was 26214400 at first",
        "authenticated: 0",
        "unknown here: 20200101000000_of_their_own",
        "chat.of_somebody() is not the chat's",
    ] {
        assert!(notices.contains(told), "{told}\n{notices}");
    }
    assert_eq!(report.notices().len(), before + 7, "{notices}");
    database.drop().await;
}

#[tokio::test]
async fn a_project_with_a_host_of_its_own_lacks_no_example() {
    let database = Database::migrated().await;
    database
        .prepare(
            "drop schema example_host cascade;
             delete from supabase_migrations.schema_migrations where name = 'example_host'",
        )
        .await;
    let report = examine_as_owner(&database).await;
    assert_eq!(report.status, 0, "{}", report.text);
    let line = "the example host is not there";
    assert!(report.notices().iter().any(|notice| notice.ends_with(line)));
    database.drop().await;
}

#[tokio::test]
async fn the_host_interface_is_a_stub_or_the_hosts() {
    let database = Database::migrated().await;
    let report = examine_as_owner(&database).await;
    let line = "chat.are_friends(uuid,uuid) is the host's";
    assert!(report.text.contains(line), "{}", report.text);

    let create = "create or replace function chat.are_friends(a uuid, b uuid) returns boolean language sql stable";
    database
        .prepare(&format!(
            "{create} security definer set search_path = '' as $$ select false $$"
        ))
        .await;
    let report = examine_as_owner(&database).await;
    assert_eq!(report.status, 0, "{}", report.text);
    let line = "chat.are_friends(uuid,uuid) is still the stub, which allows nothing";
    assert!(report.notices().iter().any(|notice| notice.ends_with(line)));

    database
        .prepare(&format!("{create} as $$ select a <> b $$"))
        .await;
    let report = examine_as_owner(&database).await;
    assert_eq!(report.status, 1);
    let repair = "alter function chat.are_friends(uuid,uuid) security definer set search_path = ''";
    assert_eq!(report.repair(), repair);
    database.prepare(repair).await;
    assert_eq!(examine_as_owner(&database).await.status, 0);
    database.drop().await;
}
