//! `GET /chats?since=`: a client keeps its list of chats by what has changed.

mod histories;
mod people;

use harness::{ChatDelta, ListReplica, Person, Stack, cursor, shown};
use serde_json::json;
use std::collections::BTreeSet;
use uuid::Uuid;

/// The ids of the chats that a delta tells: the changed, and the gone.
fn told(delta: &ChatDelta) -> (BTreeSet<Uuid>, BTreeSet<Uuid>) {
    let changed = delta.data.iter().map(|chat| chat.id).collect();
    (changed, delta.gone.iter().copied().collect())
}

/// Asserts that the client tells a change of this chat, and then has what the list shows.
async fn is_told(replica: &mut ListReplica, chat: Uuid) {
    let delta = replica.person.delta(&replica.since, 100).await;
    let (changed, gone) = told(&delta);
    assert!(changed.contains(&chat) || gone.contains(&chat), "{delta:?}");
    replica.catch_up(100).await;
    assert_eq!(replica.chats, shown(&replica.person).await);
}

#[tokio::test]
async fn the_first_page_has_a_position_and_the_others_none() {
    let stack = Stack::connect().await;
    let [alice, bob, carol] = stack.people().await;
    let with_bob = stack.direct_chat(&alice, &bob).await;
    let with_carol = stack.direct_chat(&alice, &carol).await;
    let first = alice.chats_page("?limit=1").await;
    let next = format!("?limit=1&cursor={}", first.next_cursor.unwrap());
    assert_eq!(alice.chats_page(&next).await.since, None);
    let since = first.since.unwrap();
    alice.choose(with_carol, &json!({ "archived": true })).await;
    for query in ["?archived=true", "?archived=false", "?limit=100"] {
        assert!(alice.chats_page(query).await.since.is_some(), "{query}");
    }
    // Archived chats are told as the others are.
    bob.send(with_bob, "hello").await;
    let (changed, gone) = told(&alice.delta(&since, 100).await);
    assert!(changed.is_superset(&[with_bob, with_carol].into()));
    assert!(gone.is_empty());
}

#[tokio::test]
async fn a_position_of_another_kind_or_database_is_refused() {
    let stack = Stack::connect().await;
    let [alice] = stack.people().await;
    let epoch: String = stack.value("select chat.epoch()", &[]).await;
    let chat = Uuid::nil();
    for malformed in [
        "x".to_owned(),
        String::new(),
        cursor(&format!("list/{epoch}")),
        cursor(&format!("list/{epoch}/x")),
        cursor(&format!("list/{epoch}/-1")),
        cursor(&format!("list/{epoch}/01")),
        cursor(&format!("list/{epoch}/1/2")),
        cursor(&format!("list/{epoch}/1/2/x")),
        cursor(&format!("list/{epoch}/9223372036854775808")),
        cursor(&format!("chats/2026-04-01T12:30:00.000120Z/{chat}")),
    ] {
        let answer = alice.get(&format!("/chats?since={malformed}")).await;
        answer.refused(400, "invalid_cursor");
    }
    for other in [
        cursor("list/0123456789abcdef/1"),
        cursor(&format!("list/0123456789abcdef/1/2/{chat}")),
        // Later than anything in this database.
        cursor(&format!("list/{epoch}/9223372036854775807")),
    ] {
        let answer = alice.get(&format!("/chats?since={other}")).await;
        answer.refused(410, "resync_required");
    }
    let good = alice.chats_page("").await.since.unwrap();
    for beside in ["archived=false", "archived=true", "cursor=x"] {
        let answer = alice.get(&format!("/chats?since={good}&{beside}")).await;
        answer.invalid(&["since"]);
    }
    for limit in ["0", "101", "x"] {
        let answer = alice
            .get(&format!("/chats?since={good}&limit={limit}"))
            .await;
        answer.invalid(&["limit"]);
    }
}

