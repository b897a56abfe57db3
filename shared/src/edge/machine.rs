//! The Workers runtime as a [`Platform`].

use std::time::Duration;

use worker::js_sys::Reflect;
use worker::wasm_bindgen::JsCast;
use worker::{Cache, Date, Delay, Env, RateLimiter, ResponseBuilder};

use crate::error::{ApiError, ErrorCode};
use crate::platform::{Charge, Local, Platform};

/// The runtime this instance runs in, with its bindings.
#[derive(Clone)]
pub(super) struct Workers(pub Env);

impl Platform for Workers {
    fn now(&self) -> u64 {
        Date::now().as_millis()
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
            let unavailable =
                |detail: String| ApiError::with_detail(ErrorCode::Unavailable, detail);
            let failed = |error: reqwest::Error| {
                unavailable(format!("the signing keys: {:?}", error.without_url()))
            };
            let response = reqwest::Client::new()
                .get(url)
                .send()
                .await
                .map_err(failed)?;
            let status = response.status().as_u16();
            if status != 200 {
                return Err(unavailable(format!("the signing keys: HTTP {status}")));
            }
            Ok(response.bytes().await.map_err(failed)?.into())
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
