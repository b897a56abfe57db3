//! The built functions on `workerd serve`, for tests and benchmarks: it survives clients that hang up, where
//! `wrangler dev` does not, and runs exactly the modules that would be deployed.
//!
//! Miniflare would write the same configuration, but gives each rate-limiting binding a counter of its own,
//! where Cloudflare counts by namespace, and stands between workerd and our signals, measurements and logs.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::build::functions::{Allowance, Function};
use crate::env_file::Vars;
use crate::paths::root;
use crate::run::{Run, command};
use crate::stack::ports::LOOPBACK;
use crate::stack::postgres::programs::npm_platform;
use crate::stack::wait_for;

/// Its name among the processes.
pub const NAME: &str = "workerd";

/// The Worker that has a trigger.
const TRIGGERED: &str = "chat-api-uploads";
/// The service that holds the entries of the Cache API.
const CACHE: &str = "shared-cache";
/// The service that reads the documents.
const ASSETS: &str = "assets";
/// Miniflare's rate limiter, as it is installed.
const COUNTER: &str = "node_modules/miniflare/dist/src/workers/ratelimit/ratelimit.worker.js";

/// A function on a port of its own.
pub struct Placed {
    /// What the service is called: the Worker's name, by which others are bound to it, or a name of
    /// its own for a second instance.
    pub service: String,
    pub function: Function,
    /// Where it listens.
    pub port: u16,
    /// Its variables and secrets.
    pub vars: Vars,
    /// Where the cache listens that it shares with others, if it has one.
    pub cache: Option<u16>,
}

/// Starts all of them, and what fires the trigger of `uploads`, and waits until the first, the edge,
/// answers.
pub async fn start(run: &Run, functions: &[Placed], trigger: u16) -> Result<()> {
    spawn(NAME, &render(functions, Some(trigger)), run)?;
    let edge = functions.first().context("there is a function")?;
    let health = format!("http://{LOOPBACK}:{}/health", edge.port);
    wait_for(&health, NAME, run).await
}

/// Starts a workerd of this name with a configuration, and does not wait for it.
pub fn spawn(name: &str, config: &str, run: &Run) -> Result<()> {
    let file = run.state.join(format!("{name}.capnp"));
    fs::write(&file, config)?;
    // The program itself: the npm wrapper would stand between it and our signals.
    let platform = npm_platform()?.replace("x64", "64");
    let program = format!("node_modules/@cloudflare/workerd-{platform}/bin/workerd");
    // Switches nothing on by itself; the trigger's Worker has a flag that needs it.
    let mut workerd = command(root().join(program), ["serve", "--experimental"]);
    // Paths in the configuration are given relative to the file system's root.
    workerd.arg("--import-path=/").arg(&file);
    run.start(name, workerd)
}

/// The configuration in Cap'n Proto's text form.
pub fn render(functions: &[Placed], trigger: Option<u16>) -> String {
    let internet = json!({ "allow": ["public", "private", "local"] });
    let mut services = vec![json!({ "name": "internet", "network": internet })];
    let mut assets = functions
        .iter()
        .filter_map(|placed| placed.function.config.assets.as_ref());
    services.extend(assets.next().map(|assets| {
        let path = root().join(&assets.directory);
        json!({ "name": ASSETS, "disk": { "path": path } })
    }));
    let mut sockets = Vec::new();
    let mut add = |name: &str, port: Option<u16>, worker: Value| {
        services.push(json!({ "name": name, "worker": worker }));
        sockets.extend(port.map(|port| {
            let address = format!("{LOOPBACK}:{port}");
            json!({ "name": name, "address": address, "http": {}, "service": name })
        }));
    };
    let mut namespaces = BTreeMap::new();
    for placed in functions {
        add(&placed.service, Some(placed.port), worker(placed));
        let limits = &placed.function.config.ratelimits;
        namespaces.extend(limits.iter().map(|of| (&of.namespace_id, of.simple)));
    }
    for (namespace, Allowance { limit, period }) in namespaces {
        let counter = module("rate-limiter", "esModule", &root().join(COUNTER));
        let mut worker = script("rate_limiter.js", Some(counter));
        worker["bindings"] = json!([
            { "name": "limit", "json": limit.to_string() },
            { "name": "period", "json": period.to_string() },
        ]);
        add(&limiter(namespace), None, worker);
    }
    if let Some(port) = trigger {
        let mut worker = script("trigger.js", None);
        worker["bindings"] = json!([{ "name": "WORKER", "service": TRIGGERED }]);
        // Experimental: without it a service binding calls `fetch` alone.
        worker["compatibilityFlags"] = json!(["service_binding_extra_handlers"]);
        add("trigger", Some(port), worker);
    }
    // Miniflare's cache needs its Durable Objects; on its port tests see the entries and put some there.
    if let Some(port) = functions.iter().find_map(|placed| placed.cache) {
        add(CACHE, Some(port), script("shared_cache.js", None));
    }
    // The heap that Cloudflare gives an isolate. workerd itself sets no limit, and V8 would then collect so
    // late that garbage looks like a leak.
    let flags = ["--max-heap-size=128"];
    let config = text(&json!({ "services": services, "sockets": sockets, "v8Flags": flags }));
    format!(
        "# Written by cargo xtask at each start.\n\
         using Workerd = import \"/workerd/workerd.capnp\";\n\
         const config :Workerd.Config = {config};\n"
    )
}

