//! The functions as their wrangler.toml files describe them: nothing is named twice.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::paths::root;

/// The function whose wrangler.toml is the root's: the edge.
pub const EDGE: &str = "gateway";

/// One function.
#[derive(Clone)]
pub struct Function {
    /// Its package.
    pub name: String,
    /// Its folder.
    pub dir: PathBuf,
    /// Its wrangler.toml.
    pub config_file: PathBuf,
    /// What that says.
    pub config: Config,
}

/// What we read of a wrangler.toml.
#[derive(Clone, Deserialize)]
pub struct Config {
    /// The Worker's name.
    pub name: String,
    /// workerd's behaviour as of this day.
    pub compatibility_date: String,
    #[serde(default)]
    /// workerd's flags beside the date.
    pub compatibility_flags: Vec<String>,
    /// Plain variables.
    #[serde(default)]
    pub vars: BTreeMap<String, toml::Value>,
    /// Bindings to other Workers.
    #[serde(default)]
    pub services: Vec<Service>,
    /// Rate limits.
    #[serde(default)]
    pub ratelimits: Vec<RateLimit>,
}

/// A service binding.
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
    /// Its name in the code, which ends with its period.
    pub name: String,
    /// Bindings of one namespace count together, in whichever Worker.
    pub namespace_id: String,
    /// What it allows.
    pub simple: Allowance,
}

/// So many in each period.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub struct Allowance {
    /// How many.
    pub limit: u32,
    /// In how many seconds.
    pub period: u32,
}

impl RateLimit {
    /// The code knows a limit's period by its name alone.
    fn check(&self) -> Result<()> {
        let Allowance { period, .. } = self.simple;
        if !self.name.ends_with(&format!("_LIMIT_{period}S")) {
            bail!(
                "the rate limit {} has a period of {period} seconds: let its name end with _LIMIT_{period}S",
                self.name
            );
        }
        Ok(())
    }
}

impl Function {
    /// Where its build is put.
    pub fn build_dir(&self) -> PathBuf {
        self.dir.join("build")
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
    names
        .iter()
        .map(|name| read(name, dir.join(name)))
        .collect()
}

/// What panics when it is asked to: for tests, built beside the functions and never deployed.
pub fn panicking() -> Result<Function> {
    read("panicking", root().join("tests/panicking"))
}

/// The functions of these names; all when there are none.
pub fn named(names: &[String]) -> Result<Vec<Function>> {
    let all = all()?;
    for name in names {
        if !all.iter().any(|function| function.name == *name) {
            let known: Vec<_> = all.iter().map(|function| function.name.as_str()).collect();
            bail!(
                "there is no function `{name}`; there are {}",
                known.join(", ")
            );
        }
    }
    Ok(all
        .into_iter()
        .filter(|function| names.is_empty() || names.contains(&function.name))
        .collect())
}

fn read(name: &str, dir: PathBuf) -> Result<Function> {
    let config_file = if name == EDGE {
        root().join("wrangler.toml")
    } else {
        dir.join("wrangler.toml")
    };
    let text = fs::read_to_string(&config_file)
        .with_context(|| format!("cannot read {}", config_file.display()))?;
    let config: Config = toml::from_str(&text)
        .with_context(|| format!("{} is not a wrangler configuration", config_file.display()))?;
    for limit in &config.ratelimits {
        limit
            .check()
            .with_context(|| format!("in {}", config_file.display()))?;
    }
    Ok(Function {
        name: name.to_owned(),
        dir,
        config_file,
        config,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_function_has_a_log() {
        for function in all().unwrap() {
            let text = fs::read_to_string(&function.config_file).unwrap();
            let config: toml::Table = text.parse().unwrap();
            let enabled = config["observability"]["enabled"].as_bool();
            assert_eq!(enabled, Some(true), "{}", function.name);
        }
    }

    #[test]
    fn all_functions_that_know_users_count_their_requests_together() {
        let functions = all().unwrap();
        let limit = |function: &Function| {
            let limits = &function.config.ratelimits;
            let found = limits
                .iter()
                .find(|limit| limit.name == "REQUEST_LIMIT_10S");
            found.map(|limit| (limit.namespace_id.clone(), limit.simple))
        };
        let (edge, others) = functions.split_first().unwrap();
        assert_eq!((edge.name.as_str(), limit(edge)), (EDGE, None));
        let first = limit(&others[0]);
        assert!(first.is_some());
        for function in others {
            assert_eq!(limit(function), first, "{}", function.name);
        }
    }

    #[test]
    fn a_limit_is_named_after_its_period() {
        let limit = |name: &str, period| RateLimit {
            name: name.to_owned(),
            namespace_id: "1".to_owned(),
            simple: Allowance { limit: 1, period },
        };
        assert!(limit("SEND_LIMIT_10S", 10).check().is_ok());
        assert!(limit("SEND_LIMIT_10S", 60).check().is_err());
        assert!(limit("SEND_LIMIT", 10).check().is_err());
    }
}
