//! The host application that a run is about: the one in supabase/, or one of the tests' own in a folder.

use std::path::PathBuf;

use anyhow::{Result, ensure};

use crate::paths::root;
use crate::stack::migrations::{self, Migration};

/// The example's schema, and the name of its migration.
const EXAMPLE: &str = "example_host";

/// Migrations and seed with one host, the one in supabase/ by default.
#[derive(Default)]
pub struct Host {
    /// The folder with `migrations` and `tests` that are in place of the example's.
    pub folder: Option<PathBuf>,
}

impl Host {
    /// The one in a folder, if there is one.
    pub fn new(folder: Option<PathBuf>) -> Result<Self> {
        // The tests run in another folder than this one.
        let folder = folder.map(std::path::absolute).transpose()?;
        if let Some(folder) = &folder {
            for part in ["migrations", "tests"] {
                ensure!(
                    folder.join(part).is_dir(),
                    "{} is no host: it has no folder `{part}` (a host is a folder with `migrations` and `tests`, \
                     as tests/hosts/meetups is; one in supabase/migrations needs no --host)",
                    folder.display()
                );
            }
        }
        Ok(Self { folder })
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

    /// What the tests share, and how they reach the host, if it has something to reach.
    pub fn test_helpers(&self) -> impl Iterator<Item = PathBuf> {
        let shared = root().join("supabase/tests");
        let own = self.folder.as_ref().map(|folder| folder.join("tests"));
        let own = own.unwrap_or_else(|| shared.clone());
        let files = [
            shared.join("000_helpers.test.sql"),
            own.join("001_host.test.sql"),
            shared.join("002_fixtures.test.sql"),
            shared.join("003_large_tables.test.sql"),
        ];
        files.into_iter().filter(|file| file.is_file())
    }

    /// Whether it is the example's tables that the chat lives among.
    pub fn is_example(&self) -> Result<bool> {
        let migrations = self.migrations()?;
        Ok(migrations.iter().any(|migration| migration.name == EXAMPLE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_takes_the_examples_place() {
        let host = Host::new(Some(root().join("tests/hosts/meetups"))).unwrap();
        let migrations = host.migrations().unwrap();
        assert_eq!(migrations.last().unwrap().name, "meetups");
        assert!(!host.is_example().unwrap());
        assert_eq!(host.seed(), None);
    }
}
