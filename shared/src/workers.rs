//! The one place that knows the Workers runtime: makes a [`Request`] of its request and its
//! response of a [`Reply`], and writes the request's line to the log.

mod fetch;
mod forward;
mod glue;
mod incoming;
mod machine;
mod panics;
mod task;

use std::cell::{OnceCell, RefCell};
use std::future::ready;
use std::rc::Rc;

use worker::js_sys::Promise;
use worker::wasm_bindgen::JsValue;
use worker::wasm_bindgen::prelude::Closure;
use worker::{console_error, console_log, web_sys};

use crate::auth::session::Context;
use crate::auth::verifier::Verifier;
use crate::error::{ApiError, ErrorCode};
use crate::http::cors::Cors;
use crate::http::reply::Reply;
use crate::http::request::{Request, check_head};
use crate::http::request_id::RequestId;
use crate::routes::Destination;
use crate::runtime::config::Config;
use crate::runtime::platform::Platform;
use crate::runtime::request_log::{Ending, Scope, Trace};
use crate::workers::forward::{Failed, forward};
pub use crate::workers::incoming::StreamBody;
use crate::workers::incoming::{Headers, Incoming};
use crate::workers::machine::Workers;

thread_local! {
    /// An instance has one thread and one configuration.
    static VERIFIER: Rc<Verifier> = Rc::default();
    /// That configuration, once it has been found good.
    static CONFIG: RefCell<Option<Rc<Config>>> = const { RefCell::new(None) };
    /// Part of it, which answers need that tell of a bad one.
    static CORS: OnceCell<Rc<Cors>> = const { OnceCell::new() };
    /// What the gateway answers for functions that do not.
    static FAILED: OnceCell<Failed> = const { OnceCell::new() };
}

