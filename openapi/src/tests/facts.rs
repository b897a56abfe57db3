//! What the documents say of limits and forms, compared with the migrations and with the readers of the functions.

use std::fs;

use messages::constants::{MAX_EMOJI_BYTES, MAX_MENTIONS, MAX_REV};
use regex::Regex;
use serde_json::{Value, json};
use shared::error::ErrorCode;
use shared::http::request::{MAX_BODY_BYTES, MAX_HEADERS, MAX_URL_BYTES};
use shared::input::cursor::{
    ChatsCursor, Cursor, Epoch, ListPosition, MentionsCursor, MessagesCursor, ReactionsCursor,
    SearchCursor,
};
use shared::input::text;
use shared::input::{ids, object_path};
use shared::supabase::storage::SIGNED_SECONDS;

use super::openapi;
use crate::formats::ID;
use crate::shapes::ChatType;
use crate::{asyncapi, channels, examples, limits, root};

/// All migrations of the chat.
fn migrations() -> String {
    let folder = fs::read_dir(root().join("supabase/migrations")).unwrap();
    let mut files: Vec<_> = folder.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let texts = files.iter().map(|file| fs::read_to_string(file).unwrap());
    texts.collect()
}

/// The body of a function: what follows its name, up to its comment.
fn function(name: &str) -> String {
    let migrations = migrations();
    let (_, after) = migrations
        .split_once(&format!("create function {name}("))
        .unwrap();
    after
        .split("comment on function")
        .next()
        .unwrap()
        .to_owned()
}

fn says(body: &str, what: &str) {
    assert!(body.contains(what), "{what} is not in {body}");
}

#[test]
fn windows_are_those_of_the_database() {
    let minutes = limits::EDIT_WINDOW_SECONDS / 60;
    says(
        &function("chat.edit_window"),
        &format!("return interval '{minutes} minutes'"),
    );
    let hours = limits::UPLOAD_WINDOW_SECONDS / 3_600;
    says(
        &function("chat.upload_window"),
        &format!("return interval '{hours} hours'"),
    );
    let hours = limits::ATTACH_WINDOW_SECONDS / 3_600;
    says(
        &function("chat.attach_window"),
        &format!("return interval '{hours} hours'"),
    );
    let pause = limits::TYPING_PAUSE_SECONDS;
    says(
        &function("public.send_typing"),
        &format!("interval '{pause} seconds'"),
    );
}

#[test]
fn counts_and_sizes_are_those_of_the_database() {
    says(
        &function("chat.unread"),
        &format!("limit {}\n", limits::MAX_UNREAD),
    );
    let words = limits::MAX_SEARCH_WORDS;
    says(
        &function("chat.max_search_words"),
        &format!("return {words};"),
    );
    says(
        &function("chat.unread_mentions"),
        &format!("limit {}\n", limits::MAX_UNREAD),
    );
    for (name, limit) in [
        (
            "chat.max_reaction_kinds",
            limits::MAX_REACTION_KINDS as usize,
        ),
        ("chat.max_listed_users", limits::MAX_LISTED_USERS as usize),
        (
            "chat.max_quoted_characters",
            limits::MAX_QUOTED_CHARACTERS as usize,
        ),
        ("chat.max_emoji_bytes", MAX_EMOJI_BYTES),
        ("chat.max_mentions", MAX_MENTIONS),
    ] {
        says(&function(name), &format!("return {limit};"));
    }
    let bytes = limits::MAX_BROADCAST_BYTES;
    says(
        &function("chat.max_broadcast_bytes"),
        &format!("return {bytes};"),
    );
    let characters = limits::MAX_FILE_NAME;
    says(
        &function("chat.display_name"),
        &format!("max_length constant integer := {characters};"),
    );
    let open = limits::MAX_OPEN_UPLOADS;
    says(
        &migrations(),
        &format!("values ('upload', {open}, interval '2 hours')"),
    );
}

#[test]
fn types_and_topics_are_those_of_the_database() {
    let types = [
        ChatType::Direct,
        ChatType::EventAuthors,
        ChatType::ApprovedGroup,
    ];
    let names: Vec<Value> = types.iter().map(|of| json!(of)).collect();
    let list: Vec<String> = names
        .iter()
        .map(|of| of.as_str().unwrap().to_owned())
        .collect();
    let list = list.join("', '");
    says(
        &migrations(),
        &format!("create type chat.chat_type as enum ('{list}');"),
    );
    says(
        &function("chat.topic_pattern"),
        &format!("'^(chat|user):{ID}(:[0-9]+)?$'"),
    );
}

#[test]
fn the_parts_of_a_message_are_those_of_the_database() {
    let reply = function("chat.to_reply_to");
    for member in ["id", "senderId", "text", "hasAttachment", "unavailable"] {
        says(&reply, &format!("'{member}'"));
    }
    let counted = function("chat.count_reaction");
    for member in ["emoji", "count", "userIds"] {
        says(&counted, &format!("'{member}'"));
    }
    says(&function("chat.to_reactions"), "'mine'");
    let change = function("chat.to_reaction_change");
    for member in ["userId", "emoji", "added"] {
        says(&change, &format!("'{member}'"));
    }
}

