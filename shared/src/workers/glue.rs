//! JavaScript helpers that use the Workers runtime's objects.
//!
//! Each call from wasm into JavaScript costs about a microsecond, and each string in it another. A
//! request would make a hundred such calls. With these helpers it makes a handful, and passes the headers
//! in one string.

use wasm_bindgen::prelude::wasm_bindgen;
use worker::js_sys::{Function, Promise};
use worker::wasm_bindgen::JsValue;
use worker::web_sys;

#[wasm_bindgen(module = "/src/workers/glue.js")]
extern "C" {
    /// Method, URL, the number of header fields, and the values of the first `read` of those that are
    /// read, a line each.
    pub(super) fn head(request: &web_sys::Request, read: u32) -> String;
    /// The body as a `Uint8Array`; `undefined` where it is over the limit.
    pub(super) fn read(request: &web_sys::Request, limit: u32) -> Promise;
    /// Fetches: an array of the status and, if all of it arrived, the body. `undefined` if the time ran out.
    pub(super) fn ask(
        method: &str,
        url: &str,
        headers: &str,
        body: Option<Vec<u8>>,
        milliseconds: Option<f64>,
        client: Option<&web_sys::Request>,
    ) -> Promise;
    /// Calls `hung_up` with this number when the client of a request hangs up.
    pub(super) fn on_hang_up(client: Option<&web_sys::Request>, hung_up: &Function, number: u32);
    /// Counts one more at a rate limiter: whether it is within the limit. `None` where there is no limiter.
    #[wasm_bindgen(catch)]
    pub(super) fn charge(
        env: &JsValue,
        limiter: &str,
        key: &str,
    ) -> Result<Option<Promise>, JsValue>;
    /// Bytes of the Cache API, `undefined` where there are none under this URL.
    pub(super) fn cached(url: &str) -> Promise;
    /// Puts bytes there.
    pub(super) fn cache(url: &str, body: &[u8], seconds: f64) -> Promise;
    /// A response.
    #[wasm_bindgen(catch)]
    pub(super) fn answer(
        status: u16,
        headers: &str,
        body: Option<Vec<u8>>,
    ) -> Result<web_sys::Response, JsValue>;
    /// A response with a file of the Worker's assets as its body.
    pub(super) fn asset(env: &JsValue, file: &str, headers: &str) -> Promise;
    /// The response of the Worker behind a binding; `undefined` or `null` where the body cannot be passed on.
    pub(super) fn pass(
        request: &web_sys::Request,
        env: &JsValue,
        binding: &str,
        id: &str,
        limit: u32,
    ) -> Promise;
}
