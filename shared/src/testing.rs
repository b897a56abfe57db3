//! The platform of native tests: tokio's clock, reqwest, a key set that a test can change, rate limiters,
//! and counters.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::RequestBuilder;
use tokio::time::Instant;

use crate::error::{ApiError, ErrorCode};
use crate::runtime::platform::{Charge, Local, Platform};

/// The platform of a test. Its time begins now and passes as tokio's clock does, which a test can pause.
pub struct TestPlatform {
    begun_at: u64,
    begun: Instant,
    pub variables: BTreeMap<&'static str, String>,
    /// The answer of the endpoint of the signing keys; with `None` the endpoint is down.
    pub keys: RefCell<Option<String>>,
    /// How long that endpoint takes to answer, in milliseconds.
    pub answers_after: Cell<u64>,
    /// How many requests that endpoint has got.
    pub fetches: Cell<u32>,
    /// The last entry that was written to the cache that instances share.
    pub shared: RefCell<Option<Vec<u8>>>,
    /// Whether that cache never answers.
    pub shared_hangs: Cell<bool>,
    limits: RefCell<BTreeMap<&'static str, Limiter>>,
    charges: RefCell<Vec<(String, String)>>,
}

#[derive(Clone, Copy)]
enum Limiter {
    /// Refuses more calls than this for each key.
    Works(usize),
    /// Always answers this; with `None` it never answers.
    Broken(Option<Charge>),
}

impl TestPlatform {
    /// Adds a limiter that allows `max` calls for each key.
    pub fn limit(&self, limiter: &'static str, max: usize) {
        self.limits
            .borrow_mut()
            .insert(limiter, Limiter::Works(max));
    }

    /// Adds a limiter that always gives this answer; with `None` it never answers.
    pub fn broken_limiter(&self, limiter: &'static str, answer: Option<Charge>) {
        self.limits
            .borrow_mut()
            .insert(limiter, Limiter::Broken(answer));
    }

    async fn published_keys(&self) -> Result<(u16, Vec<u8>), ApiError> {
        self.fetches.set(self.fetches.get().saturating_add(1));
        self.sleep(self.answers_after.get()).await;
        let keys = self.keys.borrow().clone();
        let keys = keys.ok_or(ErrorCode::Unavailable)?;
        Ok((200, keys.into_bytes()))
    }

    /// The limiters that have been called, in order, whether they exist or not.
    pub fn charged(&self) -> Vec<String> {
        let charges = self.charges.borrow();
        charges.iter().map(|(limiter, _)| limiter.clone()).collect()
    }
}

impl Default for TestPlatform {
    fn default() -> Self {
        TestPlatform {
            begun_at: jsonwebtoken::get_current_timestamp().saturating_mul(1_000),
            begun: Instant::now(),
            variables: BTreeMap::new(),
            keys: RefCell::new(None),
            answers_after: Cell::new(0),
            fetches: Cell::new(0),
            shared: RefCell::new(None),
            shared_hangs: Cell::new(false),
            limits: RefCell::default(),
            charges: RefCell::default(),
        }
    }
}

impl Platform for TestPlatform {
    fn now(&self) -> u64 {
        let passed = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.begun_at.saturating_add(passed)
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }

    fn sleep(&self, milliseconds: u64) -> Local<'_, ()> {
        Box::pin(tokio::time::sleep(Duration::from_millis(milliseconds)))
    }

    fn fetch<'a>(
        &'a self,
        service: &'static str,
        request: RequestBuilder,
    ) -> Local<'a, Result<(u16, Vec<u8>), ApiError>> {
        Box::pin(async move {
            let failed = |error| no_answer(service, error);
            let (client, request) = request.build_split();
            let request = request.map_err(failed)?;
            if request.url().path().ends_with("/jwks.json") {
                return self.published_keys().await;
            }
            let response = client.execute(request).await.map_err(failed)?;
            let status = response.status().as_u16();
            let body = response.bytes().await.map_err(failed)?;
            Ok((status, body.into()))
        })
    }

    fn read_shared<'a>(&'a self, _: &'a str) -> Local<'a, Option<Vec<u8>>> {
        Box::pin(async {
            if self.shared_hangs.get() {
                std::future::pending::<()>().await;
            }
            self.shared.borrow().clone()
        })
    }

    fn write_shared<'a>(&'a self, _: &'a str, value: Vec<u8>, _: u64) -> Local<'a, ()> {
        Box::pin(async {
            if self.shared_hangs.get() {
                std::future::pending::<()>().await;
            }
            *self.shared.borrow_mut() = Some(value);
        })
    }

    fn charge<'a>(&'a self, limiter: &'a str, key: &'a str) -> Local<'a, Charge> {
        let charge = (limiter.to_owned(), key.to_owned());
        let mut charges = self.charges.borrow_mut();
        let before = charges.iter().filter(|before| **before == charge).count();
        charges.push(charge);
        let answer = match self.limits.borrow().get(limiter) {
            Some(Limiter::Works(max)) if before >= *max => Some(Charge::Refused),
            Some(Limiter::Broken(answer)) => *answer,
            _ => Some(Charge::Allowed),
        };
        Box::pin(async move {
            match answer {
                Some(answer) => answer,
                None => std::future::pending().await,
            }
        })
    }
}

/// Maps the error of a request that got no answer, or only a part of one.
fn no_answer(service: &str, error: reqwest::Error) -> ApiError {
    let code = if error.is_timeout() {
        ErrorCode::UpstreamTimeout
    } else if error.is_builder() {
        ErrorCode::Internal
    } else if error.is_request() {
        // The connection was refused or reset. `fetch` in wasm does not tell which.
        ErrorCode::Unavailable
    } else {
        ErrorCode::BadUpstream
    };
    // The URL may hold a cursor.
    ApiError::with_detail(
        code,
        format!("{service} gave no answer: {:?}", error.without_url()),
    )
}
