//! `/chats/:id/messages` and `/chats/:id/messages/:msgId`

mod delete;
mod edit;
mod get;
mod idempotency;
mod list;
mod moderators;
mod send;
mod text;
mod window;
