//! What clients meet when something behind the edge, beside it or before it fails: the contract's
//! errors, no false success, no message lost or doubled, and service again once the fault is over.
//!
//! These tests stop Postgres and kill PostgREST, so they run alone and one at a time:
//! `cargo xtask test faults hang_ups` runs one module of them.

mod files;
mod hang_ups;
mod outages;
mod pages;
mod panics;
mod pool;
mod proxied;
mod same_names;
mod schemas;
mod writes;
