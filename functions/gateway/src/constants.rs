//! Names that the gateway and its `wrangler.toml` share.

/// The service binding of the function for chats.
pub const CHATS: &str = "CHATS";
/// The service binding of the function for messages.
pub const MESSAGES: &str = "MESSAGES";
/// The service binding of the function for uploads.
pub const UPLOADS: &str = "UPLOADS";
/// What `/health` calls this build.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
