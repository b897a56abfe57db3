//! Which instances of the functions run, and where each of them is.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result};
use serde::Deserialize;

use super::workerd::Placed;
use crate::build::functions::{EDGE, Function, find};
use crate::env_file::Vars;
use crate::paths::root;
use crate::stack::ports::{FreePorts, LOOPBACK};
use crate::wrangler;

/// What the tests need beside one instance of each function. The file says what its parts mean.
const INSTANCES: &str = "tests/instances.toml";
/// As a rate limit: more than any test sends.
const OUT_OF_REACH: u32 = 1_000_000;

#[derive(Deserialize)]
struct Instances {
    ports: Vec<String>,
    instance: Vec<Instance>,
}

/// Default: the function with its normal configuration.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Instance {
    name: String,
    function: String,
    set: Vars,
    unset: Vec<String>,
    limits: Option<BTreeMap<String, u32>>,
    cache: bool,
    bound_to: Option<String>,
    faults: bool,
}

/// Gives each instance a port, which is free once this is dropped. Adds where all of them are to the stack's variables.
pub struct Placement {
    functions: Vec<Function>,
    /// What is to be started, the edge first.
    pub placed: Vec<Placed>,
    /// The stack's variables, and a `…_URL` for each instance.
    pub vars: Vars,
    ports: FreePorts,
}

impl Placement {
    /// One instance of each function, with limits that no test reaches by accident.
    pub fn new(functions: &[Function], stack: Vars) -> Result<Self> {
        let mut functions = functions.to_vec();
        for limit in functions
            .iter_mut()
            .flat_map(|of| &mut of.config.ratelimits)
        {
            limit.simple.limit = OUT_OF_REACH;
        }
        let mut placement = Placement {
            functions: functions.clone(),
            placed: Vec::new(),
            vars: stack,
            ports: FreePorts::default(),
        };
        for function in functions {
            let (name, service) = (variable(&function), function.config.name.clone());
            placement.add(&Instance::default(), &name, service, function)?;
        }
        Ok(placement)
    }

    /// What the tests need beside them; the tests of faults need the function that panics too.
    pub fn with_instances(mut self, panicking: Option<&Function>) -> Result<Self> {
        let text = fs::read_to_string(root().join(INSTANCES))?;
        let plan: Instances = toml::from_str(&text).context(INSTANCES)?;
        for name in &plan.ports {
            let port = self.reserve(&format!("{name}_URL"))?;
            self.vars.insert(format!("{name}_PORT"), port.to_string());
        }
        let functions = self.functions.clone();
        for instance in &plan.instance {
            if instance.faults && panicking.is_none() {
                continue;
            }
            // As services are named: `unreachable-edge`.
            let service = instance.name.to_lowercase().replace('_', "-");
            if instance.function == "*" {
                for function in &functions {
                    let name = format!("{}_{}", instance.name, variable(function));
                    let mut function = function.clone();
                    // They call each other, and not the first instances.
                    for other in &mut function.config.services {
                        other.service = format!("{service}-{}", other.service);
                    }
                    let service = format!("{service}-{}", function.config.name);
                    self.add(instance, &name, service, function)?;
                }
            } else {
                let function = match panicking.filter(|of| of.name == instance.function) {
                    Some(panicking) => panicking,
                    None => find(&functions, &instance.function)?,
                };
                self.add(instance, &instance.name, service, function.clone())?;
            }
        }
        Ok(self)
    }

    fn add(
        &mut self,
        instance: &Instance,
        name: &str,
        service: String,
        mut function: Function,
    ) -> Result<()> {
        if let Some(limits) = &instance.limits {
            function = function.with_limits(limits);
        }
        if let Some(only) = &instance.bound_to {
            let services = &mut function.config.services;
            services
                .iter_mut()
                .for_each(|other| other.service.clone_from(only));
        }
        let mut vars = wrangler::function_vars(&function, &self.vars);
        vars.retain(|name, _| !instance.unset.contains(name));
        for (name, value) in &instance.set {
            let filled = self.vars.iter().fold(value.clone(), |text, (name, value)| {
                text.replace(&format!("${{{name}}}"), value)
            });
            vars.insert(name.clone(), filled);
        }
        let cache = instance
            .cache
            .then(|| self.vars["SHARED_CACHE_PORT"].parse());
        let port = self.reserve(&format!("{name}_URL"))?;
        self.placed.push(Placed {
            service,
            function,
            port,
            vars,
            cache: cache.transpose()?,
        });
        Ok(())
    }

    /// A free port, whose URL the variables have from now on.
    fn reserve(&mut self, name: &str) -> Result<u16> {
        let port = self.ports.take()?;
        self.vars
            .insert(name.to_owned(), format!("http://{LOOPBACK}:{port}"));
        Ok(port)
    }
}

fn variable(function: &Function) -> String {
    match function.name.as_str() {
        EDGE => "EDGE".to_owned(),
        name => name.to_uppercase().replace('-', "_"),
    }
}
