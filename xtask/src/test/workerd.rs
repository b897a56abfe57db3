//! The built functions on `workerd serve`, for tests: it survives clients that hang up, where
//! `wrangler dev` does not, and runs exactly the modules that would be deployed.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::env_file::Vars;
use crate::functions::Function;
use crate::paths::root;
use crate::ports::HOST;
use crate::processes::{Processes, Spec, command};
use crate::stack::wait_for;
use crate::{platform, rate_limits, shared_cache, trigger};

/// Its name among the processes.
pub const NAME: &str = "workerd";

/// The Worker that has a trigger.
const TRIGGERED: &str = "chat-api-uploads";

/// A function on a port of its own.
pub struct Placed {
    /// What the service is called: the Worker's name, by which others are bound to it, or a name of
    /// its own for a second instance.
    pub service: String,
    /// What stands before the names of the Workers that it is bound to.
    pub bound_to: &'static str,
    /// Whose module it runs.
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
pub async fn start(
    processes: &Processes,
    state: &Path,
    functions: &[Placed],
    trigger: u16,
) -> Result<()> {
    spawn(NAME, &render(functions, Some(trigger)), processes, state)?;
    let edge = functions.first().context("there is a function")?;
    wait_for(
        &format!("http://{HOST}:{}/health", edge.port),
        NAME,
        processes,
    )
    .await
}

/// Starts a workerd of this name with a configuration, and does not wait for it.
pub fn spawn(name: &str, config: &str, processes: &Processes, state: &Path) -> Result<()> {
    let file = state.join(format!("{name}.capnp"));
    fs::write(&file, config)?;
    // Switches nothing on by itself; the trigger's Worker has a flag that needs it.
    let mut workerd = command(program()?, ["serve", "--experimental"]);
    // Paths in the configuration are given relative to the file system's root.
    workerd.arg("--import-path=/").arg(&file);
    processes.start(Spec::new(name, workerd))
}

/// The program itself: the npm wrapper would stand between it and our signals.
fn program() -> Result<std::path::PathBuf> {
    let platform = platform::npm_name()?.replace("x64", "64");
    Ok(root().join(format!(
        "node_modules/@cloudflare/workerd-{platform}/bin/workerd"
    )))
}

/// The configuration in Cap'n Proto's text form.
pub fn render(functions: &[Placed], trigger: Option<u16>) -> String {
    let mut services = String::new();
    let mut sockets = String::new();
    let mut workers = String::new();
    for (index, placed) in functions.iter().enumerate() {
        let (service, port) = (quote(&placed.service), placed.port);
        services.push_str(&format!(
            "    (name = {service}, worker = .worker{index}),\n"
        ));
        sockets.push_str(&socket(&service, port));
        workers.push_str(&worker(index, placed));
    }
    let namespaces = rate_limits::namespaces(functions.iter().map(|placed| &placed.function));
    for (index, (service, allowance)) in namespaces.into_iter().enumerate() {
        let service = quote(&service);
        services.push_str(&format!(
            "    (name = {service}, worker = .limiter{index}),\n"
        ));
        workers.push_str(&rate_limits::worker(
            &format!("limiter{index}"),
            allowance,
            quote,
        ));
    }
    if let Some(port) = trigger {
        services.push_str("    (name = \"trigger\", worker = .trigger),\n");
        sockets.push_str(&socket("\"trigger\"", port));
        workers.push_str(&trigger::worker("trigger", TRIGGERED, quote));
    }
    if let Some(port) = functions.iter().find_map(|placed| placed.cache) {
        let service = quote(shared_cache::SERVICE);
        services.push_str(&format!("    (name = {service}, worker = .cache),\n"));
        sockets.push_str(&socket(&service, port));
        workers.push_str(&shared_cache::worker("cache", quote));
    }
    format!(
        "# Written by cargo xtask at each start.\n\
         using Workerd = import \"/workerd/workerd.capnp\";\n\n\
         const config :Workerd.Config = (\n  services = [\n{services}    \
         (name = \"internet\", network = (allow = [\"public\", \"private\", \"local\"])),\n  ],\n  \
         sockets = [\n{sockets}  ],\n);\n{workers}"
    )
}

/// A socket for a service, whose name is quoted.
pub fn socket(service: &str, port: u16) -> String {
    format!(
        "    (name = {service}, address = \"{HOST}:{port}\", http = (), service = {service}),\n"
    )
}

fn worker(index: usize, placed: &Placed) -> String {
    let Placed { function, vars, .. } = placed;
    let config = &function.config;
    let dir = function.build_dir();
    let embed = |file: &str| quote(&dir.join(file).to_string_lossy());
    let mut bindings = String::new();
    for (name, value) in &config.vars {
        // The stack's own values win, as .dev.vars wins in wrangler.
        if let Some(text) = value.as_str().filter(|_| !vars.contains_key(name)) {
            bindings.push_str(&binding(name, "text", &quote(text)));
        }
    }
    for (name, value) in vars {
        bindings.push_str(&binding(name, "text", &quote(value)));
    }
    for service in &config.services {
        bindings.push_str(&binding(
            &service.binding,
            "service",
            &quote(&format!("{}{}", placed.bound_to, service.service)),
        ));
    }
    for limit in &config.ratelimits {
        let service = rate_limits::service(&limit.namespace_id);
        bindings.push_str(&binding(&limit.name, "service", &quote(&service)));
    }
    let cache = placed.cache.map_or_else(String::new, |_| {
        format!("  cacheApiOutbound = {},\n", quote(shared_cache::SERVICE))
    });
    let flags: Vec<String> = config
        .compatibility_flags
        .iter()
        .map(|flag| quote(flag))
        .collect();
    format!(
        "\nconst worker{index} :Workerd.Worker = (\n  compatibilityDate = {date},\n  \
         compatibilityFlags = [{flags}],\n  modules = [\n    \
         (name = \"index.js\", esModule = embed {script}),\n    \
         (name = \"index_bg.wasm\", wasm = embed {module}),\n  ],\n  \
         bindings = [\n{bindings}  ],\n{cache});\n",
        date = quote(&config.compatibility_date),
        flags = flags.join(", "),
        script = embed("index.js"),
        module = embed("index_bg.wasm"),
    )
}

/// A binding to a value that is written as Cap'n Proto has it.
pub fn binding(name: &str, kind: &str, value: &str) -> String {
    format!("    (name = {}, {kind} = {value}),\n", quote(name))
}

/// A string literal of Cap'n Proto, whose escapes are C's.
pub fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\n' => quoted.push_str("\\n"),
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_backslashes_cannot_end_a_literal() {
        assert_eq!(quote("a\"b\\c\n"), "\"a\\\"b\\\\c\\n\"");
    }
}
