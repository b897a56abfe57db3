//! Which host application the stack's database has, and which SQL tests go with it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::checkout::root;
use crate::env::variable;

/// Tests that are about the example have this in their names.
const EXAMPLE: &str = "example_host";
/// How the tests reach the host; a folder brings its own.
const HELPERS: &str = "001_host.test.sql";

/// Which host is installed, from CHAT_HOST: `example`, `installed` (another one in supabase/migrations), `folder` (from
/// `--host`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// `example`: the example's migration is in supabase/migrations.
    Example,
    /// `installed`: supabase/migrations has another.
    Installed,
    /// The folder of `--host`.
    Folder(PathBuf),
}

impl Host {
    /// Reads the environment.
    pub fn get() -> Self {
        match variable("CHAT_HOST").as_str() {
            "example" => Self::Example,
            "installed" => Self::Installed,
            folder => Self::Folder(folder.into()),
        }
    }

    /// The SQL tests, in the order of their names.
    pub fn sql_tests(&self) -> Vec<PathBuf> {
        let mut found = sql_files(&root().join("supabase/tests"));
        if *self != Self::Example {
            found.retain(|file| !file_name(file).contains(EXAMPLE));
        }
        if let Self::Folder(folder) = self {
            found.retain(|file| file_name(file) != HELPERS);
            found.extend(sql_files(&folder.join("tests")));
        }
        found.sort_by_key(|file| file_name(file));
        found
    }
}

fn sql_files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    let files = entries.map(|entry| entry.expect("a file").path());
    files
        .filter(|file| file.extension().is_some_and(|extension| extension == "sql"))
        .collect()
}

fn file_name(file: &Path) -> String {
    let name = file.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_takes_the_examples_place() {
        let folder = root().join("tests/hosts/meetups");
        let tests = Host::Folder(folder.clone()).sql_tests();
        let helpers = tests.iter().filter(|file| file.ends_with(HELPERS));
        let own = folder.join("tests").join(HELPERS);
        assert_eq!(helpers.collect::<Vec<_>>(), [&own]);
        let names: Vec<_> = tests.iter().map(|file| file_name(file)).collect();
        assert!(!names.iter().any(|name| name.contains(EXAMPLE)));
        assert_eq!(names[..2], ["000_helpers.test.sql", HELPERS]);
    }
}
