//! What the functions of the chat API share: the verification of tokens, the clients of PostgREST
//! and Storage, the errors with their envelope, cursors, and the readers of untrusted input.
//!
//! Everything but [`workers`] compiles natively and is tested there. Only `workers` knows the
//! Workers runtime.
//!
//! # The order of modules
//!
//! A module imports only from modules above it in this list, so there is no circle. Code under
//! `#[cfg(test)]` may import from everywhere. `cargo xtask tidy` reads the list.
//!
//! 1. `error`
//! 2. `http::path`
//! 3. `http::query`
//! 4. `http::request_id`
//! 5. `http::request`
//! 6. `http::reply`
//! 7. `http::cors`
//! 8. `input::ids`
//! 9. `input::text`
//! 10. `input::json`
//! 11. `input::cursor`
//! 12. `input::object_path`
//! 13. `input::body`
//! 14. `routes`
//! 15. `runtime::platform`
//! 16. `runtime::config`
//! 17. `runtime::request_log`
//! 18. `runtime::rate_limits`
//! 19. `supabase::client`
//! 20. `supabase::expected_answer`
//! 21. `supabase::postgrest_errors`
//! 22. `supabase::postgrest`
//! 23. `supabase::storage_errors`
//! 24. `supabase::storage`
//! 25. `auth::signatures`
//! 26. `auth::keys`
//! 27. `auth::key_cache`
//! 28. `auth::header`
//! 29. `auth::claims`
//! 30. `auth::token_cache`
//! 31. `auth::verifier`
//! 32. `auth::session`
//! 33. `workers`
//! 34. `testing`

pub mod auth;
pub mod error;
pub mod http;
pub mod input;
pub mod routes;
pub mod runtime;
pub mod supabase;
#[cfg(not(target_family = "wasm"))]
pub mod testing;
#[cfg(target_family = "wasm")]
pub mod workers;
