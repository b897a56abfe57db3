//! The Workers runtime as a [`Platform`].

use std::time::Duration;

use worker::js_sys::Reflect;
use worker::wasm_bindgen::JsCast;
use worker::{Cache, Delay, Env, RateLimiter, ResponseBuilder};

use crate::error::{ApiError, ErrorCode};
use crate::platform::{Charge, Local, Platform};

/// The runtime this instance runs in, with its bindings.
#[derive(Clone)]
pub(super) struct Workers(pub Env);

impl Platform for Workers {
    fn now(&self) -> u64 {
        // The worker crate's makes an object for it.
        worker::js_sys::Date::now() as u64
    }

    fn variable(&self, name: &str) -> Option<String> {
        // `Env::var` throws at a variable that is null, as workerd makes one it cannot find.
        Reflect::get(&self.0, &name.into()).ok()?.as_string()
    }

    fn sleep(&self, milliseconds: u64) -> Local<'_, ()> {
        Box::pin(Delay::from(Duration::from_millis(milliseconds)))
    }

    fn fetch_keys<'a>(&'a self, url: &'a str) -> Local<'a, Result<Vec<u8>, ApiError>> {
        Box::pin(async move {
            let answer = crate::fetch::send("Auth", reqwest::Client::new().get(url)).await;
            let detail = match answer {
                Ok((200, keys)) => return Ok(keys),
                Ok((status, _)) => format!("the signing keys: HTTP {status}"),
                Err(error) => format!("the signing keys: {}", error.detail.unwrap_or_default()),
            };
            Err(ApiError::with_detail(ErrorCode::Unavailable, detail))
        })
    }

    // The entries stand under the URL of the keys themselves; the Cache API belongs to this Worker's
    // zone and never asks the origin. Without a cache, as in a bare workerd, every call is an error.
    fn read_shared<'a>(&'a self, url: &'a str) -> Local<'a, Option<Vec<u8>>> {
        Box::pin(async move {
            let mut entry = Cache::default().get(url, false).await.ok()??;
            entry.bytes().await.ok()
        })
    }

    fn write_shared<'a>(&'a self, url: &'a str, value: Vec<u8>, seconds: u64) -> Local<'a, ()> {
        Box::pin(async move {
            let entry = ResponseBuilder::new()
                .with_header("cache-control", &format!("max-age={seconds}"))
                .map(|response| response.fixed(value));
            if let Ok(entry) = entry {
                let _ = Cache::default().put(url, entry).await;
            }
        })
    }

    fn charge<'a>(&'a self, limiter: &'a str, key: &'a str) -> Local<'a, Charge> {
        Box::pin(async move {
            let Ok(binding) = Reflect::get(&self.0, &limiter.into()) else {
                return Charge::Failed;
            };
            if binding.is_undefined() || binding.is_null() {
                return Charge::Allowed;
            }
            // `Env::rate_limiter` would ask for the name of the binding's class, which is nobody's
            // promise. What is no limiter at all throws here.
            let limiter = binding.unchecked_into::<RateLimiter>();
            match limiter.limit(key.to_owned()).await {
                Ok(outcome) if outcome.success => Charge::Allowed,
                Ok(_) => Charge::Refused,
                Err(_) => Charge::Failed,
            }
        })
    }
}
