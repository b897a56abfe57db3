//! Names of the contract that more than one place uses.

/// The header that means the same as the body's `clientId`.
pub const IDEMPOTENCY_KEY: &str = "Idempotency-Key";
