//! PostgREST does not expose the host's schema: nobody reaches its tables.

use crate::direct_postgrest::unreachable_to_all;
use harness::{Method, Stack};
use serde_json::json;

#[tokio::test]
async fn nobody_joins_through_the_hosts_tables() {
    let stack = Stack::connect().await;
    let [author, member, stranger] = stack.people().await;
    let (group, _) = stack.room(&author, &[&member]).await;
    let event = stack.event_of(group).await;
    let pair = [stranger.id.min(author.id), stranger.id.max(author.id)];
    let friendship = json!({
        "user_low": pair[0], "user_high": pair[1], "status": "accepted", "requested_by": stranger.id,
    });
    let own_event = json!({ "title": "Mine", "status": "published", "created_by": stranger.id });
    let writes = [
        (
            Method::POST,
            "/event_authors",
            json!({ "event_id": event, "user_id": stranger.id }),
        ),
        (
            Method::POST,
            "/event_group_members",
            json!({ "group_id": group, "user_id": stranger.id }),
        ),
        (Method::POST, "/friendships", friendship),
        (Method::POST, "/events", own_event),
        (
            Method::POST,
            "/event_groups",
            json!({ "event_id": event, "name": "Ours", "status": "approved" }),
        ),
    ];
    let mut writes = writes
        .map(|(method, path, body)| (method, path.to_owned(), body))
        .to_vec();
    let changes = [
        (
            "events",
            format!("id=eq.{event}"),
            json!({ "status": "draft" }),
        ),
        (
            "event_groups",
            format!("id=eq.{group}"),
            json!({ "status": "pending" }),
        ),
        (
            "event_group_members",
            format!("group_id=eq.{group}"),
            json!({ "user_id": stranger.id }),
        ),
        (
            "event_authors",
            format!("event_id=eq.{event}"),
            json!({ "user_id": stranger.id }),
        ),
    ];
    for (table, rows, body) in changes {
        let path = format!("/{table}?{rows}");
        writes.push((Method::PATCH, path.clone(), body));
        writes.push((Method::DELETE, path, json!({})));
    }
    unreachable_to_all(&stack, [&member, &author, &stranger], &writes).await;
}

#[tokio::test]
async fn nobody_reads_the_hosts_tables() {
    let stack = Stack::connect().await;
    let [author, member] = stack.people().await;
    stack.room(&author, &[&member]).await;
    for table in [
        "friendships",
        "events",
        "event_authors",
        "event_groups",
        "event_group_members",
    ] {
        for caller in [stack.anonymous(), stack.postgrest(&author)] {
            let path = format!("/{table}");
            assert_eq!(caller.get(&path).await.status, 404, "{table}");
            let asked = caller.call(Method::GET, &path);
            let answer = asked.header("accept-profile", "example_host").send().await;
            answer.denied(406, "PGRST106");
        }
    }
}

#[tokio::test]
async fn a_friendship_that_is_only_asked_for_is_403_for_both() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    stack.ask_friendship(&alice, &bob).await;
    alice.open(bob.id).await.refused(403, "not_friends");
    bob.open(alice.id).await.refused(403, "not_friends");
}
