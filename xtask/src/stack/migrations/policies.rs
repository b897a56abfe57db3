//! Whoever makes a policy waits for a lock, with everybody else behind.

use std::fs;

use super::list;
use crate::paths::root;

#[test]
fn a_migration_with_policies_gives_up_waiting() {
    let files = list(&root().join("supabase/migrations")).unwrap();
    let mut found = 0;
    for file in files {
        let sql = fs::read_to_string(&file.file).unwrap();
        if sql.contains("create policy") {
            found += 1;
            assert!(sql.contains("\nset local lock_timeout"), "{}", file.name);
        }
    }
    assert!(found > 2);
}
