//! `GET /chats`

use harness::{Chat, Stack, cursor};
use serde_json::json;
use std::collections::BTreeSet;
use uuid::Uuid;

#[tokio::test]
async fn someone_without_chats_gets_an_empty_page() {
    let stack = Stack::connect().await;
    let [alice] = stack.people().await;
    let answer = alice.get("/chats").await.ok();
    let since = &answer["since"];
    assert!(since.is_string(), "{answer}");
    let empty = json!({ "data": [], "nextCursor": null, "since": since });
    assert_eq!(answer, empty);
}

#[tokio::test]
async fn newest_activity_comes_first() {
    let stack = Stack::connect().await;
    let [alice, bob, carol, dave] = stack.people().await;
    let with_bob = stack.direct_chat(&alice, &bob).await;
    let with_carol = stack.direct_chat(&alice, &carol).await;
    let with_dave = stack.direct_chat(&alice, &dave).await;
    bob.send(with_bob, "hello").await;

    let listed: Vec<Uuid> = alice.chats().await.iter().map(|chat| chat.id).collect();

    assert_eq!(listed, [with_bob, with_dave, with_carol]);
}

#[tokio::test]
async fn the_list_shows_each_chat_as_it_is() {
    let stack = Stack::connect().await;
    let [alice, bob, carol] = stack.people().await;
    let with_bob = stack.direct_chat(&alice, &bob).await;
    let (_, with_group) = stack.room(&carol, &[&alice]).await;
    bob.send(with_bob, "hello").await;
    carol.send(with_group, "welcome").await;

    let listed = alice.chats().await;

    assert_eq!(
        listed,
        [alice.chat(with_group).await, alice.chat(with_bob).await]
    );
}

/// Chats of alice, made by the owner of the tables: a page of them by API would take minutes.
/// Four at a time have the same activity, so pages also end between chats of the same moment.
async fn many_chats(stack: &Stack, alice: Uuid, count: i32) {
    stack
        .execute(
            "with people as (
               insert into auth.users (id, email)
               select id, id || '@example.test'
               from (select gen_random_uuid() as id from generate_series(1, $2)) new
               returning id
             ),
             made as (
               insert into chat.chats (id, type, direct_low, direct_high, created_at)
               select gen_random_uuid(), 'direct', least(id, $1), greatest(id, $1),
                      now() - (row_number() over () / 4) * interval '1 minute'
               from people
               returning id, direct_low, direct_high
             )
             insert into chat.chat_participants (chat_id, user_id)
             select id, unnest(array[direct_low, direct_high]) from made",
            &[&alice, &count],
        )
        .await;
}

#[tokio::test]
async fn pages_show_every_chat_once_while_some_move_to_the_front() {
    let stack = Stack::connect().await;
    let [alice] = stack.people().await;
    many_chats(&stack, alice.id, 120).await;
    let all = alice.chats_page("?limit=100").await;
    let rest = alice
        .chats_page(&format!(
            "?limit=100&cursor={}",
            all.next_cursor.as_ref().unwrap()
        ))
        .await;
    let order: Vec<Uuid> = [all.data, rest.data]
        .concat()
        .iter()
        .map(|chat| chat.id)
        .collect();
    assert_eq!((order.len(), rest.next_cursor), (120, None));

    // Each chat that moves has been read before, or is one of those that may be missed.
    let mut seen: Vec<Chat> = Vec::new();
    let mut query = "?limit=7".to_owned();
    let mut moved = BTreeSet::new();
    loop {
        let page = alice.chats_page(&query).await;
        seen.extend(page.data);
        assert!(seen.len() <= order.len(), "chats repeat");
        let Some(next) = page.next_cursor else { break };
        query = format!("?limit=7&cursor={next}");
        let last_read = seen.last().unwrap().id;
        let unread_one = order[(seen.len() + 3).min(119)];
        for chat in [last_read, unread_one] {
            alice.send(chat, "to the front").await;
            moved.insert(chat);
        }
    }

    let ids: Vec<Uuid> = seen.iter().map(|chat| chat.id).collect();
    let unique: BTreeSet<Uuid> = ids.iter().copied().collect();
    assert_eq!(unique.len(), ids.len(), "a chat came twice");
    let missed: Vec<&Uuid> = order
        .iter()
        .filter(|id| !unique.contains(id) && !moved.contains(id))
        .collect();
    assert!(
        missed.is_empty(),
        "chats that stayed where they were: {missed:?}"
    );
}

#[tokio::test]
async fn limits_are_1_to_100_and_50_when_absent() {
    let stack = Stack::connect().await;
    let [alice] = stack.people().await;
    many_chats(&stack, alice.id, 101).await;
    for (query, rows) in [
        ("", 50),
        ("?limit=1", 1),
        ("?limit=50", 50),
        ("?limit=100", 100),
    ] {
        let page = alice.chats_page(query).await;
        assert_eq!(page.data.len(), rows, "{query}");
        assert!(page.next_cursor.is_some(), "{query}");
    }
    for limit in ["0", "101", "-1", "text", "1.5", "", "99999999999999999999"] {
        let answer = alice.get(&format!("/chats?limit={limit}")).await;
        answer.invalid(&["limit"]);
    }
}

#[tokio::test]
async fn a_last_page_that_is_full_has_no_next_cursor() {
    let stack = Stack::connect().await;
    let [alice] = stack.people().await;
    many_chats(&stack, alice.id, 3).await;
    assert_eq!(alice.chats_page("?limit=3").await.next_cursor, None);
    assert_eq!(alice.all_chats(1).await.len(), 3);
}

#[tokio::test]
async fn a_cursor_that_this_list_did_not_make_is_400() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    many_chats(&stack, alice.id, 2).await;
    let chat = stack.direct_chat(&alice, &bob).await;
    stack.history(chat, &bob, 2).await;
    let good = alice.chats_page("?limit=1").await.next_cursor.unwrap();
    let of_messages = alice
        .messages_page(chat, "?limit=1")
        .await
        .next_cursor
        .unwrap();
    let time = "2026-04-01T12:30:00.000000Z";
    for bad in [
        good[..good.len() - 1].to_owned(),
        good[..good.len() / 2].to_owned(),
        format!("{good}A"),
        format!("{good}="),
        "garbled".to_owned(),
        "%00".to_owned(),
        String::new(),
        of_messages,
        cursor(&format!("chats/{time}")),
        cursor(&format!("chats/{time}/not-a-uuid")),
        cursor(&format!("chats/2026-04-01T12:30:00Z/{chat}")),
        cursor(&format!("chats/2026-13-01T12:30:00.000000Z/{chat}")),
        cursor(&format!("chats/{time}/{chat}/more")),
        cursor(&format!("chats/{time}/{}", chat.to_string().to_uppercase())),
        cursor(&format!("chats/{time}/{chat}&select=*")),
    ] {
        let answer = alice.get(&format!("/chats?cursor={bad}")).await;
        answer.refused(400, "invalid_cursor");
    }
}

#[tokio::test]
async fn a_forged_cursor_shows_only_ones_own_chats() {
    let stack = Stack::connect().await;
    let [alice, bob, stranger] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let future = cursor(&format!("chats/9999-01-01T00:00:00.000000Z/{chat}"));
    let query = format!("?cursor={future}");
    assert_eq!(
        alice.chats_page(&query).await.data,
        [alice.chat(chat).await]
    );
    assert_eq!(stranger.chats_page(&query).await.data, []);
}
