//! Which instances of the functions the tests need, and where each of them is.

use anyhow::{Context, Result};

use super::rate_limits;
use super::workerd::Placed;
use crate::env_file::Vars;
use crate::functions::{EDGE, Function, find};
use crate::ports::{FreePorts, HOST};
use crate::{gateway, wrangler};

/// What stands before the names of the instances behind the proxy of the tests of faults.
const FAULTY: &str = "faulty-";
/// What stands before the names of the instances with small rate limits.
const LIMITED: &str = "limited-";
/// What those behind the proxy wait for it, in milliseconds: short, as tests wait for its end.
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
            let service = &function.config.name;
            placement.add(&variable(function), service, "", function, &vars)?;
        }
        Ok(placement)
    }

    /// A second instance of some that cannot do its work, for the tests of what a client is told then.
    pub fn with_broken(mut self, functions: &[Function]) -> Result<Self> {
        let mut without_key = self.function_vars.clone();
        without_key.remove("SUPABASE_PUBLISHABLE_KEY");
        let nowhere = self.reserve("NOWHERE_URL")?.1;
        // Auth is no PostgREST: it answers, and with nothing that could be an answer.
        let auth = format!("{}/auth/v1", self.vars["SUPABASE_URL"]);
        for (name, of, vars) in [
            ("UNCONFIGURED", "chats", without_key),
            ("UNREACHABLE", "chats", self.vars_with_url(&nowhere)),
            ("UNREACHABLE_EDGE", EDGE, self.vars_with_url(&nowhere)),
            ("MISDIRECTED", "chats", self.vars_with_url(&auth)),
        ] {
            self.add(name, &service(name), "", find(functions, of)?, &vars)?;
        }
        Ok(self)
    }

    /// All functions again, with rate limits that tests reach; and `messages` with none, and with
    /// limiters that fail.
    pub fn with_limited(mut self, functions: &[Function]) -> Result<Self> {
        let vars = self.function_vars.clone();
        for function in functions {
            let limited = rate_limits::within_reach(function.clone());
            self.add_again("LIMITED_", LIMITED, &limited, &vars)?;
        }
        let messages = find(functions, "messages")?.clone();
        let (unlimited, no_limiters) = rate_limits::without(messages);
        let failing = vars.clone().into_iter().chain(no_limiters).collect();
        for (name, vars) in [("UNLIMITED", vars), ("FAILING_LIMITS", failing)] {
            self.add(name, &service(name), "", &unlimited, &vars)?;
        }
        Ok(self)
    }

    /// `chats` again, for the tests of how often signing keys are fetched: two instances of one
    /// project and two of projects of their own, all with one cache, and one without any. A project
    /// has a name in its `SUPABASE_URL`, by which the access log tells who asked for what.
    pub fn with_key_caches(mut self, functions: &[Function]) -> Result<Self> {
        let chats = find(functions, "chats")?;
        let cache = Some(self.reserve("SHARED_CACHE_URL")?.0);
        for (name, project, cache) in [
            ("KEYS_FETCHED", "passed-on", cache),
            ("KEYS_PASSED_ON", "passed-on", cache),
            ("KEYS_AGED", "aged", cache),
            ("KEYS_FLOODED", "flooded", cache),
            ("KEYS_FLOODED_ALONE", "flooded-alone", None),
        ] {
            let url = format!("{}{}{project}", self.vars["SUPABASE_URL"], gateway::NAMED);
            let vars = self.vars_with_url(&url);
            self.add(name, &service(name), "", chats, &vars)?.cache = cache;
        }
        Ok(self)
    }

    /// All functions again, and the one that panics, behind the proxy that the tests of faults run.
    pub fn with_faulty(mut self, functions: &[Function], panicking: &Function) -> Result<Self> {
        let (port, proxy) = self.reserve("PROXY_URL")?;
        self.vars.insert("PROXY_PORT".to_owned(), port.to_string());
        let patient = self.vars_with_url(&proxy);
        let mut hasty = patient.clone();
        let timeout = ("UPSTREAM_TIMEOUT_MS", FAULTY_TIMEOUT_MS);
        hasty.insert(timeout.0.to_owned(), timeout.1.to_owned());
        for function in functions {
            self.add_again("FAULTY_", FAULTY, function, &hasty)?;
        }
        let mut edge = find(functions, EDGE)?.clone();
        for service in &mut edge.config.services {
            service.service.clone_from(&panicking.name);
        }
        for (name, of, function) in [
            ("PATIENT", "patient", find(functions, "chats")?),
            ("PANICKING", &panicking.name, panicking),
            ("PANICKING_EDGE", "panicking-edge", &edge),
        ] {
            self.add(name, of, "", function, &patient)?;
        }
        Ok(self)
    }

    /// A port for what fires the trigger of `uploads`.
    pub fn with_trigger(mut self) -> Result<(Self, u16)> {
        let port = self.reserve("TRIGGER_URL")?.0;
        Ok((self, port))
    }

    /// What is to be started, the edge first, and the stack's variables. Gives the ports free.
    pub fn finish(self) -> (Vec<Placed>, Vars) {
        (self.placed, self.vars)
    }

    /// A free port and its URL, which the variables name from now on.
    fn reserve(&mut self, name: &str) -> Result<(u16, String)> {
        let port = self.ports.take()?;
        let url = format!("http://{HOST}:{port}");
        self.vars.insert(name.to_owned(), url.clone());
        Ok((port, url))
    }

    fn vars_with_url(&self, url: &str) -> Vars {
        let mut vars = self.function_vars.clone();
        vars.insert("SUPABASE_URL".to_owned(), url.to_owned());
        vars
    }

    /// One more instance, which is bound to others of its kind.
    fn add_again(
        &mut self,
        variable_prefix: &str,
        kind: &'static str,
        function: &Function,
        vars: &Vars,
    ) -> Result<()> {
        let name = format!("{variable_prefix}{}", variable(function));
        let service = format!("{kind}{}", function.config.name);
        self.add(&name, &service, kind, function, vars).map(|_| ())
    }

    fn add(
        &mut self,
        name: &str,
        service: &str,
        bound_to: &'static str,
        function: &Function,
        vars: &Vars,
    ) -> Result<&mut Placed> {
        let mut vars = vars.clone();
        vars.extend(wrangler::own_vars(function, &self.vars));
        let port = self.reserve(&format!("{name}_URL"))?.0;
        self.placed.push(Placed {
            service: service.to_owned(),
            bound_to,
            function: function.clone(),
            port,
            vars,
            cache: None,
        });
        self.placed.last_mut().context("one was just added")
    }
}

/// `UNREACHABLE_EDGE` is the service `unreachable-edge`.
fn service(name: &str) -> String {
    name.to_lowercase().replace('_', "-")
}

fn variable(function: &Function) -> String {
    match function.name.as_str() {
        EDGE => "EDGE".to_owned(),
        name => name.to_uppercase().replace('-', "_"),
    }
}
