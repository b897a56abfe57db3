//! Nobody reads what is not theirs, whichever way they ask.

use harness::{Method, Stack};
use serde_json::json;
use uuid::Uuid;

/// Ways to ask for the messages of a chat: columns, filters, order.
fn questions(chat: Uuid, message: Uuid) -> Vec<String> {
    let columns = "id,chat_id,sender_id,text,client_id,rev,created_at,edited_at,deleted_at";
    vec![
        format!("/messages?select={columns}&chat_id=eq.{chat}"),
        format!("/messages?select=text&id=eq.{message}"),
        format!("/messages?select=id&chat_id=eq.{chat}&text=like.*secret*"),
        format!("/messages?select=id&or=(chat_id.eq.{chat},text.ilike.*s*)"),
        format!("/messages?select=id&chat_id=eq.{chat}&order=text.asc,rev.desc&limit=1"),
        format!("/messages?select=id&chat_id=eq.{chat}&deleted_at=not.is.null"),
    ]
}

#[tokio::test]
async fn a_stranger_finds_nothing() {
    let stack = Stack::connect().await;
    let [alice, bob, stranger] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let sent = alice.send(chat, "a secret").await;
    let (as_alice, as_stranger) = (stack.postgrest(&alice), stack.postgrest(&stranger));
    for question in questions(chat, sent.id) {
        assert_eq!(
            as_stranger.get(&question).await.ok(),
            json!([]),
            "{question}"
        );
        if !question.contains("deleted_at=not") {
            let answer = as_alice.get(&question).await.ok();
            assert_eq!(answer.as_array().map(Vec::len), Some(1), "{question}");
        }
    }
}

#[tokio::test]
async fn a_moderators_token_alone_finds_nothing() {
    let stack = Stack::connect().await;
    let [alice, bob, stranger] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let sent = alice.send(chat, "a secret").await;
    let moderator = stranger.as_moderator(&stack.edge());
    for question in questions(chat, sent.id) {
        let answer = stack.postgrest(&moderator).get(&question).await;
        assert_eq!(answer.ok(), json!([]), "{question}");
    }
}

#[tokio::test]
async fn nobody_without_a_token_may_even_ask() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let sent = alice.send(chat, "a secret").await;
    for question in questions(chat, sent.id) {
        stack.anonymous().get(&question).await.denied(401, "42501");
    }
}

#[tokio::test]
async fn a_leaver_finds_nothing_and_a_returner_only_what_came_later() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    alice.send(chat, "mine, a secret").await;
    let sent = bob.send(chat, "a secret").await;
    alice.leave(chat).await;
    let rest = stack.postgrest(&alice);
    for question in questions(chat, sent.id) {
        assert_eq!(rest.get(&question).await.ok(), json!([]), "{question}");
    }
    let news = bob.send(chat, "news").await;
    let question = format!("/messages?select=id&chat_id=eq.{chat}");
    assert_eq!(rest.get(&question).await.ok(), json!([{ "id": news.id }]));
}

#[tokio::test]
async fn a_leaver_of_a_group_finds_nothing_old_or_new() {
    let stack = Stack::connect().await;
    let [author, alice] = stack.people().await;
    let (_, chat) = stack.room(&author, &[&alice]).await;
    let sent = author.send(chat, "a secret").await;
    alice.leave(chat).await;
    author.send(chat, "another secret").await;
    let rest = stack.postgrest(&alice);
    for question in questions(chat, sent.id) {
        assert_eq!(rest.get(&question).await.ok(), json!([]), "{question}");
    }
}

#[tokio::test]
async fn a_deleted_message_is_gone_here_too() {
    let stack = Stack::connect().await;
    let [author, alice, bob] = stack.people().await;
    let (_, chat) = stack.room(&author, &[&alice, &bob]).await;
    let sent = alice.send(chat, "a secret").await;
    alice.remove(chat, sent.id).await;
    for question in [
        format!("/messages?select=id,text&chat_id=eq.{chat}"),
        format!("/messages?select=id,text&id=eq.{}", sent.id),
        "/messages?select=id,text&deleted_at=not.is.null".to_owned(),
        format!("/messages?select=id,text&deleted_by=eq.{}", alice.id),
    ] {
        for person in [&alice, &bob] {
            let answer = stack.postgrest(person).get(&question).await;
            assert_eq!(answer.ok(), json!([]), "{question}");
        }
        let answer = stack.postgrest(&author).get(&question).await;
        let row = json!([{ "id": sent.id, "text": "a secret" }]);
        assert_eq!(answer.ok(), row, "{question} by a moderator");
    }
}

