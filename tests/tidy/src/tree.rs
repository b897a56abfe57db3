//! The files of the repository, as git knows them.

use std::{collections::BTreeMap, path::Path, process::Command};

use anyhow::{Context, ensure};

/// All files, by their path from the root.
pub(crate) struct Tree {
    /// The text of each; empty if it is not UTF-8.
    pub(crate) files: BTreeMap<String, String>,
}

impl Tree {
    /// Reads all files that git tracks, and new ones that it does not ignore.
    pub(crate) fn read() -> anyhow::Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let git = Command::new("git")
            .args([
                "ls-files",
                "-z",
                "--cached",
                "--others",
                "--exclude-standard",
            ])
            .current_dir(&root)
            .output()
            .context("git lists the files of the repository")?;
        ensure!(
            git.status.success(),
            "git ls-files: {}",
            String::from_utf8_lossy(&git.stderr)
        );
        let files = String::from_utf8(git.stdout)?
            .split_terminator('\0')
            // A deleted file stays listed until the next commit.
            .filter(|path| root.join(path).is_file())
            .map(|path| {
                let text = std::fs::read_to_string(root.join(path)).unwrap_or_default();
                (path.to_owned(), text)
            })
            .collect();
        Ok(Self { files })
    }

    pub(crate) fn text(&self, path: &str) -> anyhow::Result<&str> {
        self.files
            .get(path)
            .map(String::as_str)
            .with_context(|| format!("{path} is missing"))
    }

    /// Files in a folder, at any depth, with one of these extensions.
    pub(crate) fn under<'a>(
        &'a self,
        folder: &'a str,
        extensions: &'a [&str],
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.files
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str()))
            .filter(move |(path, _)| {
                path.strip_prefix(folder)
                    .is_some_and(|rest| folder.is_empty() || rest.starts_with('/'))
            })
            .filter(|(path, _)| {
                path.rsplit_once('.')
                    .is_some_and(|(_, ending)| extensions.contains(&ending))
            })
    }

    /// Whether there is a file of this path, or a folder.
    pub(crate) fn has(&self, path: &str) -> bool {
        let folder = format!("{}/", path.trim_end_matches('/'));
        self.files.contains_key(path)
            || self
                .files
                .range(folder.clone()..)
                .next()
                .is_some_and(|(file, _)| file.starts_with(&folder))
    }
}

#[cfg(test)]
impl Tree {
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        Self {
            files: files
                .iter()
                .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
                .collect(),
        }
    }
}
