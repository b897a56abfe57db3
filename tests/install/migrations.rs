//! The project's migrations, applied as the official CLI does: each file one transaction.

use std::fs;
use std::path::{Path, PathBuf};

use tokio_postgres::{Client, Error};

/// The checkout.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The files of supabase/migrations in order.
pub fn files() -> Vec<PathBuf> {
    let folder = root().join("supabase/migrations");
    let mut files: Vec<_> = fs::read_dir(&folder)
        .expect("the folder of migrations")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    files
}

/// The one that may run again.
pub fn for_supabases_schemas() -> PathBuf {
    let its = |file: &PathBuf| file.to_string_lossy().ends_with("_supabase_schemas.sql");
    files().into_iter().find(its).expect("the file")
}

/// Applies all of them; stops at the first that fails.
pub async fn apply(client: &Client) -> Result<(), Error> {
    for file in files() {
        apply_one(client, &file).await?;
    }
    Ok(())
}

/// Applies one.
pub async fn apply_one(client: &Client, file: &Path) -> Result<(), Error> {
    let sql = fs::read_to_string(file).expect("a migration");
    // Several statements in one message are one transaction.
    client.batch_execute(&format!("reset all; {sql}")).await
}

/// The seed.
pub async fn seed(client: &Client) -> Result<(), Error> {
    let sql = fs::read_to_string(root().join("supabase/seed.sql")).expect("the seed");
    client.batch_execute(&format!("reset all; {sql}")).await
}
