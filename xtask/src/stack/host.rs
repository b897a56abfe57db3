//! The host application that a run is about: the one in supabase/, or one of the tests' own in a folder.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::migrations::{self, Migration};
use crate::paths::root;

/// The example's schema. Its migration, and the tests that are about it, have this in their names.
pub const EXAMPLE: &str = "example_host";
/// How the tests reach the host; a folder brings its own.
const HELPERS: &str = "001_host.test.sql";

/// Migrations, seed and SQL tests with one host.
pub struct Host {
    /// `migrations/*.sql` and `tests/*.test.sql`, in place of the example's.
    folder: Option<PathBuf>,
}

impl Host {
    /// What is in supabase/.
    pub fn installed() -> Self {
        Self { folder: None }
    }

    /// The one in a folder.
    pub fn in_folder(folder: &Path) -> Result<Self> {
        for part in ["migrations", "tests"] {
            ensure!(
                folder.join(part).is_dir(),
                "{} is no host: it has no folder `{part}` (a host is a folder with `migrations` and `tests`, \
                 as tests/hosts/meetups is; one in supabase/migrations needs no --host)",
                folder.display()
            );
        }
        Ok(Self {
            folder: Some(folder.to_owned()),
        })
    }

    /// The migrations, in order.
    pub fn migrations(&self) -> Result<Vec<Migration>> {
        let mut found = migrations::list(&root().join("supabase/migrations"))?;
        if let Some(folder) = &self.folder {
            found.retain(|migration| migration.name != EXAMPLE);
            found.extend(migrations::list(&folder.join("migrations"))?);
        }
        Ok(found)
    }

    /// The seed, which is the installed host's.
    pub fn seed(&self) -> Option<PathBuf> {
        let seed = root().join(migrations::SEED);
        (self.folder.is_none() && seed.is_file()).then_some(seed)
    }

    /// The SQL tests, in the order of their names.
    pub fn sql_tests(&self) -> Result<Vec<PathBuf>> {
        let mut found = sql_files(&root().join("supabase/tests"))?;
        if !self.is_example()? {
            found.retain(|file| !file_name(file).contains(EXAMPLE));
        }
        if let Some(folder) = &self.folder {
            found.retain(|file| file_name(file) != HELPERS);
            found.extend(sql_files(&folder.join("tests"))?);
        }
        found.sort_by_key(|file| file_name(file));
        Ok(found)
    }

    /// Whether it is the example's tables that the chat lives among.
    pub fn is_example(&self) -> Result<bool> {
        let migrations = self.migrations()?;
        Ok(migrations.iter().any(|migration| migration.name == EXAMPLE))
    }
}

/// The .sql files of a folder, sorted.
pub fn sql_files(dir: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))?;
    let mut found: Vec<_> = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    found.retain(|file| file.extension().is_some_and(|extension| extension == "sql"));
    found.sort();
    Ok(found)
}

/// A file's name without its folder.
pub fn file_name(file: &Path) -> String {
    let name = file.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(files: &[PathBuf]) -> Vec<String> {
        files.iter().map(|file| file_name(file)).collect()
    }

    #[test]
    fn a_folder_takes_the_examples_place() {
        let host = Host::in_folder(&root().join("tests/hosts/meetups")).unwrap();
        let migrations = host.migrations().unwrap();
        assert_eq!(migrations.last().unwrap().name, "meetups");
        assert!(!host.is_example().unwrap());
        assert_eq!(host.seed(), None);
        let tests = host.sql_tests().unwrap();
        let helpers: Vec<_> = tests
            .iter()
            .filter(|file| file.ends_with(HELPERS))
            .collect();
        let own = root().join("tests/hosts/meetups/tests").join(HELPERS);
        assert_eq!(helpers, [&own]);
        assert!(!names(&tests).iter().any(|name| name.contains(EXAMPLE)));
        assert_eq!(names(&tests)[..2], ["000_helpers.test.sql", HELPERS]);
    }

    #[test]
    fn a_folder_that_is_no_host_says_what_is_missing() {
        let error = Host::in_folder(&root().join("docs"))
            .err()
            .unwrap()
            .to_string();
        assert!(error.contains("no folder `migrations`"), "{error}");
    }
}
