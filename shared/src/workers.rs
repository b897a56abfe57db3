//! The one place that knows the Workers runtime: makes a [`Request`] of its request and its
//! response of a [`Reply`], and writes the request's line to the log.

mod fetch;
mod forward;
mod glue;
mod hang_ups;
mod incoming;
mod platform;

use std::cell::{OnceCell, RefCell};
use std::panic;
use std::rc::Rc;
use std::sync::Once;

use worker::{Env, console_error, console_log, web_sys};

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
use crate::workers::forward::forward;
use crate::workers::hang_ups::unless_hung_up;
pub use crate::workers::incoming::StreamBody;
use crate::workers::incoming::{Headers, Incoming};
use crate::workers::platform::Workers;

/// What nginx calls a request whose client did not wait.
const CLIENT_CLOSED_REQUEST: u16 = 499;

thread_local! {
    /// An instance has one thread and one configuration.
    static VERIFIER: Rc<Verifier> = Rc::default();
    /// That configuration, once it has been found good.
    static CONFIG: RefCell<Option<Rc<Config>>> = const { RefCell::new(None) };
    /// The CORS part. Error replies need it even if the rest of the configuration is wrong.
    static CORS: OnceCell<Rc<Cors>> = const { OnceCell::new() };
}

/// Runs a function that answers itself. `name` is the function's, for the log.
///
/// # Errors
/// When the runtime refuses to build the response.
pub async fn serve<H>(
    name: &'static str,
    request: web_sys::Request,
    env: Env,
    handler: H,
) -> worker::Result<web_sys::Response>
where
    H: AsyncFnOnce(Request<StreamBody>, &Context<'_>) -> Result<Reply, ApiError>,
{
    let (exchange, incoming) = Exchange::begin(name, request, env, Headers::All);
    if let Some(answer) = exchange.early_answer(&incoming) {
        return exchange.respond(answer);
    }
    let client = exchange.platform.request.as_ref();
    let work = exchange.handle(incoming.request, handler);
    match unless_hung_up(client, work).await {
        Some(answer) => exchange.respond(answer),
        None => hung_up(),
    }
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

/// Runs the gateway: `route` names the function that answers, and `handler` answers requests without one.
///
/// # Errors
/// As [`serve`].
pub async fn dispatch<R, H>(
    name: &'static str,
    request: web_sys::Request,
    env: Env,
    route: R,
    handler: H,
) -> worker::Result<web_sys::Response>
where
    R: FnOnce(&Request<StreamBody>) -> Result<Option<Destination>, ApiError>,
    H: AsyncFnOnce(
        &Request<StreamBody>,
        &Scope<'_>,
        &dyn Fn(&str) -> Option<String>,
    ) -> Result<Reply, ApiError>,
{
    let (exchange, incoming) = Exchange::begin(name, request, env, Headers::Routing);
    if let Some(answer) = exchange.early_answer(&incoming) {
        return exchange.respond(answer);
    }
    let request = incoming.request;
    let platform = &exchange.platform;
    let answer = match route(&request) {
        Ok(Some(destination)) => match forward(&request, &platform.env, destination).await {
            Ok(response) => return Ok(response),
            Err(error) => {
                exchange.trace.route(destination.pattern);
                Err(error)
            }
        },
        Ok(None) => {
            let scope = Scope::resume(platform, Rc::clone(&exchange.trace));
            let lookup = |name: &str| platform.variable(name);
            let work = handler(&request, &scope, &lookup);
            match unless_hung_up(platform.request.as_ref(), work).await {
                Some(answer) => answer,
                None => return hung_up(),
            }
        }
        Err(error) => Err(error),
    };
    exchange.respond(answer)
}

/// The client is gone, so nobody reads this reply. It is not logged.
fn hung_up() -> worker::Result<web_sys::Response> {
    Ok(glue::answer(CLIENT_CLOSED_REQUEST, "", None)?)
}

/// Runs what a trigger asks for; its outcome is a line of the log and nothing else.
pub async fn schedule<H>(name: &'static str, env: Env, handler: H)
where
    H: AsyncFnOnce(&Scope<'_>, &RequestId) -> Result<String, ApiError>,
{
    log_places_of_panics();
    let platform = Workers {
        env: env.into(),
        request: None,
    };
    let id = RequestId::accept(None);
    let scope = Scope::new(&platform);
    let outcome = handler(&scope, &id).await;
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
        refused_origin: None,
    };
    let line = scope.trace.log_line(&ending, platform.now());
    match outcome {
        Ok(_) => console_log!("{line}"),
        Err(_) => console_error!("{line}"),
    }
}

/// Replaces worker's panic hook, which logs the panic's message: it may quote what it met. That worker then
/// makes a new instance needs no hook.
fn log_places_of_panics() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        panic::set_hook(Box::new(|info| {
            let place = info.location().map(ToString::to_string).unwrap_or_default();
            console_error!("panicked at {place}");
        }));
    });
}

/// What is needed to answer once the request itself has been given away.
struct Exchange {
    function: &'static str,
    id: RequestId,
    method: String,
    origin: Option<String>,
    /// For the log, if pages of that origin may not call.
    refused_origin: Option<String>,
    cors: Rc<Cors>,
    platform: Workers,
    trace: Rc<Trace>,
}

impl Exchange {
    fn begin(
        function: &'static str,
        request: web_sys::Request,
        env: Env,
        headers: Headers,
    ) -> (Self, Incoming) {
        log_places_of_panics();
        let platform = Workers {
            env: env.into(),
            // `Clone::clone`, because `Request.clone()` in JavaScript copies the body.
            request: Some(Clone::clone(&request)),
        };
        let trace = Scope::new(&platform).trace;
        let incoming = Incoming::read(request, headers);
        let cors = cors(&platform);
        let exchange = Exchange {
            function,
            id: incoming.request.id.clone(),
            method: incoming.request.method.clone(),
            origin: incoming.origin.clone(),
            refused_origin: cors.refusal(incoming.origin.as_deref(), &incoming.url),
            cors,
            platform,
            trace,
        };
        (exchange, incoming)
    }

    /// A handler's answer.
    async fn handle<H>(&self, request: Request<StreamBody>, handler: H) -> Result<Reply, ApiError>
    where
        H: AsyncFnOnce(Request<StreamBody>, &Context<'_>) -> Result<Reply, ApiError>,
    {
        let config = config(&self.platform)?;
        let verifier = VERIFIER.with(Rc::clone);
        let scope = Scope::resume(&self.platform, Rc::clone(&self.trace));
        let context = Context {
            config: &config,
            verifier: &verifier,
            scope: &scope,
        };
        handler(request, &context).await
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
            refused_origin: self.refused_origin.as_deref(),
        };
        let line = self.trace.log_line(&ending, self.platform.now());
        if status < 500 {
            console_log!("{line}");
        } else {
            console_error!("{line}");
        }
    }

    fn respond(self, answer: Result<Reply, ApiError>) -> worker::Result<web_sys::Response> {
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
        Ok(glue::answer(reply.status, &headers, body)?)
    }
}