/// Begins as this person, sends, and lets the test decide when that is committed.
async fn send_under_way(stack: &Stack, person: &Person, chat: Uuid) -> tokio_postgres::Client {
    let sending = stack.begin_as(person).await;
    let send = "select public.send_message($1, 'on its way')";
    sending.execute(send, &[&chat]).await.unwrap();
    sending
}

#[tokio::test]
async fn what_was_under_way_when_the_position_was_given_is_told_later() {
    let stack = Stack::connect().await;
    let [alice, bob, carol] = stack.people().await;
    let with_bob = stack.direct_chat(&alice, &bob).await;
    let with_carol = stack.direct_chat(&alice, &carol).await;

    let sending = send_under_way(&stack, &bob, with_bob).await;
    let mut loaded = ListReplica::load(&alice).await;
    let mut kept = ListReplica::load(&alice).await;
    // A later transaction is committed first, and is told to one of the two clients.
    carol.send(with_carol, "earlier, in a way").await;
    is_told(&mut kept, with_carol).await;
    assert_eq!(kept.chats[&with_bob].rev, 0);
    sending.batch_execute("commit").await.unwrap();
    for replica in [&mut loaded, &mut kept] {
        is_told(replica, with_bob).await;
        assert_eq!(replica.chats[&with_bob].rev, 1);
        assert_eq!(replica.chats[&with_carol].rev, 1);
    }
}

#[tokio::test]
async fn what_a_transaction_writes_after_the_position_is_told_however_old_it_is() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let old = stack.begin_as(&bob).await;
    old.execute("select pg_current_xact_id()", &[])
        .await
        .unwrap();
    let mut replica = ListReplica::load(&alice).await;
    bob.send(chat, "by a younger transaction").await;
    is_told(&mut replica, chat).await;
    let send = "select public.send_message($1, 'by the old one')";
    old.execute(send, &[&chat]).await.unwrap();
    replica.catch_up(1).await;
    old.batch_execute("commit").await.unwrap();
    is_told(&mut replica, chat).await;
    assert_eq!(replica.chats[&chat].rev, 2);
}

/// Of a delta of several pages, each begins after the last chat of the one before.
#[tokio::test]
async fn a_chat_that_changes_while_pages_are_read_is_told_in_the_end() {
    let stack = Stack::connect().await;
    let [alice, bob, carol, dora] = stack.people().await;
    let mut chats = Vec::new();
    for friend in [&bob, &carol, &dora] {
        chats.push((stack.direct_chat(&alice, friend).await, friend));
    }
    chats.sort_by_key(|(chat, _)| *chat);
    let mut replica = ListReplica::load(&alice).await;
    for (chat, friend) in &chats {
        friend.send(*chat, "one").await;
    }
    assert!(replica.pull(1).await);
    let (first, friend) = chats[0];
    friend.send(first, "two").await;
    let (last, friend) = chats[2];
    friend.send(last, "two").await;
    replica.catch_up(1).await;
    assert_eq!(replica.chats[&last].rev, 2, "it was not read yet");
    // The one that was read before is told by the next delta.
    replica.catch_up(1).await;
    assert_eq!(replica.chats, shown(&alice).await);
}

#[tokio::test]
async fn a_delta_never_names_a_chat_of_others() {
    let stack = Stack::connect().await;
    let [alice, bob, stranger] = stack.people().await;
    let epoch: String = stack.value("select chat.epoch()", &[]).await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let (room, in_room) = stack.room(&alice, &[&bob]).await;
    bob.send(chat, "hello").await;
    bob.leave(in_room).await;
    stack.delete_room(room).await;
    for since in [0, 1, 1_000] {
        let since = cursor(&format!("list/{epoch}/{since}"));
        let delta = stranger.delta(&since, 100).await;
        assert_eq!(told(&delta), (BTreeSet::new(), BTreeSet::new()));
        // From the beginning everything of their own is told.
        let (changed, gone) = told(&bob.delta(&since, 100).await);
        assert_eq!((changed, gone), ([chat].into(), [in_room].into()));
    }
}
