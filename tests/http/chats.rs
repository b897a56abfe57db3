//! `/chats` and `/chats/:id`

mod get;
mod leave;
mod list;
mod open;
mod read;
mod reads;
mod rejoin;
mod settings;
