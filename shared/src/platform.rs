//! What the code needs of the machine it runs on: the time, waiting, variables, the signing keys'
//! endpoint, a cache that instances share and rate limiters. Injected, so that everything around them is tested natively.

use std::future::Future;
use std::pin::{Pin, pin};

use futures_util::future::{Either, select};
use reqwest::RequestBuilder;

use crate::error::ApiError;

/// A future of one request. Nothing in an instance runs on a second thread.
pub type Local<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// The machine. A trait object rather than a type parameter: the module then holds one copy of all
/// that is built on it.
pub trait Platform {
    /// Milliseconds since 1970. On Cloudflare it stands still between two I/O operations.
    fn now(&self) -> u64;

    /// The value of a variable or secret.
    fn variable(&self, name: &str) -> Option<String>;

    /// Waits.
    fn sleep(&self, milliseconds: u64) -> Local<'_, ()>;

    /// Sends a request and reads the whole answer: its status and body. `service` is the name of
    /// the service in the log. Redirects are not followed.
    ///
    /// # Errors
    /// `unavailable` if nobody answers, `bad_upstream` if the body breaks off, `upstream_timeout` after
    /// the request's own timeout.
    fn fetch<'a>(
        &'a self,
        service: &'static str,
        request: RequestBuilder,
    ) -> Local<'a, Result<(u16, Vec<u8>), ApiError>>;

    /// Fetches the key set from this URL.
    ///
    /// # Errors
    /// `unavailable` for everything but a 200.
    fn fetch_keys<'a>(&'a self, url: &'a str) -> Local<'a, Result<Vec<u8>, ApiError>>;

    /// Reads from the cache that instances share, `None` where nothing is or there is no cache.
    fn read_shared<'a>(&'a self, url: &'a str) -> Local<'a, Option<Vec<u8>>>;

    /// Writes to that cache, for so many seconds. Failing is no error: the cache only saves work.
    fn write_shared<'a>(&'a self, url: &'a str, value: Vec<u8>, seconds: u64) -> Local<'a, ()>;

    /// Counts one more for this key at a rate limiter. One that does not exist allows everything.
    fn charge<'a>(&'a self, limiter: &'a str, key: &'a str) -> Local<'a, Charge>;
}

/// What a rate limiter says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charge {
    /// It is within the limit.
    Allowed,
    /// It is one too many.
    Refused,
    /// The limiter does not work.
    Failed,
}

/// Runs a future until it is done or the time is over, which is `None`. A future that is too late is
/// dropped, and with it the request that it made.
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
