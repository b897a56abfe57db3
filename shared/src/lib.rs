//! What two functions of the chat API need: token verification, the clients of PostgREST and Storage,
//! the error enum with its envelope, cursors and the readers of hostile input.
//!
//! Everything here runs natively and is tested there. Only `edge` knows the Workers runtime.

#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::string_slice,
        clippy::todo,
        clippy::unimplemented,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

pub mod auth;
pub mod body;
pub mod config;
pub mod correlation;
pub mod cors;
mod crypto;
pub mod cursor;
#[cfg(target_family = "wasm")]
pub mod edge;
pub mod epoch;
pub mod error;
#[cfg(not(target_family = "wasm"))]
mod fetch;
pub mod ids;
pub mod json;
pub mod limits;
pub mod object_path;
pub mod path;
pub mod plain;
pub mod platform;
pub mod postgrest;
pub mod query;
pub mod reply;
pub mod request;
pub mod session;
pub mod shape;
pub mod storage;
pub mod supabase;
#[cfg(not(target_family = "wasm"))]
pub mod testing;
pub mod text;
pub mod trace;
pub mod upstream;
