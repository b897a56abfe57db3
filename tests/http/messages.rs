//! `/chats/:id/messages` and `/chats/:id/messages/:msgId`, with `/reactions`

mod delete;
mod edit;
mod get;
mod idempotency;
mod list;
mod moderators;
mod reactions;
mod replies;
mod send;
mod text;
mod window;
