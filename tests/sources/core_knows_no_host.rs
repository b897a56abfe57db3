//! The chat's migrations, functions and tests name no table of the example host's, as another host may take its place.

use std::fs;
use std::path::{Path, PathBuf};

use harness::root;

/// The example's schema. Its migration, and the tests that are about it, have this in their names.
const EXAMPLE: &str = "example_host";
/// How the tests reach the host. Each host has its own.
const HELPERS: &str = "001_host.test.sql";

/// What the example's migration makes: its tables, types and functions.
fn names_of_the_example() -> Vec<String> {
    let mut migrations = fs::read_dir(root().join("supabase/migrations")).unwrap();
    let example = migrations.find_map(|entry| {
        let file = entry.unwrap().path();
        file_name(&file)
            .ends_with("_example_host.sql")
            .then_some(file)
    });
    let sql = fs::read_to_string(example.unwrap()).unwrap();
    let made = sql.lines().filter(|line| line.starts_with("create "));
    let qualified = made.filter_map(|line| line.split_once("example_host."));
    let mut names: Vec<String> = qualified
        .map(|(_, rest)| rest.split([' ', '(']).next().unwrap().to_owned())
        .collect();
    names.sort();
    names.dedup();
    names
}

fn file_name(file: &Path) -> String {
    let name = file.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// Everything that must not know the host: the core's migrations, functions and tests.
fn core_files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = file_name(&path);
        let is_hosts = name.contains(EXAMPLE) || name == HELPERS || name == "hosts";
        // What others would build is built for the example.
        let is_foreign = ["node_modules", "target", "peers"].contains(&name.as_str());
        if path.is_dir() && !is_hosts && !is_foreign {
            core_files(&path, found);
        } else if path.is_file() && !is_hosts {
            found.push(path);
        }
    }
}

/// Whether a text names it as a word of its own.
fn is_named(text: &str, name: &str) -> bool {
    let part_of_word = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(name).any(|(at, _)| {
        !text[..at].ends_with(part_of_word) && !text[at + name.len()..].starts_with(part_of_word)
    })
}

#[test]
fn nothing_but_the_host_knows_the_hosts_tables() {
    let made = names_of_the_example();
    assert!(made.len() > 20, "{made:?}");
    let mut files = Vec::new();
    for dir in [
        "supabase/migrations",
        "supabase/tests",
        "functions",
        "shared",
        "tests",
    ] {
        core_files(&root().join(dir), &mut files);
    }
    assert!(files.len() > 100);
    let mut wrong = Vec::new();
    for file in files {
        let Ok(text) = fs::read_to_string(&file) else {
            continue;
        };
        for name in &made {
            // These are words of the API or arguments of the chat's too: they count with a schema, or
            // after a word of SQL.
            let as_tables = [
                "example_host.",
                "public.",
                "from ",
                "into ",
                "update ",
                "join ",
            ];
            let found = match name.as_str() {
                "events" | "event_authors" | "group_chat_name" => as_tables
                    .iter()
                    .any(|before| is_named(&text, &format!("{before}{name}"))),
                _ => is_named(&text, name),
            };
            if found {
                wrong.push(format!("{}: {name}", file.display()));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}
