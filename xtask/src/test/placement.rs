//! Which instances of the functions the tests need, and where each of them is.

use anyhow::{Context, Result};

use crate::env_file::Vars;
use crate::functions::{EDGE, Function};
use crate::ports::{FreePorts, HOST};
use crate::workerd::Placed;
use crate::{gateway, rate_limits, wrangler};

/// What stands before the names of the instances behind the proxy of the tests of faults.
const FAULTY: &str = "faulty-";
/// What stands before the names of the instances with small rate limits.
const LIMITED: &str = "limited-";
/// What those wait for their upstream, in milliseconds: short, as tests wait for its end.
const FAULTY_TIMEOUT_MS: &str = "2000";

/// Gives each function a port. Adds where all of them are to the stack's variables.
pub struct Placement {
    placed: Vec<Placed>,
    /// The stack's variables, and a `…_URL` for each instance.
    vars: Vars,
    /// What the functions are configured with.
    function_vars: Vars,
    ports: FreePorts,
}

impl Placement {
    /// The functions as they should be.
    pub fn new(functions: &[Function], stack: Vars) -> Result<Self> {
        let mut placement = Placement {
            placed: Vec::new(),
            function_vars: wrangler::function_vars(&stack),
            vars: stack,
            ports: FreePorts::default(),
        };
        let vars = placement.function_vars.clone();
        for function in functions {
            let name = variable(function);
            placement.add(&name, &function.config.name, "", function, &vars)?;
        }
        Ok(placement)
    }

    /// A second instance of some that cannot do its work, for the tests of what a client is told then.
    pub fn with_broken(mut self, functions: &[Function]) -> Result<Self> {
        let mut without_key = self.function_vars.clone();
        without_key.remove("SUPABASE_PUBLISHABLE_KEY");
        let supabase_url = self.vars.get("SUPABASE_URL").cloned().unwrap_or_default();
        let nowhere = format!("http://{HOST}:{}", self.ports.take()?);
        // Auth is no PostgREST: it answers, and with nothing that could be an answer.
        let auth = format!("{supabase_url}/auth/v1");
        for (name, of, vars) in [
            ("UNCONFIGURED", "chats", without_key),
            ("UNREACHABLE", "chats", self.vars_with_url(&nowhere)),
            ("UNREACHABLE_EDGE", EDGE, self.vars_with_url(&nowhere)),
            ("MISDIRECTED", "chats", self.vars_with_url(&auth)),
        ] {
            let function = functions.iter().find(|function| function.name == of);
            let function = function.with_context(|| format!("there is no function `{of}`"))?;
            self.add(name, &name.to_lowercase(), "", function, &vars)?;
        }
        Ok(self)
    }

    /// All functions again, with rate limits that tests reach; and `messages` with none, and with
    /// limiters that fail.
    pub fn with_limited(mut self, functions: &[Function]) -> Result<Self> {
        let vars = self.function_vars.clone();
        for function in functions {
            let name = format!("LIMITED_{}", variable(function));
            let service = format!("{LIMITED}{}", function.config.name);
            let limited = rate_limits::within_reach(function.clone());
            self.add(&name, &service, LIMITED, &limited, &vars)?;
        }
        let messages = functions
            .iter()
            .find(|function| function.name == "messages");
        let messages = messages.context("there is no function `messages`")?;
        let (unlimited, no_limiters) = rate_limits::without(messages.clone());
        let mut failing = vars.clone();
        failing.extend(no_limiters);
        self.add("UNLIMITED", "unlimited", "", &unlimited, &vars)?;
        self.add("FAILING_LIMITS", "failing-limits", "", &unlimited, &failing)?;
        Ok(self)
    }

