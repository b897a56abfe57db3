//! The functions as their wrangler.toml files describe them: nothing is named twice.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::paths::root;

/// The function whose wrangler.toml is the root's: the edge.
pub const EDGE: &str = "gateway";

/// One function.
#[derive(Clone)]
pub struct Function {
    /// Its package.
    pub name: String,
    pub dir: PathBuf,
    /// Its wrangler.toml, and what that says.
    pub config_file: PathBuf,
    pub config: Config,
}

/// What we read of a wrangler.toml.
#[derive(Clone, Deserialize)]
pub struct Config {
    /// The Worker's name.
    pub name: String,
    pub compatibility_date: String,
    #[serde(default)]
    pub compatibility_flags: Vec<String>,
    #[serde(default)]
    pub vars: BTreeMap<String, toml::Value>,
    #[serde(default)]
    pub services: Vec<Service>,
    #[serde(default)]
    pub ratelimits: Vec<RateLimit>,
    pub assets: Option<Assets>,
}

/// The files that a Worker serves.
#[derive(Clone, Deserialize)]
pub struct Assets {
    pub directory: PathBuf,
    pub binding: String,
}

/// A binding to another Worker.
#[derive(Clone, Deserialize)]
pub struct Service {
    /// Its name in the code.
    pub binding: String,
    /// The Worker that it calls.
    pub service: String,
}

/// A rate-limiting binding.
#[derive(Clone, Deserialize)]
pub struct RateLimit {
    /// Its name in the code.
    pub name: String,
    /// Bindings of one namespace count together, in all Workers.
    pub namespace_id: String,
    pub simple: Allowance,
}

/// So many requests in a period of so many seconds.
#[derive(Clone, Copy, Deserialize)]
pub struct Allowance {
    pub limit: u32,
    pub period: u32,
}

impl Function {
    /// Where its build is put.
    pub fn build_dir(&self) -> PathBuf {
        self.dir.join("build")
    }

    /// The function with these rate limits and no others, which count apart from those of its configuration.
    pub fn with_limits(mut self, limits: &BTreeMap<String, u32>) -> Self {
        let all = &mut self.config.ratelimits;
        all.retain(|limit| limits.contains_key(&limit.name));
        for limit in all {
            limit.simple.limit = limits[&limit.name];
            limit.namespace_id = format!("other-{}", limit.namespace_id);
        }
        self
    }
}

/// All functions, the edge first.
pub fn all() -> Result<Vec<Function>> {
    let dir = root().join("functions");
    let mut names = Vec::new();
    for entry in fs::read_dir(&dir).with_context(|| format!("cannot read {}", dir.display()))? {
        let entry = entry?;
        if entry.path().join("Cargo.toml").is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort_by_key(|name| (name != EDGE, name.clone()));
    let functions = names.iter().map(|name| read(name, dir.join(name)));
    functions.collect()
}

/// A function that panics on request: for tests, built beside the others and never deployed.
pub fn panicking() -> Result<Function> {
    read("panicking", root().join("tests/panicking"))
}

/// One of these functions.
pub fn find<'f>(functions: &'f [Function], name: &str) -> Result<&'f Function> {
    let found = functions.iter().find(|function| function.name == name);
    found.with_context(|| {
        let known: Vec<_> = functions.iter().map(|of| of.name.as_str()).collect();
        format!(
            "there is no function `{name}`; there are {}",
            known.join(", ")
        )
    })
}

fn read(name: &str, dir: PathBuf) -> Result<Function> {
    let config_dir = if name == EDGE { root() } else { dir.clone() };
    let config_file = config_dir.join("wrangler.toml");
    let text = fs::read_to_string(&config_file)
        .with_context(|| format!("cannot read {}", config_file.display()))?;
    let config = toml::from_str(&text)
        .with_context(|| format!("{} is not a wrangler configuration", config_file.display()))?;
    Ok(Function {
        name: name.to_owned(),
        dir,
        config_file,
        config,
    })
}
