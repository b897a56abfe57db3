//! The contract, line by line, against the running stack. Modules mirror URLs and situations;
//! `cargo xtask test http chats::open` runs one of them.

mod auth;
mod changes;
mod chats;
mod cors;
mod deadlocks;
mod direct_postgrest;
mod errors;
mod example_host;
mod functions_alone;
mod head;
mod health;
mod input;
mod logs;
mod messages;
mod misconfigured;
mod order;
mod pages;
mod races;
mod rate_limits;
mod realtime;
mod sign_up;
mod signing_keys;
mod tool;
mod unread;
mod uploads;
mod upstream_count;
