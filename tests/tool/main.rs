//! `cargo xtask`, the program itself, in checkouts with nothing in them. Run by `cargo xtask test unit`.

mod bad_input;
mod browser;
mod supabase_status;
mod supervision;
