//! Nobody reads what is not theirs, whichever way they ask.

use harness::{Method, Stack};
use serde_json::{Value, json};
use uuid::Uuid;

/// Ways to ask for the rows of a chat: columns, filters, order, embedding in either direction.
fn questions(chat: Uuid, message: Uuid) -> Vec<String> {
    let columns = "id,chat_id,sender_id,text,client_id,rev,created_at,edited_at,deleted_at";
    vec![
        format!("/messages?select={columns}&chat_id=eq.{chat}"),
        format!("/messages?select=text&id=eq.{message}"),
        format!("/messages?select=id&chat_id=eq.{chat}&text=like.*secret*"),
        format!("/messages?select=id&or=(chat_id.eq.{chat},text.ilike.*s*)"),
        format!("/messages?select=id&chat_id=eq.{chat}&order=text.asc,rev.desc&limit=1"),
        format!("/messages?select=id&chat_id=eq.{chat}&deleted_at=not.is.null"),
        format!("/messages?select=text,chats!inner(id,name)&chat_id=eq.{chat}"),
        format!("/chats?select=id,type,name,rev,last_message_at,direct_low&id=eq.{chat}"),
        format!("/chats?select=id,messages(text)&id=eq.{chat}"),
        format!("/chats?select=id,messages!inner(text)&messages.text=like.*secret*"),
        format!("/chats?select=id,chat_participants!inner(user_id,last_read_at)&id=eq.{chat}"),
        format!("/chat_participants?select=user_id,left_at,last_read_at&chat_id=eq.{chat}"),
        format!("/chat_participants?select=user_id,chats(messages(text))&chat_id=eq.{chat}"),
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
    for table in [
        "friendships",
        "events",
        "event_authors",
        "event_groups",
        "event_group_members",
    ] {
        stack
            .anonymous()
            .get(&format!("/{table}"))
            .await
            .denied(401, "42501");
        stack
            .postgrest(&alice)
            .get(&format!("/{table}"))
            .await
            .denied(403, "42501");
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
    let own_row = "/chat_participants?";
    for question in questions(chat, sent.id) {
        if !question.starts_with(own_row) {
            assert_eq!(rest.get(&question).await.ok(), json!([]), "{question}");
        }
    }
    let news = bob.send(chat, "news").await;
    let question = format!("/messages?select=id&chat_id=eq.{chat}");
    assert_eq!(rest.get(&question).await.ok(), json!([{ "id": news.id }]));
}

#[tokio::test]
async fn a_leaver_of_a_group_finds_nothing_old_or_new() {
    let stack = Stack::connect().await;
    let [author, alice] = stack.people().await;
    let (_, chat) = stack.group_chat(&author, &[&alice]).await;
    let sent = author.send(chat, "a secret").await;
    alice.leave(chat).await;
    author.send(chat, "another secret").await;
    let rest = stack.postgrest(&alice);
    for question in questions(chat, sent.id) {
        if !question.starts_with("/chat_participants?") {
            assert_eq!(rest.get(&question).await.ok(), json!([]), "{question}");
        }
    }
    let embedded = "/chat_participants?select=chats(id),chat_id";
    let row = json!([{ "chats": null, "chat_id": chat }]);
    assert_eq!(rest.get(embedded).await.ok(), row);
}

#[tokio::test]
async fn a_deleted_message_is_gone_here_too() {
    let stack = Stack::connect().await;
    let [author, alice, bob] = stack.people().await;
    let (_, chat) = stack.group_chat(&author, &[&alice, &bob]).await;
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
    let embedded = format!("/chats?select=messages(id)&id=eq.{chat}");
    let answer = stack.postgrest(&bob).get(&embedded).await;
    assert_eq!(answer.ok(), json!([{ "messages": [] }]));
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
    for question in [
        "/messages?select=count()",
        "/messages?select=rev.max()",
        "/chats?select=id.count()",
    ] {
        for caller in [
            stack.postgrest(&alice),
            stack.postgrest(&stranger),
            stack.anonymous(),
        ] {
            caller.get(question).await.denied(400, "PGRST123");
        }
    }
    // The old way to count what is embedded needs a grant on the whole table.
    let question = "/chats?select=messages(count)";
    stack
        .postgrest(&stranger)
        .get(question)
        .await
        .denied(403, "42501");
    stack.anonymous().get(question).await.denied(401, "42501");
}

#[tokio::test]
async fn nobody_reads_anothers_last_read_at() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let sent = alice.send(chat, "hello").await;
    bob.mark_read(chat, sent.id).await;
    let rest = stack.postgrest(&alice);
    for question in [
        format!("/chat_participants?select=user_id&chat_id=eq.{chat}"),
        "/chat_participants?select=user_id&order=last_read_at.desc".to_owned(),
        format!("/chat_participants?select=user_id&chat_id=eq.{chat}&last_read_at=not.is.null"),
    ] {
        let own = json!([{ "user_id": alice.id }]);
        assert_eq!(rest.get(&question).await.ok(), own, "{question}");
    }
    let question = format!(
        "/chat_participants?select=last_read_at&user_id=eq.{}",
        bob.id
    );
    assert_eq!(rest.get(&question).await.ok(), json!([]));
    let question = format!("/chats?select=chat_participants(user_id)&id=eq.{chat}");
    let own = json!([{ "chat_participants": [{ "user_id": alice.id }] }]);
    assert_eq!(rest.get(&question).await.ok(), own);
}

#[tokio::test]
async fn columns_that_are_nobodys_are_refused() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    alice.send(chat, "hello").await;
    let rest = stack.postgrest(&alice);
    for question in [
        "/messages?select=client_digest",
        "/messages?select=id&order=client_digest",
        "/messages?select=id&client_digest=not.is.null",
    ] {
        rest.get(question).await.denied(403, "42501");
    }
}

#[tokio::test]
async fn other_schemas_are_out_of_reach() {
    let stack = Stack::connect().await;
    let [alice] = stack.people().await;
    for caller in [stack.postgrest(&alice), stack.anonymous()] {
        for schema in [
            "private",
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
            let call = caller.call(Method::POST, "/rpc/add_participant");
            let body = json!({ "target_chat": Uuid::new_v4(), "member": alice.id });
            let call = call.header("content-profile", schema).json(&body);
            call.send().await.denied(406, "PGRST106");
        }
    }
}

#[tokio::test]
async fn people_are_not_reachable_through_a_chat() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    stack.direct_chat(&alice, &bob).await;
    let rest = stack.postgrest(&alice);
    for question in [
        "/chat_participants?select=user_id,users(email)",
        "/chats?select=id,events(title)",
        "/chats?select=id,event_groups(name)",
    ] {
        let answer = rest.get(question).await;
        let body: Value = answer.json(answer.status);
        let found = (answer.status, body["code"].clone());
        let unknown = (400, json!("PGRST200"));
        let refused = (403, json!("42501"));
        assert!(found == unknown || found == refused, "{question}: {body}");
    }
}
