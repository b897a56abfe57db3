//! Names and limits of the messages function.

/// The header that can be sent in place of the body's `clientId`.
pub const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

/// The longest `q` of a search in Unicode scalar values, after trimming.
pub const MAX_SEARCH_SCALARS: usize = 200;

/// The value of `around` for the first unread message.
pub const UNREAD: &str = "unread";

/// The largest rev: the largest `bigint` of Postgres.
pub const MAX_REV: u64 = i64::MAX.unsigned_abs();

/// How long a page waits for the URLs of its attachments, in milliseconds. After that the messages are
/// sent without them.
pub const SIGNED_WITHIN_MS: u64 = 2_000;

/// The JSON of a message with an attachment, up to the path, as the database writes it. So no field may be
/// between these in `chat.to_message`. `supabase/tests/once.test.sql` fails if one is.
pub const UNSIGNED: &str = r#""attachmentUrl":null,"attachment":{"path":""#;
