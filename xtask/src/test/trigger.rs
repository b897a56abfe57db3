//! A Worker's trigger on workerd, for tests: fired by a request.

use crate::paths::root;

/// What fires it.
const PROGRAM: &str = "xtask/src/test/trigger.js";

/// The Worker that fires the trigger of a service, for workerd's configuration; `quote` makes a literal.
pub fn worker(constant: &str, service: &str, quote: impl Fn(&str) -> String) -> String {
    let program = quote(&root().join(PROGRAM).to_string_lossy());
    let service = quote(service);
    // The flag is experimental: without it a service binding calls `fetch` alone.
    format!(
        "\nconst {constant} :Workerd.Worker = (\n  compatibilityDate = \"2026-04-01\",\n  \
         compatibilityFlags = [\"service_binding_extra_handlers\"],\n  modules = [\n    \
         (name = \"index.js\", esModule = embed {program}),\n  ],\n  \
         bindings = [\n    (name = \"WORKER\", service = {service}),\n  ],\n);\n"
    )
}
