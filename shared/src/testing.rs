//! A machine for native tests: tokio's clock, a key set that a test can change, rate limits, and counters.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::RequestBuilder;
use tokio::time::Instant;

use crate::error::{ApiError, ErrorCode};
use crate::fetch;
use crate::platform::{Charge, Local, Platform};

/// The machine of a test. Its time begins now and passes as tokio's does, so a test that pauses
/// tokio's clock decides how fast.
pub struct TestPlatform {
    begun_at: u64,
    begun: Instant,
    /// The variables.
    pub variables: BTreeMap<&'static str, String>,
    /// What the keys' endpoint answers; `None` is down.
    pub keys: RefCell<Option<String>>,
    /// How long it takes to answer, in milliseconds.
    pub answers_after: Cell<u64>,
    /// How often it was asked.
    pub fetches: Cell<u32>,
    /// What instances share, as the last one wrote it; `None` where there is no such cache.
    pub shared: RefCell<Option<Vec<u8>>>,
    /// Whether that cache never answers.
    pub shared_hangs: Cell<bool>,
    limits: RefCell<BTreeMap<&'static str, Limiter>>,
    charges: RefCell<Vec<(String, String)>>,
}

#[derive(Clone, Copy)]
enum Limiter {
    /// Refuses what is more than this.
    Works(usize),
    /// Answers this whatever comes; `None` never answers.
    Broken(Option<Charge>),
}

impl TestPlatform {
    /// Makes a limiter that allows each key so many.
    pub fn limit(&self, limiter: &'static str, max: usize) {
        self.limits
            .borrow_mut()
            .insert(limiter, Limiter::Works(max));
    }

    /// Makes a limiter that always answers the same; `None` never answers.
    pub fn broken_limiter(&self, limiter: &'static str, answer: Option<Charge>) {
        self.limits
            .borrow_mut()
            .insert(limiter, Limiter::Broken(answer));
    }

    /// The limiters that have been asked, in order, whether they exist or not.
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
        Box::pin(fetch::send(service, request))
    }

    fn fetch_keys<'a>(&'a self, _: &'a str) -> Local<'a, Result<Vec<u8>, ApiError>> {
        self.fetches.set(self.fetches.get().saturating_add(1));
        Box::pin(async {
            self.sleep(self.answers_after.get()).await;
            let keys = self.keys.borrow().clone();
            keys.map(String::into_bytes)
                .ok_or(ErrorCode::Unavailable.into())
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
