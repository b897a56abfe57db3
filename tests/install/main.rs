//! The migrations on databases of every kind: each test makes its own, as a copy of the running cluster's
//! database before any migration, and drops it. Run by `cargo xtask test install`.

mod catalog;
mod collisions;
mod database;
mod doctor;
mod fresh;
mod migrations;
mod names;
mod refusals;
mod restore;
mod roles;
