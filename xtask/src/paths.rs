//! Where things lie: the checkout, the state of a stack, and the user's cache.

use std::env;
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::{Context, Result};
use etcetera::base_strategy::{BaseStrategy, choose_native_strategy};
use sha2::{Digest, Sha256};

/// The name of our folder in every cache.
const NAME: &str = "supabase-chat-api";

/// This program. Called first in `main`. Later, a build may replace the file, and Linux then no longer gives its
/// path.
pub fn program() -> Result<PathBuf> {
    static PROGRAM: OnceLock<Option<PathBuf>> = OnceLock::new();
    let program = PROGRAM.get_or_init(|| env::current_exe().ok());
    program.clone().context("this program has no path")
}

pub fn root() -> PathBuf {
    // Cargo sets it for `cargo run`; the built-in value serves a binary started by hand. wrangler calls us
    // from another folder and cargo sets the variable for every crate it builds, so only xtask's is believed.
    let manifest = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let manifest = manifest.filter(|manifest| manifest.ends_with("xtask"));
    let manifest = manifest.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")));
    manifest.parent().map(Path::to_path_buf).unwrap_or_default()
}

/// State of the `dev` stack: logs, process ids, keys, stack.env.
pub fn dev_state() -> PathBuf {
    root().join(".dev")
}

/// Installed build tools, outside the checkout so that clones share them.
pub fn tool_cache() -> Result<PathBuf> {
    let folders =
        choose_native_strategy().context("HOME is not set: there is no place for a cache")?;
    Ok(folders.cache_dir().join(NAME))
}

/// Postgres' programs and data. Postgres refuses root, and the user it runs as instead cannot
/// read root's home, hence the system's cache then.
pub fn postgres_cache() -> Result<PathBuf> {
    if rustix::process::geteuid().is_root() {
        Ok(PathBuf::from("/var/cache").join(NAME))
    } else {
        tool_cache()
    }
}

/// Removes a folder that may not be there.
pub fn remove_dir(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The SHA-256 of a file, in hexadecimal.
pub fn file_hash(path: &Path) -> Result<String> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(hex(&Sha256::digest(bytes)))
}

/// Writes a file that only its owner may read. A reader never sees half a file.
pub fn write_private(path: &Path, text: &str) -> Result<()> {
    let cannot = || format!("cannot write {}", path.display());
    let parent = path.parent().context("a file has a folder")?;
    fs::create_dir_all(parent).with_context(cannot)?;
    let mut file = tempfile::NamedTempFile::new_in(parent).with_context(cannot)?;
    file.write_all(text.as_bytes()).with_context(cannot)?;
    file.persist(path).with_context(cannot)?;
    Ok(())
}
