//! Calls that PostgREST would allow and the chat does not: filters on the answers of writes, and its helpers.

use harness::Stack;
use serde_json::json;

/// PostgREST would apply the filter in the statement that holds the function's locks.
#[tokio::test]
async fn the_answer_of_a_write_cannot_be_filtered() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let sent = alice.send(chat, "hello").await;
    let theirs = bob.send(chat, "hello").await;
    let slow = "pgrst_scalar->>text=match.%5E(.%2B)(.%2B)(.%2B)%5C3%5C2%5C1%24";
    let rest = stack.postgrest(&alice);
    for (function, arguments) in [
        ("send_message", json!({ "chat_id": chat, "text": "hello" })),
        (
            "edit_message",
            json!({ "chat_id": chat, "message_id": sent.id, "text": "hi" }),
        ),
        ("open_direct_chat", json!({ "other_user": bob.id })),
        (
            "mark_read",
            json!({ "chat_id": chat, "message_id": theirs.id }),
        ),
        (
            "change_chat_settings",
            json!({ "chat_id": chat, "pinned": true }),
        ),
        (
            "reserve_upload",
            json!({ "chat_id": chat, "file_name": "a.txt", "content_type": "text/plain", "size": 1 }),
        ),
    ] {
        for filter in [
            slow,
            "pgrst_scalar->>id=not.is.null",
            "or=(pgrst_scalar->>id.eq.1)",
        ] {
            let path = format!("/rpc/{function}?{filter}");
            let call = rest.post(&path, &arguments);
            let answer = stack.unchanged_by(&[&alice, &bob], call).await;
            answer.raised(400, "invalid_request");
        }
        let plain = rest.post(&format!("/rpc/{function}"), &arguments).await;
        assert!(plain.status < 300, "{function}: {plain:?}");
    }
}

#[tokio::test]
async fn helpers_are_no_functions_of_the_api() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    for caller in [stack.postgrest(&alice), stack.anonymous()] {
        for (function, arguments) in [
            (
                "follow_people",
                json!({ "added": [{ "source": chat, "person": alice.id }], "removed": [] }),
            ),
            ("remove_sources", json!({ "sources": [chat] })),
            ("next_rev", json!({ "chat_id": chat })),
            (
                "to_reply_to",
                json!({ "chat_id": chat, "message_id": chat }),
            ),
            (
                "mentions_of_caller",
                json!({ "row_limit": 1, "before": null, "before_id": null }),
            ),
            ("is_moderator", json!({ "chat_id": chat })),
            ("are_friends", json!({ "a": alice.id, "b": bob.id })),
            (
                "open_event_chat",
                json!({ "event_id": chat, "name": "Mine" }),
            ),
        ] {
            for schema in ["", "chat."] {
                let path = format!("/rpc/{schema}{function}");
                let call = caller.post(&path, &arguments);
                let answer = stack.unchanged_by(&[&alice, &bob], call).await;
                answer.denied(404, "PGRST202");
            }
        }
    }
}
