//! Roles without the rights that the migrations need.

use crate::catalog;
use crate::database::{Database, cluster, password};
use crate::migrations;
use crate::refusals::{assert_refused, findings, message};

#[tokio::test]
async fn a_role_without_bypassrls() {
    let role = format!("install_pusher_{}", std::process::id());
    let sql = format!(
        "create role {role} login password '{}' in role postgres",
        password()
    );
    cluster().await.batch_execute(&sql).await.unwrap();
    let database = Database::pristine().await;
    assert_refused(
        &database,
        &role,
        &[(
            &format!("role {role} has no BYPASSRLS, so its functions could not read the chat's tables"),
            &format!("push as role postgres, which has it on Supabase; or as a superuser: alter role {role} bypassrls;"),
        )],
    )
    .await;
    database.drop().await;
    cluster()
        .await
        .batch_execute(&format!("drop role {role}"))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_role_that_may_not_create_in_the_database() {
    let database = Database::pristine().await;
    let name = &database.name;
    database
        .prepare(&format!("alter database {name} owner to supabase_admin; grant create on schema public to postgres"))
        .await;
    assert_refused(
        &database,
        "postgres",
        &[(
            &format!("role postgres may not create schemas in database {name}"),
            &format!("push as role postgres; or as the database's owner: grant create on database {name} to postgres;"),
        )],
    )
    .await;
    database.prepare(&format!("grant create on database {name} to postgres; revoke create on schema public from postgres")).await;
    assert_refused(
        &database,
        "postgres",
        &[(
            "role postgres may not create tables in schema public",
            "push as role postgres; or as the schema's owner: grant create on schema public to postgres;",
        )],
    )
    .await;
    database.drop().await;
}

/// A role of one's own that may create things, and has none of the rights that Supabase gives to `postgres`.
#[tokio::test]
async fn a_role_without_rights_in_supabases_schemas() {
    let role = format!("install_stranger_{}", std::process::id());
    let sql = format!(
        "create role {role} login bypassrls password '{}'",
        password()
    );
    cluster().await.batch_execute(&sql).await.unwrap();
    let database = Database::pristine().await;
    let name = &database.name;
    database
        .prepare(&format!(
            "grant create on database {name} to {role}; grant create on schema public to {role}; \
             grant usage on schema storage, realtime to {role}; \
             revoke usage on schema auth from public; revoke execute on function auth.uid() from public"
        ))
        .await;
    let before = catalog::snapshot(&database.superuser).await;
    let found = findings(&message(&database, &role).await);
    let expected = [
        "role {} may not call auth.uid()",
        "role {} may not make policies on realtime.messages",
        "role {} may not make policies on storage.buckets",
        "role {} may not make policies on storage.objects",
        "role {} may not select on realtime.messages",
        "role {} may not select on storage.objects",
        "role {} may not select, insert, update on storage.buckets",
        "role {} may not select, update, references, trigger on auth.users",
        "role {} may not use schema auth",
    ];
    let mut expected: std::collections::BTreeSet<_> = expected
        .iter()
        .map(|line| line.replace("{}", &role))
        .collect();
    expected.insert(format!(
        "publication supabase_realtime belongs to postgres, so {role} may not add a table to it"
    ));
    assert_eq!(expected, found);
    assert_eq!(
        catalog::difference(&before, &catalog::snapshot(&database.superuser).await),
        ""
    );
    database.drop().await;
    cluster()
        .await
        .batch_execute(&format!("drop role {role}"))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_superuser_may_push() {
    let database = Database::pristine().await;
    migrations::apply(&database.superuser).await.unwrap();
    database.drop().await;
}

/// Where the schema was dropped and made again without them.
#[tokio::test]
async fn the_mend_for_a_missing_schema_lets_requests_in() {
    let database = Database::pristine().await;
    database.prepare("drop schema public cascade").await;
    let repair =
        "create schema public; grant usage on schema public to anon, authenticated, service_role;";
    assert_refused(
        &database,
        "postgres",
        &[("there is no schema public", repair)],
    )
    .await;
    let owner = database.owner().await;
    owner.batch_execute(repair).await.unwrap();
    migrations::apply(&owner).await.unwrap();
    migrations::record(&owner).await;
    drop(owner);
    let report = crate::doctor::examine_as_owner(&database).await;
    assert_eq!(report.status, 0, "{}", report.text);
    database.drop().await;
}