#[tokio::test]
async fn counting_counts_ones_own_only() {
    let stack = Stack::connect().await;
    let [alice, bob, stranger] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    stack.history(chat, &bob, 3).await;
    let other = stack.direct_chat(&bob, &stranger).await;
    stack.history(other, &stranger, 2).await;
    let counted = [(&alice, "0-2/3"), (&stranger, "0-1/2"), (&bob, "0-4/5")];
    for (person, range) in counted {
        let call = stack
            .postgrest(person)
            .call(Method::GET, "/messages?select=id");
        let answer = call.header("prefer", "count=exact").send().await;
        answer.ok();
        assert_eq!(answer.header("content-range"), Some(range));
    }
    for method in [Method::GET, Method::HEAD] {
        let path = format!("/messages?select=id&chat_id=eq.{chat}");
        let call = stack.postgrest(&stranger).call(method, &path);
        let answer = call.header("prefer", "count=exact").send().await;
        assert_eq!(
            (answer.status, answer.header("content-range")),
            (200, Some("*/0"))
        );
    }
}

#[tokio::test]
async fn aggregates_tell_nothing() {
    let stack = Stack::connect().await;
    let [alice, bob, stranger] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    alice.send(chat, "a secret").await;
    for question in ["/messages?select=count()", "/messages?select=rev.max()"] {
        for caller in [
            stack.postgrest(&alice),
            stack.postgrest(&stranger),
            stack.anonymous(),
        ] {
            caller.get(question).await.denied(400, "PGRST123");
        }
    }
}

#[tokio::test]
async fn chats_and_participants_are_out_of_reach() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    alice.send(chat, "hello").await;
    let tables = [
        "chats",
        "chat_participants",
        "read_marks",
        "reactions",
        "mentions",
        "message_words",
        "sends",
        "rate_limits",
        "settings",
    ];
    for caller in [stack.postgrest(&alice), stack.anonymous()] {
        for table in tables {
            for question in [
                format!("/{table}"),
                format!("/{table}?id=eq.{chat}&select=*"),
            ] {
                let call = caller.call(Method::GET, &question);
                let answer = call.header("prefer", "count=planned").send().await;
                answer.denied(404, "42P01");
                assert_eq!(answer.header("content-range"), None, "{question}");
            }
        }
    }
}

#[tokio::test]
async fn nothing_leads_from_messages_to_another_table_and_back() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    alice.send(chat, "hello").await;
    let rest = stack.postgrest(&alice);
    for embedded in [
        "chats(id)",
        "chats!inner(messages(id))",
        "chat_participants(user_id)",
        "messages(id)",
        "messages!chat_id(id)",
        "users(email)",
        "objects(name)",
    ] {
        let question = format!("/messages?select=id,{embedded}&chat_id=eq.{chat}");
        rest.get(&question).await.denied(400, "PGRST200");
    }
}

#[tokio::test]
async fn a_row_may_be_read_whole() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let sent = alice.send(chat, "hello").await;
    for question in ["/messages", "/messages?select=*"] {
        let rows = stack.postgrest(&bob).get(question).await.ok();
        assert_eq!(rows[0]["id"], json!(sent.id));
        assert_eq!(rows.as_array().map(Vec::len), Some(1));
    }
}

#[tokio::test]
async fn other_schemas_are_out_of_reach() {
    let stack = Stack::connect().await;
    let [alice] = stack.people().await;
    for caller in [stack.postgrest(&alice), stack.anonymous()] {
        for schema in [
            "chat",
            "chat_tests",
            "auth",
            "storage",
            "extensions",
            "pg_catalog",
            "information_schema",
        ] {
            for path in [
                "/messages?select=id",
                "/users?select=id",
                "/pg_roles",
                "/rpc/is_moderator",
            ] {
                let call = caller
                    .call(Method::GET, path)
                    .header("accept-profile", schema);
                call.send().await.denied(406, "PGRST106");
            }
            let call = caller.call(Method::POST, "/rpc/remove_sources");
            let body = json!({ "sources": [Uuid::new_v4()] });
            let call = call.header("content-profile", schema).json(&body);
            call.send().await.denied(406, "PGRST106");
        }
    }
}
