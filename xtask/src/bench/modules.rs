//! The modules: their sizes, and how long an instance of each takes to make.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde::Serialize;

use crate::bench::calls::Wire;
use crate::bench::client::Client;
use crate::bench::sample::median;
use crate::bench::servers::{COMPATIBILITY_DATE, Setup, wait_for_port};
use crate::paths::root;
use crate::ports::{self, HOST};
use crate::{wasm, workerd};

/// How many instances are made by one request: many, as a request costs more than one.
const INSTANCES: u32 = 200;
const REQUESTS: usize = 9;
/// Its name among the processes.
const NAME: &str = "instantiate";

/// A module.
#[derive(Clone, Debug, Serialize)]
pub struct Module {
    /// The function.
    pub name: String,
    /// Its size.
    pub raw_bytes: usize,
    /// The same, gzipped.
    pub gzipped_bytes: usize,
    /// Making an instance of it, in milliseconds.
    pub instantiate_ms: f64,
}

/// All of them.
pub async fn measure(setup: &Setup<'_>) -> Result<Vec<Module>> {
    let mut modules = Vec::new();
    let sizes = wasm::sizes(&setup.functions)?;
    for (function, (name, raw_bytes, gzipped_bytes)) in setup.functions.iter().zip(sizes) {
        let file = wasm::module(function);
        let file = file.to_str().context("a path is text")?;
        modules.push(Module {
            name,
            raw_bytes,
            gzipped_bytes,
            instantiate_ms: instantiate_ms(setup, file).await?,
        });
    }
    Ok(modules)
}

async fn instantiate_ms(setup: &Setup<'_>, file: &str) -> Result<f64> {
    let port = ports::free()?;
    let script = root().join("tests/bench/instantiate.js");
    let config = format!(
        "using Workerd = import \"/workerd/workerd.capnp\";\n\n\
         const config :Workerd.Config = (\n  services = [(name = \"main\", worker = .main)],\n  \
         sockets = [(name = \"main\", address = \"{HOST}:{port}\", http = (), service = \"main\")],\n);\n\n\
         const main :Workerd.Worker = (\n  compatibilityDate = \"{COMPATIBILITY_DATE}\",\n  modules = [\n    \
         (name = \"index.js\", esModule = embed {script}),\n    \
         (name = \"module.wasm\", wasm = embed {module}),\n  ],\n);\n",
        script = workerd::quote(&script.to_string_lossy()),
        module = workerd::quote(file),
    );
    workerd::spawn(NAME, &config, setup.processes, setup.state)?;
    let url = format!("http://{HOST}:{port}");
    wait_for_port(&url, NAME, setup.processes).await?;
    let client = Client::new();
    let ask = async |count: u32| -> Result<f64> {
        let url = format!("{url}/?count={count}");
        let wire = Wire {
            method: "GET",
            url,
            headers: Vec::new(),
            body: None,
        };
        let mut took = Vec::new();
        for _ in 0..REQUESTS {
            let begun = Instant::now();
            let (status, _) = client.send(&wire).await?;
            ensure!(status.is_success(), "no instance could be made: {status}");
            took.push(begun.elapsed().as_secs_f64() * 1000.0);
        }
        Ok(median(&took))
    };
    let (none, many) = (ask(0).await?, ask(INSTANCES).await?);
    setup.processes.stop(NAME).await?;
    Ok((many - none) / f64::from(INSTANCES))
}