    /// `chats` again, for the tests of how often signing keys are fetched: two instances of one
    /// project and two of projects of their own, all with one cache, and one without any. A project
    /// has a name in its `SUPABASE_URL`, by which the access log tells who asked for what.
    pub fn with_key_caches(mut self, functions: &[Function]) -> Result<Self> {
        let chats = functions.iter().find(|function| function.name == "chats");
        let chats = chats.context("there is no function `chats`")?;
        let supabase_url = self.vars.get("SUPABASE_URL").cloned().unwrap_or_default();
        let cache = self.ports.take()?;
        self.vars.insert(
            "SHARED_CACHE_URL".to_owned(),
            format!("http://{HOST}:{cache}"),
        );
        for (name, project, cache) in [
            ("KEYS_FETCHED", "passed-on", Some(cache)),
            ("KEYS_PASSED_ON", "passed-on", Some(cache)),
            ("KEYS_AGED", "aged", Some(cache)),
            ("KEYS_FLOODED", "flooded", Some(cache)),
            ("KEYS_FLOODED_ALONE", "flooded-alone", None),
        ] {
            let vars = self.vars_with_url(&format!("{supabase_url}{}{project}", gateway::NAMED));
            let service = name.to_lowercase().replace('_', "-");
            self.add(name, &service, "", chats, &vars)?;
            if let Some(placed) = self.placed.last_mut() {
                placed.cache = cache;
            }
        }
        Ok(self)
    }

    /// All functions again, and the one that panics, behind the proxy that the tests of faults run.
    pub fn with_faulty(mut self, functions: &[Function], panicking: &Function) -> Result<Self> {
        let proxy = self.ports.take()?;
        self.vars.insert("PROXY_PORT".to_owned(), proxy.to_string());
        let patient = self.vars_with_url(&format!("http://{HOST}:{proxy}"));
        let mut hasty = patient.clone();
        hasty.insert(
            "UPSTREAM_TIMEOUT_MS".to_owned(),
            FAULTY_TIMEOUT_MS.to_owned(),
        );
        for function in functions {
            let name = format!("FAULTY_{}", variable(function));
            let service = format!("{FAULTY}{}", function.config.name);
            self.add(&name, &service, FAULTY, function, &hasty)?;
        }
        let chats = functions.iter().find(|function| function.name == "chats");
        let chats = chats.context("there is no function `chats`")?;
        self.add("PATIENT", "patient", "", chats, &patient)?;
        self.add("PANICKING", &panicking.name, "", panicking, &patient)?;
        let edge = functions.iter().find(|function| function.name == EDGE);
        let mut edge = edge.context("there is no gateway")?.clone();
        for service in &mut edge.config.services {
            service.service.clone_from(&panicking.name);
        }
        self.add("PANICKING_EDGE", "panicking-edge", "", &edge, &patient)?;
        Ok(self)
    }

    /// A port for what fires the trigger of `uploads`.
    pub fn with_trigger(mut self) -> Result<(Self, u16)> {
        let port = self.ports.take()?;
        let url = format!("http://{HOST}:{port}");
        self.vars.insert("TRIGGER_URL".to_owned(), url);
        Ok((self, port))
    }

    /// What is to be started, the edge first, and the stack's variables. Gives the ports free.
    pub fn finish(self) -> (Vec<Placed>, Vars) {
        (self.placed, self.vars)
    }

    fn vars_with_url(&self, url: &str) -> Vars {
        let mut vars = self.function_vars.clone();
        vars.insert("SUPABASE_URL".to_owned(), url.to_owned());
        vars
    }

    fn add(
        &mut self,
        name: &str,
        service: &str,
        bound_to: &'static str,
        function: &Function,
        vars: &Vars,
    ) -> Result<()> {
        let port = self.ports.take()?;
        let mut vars = vars.clone();
        vars.extend(wrangler::own_vars(function, &self.vars));
        self.vars
            .insert(format!("{name}_URL"), format!("http://{HOST}:{port}"));
        self.placed.push(Placed {
            service: service.to_owned(),
            bound_to,
            function: function.clone(),
            port,
            vars,
            cache: None,
        });
        Ok(())
    }
}

fn variable(function: &Function) -> String {
    match function.name.as_str() {
        EDGE => "EDGE".to_owned(),
        name => name.to_uppercase().replace('-', "_"),
    }
}
