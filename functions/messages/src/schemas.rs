//! The queries, headers and bodies of the messages function, by operation. The database makes the replies.

pub mod changes;
pub mod edit;
pub mod emoji;
pub mod list;
pub mod mentions;
pub mod reactions;
pub mod search;
pub mod send;
