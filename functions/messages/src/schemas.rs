//! The queries, headers and bodies of the messages function, by operation. The database makes the replies.

pub mod changes;
pub mod edit;
pub mod list;
pub mod search;
pub mod send;