/// The members of an object in SQL: `"chatId"` or `'chatId'`.
#[test]
fn each_member_of_a_shape_stands_in_its_function() {
    let openapi = openapi();
    for (shape, name, quote) in [
        ("Chat", "chat.chats_of_caller", '"'),
        ("Message", "chat.to_message", '"'),
        ("Attachment", "chat.to_message", '"'),
        ("ReactionPage", "public.list_reactions", '\''),
        ("Reactor", "public.list_reactions", '\''),
        ("FoundMessages", "public.list_mentions", '\''),
        ("LastMessage", "chat.to_last_message", '"'),
        ("Changes", "public.list_changes", '\''),
        ("ChatPage", "public.list_chats", '\''),
        ("ChatDelta", "public.list_changed_chats", '\''),
        ("ReadMark", "public.list_reads", '\''),
        ("ReadMarks", "public.list_reads", '\''),
        ("UnreadTotals", "public.count_unread", '\''),
        ("MessagePage", "public.list_messages", '\''),
        ("FoundMessages", "public.search_messages", '\''),
        ("Unread", "public.mark_read", '\''),
    ] {
        let body = function(name);
        let members = openapi["components"]["schemas"][shape]["properties"].as_object();
        for member in members.unwrap().keys() {
            let plain = Regex::new(&format!(r"\b{member}\b")).unwrap();
            let quoted = body.contains(&format!("{quote}{member}{quote}"));
            assert!(
                quoted || (quote == '"' && plain.is_match(&body)),
                "{shape}: {member}"
            );
        }
    }
}

#[test]
fn the_database_sends_each_event_and_no_other() {
    let migrations = migrations();
    let name = Regex::new(r"'((?:chat|message)\.[a-z]+|typing)',\s+(?:jsonb_build_object|payload)")
        .unwrap();
    let sent: Vec<&str> = name
        .captures_iter(&migrations)
        .map(|found| found.get(1).unwrap().as_str())
        .collect();
    let events: Vec<_> = channels::of_chats()
        .into_iter()
        .chain(channels::of_people())
        .collect();
    for name in &sent {
        assert!(events.iter().any(|event| event.name == *name), "{name}");
    }
    for event in &events {
        // The trigger puts the name of a message's event together.
        let kind = event.name.strip_prefix("message.");
        let told = match kind {
            Some(kind) => function("chat.on_message_changed").contains(&format!("'{kind}'")),
            None => sent.contains(&event.name),
        };
        assert!(told, "{}", event.name);
    }
    assert!(asyncapi::text().contains("\"message.created\""));
}

#[test]
fn the_prose_has_the_limits_of_the_code() {
    let introduction = include_str!("../introduction.md").replace('\n', " ");
    let thousands = |number: usize| format!("{},{:03}", number / 1_000, number % 1_000);
    says(
        &introduction,
        &format!("at most {} KiB", MAX_BODY_BYTES / 1_024),
    );
    says(
        &introduction,
        &format!("at most {} bytes", thousands(MAX_URL_BYTES)),
    );
    says(&introduction, &format!("at most {MAX_HEADERS} headers"));
    // The shapes say "valid for an hour".
    assert_eq!(SIGNED_SECONDS, 3_600);
    assert_eq!(MAX_REV, 9_223_372_036_854_775_807);
    assert_eq!(
        ErrorCode::PayloadTooLarge.message(),
        "The request body is over 64 KiB."
    );
}

#[test]
fn the_functions_read_what_the_examples_say() {
    let values = examples::parameters();
    let text = |name: &str| values[name].as_str().unwrap();
    let chat = ids::parse(text("chat")).unwrap();
    assert!(ids::parse(text("message")).is_some());
    assert!(ChatsCursor::decode(text("chatsCursor")).is_ok());
    assert!(ListPosition::decode(text("since")).is_ok());
    assert!(MessagesCursor::of_chat(chat, text("messagesCursor")).is_ok());
    let message = ids::parse(text("message")).unwrap();
    assert!(MentionsCursor::decode(text("mentionsCursor")).is_ok());
    assert!(ReactionsCursor::of_message(message, text("reactionsCursor")).is_ok());
    assert!(SearchCursor::decode(text("searchCursor")).is_ok());
    assert!(Epoch::parse(text("epoch")).is_some());
    let upload = json!(examples::upload());
    let path = upload["path"].as_str().unwrap();
    assert!(object_path::ObjectPath::parse(path).is_some());
    assert!(upload["attachmentUrl"].as_str().unwrap().ends_with(path));
}

#[test]
fn the_pattern_of_a_text_is_the_rule_of_the_functions() {
    let openapi = openapi();
    let schema = &openapi["components"]["schemas"]["EditMessage"]["properties"]["text"];
    let pattern = Regex::new(schema["pattern"].as_str().unwrap()).unwrap();
    for content in ["a", " a ", "\n\u{200b}é", "🙂", "ﾡ\u{3164}"] {
        assert!(
            text::clean(content).is_ok() && pattern.is_match(content),
            "{content:?}"
        );
    }
    for content in [
        "",
        " ",
        "\n",
        "\u{200b}\u{feff}",
        "\u{2800}",
        "a\0",
        "\0a",
        "\u{3164}",
    ] {
        assert!(
            text::clean(content).is_err() && !pattern.is_match(content),
            "{content:?}"
        );
    }
}
