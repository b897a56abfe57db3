//! Rate limits on workerd, for tests: the namespaces as services, and instances with small limits.

use std::collections::BTreeMap;

use crate::env_file::Vars;
use crate::functions::{Allowance, Function};
use crate::paths::root;

/// More than any test sends.
const OUT_OF_REACH: u32 = 1_000_000;
/// Small enough to be reached, and for requests large enough for tests of the other two.
const SMALL: [(&str, u32); 3] = [
    ("SEND_LIMIT_10S", 3),
    ("OPEN_LIMIT_60S", 3),
    ("REQUEST_LIMIT_10S", 40),
];
/// Miniflare's counter, as it is installed.
const COUNTER: &str = "node_modules/miniflare/dist/src/workers/ratelimit/ratelimit.worker.js";
const NAMESPACE: &str = "xtask/src/test/rate_limiter.js";

/// The function with limits that no test reaches by accident.
pub fn out_of_reach(mut function: Function) -> Function {
    for limit in &mut function.config.ratelimits {
        limit.simple.limit = OUT_OF_REACH;
    }
    function
}

/// The function with limits that tests reach, counted apart from the others'.
pub fn within_reach(mut function: Function) -> Function {
    for limit in &mut function.config.ratelimits {
        limit.namespace_id = format!("small-{}", limit.namespace_id);
        for (name, small) in SMALL {
            if limit.name == name {
                limit.simple.limit = small;
            }
        }
    }
    function
}

/// The function without limits, and variables that put what is no limiter in their places.
pub fn without(mut function: Function) -> (Function, Vars) {
    let limits = std::mem::take(&mut function.config.ratelimits);
    let no_limiters = limits
        .into_iter()
        .map(|limit| (limit.name, "no limiter".to_owned()));
    (function, no_limiters.collect())
}

/// The name of a namespace's service.
pub fn service(namespace: &str) -> String {
    format!("rate-limit-{namespace}")
}

/// The namespaces that functions are bound to, by the names of their services.
pub fn namespaces<'f>(
    functions: impl Iterator<Item = &'f Function>,
) -> BTreeMap<String, Allowance> {
    functions
        .flat_map(|function| &function.config.ratelimits)
        .map(|limit| (service(&limit.namespace_id), limit.simple))
        .collect()
}

/// A namespace's Worker for workerd's configuration; `embed` makes the path of a file.
pub fn worker(constant: &str, allowance: Allowance, embed: impl Fn(&str) -> String) -> String {
    let Allowance { limit, period } = allowance;
    let [namespace, counter] =
        [NAMESPACE, COUNTER].map(|file| embed(&root().join(file).to_string_lossy()));
    format!(
        "\nconst {constant} :Workerd.Worker = (\n  compatibilityDate = \"2026-04-01\",\n  modules = [\n    \
         (name = \"index.js\", esModule = embed {namespace}),\n    \
         (name = \"rate-limiter\", esModule = embed {counter}),\n  ],\n  \
         bindings = [\n    (name = \"limit\", json = \"{limit}\"),\n    \
         (name = \"period\", json = \"{period}\"),\n  ],\n);\n"
    )
}
