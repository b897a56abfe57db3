//! What the code needs of the runtime: the time, a timer, variables, `fetch`, a cache that instances
//! share, and rate limiters. It is passed in, so that all other code is tested natively.

use std::future::Future;
use std::pin::{Pin, pin};

use futures_util::future::{Either, select};
use reqwest::RequestBuilder;

use crate::error::ApiError;

/// A future of one request. It needs no `Send`, because an instance has one thread.
pub type Local<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// The runtime. It is used as a trait object and not as a type parameter, so that the wasm module has
/// one copy of the code that uses it.
pub trait Platform {
    /// Milliseconds since 1970. On Cloudflare the clock stands still between two I/O operations.
    fn now(&self) -> u64;

    /// The value of a variable or secret.
    fn variable(&self, name: &str) -> Option<String>;

    /// Completes after this time.
    fn sleep(&self, milliseconds: u64) -> Local<'_, ()>;

    /// Sends a request and reads the whole answer: its status and body. `service` is the name of
    /// the service in the log. Redirects are not followed.
    ///
    /// # Errors
    /// `unavailable` if there is no answer, `bad_upstream` if the body breaks off, `upstream_timeout`
    /// after the request's own timeout.
    fn fetch<'a>(
        &'a self,
        service: &'static str,
        request: RequestBuilder,
    ) -> Local<'a, Result<(u16, Vec<u8>), ApiError>>;

    /// Reads from the cache that instances share. `None` if it has no such entry, or if there is no cache.
    fn read_shared<'a>(&'a self, url: &'a str) -> Local<'a, Option<Vec<u8>>>;

    /// Writes to that cache. The entry lives for `seconds`. A failure is ignored: the cache only saves
    /// work.
    fn write_shared<'a>(&'a self, url: &'a str, value: Vec<u8>, seconds: u64) -> Local<'a, ()>;

    /// Counts one more call for `key` at a rate limiter. A limiter that does not exist allows everything.
    fn charge<'a>(&'a self, limiter: &'a str, key: &'a str) -> Local<'a, Charge>;
}

/// The answer of a rate limiter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charge {
    /// The call is within the limit.
    Allowed,
    /// The call is over the limit.
    Refused,
    /// The limiter gave no answer.
    Failed,
}

/// Runs a future with a time limit. `None` if the time is over first; the future is dropped then.
pub async fn within<T>(
    platform: &dyn Platform,
    milliseconds: u64,
    work: impl Future<Output = T>,
) -> Option<T> {
    match select(pin!(work), platform.sleep(milliseconds)).await {
        Either::Left((value, _)) => Some(value),
        Either::Right(_) => None,
    }
}
