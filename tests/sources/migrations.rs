//! What every migration must have that the database does not ask for.

use std::fs;

use crate::{migrations, root};

/// `create policy` waits for a lock, and everybody else waits behind it.
#[test]
fn a_migration_with_policies_gives_up_waiting() {
    let mut found = 0;
    for file in migrations(&root()) {
        let sql = fs::read_to_string(&file).unwrap();
        if sql.contains("create policy") {
            found += 1;
            assert!(
                sql.contains("\nset local lock_timeout"),
                "{}",
                file.display()
            );
        }
    }
    assert!(found > 2);
}

#[test]
fn the_last_migration_tells_postgrest() {
    let files = migrations(&root());
    let sql = fs::read_to_string(files.last().unwrap()).unwrap();
    assert!(sql.trim_end().ends_with("notify pgrst, 'reload schema';"));
}

/// A filter leaves the helpers' own files out, so the tool runs them before any SQL test.
#[test]
fn the_tool_makes_all_helpers_of_the_sql_tests() {
    let host = std::fs::read_to_string(root().join("xtask/src/stack/host.rs")).unwrap();
    let files = std::fs::read_dir(root().join("supabase/tests")).unwrap();
    for file in files {
        let name = file.unwrap().file_name().into_string().unwrap();
        let helper = name.starts_with(|first: char| first.is_ascii_digit());
        assert!(!helper || host.contains(&name), "{name}");
    }
}
