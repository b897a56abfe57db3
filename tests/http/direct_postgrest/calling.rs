//! The API's functions answer the same to a direct call, and only for the bearer of the token.

use harness::{
    Message, Method, Stack, changes_path, chat_path, message_path, messages_path, reactions_path,
    reads_path,
};
use serde_json::{Value, json};
use uuid::Uuid;

/// Every function of the API with good arguments.
fn calls(chat: Uuid, message: Uuid, other: Uuid) -> [(&'static str, Value); 20] {
    [
        ("list_chats", json!({ "page_limit": 50 })),
        // No epoch of this database.
        ("list_changed_chats", json!({ "epoch": "x", "since": 0 })),
        ("count_unread", json!({})),
        ("list_reads", json!({ "chat_id": chat })),
        ("get_chat", json!({ "chat_id": chat })),
        (
            "list_messages",
            json!({ "chat_id": chat, "page_limit": 50 }),
        ),
        (
            "get_message",
            json!({ "chat_id": chat, "message_id": message }),
        ),
        ("list_changes", json!({ "chat_id": chat, "since": 0 })),
        (
            "list_reactions",
            json!({ "chat_id": chat, "message_id": message }),
        ),
        ("list_mentions", json!({ "page_limit": 50 })),
        (
            "search_messages",
            json!({ "q": "hello", "chat_id": chat, "page_limit": 50 }),
        ),
        ("open_direct_chat", json!({ "other_user": other })),
        ("leave_chat", json!({ "chat_id": chat })),
        (
            "change_chat_settings",
            json!({ "chat_id": chat, "pinned": true }),
        ),
        (
            "mark_read",
            json!({ "chat_id": chat, "message_id": message }),
        ),
        ("send_message", json!({ "chat_id": chat, "text": "hello" })),
        (
            "edit_message",
            json!({ "chat_id": chat, "message_id": message, "text": "changed" }),
        ),
        (
            "delete_message",
            json!({ "chat_id": chat, "message_id": message }),
        ),
        (
            "add_reaction",
            json!({ "chat_id": chat, "message_id": message, "emoji": "a" }),
        ),
        (
            "remove_reaction",
            json!({ "chat_id": chat, "message_id": message, "emoji": "b" }),
        ),
    ]
}

#[tokio::test]
async fn nobody_without_a_token_executes_anything() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let sent = alice.send(chat, "hello").await;
    for (function, arguments) in calls(chat, sent.id, bob.id) {
        let path = format!("/rpc/{function}");
        let call = async { stack.anonymous().post(&path, &arguments).await };
        let answer = stack.unchanged_by(&[&alice, &bob], call).await;
        answer.denied(401, "42501");
    }
}

#[tokio::test]
async fn a_stranger_is_refused_as_at_the_edge() {
    let stack = Stack::connect().await;
    let [alice, bob, stranger] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let sent = alice.send(chat, "hello").await;
    let rest = stack.postgrest(&stranger);
    for (function, arguments) in calls(chat, sent.id, bob.id) {
        let path = format!("/rpc/{function}");
        let call = rest.post(&path, &arguments);
        let answer = stack.unchanged_by(&[&alice, &bob, &stranger], call).await;
        match function {
            "list_chats" => assert_eq!(answer.ok()["data"], json!([])),
            "list_mentions" => assert_eq!(answer.ok(), json!({ "data": [], "nextCursor": null })),
            "list_changed_chats" => answer.raised(410, "resync_required"),
            "count_unread" => {
                let nothing = json!({ "chats": 0, "messages": 0, "mentions": 0 });
                assert_eq!(answer.ok(), nothing);
            }
            "open_direct_chat" => answer.raised(403, "not_friends"),
            _ => answer.raised(403, "not_participant"),
        }
    }
    for (function, arguments) in calls(Uuid::new_v4(), sent.id, bob.id) {
        let answer = rest.post(&format!("/rpc/{function}"), &arguments).await;
        if arguments.get("chat_id").is_some() {
            answer.raised(404, "chat_not_found");
        }
    }
}

