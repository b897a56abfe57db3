//! Checks of the checkout's own files, which need no stack. Run by `cargo xtask test unit`.

mod core_knows_no_host;
mod migrations;
mod released;
mod wrangler;

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The files of a checkout's supabase/migrations, in order.
fn migrations(root: &Path) -> Vec<PathBuf> {
    let folder = std::fs::read_dir(root.join("supabase/migrations")).expect("the migrations");
    let mut files: Vec<_> = folder
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    files
}
