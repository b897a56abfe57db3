//! Functions of a project's own that have the names of the API's: `tests/faults/same_names.rs` shows what
//! PostgREST makes of them.

use std::collections::BTreeSet;

use crate::database::Database;
use crate::migrations;
use crate::refusals::{findings, message};

/// A function of the same name may stand beside the chat's where PostgREST can tell the two apart.
#[tokio::test]
async fn overloads_are_refused_where_postgrest_could_not_choose() {
    let database = Database::pristine().await;
    let mut expected = BTreeSet::new();
    let mut fine = 0;
    for function in functions().await {
        let Function {
            name,
            arguments,
            required,
        } = &function;
        // All of the arguments, only those that a caller must give, and one less.
        for count in [arguments.len(), *required, required.wrapping_sub(1)] {
            let Some(arguments) = arguments.get(..count) else {
                continue;
            };
            if arguments.is_empty() && function.arguments.is_empty() {
                continue;
            }
            let list: Vec<_> = arguments
                .iter()
                .map(|argument| format!("{argument} point"))
                .collect();
            let sql = format!(
                "create or replace function public.{name}({}) returns void language sql as ''",
                list.join(", ")
            );
            database.prepare(&sql).await;
            if count >= *required {
                expected.insert(format!(
                    "public.{name}({})",
                    vec!["point"; count].join(", ")
                ));
            } else {
                fine += 1;
            }
        }
    }
    assert!(fine > 10, "{fine}");
    // As PostgREST calls it with the whole body, where no other fits.
    database
        .prepare("create function public.send_message(json) returns void language sql as ''")
        .await;
    let found = findings(&message(&database, "postgres").await);
    let found = found
        .iter()
        .map(|line| {
            let rest = line.strip_prefix("function ").expect(line);
            let (function, reason) = rest.split_once(" exists: ").expect(line);
            assert!(
                reason.starts_with("PostgREST could not tell it from the chat's ("),
                "{line}"
            );
            function.to_owned()
        })
        .collect();
    assert_eq!(expected, found);
    database.drop().await;
}

struct Function {
    name: String,
    arguments: Vec<String>,
    required: usize,
}

/// The API's, as the stack's database has them.
async fn functions() -> Vec<Function> {
    let database = Database::pristine().await;
    let owner = database.owner().await;
    for file in migrations::files() {
        if !file.to_string_lossy().ends_with("_example_host.sql") {
            migrations::apply_one(&owner, &file).await.unwrap();
        }
    }
    let sql = "select proname::text, coalesce(proargnames[:pronargs], '{}'), (pronargs - pronargdefaults)::int \
        from pg_proc where pronamespace = 'public'::regnamespace";
    let rows = owner.query(sql, &[]).await.unwrap();
    database.drop().await;
    rows.iter()
        .map(|row| Function {
            name: row.get(0),
            arguments: row.get(1),
            required: usize::try_from(row.get::<_, i32>(2)).expect("a count"),
        })
        .collect()
}
