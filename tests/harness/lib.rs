//! What the tests stand on: people with tokens, a client that keeps its connections,
//! fixtures on the host application's tables, assertions on whole answers, and files of pgTAP tests.
//!
//! Every test makes its own people with random ids, so all of them run side by side on one stack.

mod access_log;
mod answer;
mod checkout;
mod client;
pub mod contract;
mod control;
mod env;
mod example_host;
mod fixtures;
mod functions_log;
mod host;
pub mod lint;
mod list;
mod locks;
pub mod log_audit;
mod paging;
mod person;
pub mod pgtap;
mod proxy;
mod raw;
mod shapes;
mod stack;
mod tables;
mod talk;
mod tap;
pub mod tokens;
mod uploads;

pub use answer::Answer;
pub use checkout::{Checkout, root};
pub use client::{Call, Client};
pub use control::command;
pub use env::{Env, FaultsEnv, variable};
pub use fixtures::{array, deletion, removal};
pub use host::Host;
pub use list::{ListReplica, reads_path, settings_path, shown};
pub use locks::ChatLock;
pub use paging::cursor;
pub use person::{
    Person, changes_path, chat_path, message_path, messages_path, read_path, typing_path,
};
pub use proxy::{Fault, Proxy, Service};
pub use raw::{exchange, exchange_and_end};
pub use shapes::{
    Attachment, Change, Changes, Chat, ChatDelta, ChatPage, ChatSettings, LastMessage, Message,
    Page, Reaction, ReadMark, ReplyTo, Timestamp, Upload,
};
pub use stack::{Stack, connection};
pub use talk::{ids, percent, reaction_path, reactions_path};
pub use tap::{Case, Report};

pub use jsonwebtoken::Algorithm;
pub use reqwest::{Body, Method};

/// Runs a future in a test that is no async function.
///
/// # Panics
/// When the machine has no room for a runtime.
pub fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(work)
}
