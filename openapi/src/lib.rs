//! The contract as documents: `openapi.json`, `asyncapi.json` and `llms.txt`. They are made from the route table, the
//! error codes and the limits of the functions, and from the shapes here. The files are committed, and a test fails if
//! they differ from the code.

pub mod asyncapi;
pub mod channels;
pub mod describe;
pub mod document;
pub mod errors;
pub mod events;
pub mod examples;
pub mod formats;
pub mod headers;
pub mod limits;
pub mod llms;
pub mod message_for_all;
pub mod message_parts;
pub mod operations;
pub mod parameters;
pub mod requests;
pub mod shapes;

use std::path::{Path, PathBuf};

/// The root of the repository, where the documents are.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The names of the documents, and what they must contain.
pub fn files() -> Vec<(&'static str, String)> {
    vec![
        ("openapi.json", document::text()),
        ("asyncapi.json", asyncapi::text()),
        ("llms.txt", llms::text()),
    ]
}

#[cfg(test)]
mod tests;
