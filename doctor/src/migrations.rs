//! The files of supabase/migrations.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

const FOLDER: &str = "supabase/migrations";

/// One file, `<digits>_<name>.sql`.
#[derive(Debug)]
pub struct Migration {
    pub version: String,
    pub name: String,
    pub sql: String,
}

impl Migration {
    /// Its path in the checkout.
    pub fn path(&self) -> String {
        format!("{FOLDER}/{}_{}.sql", self.version, self.name)
    }
}

/// The migrations in order. The official CLI skips files with other names, and so does this.
pub fn list(checkout: &Path) -> Result<Vec<Migration>> {
    let folder = checkout.join(FOLDER);
    let entries = fs::read_dir(&folder).with_context(|| format!("cannot read {FOLDER}"))?;
    let mut found = Vec::new();
    for entry in entries {
        let file = entry?.path();
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let Some((version, name)) = name.strip_suffix(".sql").and_then(|n| n.split_once('_'))
        else {
            continue;
        };
        if !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit()) {
            found.push(Migration {
                version: version.to_owned(),
                name: name.to_owned(),
                sql: fs::read_to_string(&file).with_context(|| format!("cannot read {name}"))?,
            });
        }
    }
    found.sort_by(|a, b| a.version.cmp(&b.version));
    Ok(found)
}
