//! Names of the contract that more than one place uses.

/// The header that means the same as the body's `clientId`.
pub const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

/// The largest rev that the database can hold, a bigint's.
pub const MAX_REV: u64 = i64::MAX.unsigned_abs();

/// How long a page waits for the URLs of its attachments, in milliseconds: the messages are worth
/// more than their pictures.
pub const SIGNED_WITHIN_MS: u64 = 2_000;

/// How the database writes a message with an attachment, up to the path. A test over HTTP fails when
/// it no longer does.
pub const UNSIGNED: &str = r#""attachmentUrl":null,"attachment":{"path":""#;
