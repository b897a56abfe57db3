//! A request in the two shapes that it has: the API's, and that of the PostgREST call behind it.

use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What stands in a body for an id that no other request has.
pub const FRESH_ID: &str = "{fresh id}";

/// One request, wherever it goes.
#[derive(Clone)]
pub struct Call {
    /// The API's method.
    pub method: &'static str,
    /// The API's path and query.
    pub path: String,
    /// The API's body.
    pub body: Option<String>,
    /// The database function, with its arguments as a query where it is called with GET.
    pub rpc: String,
    /// The function's arguments where it is called with POST.
    pub arguments: Option<String>,
    /// The caller's access token.
    pub token: Rc<str>,
    /// The Worker that answers it behind the gateway.
    pub function: Function,
}

/// The Workers behind the gateway.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// `chats`
    Chats,
    /// `messages`
    Messages,
}

/// A request as it goes out.
#[derive(Clone)]
pub struct Wire {
    /// Its method.
    pub method: &'static str,
    /// Where to.
    pub url: String,
    /// Its headers beside those of HTTP itself.
    pub headers: Vec<(&'static str, String)>,
    /// Its JSON body, perhaps with [`FRESH_ID`].
    pub body: Option<String>,
}

impl Call {
    /// As a client of the API sends it to `base`.
    pub fn to_api(&self, base: &str) -> Wire {
        Wire {
            method: self.method,
            url: format!("{base}{}", self.path),
            headers: self.headers(),
            body: self.body.clone(),
        }
    }

    /// As a client of PostgREST sends it to `base`, the project's URL.
    pub fn to_postgrest(&self, base: &str, anon_key: &str) -> Wire {
        let mut headers = self.headers();
        headers.push(("apikey", anon_key.to_owned()));
        Wire {
            method: if self.arguments.is_some() {
                "POST"
            } else {
                "GET"
            },
            url: format!("{base}/rest/v1/rpc/{}", self.rpc),
            headers,
            body: self.arguments.clone(),
        }
    }

    fn headers(&self) -> Vec<(&'static str, String)> {
        let mut headers = vec![("authorization", format!("Bearer {}", self.token))];
        if self.body.is_some() {
            headers.push(("content-type", "application/json".to_owned()));
        }
        headers
    }
}

impl Wire {
    /// The body of one request.
    pub fn fresh_body(&self) -> Option<String> {
        let body = self.body.as_ref()?;
        Some(if body.contains(FRESH_ID) {
            body.replace(FRESH_ID, &fresh_id())
        } else {
            body.clone()
        })
    }
}

/// A UUID that no other run has: the time that the run began, and a number.
fn fresh_id() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    if number == 0 {
        let now = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
        let begun = (now.as_millis() as u64) << 20;
        NEXT.store(begun.wrapping_add(1), Ordering::Relaxed);
        return fresh_id();
    }
    let (high, low) = (number >> 48, number & 0xffff_ffff_ffff);
    format!("be9c0000-{high:04x}-4000-8000-{low:012x}")
}
