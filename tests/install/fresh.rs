//! A fresh project.

use crate::catalog;
use crate::database::Database;
use crate::migrations;

#[tokio::test]
async fn the_migrations_make_what_the_stacks_own_migrator_makes() {
    let database = Database::pristine().await;
    let owner = database.owner().await;
    migrations::apply(&owner).await.unwrap();
    migrations::seed(&owner).await.unwrap();
    drop(owner);
    let made = catalog::objects(&database.superuser).await;
    let stack = catalog::of_stack().await;
    assert_eq!(catalog::difference(&stack, &made), "");
    database.drop().await;
}

/// The seed needs pgcrypto; the migrations need no extension.
#[tokio::test]
async fn the_migrations_need_no_extension() {
    let database = Database::pristine().await;
    database
        .prepare("drop extension pgcrypto; drop extension \"uuid-ossp\"")
        .await;
    migrations::apply(&database.owner().await).await.unwrap();
    database.drop().await;
}
