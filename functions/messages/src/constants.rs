//! Names of the contract that more than one place uses.

/// The header that means the same as the body's `clientId`.
pub const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

/// The largest rev that the database can hold, a bigint's.
pub const MAX_REV: u64 = i64::MAX.unsigned_abs();
