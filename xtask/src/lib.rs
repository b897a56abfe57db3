//! The parts of `cargo xtask`. The benchmark, a crate of its own, uses them too.

#![expect(
    missing_docs,
    clippy::new_without_default,
    clippy::should_implement_trait,
    reason = "nobody else uses this library"
)]

pub mod attach;
pub mod bench;
pub mod cli;
pub mod conformance;
pub mod control;
pub mod db;
pub mod dev;
pub mod doctor;
pub mod env_file;
pub mod functions;
pub mod fuzz;
pub mod gateway;
pub mod host;
pub mod http;
pub mod keys;
pub mod leftovers;
pub mod lint;
pub mod lite;
pub mod log_audit;
pub mod migrations;
pub mod paths;
pub mod pgtap;
pub mod placement;
pub mod platform;
pub mod ports;
pub mod postgres;
pub mod postgrest;
pub mod processes;
pub mod rate_limits;
pub mod shared_cache;
pub mod signing_keys;
pub mod stack;
pub mod steps;
pub mod storage;
pub mod supervisor;
pub mod sweep;
pub mod tap;
pub mod test;
pub mod token;
pub mod tools;
pub mod trigger;
pub mod wasm;
pub mod workerd;
pub mod wrangler;