#[tokio::test]
async fn a_participant_gets_what_the_edge_gives() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    stack.history(chat, &bob, 120).await;
    let message = bob.mention(chat, &[&alice], "hello").await.id;
    bob.react(chat, message, "👍").await;
    let rest = stack.postgrest(&alice);
    for (direct, edge) in [
        (format!("/rpc/get_chat?chat_id={chat}"), chat_path(chat)),
        (format!("/rpc/list_reads?chat_id={chat}"), reads_path(chat)),
        ("/rpc/count_unread".to_owned(), "/unread".to_owned()),
        (
            format!("/rpc/list_messages?chat_id={chat}&page_limit=50"),
            messages_path(chat),
        ),
        (
            format!("/rpc/list_messages?chat_id={chat}&page_limit=50&around_unread=true"),
            format!("{}?around=unread", messages_path(chat)),
        ),
        (
            format!("/rpc/get_message?chat_id={chat}&message_id={message}"),
            message_path(chat, message),
        ),
        (
            format!("/rpc/list_reactions?chat_id={chat}&message_id={message}"),
            reactions_path(chat, message),
        ),
        ("/rpc/list_mentions".to_owned(), "/mentions".to_owned()),
        (
            "/rpc/search_messages?q=hello&page_limit=50".to_owned(),
            "/search?q=hello".to_owned(),
        ),
        (
            format!("/rpc/list_changes?chat_id={chat}&since=7"),
            format!("{}?since=7", changes_path(chat)),
        ),
    ] {
        let (direct, edge) = (rest.get(&direct).await, alice.get(&edge).await);
        direct.ok();
        edge.ok();
        assert_eq!(direct.text(), edge.text(), "the edge passes bytes on");
    }
    // A page has a position, which later requests have later.
    let direct = rest.get("/rpc/list_chats?page_limit=50").await.ok();
    assert_eq!(direct["data"], alice.get("/chats").await.ok()["data"]);
    let epoch = &direct["data"][0]["epoch"];
    let since = json!({ "epoch": epoch, "since": 0 });
    let delta = rest.post("/rpc/list_changed_chats", &since).await.ok();
    assert_eq!(delta["data"], direct["data"]);
    let arguments = json!({ "chat_id": chat, "pinned": true, "muted_until": "2100-01-01" });
    let chosen = rest.post("/rpc/change_chat_settings", &arguments).await;
    assert_eq!(chosen.ok(), alice.get(&chat_path(chat)).await.ok());

    let arguments = json!({ "chat_id": chat, "text": " hello " });
    let sent = rest.post("/rpc/send_message", &arguments).await.created();
    assert_eq!(alice.messages(chat).await[0], Message::read(&sent));
    assert_eq!(sent["text"], "hello");
}

#[tokio::test]
async fn a_participant_does_no_more_here_than_at_the_edge() {
    let stack = Stack::connect().await;
    let [alice, bob, stranger] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let elsewhere = stack.direct_chat(&bob, &stranger).await;
    let sent_elsewhere = bob.send(elsewhere, "hello").await;
    let sent = bob.send(chat, "hello").await;
    let own = alice.send(chat, "mine").await;
    stack.backdate(own.id, "15 minutes 1 second").await;
    let rest = stack.postgrest(&alice);
    let one = |message: Uuid| json!({ "chat_id": chat, "message_id": message, "text": "changed" });
    let text = |text: &str| json!({ "chat_id": chat, "text": text });
    let reply = |to: Uuid| json!({ "chat_id": chat, "text": "hello", "reply_to_id": to });
    let mention = |ids: Value| json!({ "chat_id": chat, "text": "hello", "mentions": ids });
    let emoji = |emoji: &str| json!({ "chat_id": chat, "message_id": sent.id, "emoji": emoji });
    let page = |limit: Value| json!({ "chat_id": chat, "page_limit": limit });
    let since = |rev: Value| json!({ "chat_id": chat, "since": rev });
    let choice = |notify: &str| json!({ "chat_id": chat, "notify": notify });
    let epoch = alice.chat(chat).await.epoch;
    let delta = |limit: Value| json!({ "epoch": epoch, "since": 0, "page_limit": limit });
    for (function, arguments, status, code) in [
        ("edit_message", one(sent.id), 403, "not_sender"),
        ("edit_message", one(own.id), 403, "edit_window_expired"),
        (
            "edit_message",
            one(Uuid::new_v4()),
            404,
            "message_not_found",
        ),
        (
            "open_direct_chat",
            json!({ "other_user": alice.id }),
            400,
            "invalid_request",
        ),
        (
            "open_direct_chat",
            json!({ "other_user": null }),
            400,
            "invalid_request",
        ),
        ("send_message", text(""), 400, "invalid_request"),
        (
            "send_message",
            text("\u{3000}\u{a0}\u{85}"),
            400,
            "invalid_request",
        ),
        (
            "send_message",
            text(&"x".repeat(4001)),
            400,
            "invalid_request",
        ),
        (
            "send_message",
            json!({ "chat_id": chat, "text": null }),
            400,
            "invalid_request",
        ),
        (
            "send_message",
            reply(sent_elsewhere.id),
            400,
            "invalid_request",
        ),
        (
            "send_message",
            reply(Uuid::new_v4()),
            400,
            "invalid_request",
        ),
        (
            "send_message",
            mention(json!([stranger.id])),
            400,
            "invalid_request",
        ),
        (
            "send_message",
            mention(json!([bob.id, bob.id])),
            400,
            "invalid_request",
        ),
        (
            "send_message",
            mention(json!([null])),
            400,
            "invalid_request",
        ),
        ("add_reaction", emoji(" "), 400, "invalid_request"),
        ("add_reaction", emoji("a/b"), 400, "invalid_request"),
        ("add_reaction", emoji("."), 400, "invalid_request"),
        (
            "add_reaction",
            emoji(&"x".repeat(65)),
            400,
            "invalid_request",
        ),
        ("remove_reaction", emoji(""), 400, "invalid_request"),
        (
            "add_reaction",
            json!({ "chat_id": chat, "message_id": sent_elsewhere.id, "emoji": "a" }),
            404,
            "message_not_found",
        ),
        (
            "list_reactions",
            json!({ "chat_id": chat, "message_id": sent_elsewhere.id }),
            404,
            "message_not_found",
        ),
        (
            "list_mentions",
            json!({ "page_limit": 0 }),
            400,
            "invalid_request",
        ),
        ("list_messages", page(json!(0)), 400, "invalid_request"),
        ("list_messages", page(json!(101)), 400, "invalid_request"),
        ("list_messages", page(json!(20_000)), 400, "invalid_request"),
        ("list_messages", page(json!(null)), 400, "invalid_request"),
        ("list_changes", since(json!(-1)), 400, "invalid_request"),
        ("list_changes", since(json!(null)), 400, "invalid_request"),
        (
            "list_chats",
            json!({ "page_limit": 101 }),
            400,
            "invalid_request",
        ),
        (
            "list_changed_chats",
            delta(json!(101)),
            400,
            "invalid_request",
        ),
        (
            "list_changed_chats",
            delta(json!(null)),
            400,
            "invalid_request",
        ),
        (
            "list_changed_chats",
            json!({ "epoch": "x", "since": 0 }),
            410,
            "resync_required",
        ),
        (
            "change_chat_settings",
            choice("some"),
            400,
            "invalid_request",
        ),
        ("change_chat_settings", choice(""), 400, "invalid_request"),
    ] {
        let path = format!("/rpc/{function}");
        let call = rest.post(&path, &arguments);
        let answer = stack.unchanged_by(&[&alice, &bob], call).await;
        answer.raised(status, code);
    }
    let removal = json!({ "chat_id": chat, "message_id": sent.id });
    let answer = rest.post("/rpc/delete_message", &removal).await;
    answer.raised(403, "not_sender");
}

