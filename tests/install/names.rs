//! The list of names that the first migration looks for is that of what the others make.

use std::collections::BTreeSet;

use crate::catalog::{self, Object};
use crate::database::Database;
use crate::migrations;
use crate::refusals::{findings, message};

#[tokio::test]
async fn every_name_that_the_migrations_make_is_looked_for() {
    let database = Database::pristine().await;
    let mut expected = BTreeSet::from(["schema example_host exists".to_owned()]);
    database
        .prepare(
            "create schema example_host; create schema own; create table own.t (id int); \
            create function own.f() returns trigger language plpgsql as 'begin return null; end'",
        )
        .await;
    for object in made().await {
        let (collision, finding) = collision(&object);
        database.prepare(&collision).await;
        expected.insert(finding);
    }
    let found = findings(&message(&database, "postgres").await);
    let found = found.iter().map(|line| line.replace(", ", ",")).collect();
    assert_eq!(expected, found);
    database.drop().await;
}

/// A name that is no longer made would be refused for nothing.
#[tokio::test]
async fn no_other_name_is_looked_for() {
    let named = |object: Object| match object.kind.as_str() {
        "relation" | "routine" => {
            let name = object.name.strip_prefix("public.").expect(&object.name);
            Some(name.split('(').next().unwrap_or(name).to_owned())
        }
        "policy" => Some(object.name.split_once(' ').expect("a policy").1.to_owned()),
        _ => None,
    };
    let made: BTreeSet<_> = made().await.into_iter().filter_map(named).collect();
    let file = migrations::files().into_iter().next().expect("a migration");
    let sql = std::fs::read_to_string(file).expect("the first migration");
    let (_, names) = sql
        .split_once("-- Names that are taken")
        .expect("the names");
    let (names, _) = names.split_once("-- The bucket").expect("their end");
    // In its lists each name begins a line.
    let listed: BTreeSet<_> = names
        .lines()
        .filter_map(|line| line.trim_start().trim_start_matches('(').strip_prefix('\''))
        .filter(|line| !line.contains('%'))
        .map(|line| {
            let quoted = line.replace("''", "\u{2019}");
            let (name, _) = quoted.split_once('\'').expect(line);
            name.replace('\u{2019}', "'")
        })
        .collect();
    assert_eq!(made, listed);
}

/// What the core's migrations make outside of schemas of their own, and beside what belongs to a table.
async fn made() -> Vec<Object> {
    let database = Database::pristine().await;
    let before = catalog::objects(&database.superuser).await;
    let owner = database.owner().await;
    for file in migrations::files() {
        if !file.to_string_lossy().ends_with("_example_host.sql") {
            migrations::apply_one(&owner, &file).await.unwrap();
        }
    }
    let after = catalog::objects(&database.superuser).await;
    database.drop().await;
    let of_table = |object: &Object| {
        ["column", "constraint", "policy", "trigger", "type", "rule"]
            .contains(&object.kind.as_str())
            && (object.name.starts_with("public.messages ")
                || object.name.starts_with("public.messages.")
                || ["public.messages", "public.messages[]"].contains(&object.name.as_str()))
    };
    let in_own_schema = |object: &Object| {
        ["chat.", "example_host."]
            .iter()
            .any(|schema| object.name.starts_with(schema))
    };
    let made: Vec<Object> = after
        .difference(&before)
        .filter(|object| !in_own_schema(object) && !of_table(object))
        .filter(|object| object.kind != "published table" && object.kind != "comment")
        .cloned()
        .collect();
    assert!(made.len() > 30, "{made:?}");
    made
}

/// How a project comes to have such an object, and what the first migration says of it.
fn collision(object: &Object) -> (String, String) {
    let Object {
        kind,
        name,
        definition,
    } = object;
    let unqualified = name.strip_prefix("public.").unwrap_or(name);
    match kind.as_str() {
        "schema" => (
            format!("create schema if not exists {name}"),
            format!("schema {name} exists"),
        ),
        "relation" if definition.starts_with("r |") => (
            format!("create table {name} ()"),
            format!("table {name} exists"),
        ),
        "relation" if definition.starts_with("i |") => (
            format!(
                "set search_path = public; create table own_{unqualified} (id int); \
                create index {unqualified} on own_{unqualified} (id)"
            ),
            format!("index {name} exists"),
        ),
        "routine" => (
            format!("create function {name} returns void language sql as ''"),
            format!("function {name} exists"),
        ),
        "policy" => {
            let (table, policy) = name.split_once(' ').expect("a table and a policy");
            (
                format!("create policy \"{policy}\" on {table} using (false)"),
                format!("policy \"{}\" on {table} exists", policy.replace(", ", ",")),
            )
        }
        "trigger" => {
            let (table, trigger) = name.split_once(' ').expect("a table and a trigger");
            (
                format!(
                    "create trigger {trigger} after delete on {table} for each row execute function own.f()"
                ),
                format!("trigger {trigger} on {table} exists"),
            )
        }
        "bucket" => (
            format!("insert into storage.buckets (id, name) values ('{name}', '{name}')"),
            format!("bucket {name} exists; it is empty"),
        ),
        _ => panic!("the first migration looks for no {kind}, as {name} is"),
    }
}
