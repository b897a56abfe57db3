//! A fresh project.

use crate::catalog;
use crate::database::Database;
use crate::migrations;

#[tokio::test]
async fn the_migrations_make_what_the_stacks_own_migrator_makes() {
    let database = Database::pristine().await;
    migrations::apply(&database.owner().await).await.unwrap();
    let made = catalog::objects(&database.superuser).await;
    let stack = catalog::of_stack().await;
    assert_eq!(catalog::difference(&stack, &made), "");
    database.drop().await;
}
