//! Whether requests and answers are what `openapi.json` says. Each exchange of a [`Client`](crate::Client) with the API
//! is checked. Three kinds are not:
//!
//! - what a test writes to a socket itself (`exchange`, and the clients that hang up), as it is no proper HTTP;
//! - what goes to Auth, PostgREST, Storage and the tests' own Workers, which have contracts of their own;
//! - of a request, the body that is sent as a stream, and a request that the API refuses.

mod document;
mod exchange;
mod reached;
mod schema;
#[cfg(test)]
mod tests;

use std::sync::OnceLock;

pub use document::{Contract, Operation};
pub use exchange::{Exchange, Server};
pub use reached::Reached;

use crate::checkout::root;

/// The document, beside the README.
pub const FILE: &str = "openapi.json";

impl Contract {
    /// The contract of this checkout, read and compiled once.
    ///
    /// # Panics
    /// When the document is not there, or is no OpenAPI document.
    pub fn get() -> &'static Contract {
        static CONTRACT: OnceLock<Contract> = OnceLock::new();
        CONTRACT.get_or_init(|| {
            let text = std::fs::read_to_string(root().join(FILE));
            let text = text.unwrap_or_else(|error| panic!("{FILE}: {error}"));
            let document = serde_json::from_str(&text);
            Contract::new(&document.unwrap_or_else(|error| panic!("{FILE}: {error}")))
        })
    }
}

/// Checks one exchange, and notes which answer of which operation it has reached.
///
/// # Panics
/// When the document does not say so.
pub(crate) fn check(exchange: &Exchange<'_>) {
    match Contract::get().faults(exchange) {
        Ok(reached) => reached.into_iter().for_each(|reached| reached.note()),
        Err(faults) => panic!("{FILE} does not say so:\n{}", faults.join("\n")),
    }
}
