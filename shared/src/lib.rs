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
//! 3. `input::ids`
//! 4. `http::query`
//! 5. `http::request_id`
//! 6. `http::request`
//! 7. `http::reply`
//! 8. `http::cors`
//! 9. `http::document`
//! 10. `input::text`
//! 11. `input::json`
//! 12. `input::cursor`
//! 13. `input::object_path`
//! 14. `input::body`
//! 15. `routes`
//! 16. `runtime::platform`
//! 17. `runtime::config`
//! 18. `runtime::request_log`
//! 19. `runtime::rate_limits`
//! 20. `supabase::client`
//! 21. `supabase::expected_answer`
//! 22. `supabase::postgrest_errors`
//! 23. `supabase::postgrest`
//! 24. `supabase::storage_errors`
//! 25. `supabase::storage`
//! 26. `auth::signatures`
//! 27. `auth::keys`
//! 28. `auth::key_cache`
//! 29. `auth::header`
//! 30. `auth::claims`
//! 31. `auth::token_cache`
//! 32. `auth::verifier`
//! 33. `auth::session`
//! 34. `workers`
//! 35. `testing`

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
