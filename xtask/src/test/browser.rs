//! The browser of `cargo xtask test browser`.

use std::env;
use std::path::PathBuf;

use crate::run::find_program;

/// The last line, where there is none.
pub const MISSING: &str = "not run: browser. It needs a Chrome or Chromium on the PATH or in CHROME_BIN; \
    on Debian `apt-get install chromium`";

const NAMES: [&str; 4] = [
    "chromium",
    "google-chrome",
    "google-chrome-stable",
    "chromium-browser",
];

pub fn find() -> Option<PathBuf> {
    let named = env::var_os("CHROME_BIN").filter(|path| !path.is_empty());
    named
        .map(PathBuf::from)
        .or_else(|| NAMES.iter().find_map(|name| find_program(name)))
}
