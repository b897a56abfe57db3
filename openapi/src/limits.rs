//! Limits that stand in SQL alone. A test compares each with the migrations. All others are constants of the
//! functions, which the shapes and the operations use directly.

/// `chat.edit_window`, in seconds.
pub const EDIT_WINDOW_SECONDS: u32 = 15 * 60;
/// `chat.upload_window`, in seconds.
pub const UPLOAD_WINDOW_SECONDS: u32 = 2 * 60 * 60;
/// `chat.attach_window`, in seconds.
pub const ATTACH_WINDOW_SECONDS: u32 = 24 * 60 * 60;
/// The pause between two typing events of a person in a chat, in seconds.
pub const TYPING_PAUSE_SECONDS: u32 = 3;
/// The largest unread count. It means "this or more".
pub const MAX_UNREAD: u32 = 100;
/// How many different reactions a message may have.
pub const MAX_REACTION_KINDS: u32 = 20;
/// How many people a reaction of a message lists.
pub const MAX_LISTED_USERS: u32 = 20;
/// How many characters `replyTo` has of a text.
pub const MAX_QUOTED_CHARACTERS: u32 = 140;
/// `chat.max_search_words`
pub const MAX_SEARCH_WORDS: u32 = 10;
/// The longest name of a file, in characters.
pub const MAX_FILE_NAME: u32 = 255;
/// How many reservations of one person may be open.
pub const MAX_OPEN_UPLOADS: u32 = 20;
/// `chat.max_broadcast_bytes`
pub const MAX_BROADCAST_BYTES: u32 = 250_000;
/// The kinds of chats.
pub const CHAT_TYPES: [&str; 3] = ["direct", "event_authors", "approved_group"];
