//! Released migrations never change, and a new one sorts after them: otherwise a database that has applied
//! the release would differ from a fresh one.

use std::collections::BTreeMap;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::{migrations, root};

/// The list of released files, as `sha256sum` writes it.
const LIST: &str = "supabase/released.sha256";

/// What is wrong with a checkout's migrations, by its list of released ones.
fn problems(root: &Path, list_text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let mut released = BTreeMap::new();
    let lines = list_text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty());
    for line in lines {
        match line.split_once("  ") {
            Some((hash, file)) if hash.len() == 64 && file.starts_with("supabase/migrations/") => {
                if released.insert(root.join(file), hash).is_some() {
                    problems.push(format!("{LIST} has {file} twice"));
                }
            }
            _ => problems.push(format!(
                "{LIST} has a line that is no hash and file: {line}"
            )),
        }
    }
    for (file, hash) in &released {
        match file_hash(file) {
            Some(found) if found == *hash => {}
            Some(_) => problems.push(format!(
                "{} was released and has changed: take it back, and put the change into a new migration",
                name(file)
            )),
            None => problems.push(format!(
                "{} was released and is missing: bring it back, and undo it in a new migration",
                name(file)
            )),
        }
    }
    let last = released.keys().map(name).max();
    for file in migrations(root) {
        if !released.contains_key(&file) && last.as_ref().is_some_and(|last| name(&file) < *last) {
            problems.push(format!(
                "{} sorts before a released one: give it a later number",
                name(&file)
            ));
        }
    }
    problems
}

/// In hexadecimal, as `sha256sum` writes it.
fn file_hash(file: &Path) -> Option<String> {
    let hash = Sha256::digest(std::fs::read(file).ok()?);
    Some(hash.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn name(file: impl AsRef<Path>) -> String {
    let name = file.as_ref().file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

#[test]
fn released_migrations_are_as_they_were_and_new_ones_come_after() {
    let list = std::fs::read_to_string(root().join(LIST)).unwrap();
    assert_eq!(problems(&root(), &list), [""; 0]);
}

/// A release whose author forgot the list would leave its files free to change.
#[test]
fn once_a_version_is_released_the_list_has_files() {
    let changelog = std::fs::read_to_string(root().join("CHANGELOG.md")).unwrap();
    let list = std::fs::read_to_string(root().join(LIST)).unwrap();
    assert!(!lacks_files(&changelog, &list), "{LIST} has no file");
    let released = "## [Unreleased]\n\n## [0.1.0] - 2026-12-01\n";
    assert!(lacks_files(released, "# A comment.\n"));
    assert!(!lacks_files(
        released,
        "abc  supabase/migrations/10_a.sql\n"
    ));
    assert!(!lacks_files("## [Unreleased]\n", ""));
}

/// Whether the changelog has a version and the list of released files none of them.
fn lacks_files(changelog: &str, list: &str) -> bool {
    let is_version = |line: &str| {
        let version = line.strip_prefix("## [").unwrap_or_default();
        version.starts_with(|first: char| first.is_ascii_digit())
    };
    let is_file = |line: &str| !line.starts_with('#') && !line.is_empty();
    changelog.lines().any(is_version) && !list.lines().any(is_file)
}

/// A checkout with migrations 10, 20 and 30, of which 10 and 20 are released.
fn release() -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("supabase/migrations")).unwrap();
    let mut list = "# A comment.\n".to_owned();
    for version in [10, 20, 30] {
        let file = format!("supabase/migrations/{version}_a.sql");
        std::fs::write(dir.path().join(&file), format!("select {version};\n")).unwrap();
        if version < 30 {
            let hash = file_hash(&dir.path().join(&file)).unwrap();
            list.push_str(&format!("{hash}  {file}\n"));
        }
    }
    (dir, list)
}

#[test]
fn a_release_and_a_new_migration_after_it_are_right() {
    let (dir, list) = release();
    assert_eq!(problems(dir.path(), &list), [""; 0]);
    let checked = std::process::Command::new("sha256sum")
        .args(["--check", "--strict", "--status", "-"])
        .current_dir(dir.path())
        .stdin(listed(&dir, &list))
        .status();
    assert!(checked.unwrap().success());
}

fn listed(dir: &tempfile::TempDir, list: &str) -> std::fs::File {
    let file = dir.path().join(LIST);
    std::fs::write(&file, list).unwrap();
    std::fs::File::open(file).unwrap()
}

#[test]
fn a_released_migration_that_changed_is_a_problem() {
    let (dir, list) = release();
    std::fs::write(
        dir.path().join("supabase/migrations/10_a.sql"),
        "select 11;\n",
    )
    .unwrap();
    assert_eq!(
        problems(dir.path(), &list),
        [
            "10_a.sql was released and has changed: take it back, and put the change into a new migration"
        ]
    );
}

#[test]
fn a_released_migration_that_is_missing_is_a_problem() {
    let (dir, list) = release();
    std::fs::rename(
        dir.path().join("supabase/migrations/20_a.sql"),
        dir.path().join("supabase/migrations/40_a.sql"),
    )
    .unwrap();
    assert_eq!(
        problems(dir.path(), &list),
        ["20_a.sql was released and is missing: bring it back, and undo it in a new migration"]
    );
}

#[test]
fn a_new_migration_between_released_ones_is_a_problem() {
    for file in ["05_b.sql", "15_b.sql"] {
        let (dir, list) = release();
        std::fs::write(dir.path().join("supabase/migrations").join(file), "").unwrap();
        assert_eq!(
            problems(dir.path(), &list),
            [format!(
                "{file} sorts before a released one: give it a later number"
            )]
        );
    }
}

#[test]
fn a_line_that_is_none_is_a_problem() {
    let (dir, list) = release();
    let once: String = list
        .lines()
        .take(2)
        .map(|line| format!("{line}\n"))
        .collect();
    let found = problems(dir.path(), &format!("{list}abc  10_a.sql\n{once}"));
    assert_eq!(
        found,
        [
            "supabase/released.sha256 has a line that is no hash and file: abc  10_a.sql",
            "supabase/released.sha256 has supabase/migrations/10_a.sql twice",
        ]
    );
}