#[tokio::test]
async fn no_function_takes_the_acting_user() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let sent = bob.send(chat, "hello").await;
    let rest = stack.postgrest(&alice);
    for (function, arguments) in calls(chat, sent.id, bob.id) {
        for name in [
            "user_id",
            "sender_id",
            "me",
            "viewer",
            "actor",
            "caller",
            "sub",
            "as_user",
        ] {
            // Here it is whose messages are searched for.
            if (function, name) == ("search_messages", "sender_id") {
                continue;
            }
            let mut arguments = arguments.clone();
            arguments[name] = json!(bob.id);
            let path = format!("/rpc/{function}");
            let call = rest.post(&path, &arguments);
            let answer = stack.unchanged_by(&[&alice, &bob], call).await;
            answer.denied(404, "PGRST202");
        }
    }
}

#[tokio::test]
async fn no_header_makes_a_call_someone_elses() {
    let stack = Stack::connect().await;
    let [alice, bob, stranger] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let claims = json!({ "sub": alice.id, "role": "authenticated" }).to_string();
    let path = format!("/rpc/get_chat?chat_id={chat}");
    let mut call = stack.postgrest(&stranger).call(Method::GET, &path);
    for name in [
        "request.jwt.claims",
        "request-jwt-claims",
        "x-jwt-claims",
        "role",
        "x-role",
    ] {
        call = call.header(name, &claims);
    }
    call.send().await.raised(403, "not_participant");
}

#[tokio::test]
async fn a_get_writes_nothing() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let sent = alice.send(chat, "hello").await;
    let unread = "delete from chat.read_marks where user_id = $1";
    assert_eq!(stack.execute(unread, &[&alice.id]).await, 1);
    alice.react(chat, sent.id, "b").await;
    let rest = stack.postgrest(&alice);
    for (function, arguments) in calls(chat, sent.id, bob.id).into_iter().skip(12) {
        let query: Vec<String> = arguments
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, value)| match value.as_str() {
                Some(text) => format!("{name}={text}"),
                None => format!("{name}={value}"),
            })
            .collect();
        let path = format!("/rpc/{function}?{}", query.join("&"));
        let answer = stack.unchanged_by(&[&alice, &bob], rest.get(&path)).await;
        answer.denied(405, "25006");
    }
}
