//! The Cache API on workerd, for tests: a service that some instances share, and on a port of its
//! own, where tests see the entries and put some there.

use crate::paths::root;

/// The service's name.
pub const SERVICE: &str = "shared-cache";
const CACHE: &str = "xtask/src/test/shared_cache.js";

/// Its Worker for workerd's configuration; `embed` makes the path of a file.
pub fn worker(constant: &str, embed: impl Fn(&str) -> String) -> String {
    let cache = embed(&root().join(CACHE).to_string_lossy());
    format!(
        "\nconst {constant} :Workerd.Worker = (\n  compatibilityDate = \"2026-04-01\",\n  modules = [\n    \
         (name = \"index.js\", esModule = embed {cache}),\n  ],\n);\n"
    )
}
