//! Names and limits of the messages function.

/// The header that can be sent in place of the body's `clientId`.
pub const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

pub use shared::input::cursor::MAX_REV;

/// The longest emoji of a reaction, in bytes of UTF-8. Sequences with joiners and skin tones have up to 35.
pub const MAX_EMOJI_BYTES: usize = 64;

/// How many people a message may mention.
pub const MAX_MENTIONS: usize = 50;

/// The longest `q` of a search in Unicode scalar values, after trimming.
pub const MAX_SEARCH_SCALARS: usize = 200;

/// The value of `around` for the first unread message.
pub const UNREAD: &str = "unread";

/// How long a page waits for the URLs of its attachments, in milliseconds. After that the messages are
/// sent without them.
pub const SIGNED_WITHIN_MS: u64 = 2_000;

/// The JSON of a message with an attachment, up to the path, as the database writes it. So no field may be
/// between these in `chat.to_message`. `supabase/tests/once.test.sql` fails if one is.
pub const UNSIGNED: &str = r#""attachmentUrl":null,"attachment":{"path":""#;
