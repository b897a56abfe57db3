//! What a function gets from the runtime that it runs in, and what it reports to it.

pub mod config;
pub mod platform;
pub mod rate_limits;
pub mod request_log;
