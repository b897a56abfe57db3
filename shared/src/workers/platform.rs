//! The Workers runtime as a [`Platform`].

use std::time::Duration;

use reqwest::RequestBuilder;
use worker::js_sys::{Date, Reflect, Uint8Array};
use worker::wasm_bindgen::{JsCast, JsValue};
use worker::{Delay, web_sys};

use crate::error::ApiError;
use crate::runtime::platform::{Charge, Local, Platform};
use crate::workers::fetch::send;
use crate::workers::glue;

/// The runtime as one request meets it.
pub(super) struct Workers {
    /// The Worker's variables and bindings.
    pub env: JsValue,
    /// The request, unless a trigger runs the Worker.
    pub request: Option<web_sys::Request>,
}

impl Platform for Workers {
    fn now(&self) -> u64 {
        Date::now() as u64
    }

    fn variable(&self, name: &str) -> Option<String> {
        // One that workerd cannot find is null.
        Reflect::get(&self.env, &name.into()).ok()?.as_string()
    }

    fn sleep(&self, milliseconds: u64) -> Local<'_, ()> {
        Box::pin(Delay::from(Duration::from_millis(milliseconds)))
    }

    fn fetch<'a>(
        &'a self,
        service: &'static str,
        request: RequestBuilder,
    ) -> Local<'a, Result<(u16, Vec<u8>), ApiError>> {
        Box::pin(send(service, request, self.request.as_ref()))
    }

    // The entries stand under the URL of the keys themselves; the Cache API belongs to this Worker's
    // zone and never asks the origin. Without a cache, as in a bare workerd, every call is an error.
    fn read_shared<'a>(&'a self, url: &'a str) -> Local<'a, Option<Vec<u8>>> {
        Box::pin(async move {
            let entry = glue::cached(url).await.ok()?;
            Some(entry.dyn_into::<Uint8Array>().ok()?.to_vec())
        })
    }

    fn write_shared<'a>(&'a self, url: &'a str, value: Vec<u8>, seconds: u64) -> Local<'a, ()> {
        Box::pin(async move {
            let _ = glue::cache(url, &value, seconds as f64).await;
        })
    }

    fn charge<'a>(&'a self, limiter: &'a str, key: &'a str) -> Local<'a, Charge> {
        Box::pin(async move {
            // `Env::rate_limiter` would check the class name, which is not documented. If the binding is not
            // a limiter, this throws.
            let outcome = match glue::charge(&self.env, limiter, key) {
                Ok(Some(outcome)) => outcome.await,
                Ok(None) => return Charge::Allowed,
                Err(error) => Err(error),
            };
            match outcome {
                Ok(success) if success.is_truthy() => Charge::Allowed,
                Ok(_) => Charge::Refused,
                Err(_) => Charge::Failed,
            }
        })
    }
}