/// Runs a function that answers itself. `name` is the function's, for the log. The promise is of a
/// response, and rejected only when the runtime refuses to build that.
pub fn serve<H>(name: &'static str, request: web_sys::Request, env: JsValue, handler: H) -> Promise
where
    H: AsyncFnOnce(Request<StreamBody>, &Context<'_>) -> Result<Reply, ApiError> + 'static,
{
    let (exchange, incoming) = Exchange::begin(name, request, env, Headers::All);
    if let Some(answer) = exchange.early_answer(&incoming) {
        return task::run(ready(answer), |answer| exchange.respond(answer));
    }
    let (platform, trace) = exchange.shared();
    let work = async move {
        let config = config(&platform)?;
        let verifier = VERIFIER.with(Rc::clone);
        let scope = Scope::resume(&platform, trace);
        let context = Context {
            config: &config,
            verifier: &verifier,
            scope: &scope,
        };
        handler(incoming.request, &context).await
    };
    task::run(work, |answer| exchange.respond(answer))
}

/// The variables, read once: each of them costs a call into JavaScript.
fn config(platform: &Workers) -> Result<Rc<Config>, ApiError> {
    CONFIG.with(|known| {
        let mut known = known.borrow_mut();
        if let Some(config) = known.as_ref() {
            return Ok(Rc::clone(config));
        }
        let config = Rc::new(Config::load(|name| platform.variable(name))?);
        Ok(Rc::clone(known.insert(config)))
    })
}

fn cors(platform: &Workers) -> Rc<Cors> {
    let parse = || {
        Rc::new(Cors::parse(
            platform.variable("CORS_ALLOWED_ORIGINS").as_deref(),
        ))
    };
    CORS.with(|known| Rc::clone(known.get_or_init(parse)))
}

/// Runs the gateway: `route` names the function that answers, and `handler` answers what is for none. As [`serve`].
pub fn dispatch<R, H>(
    name: &'static str,
    request: web_sys::Request,
    env: JsValue,
    route: R,
    handler: H,
) -> Promise
where
    R: Fn(&Request<StreamBody>) -> Result<Option<Destination>, ApiError> + 'static,
    H: AsyncFnOnce(
            &Request<StreamBody>,
            &Scope<'_>,
            &dyn Fn(&str) -> Option<String>,
        ) -> Result<Reply, ApiError>
        + 'static,
{
    let (exchange, incoming) = Exchange::begin(name, request, env, Headers::Routing);
    if let Some(answer) = exchange.early_answer(&incoming) {
        return task::run(ready(answer), |answer| exchange.respond(answer));
    }
    let request = incoming.request;
    match route(&request) {
        Ok(None) => {}
        Ok(Some(destination)) => {
            let (env, began) = (&exchange.platform.0, exchange.trace.started());
            return FAILED.with(|failed| {
                let failed = failed.get_or_init(|| undelivered(name, route));
                forward(&request, env, destination, began, failed)
            });
        }
        Err(error) => return task::run(ready(Err(error)), |answer| exchange.respond(answer)),
    }
    let (platform, trace) = exchange.shared();
    let work = async move {
        let scope = Scope::resume(&platform, trace);
        handler(&request, &scope, &|name| platform.variable(name)).await
    };
    task::run(work, |answer| exchange.respond(answer))
}

/// Answers what was passed on and did not arrive.
fn undelivered<R>(name: &'static str, route: R) -> Failed
where
    R: Fn(&Request<StreamBody>) -> Result<Option<Destination>, ApiError> + 'static,
{
    Closure::new(move |head, env, began: f64, reason| {
        let (mut exchange, incoming) = Exchange::begin(name, head, env, Headers::Routing);
        exchange.trace = Rc::new(Trace::begun(began as u64));
        if let Ok(Some(Destination { pattern, .. })) = route(&incoming.request) {
            exchange.trace.route(pattern);
        }
        exchange.respond(Err(forward::reason(reason)))
    })
}

/// Runs what a trigger asks for; its outcome is a line of the log and nothing else.
pub fn schedule<H>(name: &'static str, env: JsValue, handler: H) -> Promise
where
    H: AsyncFnOnce(&Scope<'_>, &RequestId) -> Result<String, ApiError> + 'static,
{
    let platform = Workers(env);
    let id = RequestId::accept(None);
    let trace = Scope::new(&platform).trace;
    let work = {
        let (platform, trace, id) = (platform.clone(), Rc::clone(&trace), id.clone());
        async move { handler(&Scope::resume(&platform, trace), &id).await }
    };
    task::run(work, move |outcome| {
        let (code, detail) = match &outcome {
            Ok(done) => (None, Some(done.as_str())),
            Err(error) => (Some(error.code), error.detail.as_deref()),
        };
        let ending = Ending {
            function: name,
            id: id.as_str(),
            method: "SCHEDULED",
            status: code.map_or(200, ErrorCode::status),
            code,
            detail,
        };
        let line = trace.log_line(&ending, platform.now());
        match outcome {
            Ok(_) => console_log!("{line}"),
            Err(_) => console_error!("{line}"),
        }
        Ok(JsValue::NULL)
    })
}

/// What is needed to answer once the request itself has been given away.
struct Exchange {
    function: &'static str,
    id: RequestId,
    method: String,
    origin: Option<String>,
    cors: Rc<Cors>,
    platform: Workers,
    trace: Rc<Trace>,
}

impl Exchange {
    fn begin(
        function: &'static str,
        request: web_sys::Request,
        env: JsValue,
        headers: Headers,
    ) -> (Self, Incoming) {
        let platform = Workers(env);
        let trace = Scope::new(&platform).trace;
        let incoming = Incoming::read(request, headers);
        let exchange = Exchange {
            function,
            id: incoming.request.id.clone(),
            method: incoming.request.method.clone(),
            origin: incoming.origin.clone(),
            cors: cors(&platform),
            platform,
            trace,
        };
        (exchange, incoming)
    }

    /// What a handler has of it, in a task of its own.
    fn shared(&self) -> (Workers, Rc<Trace>) {
        (self.platform.clone(), Rc::clone(&self.trace))
    }

    /// The answer to what no router needs to see.
    fn early_answer(&self, incoming: &Incoming) -> Option<Result<Reply, ApiError>> {
        if let Err(error) = check_head(&incoming.url, incoming.header_count) {
            return Some(Err(error));
        }
        let requested_method = incoming.requested_method.as_deref();
        self.cors
            .preflight(&self.method, self.origin.as_deref(), requested_method)
            .map(Ok)
    }

    fn log(&self, status: u16, error: Option<&ApiError>) {
        let ending = Ending {
            function: self.function,
            id: self.id.as_str(),
            method: &self.method,
            status,
            code: error.map(|error| error.code),
            detail: error.and_then(|error| error.detail.as_deref()),
        };
        let line = self.trace.log_line(&ending, self.platform.now());
        if status < 500 {
            console_log!("{line}");
        } else {
            console_error!("{line}");
        }
    }

    fn respond(self, answer: Result<Reply, ApiError>) -> Result<JsValue, JsValue> {
        let mut reply = match answer {
            Ok(reply) => {
                self.log(reply.status, None);
                reply
            }
            Err(error) => {
                self.log(error.code.status(), Some(&error));
                error.reply(&self.id)
            }
        };
        let timing = self.trace.server_timing(self.platform.now());
        reply.headers.push(("server-timing", timing));
        reply
            .headers
            .extend(self.cors.headers(self.origin.as_deref()));
        let reply = reply.with_common_headers(&self.id);
        let mut headers = String::with_capacity(512);
        for (name, value) in &reply.headers {
            headers.push_str(name);
            headers.push(':');
            headers.push_str(value);
            headers.push('\n');
        }
        // The runtime leaves out the body of an answer to HEAD. It throws at a 204 that has a body, even an empty one.
        let body = (!reply.body.is_empty()).then_some(reply.body);
        glue::answer(reply.status, &headers, body).map(JsValue::from)
    }
}
