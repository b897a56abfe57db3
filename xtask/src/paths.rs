//! Where things lie: the checkout, the state of a stack, and the user's cache.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

/// The name of our folder in every cache.
const NAME: &str = "supabase-chat-api";

/// This program. The first call looks, at the start of `main`: the unit tests link the program anew, and Linux tells
/// a running one's path no longer once the file is another.
pub fn program() -> Result<PathBuf> {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    match PROGRAM.get() {
        Some(program) => Ok(program.clone()),
        None => {
            let program = env::current_exe().context("this program has no path")?;
            Ok(PROGRAM.get_or_init(|| program).clone())
        }
    }
}

/// The checkout's root.
pub fn root() -> PathBuf {
    // Cargo sets it for `cargo run`; the built-in value serves a binary started by hand.
    let manifest = env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    // wrangler calls us from another folder and cargo sets the variable for every crate it builds,
    // so only xtask's own is believed.
    let manifest = if manifest.ends_with("xtask") {
        manifest
    } else {
        PathBuf::from(env!("CARGO_MANIFEST_DIR"))
    };
    manifest
        .parent()
        .map_or(manifest.clone(), Path::to_path_buf)
}

/// State of the `dev` stack: logs, process ids, keys, stack.env.
pub fn dev_state() -> PathBuf {
    root().join(".dev")
}

/// State of the stack that `test` makes anew each time.
pub fn test_state() -> PathBuf {
    root().join(".dev/test")
}

/// State of the stack that `bench` measures; its data is kept between runs.
pub fn bench_state() -> PathBuf {
    root().join(".dev/bench")
}

/// Installed build tools, outside the checkout so that clones share them.
pub fn tool_cache() -> Result<PathBuf> {
    if let Some(dir) = env::var_os("XDG_CACHE_HOME").filter(|dir| !dir.is_empty()) {
        return Ok(PathBuf::from(dir).join(NAME));
    }
    let home = env::var_os("HOME").context("HOME is not set: there is no place for a cache")?;
    let cache = if cfg!(target_os = "macos") {
        "Library/Caches"
    } else {
        ".cache"
    };
    Ok(PathBuf::from(home).join(cache).join(NAME))
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

/// The data directories of this checkout, apart from every other clone's.
pub fn data_root() -> Result<PathBuf> {
    let root = root();
    let root = fs::canonicalize(&root).unwrap_or(root);
    let key: String = hex(&Sha256::digest(root.as_os_str().as_encoded_bytes()))
        .chars()
        .take(12)
        .collect();
    Ok(postgres_cache()?.join(format!("data-{key}")))
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

/// Writes a file that only its owner may read.
pub fn write_private(path: &Path, text: &str) -> Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let parent = path.parent().context("a file has a folder")?;
    fs::create_dir_all(parent)?;
    // Written beside and renamed, so that a reader never sees half a file.
    let beside = path.with_extension("new");
    let _ = fs::remove_file(&beside);
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&beside)
        .with_context(|| format!("cannot write {}", beside.display()))?;
    file.write_all(text.as_bytes())?;
    fs::rename(&beside, path).with_context(|| format!("cannot write {}", path.display()))
}
