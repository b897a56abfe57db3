//! The queries and bodies of the chats function. The database makes the replies.

pub mod list;
pub mod open;
pub mod read;
pub mod settings;
