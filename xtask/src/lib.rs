//! What `cargo xtask` is made of, for the tool and for the crates that start the same stack.

#![expect(missing_docs, reason = "internal: a doc must say more than the name")]

pub mod befriend;
pub mod build;
pub mod cargo;
pub mod cli;
pub mod db;
pub mod dev;
pub mod doctor;
pub mod env_file;
pub mod existing_supabase;
pub mod http;
pub mod orphans;
pub mod paths;
pub mod refused_pages;
pub mod run;
pub mod stack;
pub mod steps;
pub mod summary;
pub mod supabase_status;
pub mod supervisor;
pub mod sweep;
pub mod test;
pub mod token;
pub mod wrangler;