/// The Worker of a function.
fn worker(placed: &Placed) -> Value {
    let config = &placed.function.config;
    let dir = placed.function.build_dir();
    let text = |(name, value)| json!({ "name": name, "text": value });
    let written = config.vars.iter();
    let mut vars: BTreeMap<&str, &str> = written
        .filter_map(|(name, value)| Some((&**name, value.as_str()?)))
        .collect();
    // The stack's own values win, as .dev.vars wins in wrangler.
    vars.extend(placed.vars.iter().map(|(name, value)| (&**name, &**value)));
    let mut bindings: Vec<Value> = vars.into_iter().map(text).collect();
    let services = config.services.iter();
    bindings.extend(services.map(|of| json!({ "name": of.binding, "service": of.service })));
    let limits = config.ratelimits.iter();
    let assets = config.assets.iter();
    bindings.extend(assets.map(|of| json!({ "name": of.binding, "service": ASSETS })));
    bindings
        .extend(limits.map(|of| json!({ "name": of.name, "service": limiter(&of.namespace_id) })));
    let mut worker = json!({
        "compatibilityDate": config.compatibility_date,
        "compatibilityFlags": config.compatibility_flags,
        "modules": [
            module("index.js", "esModule", &dir.join("index.js")),
            module("index_bg.wasm", "wasm", &dir.join("index_bg.wasm")),
        ],
        "bindings": bindings,
    });
    if placed.cache.is_some() {
        worker["cacheApiOutbound"] = CACHE.into();
    }
    worker
}

/// The Worker of a script that the tests need.
fn script(name: &str, further: Option<Value>) -> Value {
    let file = root().join("tests/workers").join(name);
    let first = module("index.js", "esModule", &file);
    let modules: Vec<_> = [first].into_iter().chain(further).collect();
    json!({ "compatibilityDate": "2026-04-01", "modules": modules })
}

fn module(name: &str, kind: &str, file: &Path) -> Value {
    json!({ "name": name, kind: { "embed": file } })
}

/// The service that counts for a namespace.
fn limiter(namespace: &str) -> String {
    format!("rate-limit-{namespace}")
}

/// A value as Cap'n Proto writes it; `{"embed": file}` is the file's content.
fn text(value: &Value) -> String {
    match value {
        Value::Object(members) => match members.get("embed") {
            Some(file) => format!("embed {}", text(file)),
            None => {
                let members = members
                    .iter()
                    .map(|(name, of)| format!("{name} = {}", text(of)));
                format!("({})", members.collect::<Vec<_>>().join(", "))
            }
        },
        Value::Array(all) => {
            let all = all.iter().map(text);
            format!("[{}]", all.collect::<Vec<_>>().join(", "))
        }
        Value::String(text) => quote(text),
        other => other.to_string(),
    }
}

/// A string literal of Cap'n Proto, whose escapes are C's.
pub fn quote(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", escaped.replace('\n', "\\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_backslashes_cannot_end_a_literal() {
        assert_eq!(quote("a\"b\\c\n"), "\"a\\\"b\\\\c\\n\"");
    }
}
