//! What the HTTP tests stand on: people with tokens, a client that keeps its connections,
//! fixtures on the host application's tables, and assertions on whole answers.
//!
//! Every test makes its own people with random ids, so all of them run side by side on one stack.

mod access_log;
mod answer;
mod client;
mod control;
mod env;
mod example_host;
mod fixtures;
mod functions_log;
mod locks;
mod paging;
mod person;
mod proxy;
mod raw;
mod shapes;
mod stack;
mod tables;
pub mod tokens;
mod uploads;

pub use answer::Answer;
pub use client::{Call, Client};
pub use control::command;
pub use env::{Env, FaultsEnv};
pub use fixtures::{array, deletion, removal};
pub use locks::ChatLock;
pub use paging::cursor;
pub use person::{
    Person, changes_path, chat_path, message_path, messages_path, read_path, typing_path,
};
pub use proxy::{Fault, Proxy, Service};
pub use raw::{exchange, exchange_and_end};
pub use shapes::{
    Attachment, Change, Changes, Chat, LastMessage, Message, Page, Timestamp, Upload,
};
pub use stack::Stack;

pub use jsonwebtoken::Algorithm;
pub use reqwest::{Body, Method};
