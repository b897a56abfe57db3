//! `/chats` and `/chats/:id`

mod get;
mod leave;
mod list;
mod open;
mod read;
mod rejoin;
