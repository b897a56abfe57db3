//! The migrations on databases of every kind: each test makes its own, as a copy of the running cluster's
//! database before any migration, and drops it. Run by `cargo xtask test install`.

mod bucket;
mod catalog;
mod cli;
mod collisions;
mod database;
mod doctor;
mod fresh;
mod living;
mod migrations;
mod names;
mod publication;
mod pushes;
mod refusals;
mod restore;
mod roles;
mod same_names;
mod supabases;
