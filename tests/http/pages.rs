//! Paging through a chat's messages, with others at work in it.

use futures_util::{future::join_all, join};
use harness::{Stack, cursor, messages_path};
use std::collections::BTreeSet;
use uuid::Uuid;

#[tokio::test]
async fn two_thousand_messages_come_once_each_while_others_send_and_delete() {
    let stack = Stack::connect().await;
    let [author, alice, bob] = stack.people().await;
    let (_, chat) = stack.room(&author, &[&alice, &bob]).await;
    stack.history(chat, &bob, 2000).await;
    let newest_first: Vec<Uuid> = stack
        .value(
            "select array_agg(id order by created_at desc) from public.messages where chat_id = $1",
            &[&chat],
        )
        .await;

    let mut seen = Vec::new();
    let mut deleted = BTreeSet::new();
    let mut query = "?limit=40".to_owned();
    loop {
        // What others do while this page is read: the row that its cursor names goes, one just
        // ahead goes, one further ahead is edited, and a new one comes.
        let ahead = |rows: usize| newest_first.get(seen.len() + rows).copied();
        let gone: Vec<Uuid> = [seen.last().map(|(id, _)| *id), ahead(3), ahead(39)]
            .into_iter()
            .flatten()
            .filter(|id| newest_first.contains(id) && deleted.insert(*id))
            .collect();
        let deletes = join_all(gone.iter().map(|id| bob.remove(chat, *id)));
        let edit = async {
            if let Some(id) = ahead(20) {
                bob.edit(chat, id, "edited meanwhile").await;
            }
        };
        let (page, ..) = join!(
            alice.messages_page(chat, &query),
            deletes,
            edit,
            bob.send(chat, "new"),
        );
        seen.extend(
            page.data
                .iter()
                .map(|message| (message.id, message.created_at)),
        );
        assert!(seen.len() <= newest_first.len() + 40, "rows repeat");
        match page.next_cursor {
            Some(next) => query = format!("?limit=40&cursor={next}"),
            None => break,
        }
    }

    assert!(
        seen.windows(2).all(|pair| pair[0].1 > pair[1].1),
        "rows repeat or are out of order"
    );
    let ids: BTreeSet<Uuid> = seen.iter().map(|(id, _)| *id).collect();
    let skipped: Vec<&Uuid> = newest_first
        .iter()
        .filter(|id| !ids.contains(id) && !deleted.contains(id))
        .collect();
    assert!(skipped.is_empty(), "skipped {skipped:?}");
    assert!(deleted.len() > 100, "others deleted {} only", deleted.len());
}

#[tokio::test]
async fn limits_are_1_to_100_and_50_when_absent() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    stack.history(chat, &bob, 101).await;
    for (query, rows) in [("", 50), ("?limit=1", 1), ("?limit=100", 100)] {
        let page = alice.messages_page(chat, query).await;
        assert_eq!(page.data.len(), rows, "{query}");
        assert_eq!(page.data[0].text.as_deref(), Some("101"), "{query}");
        assert!(page.next_cursor.is_some(), "{query}");
    }
    for limit in [
        "0",
        "101",
        "-1",
        "text",
        "1.5",
        "1e1",
        "%2B5",
        "",
        "99999999999999999999",
    ] {
        let path = format!("{}?limit={limit}", messages_path(chat));
        alice.get(&path).await.invalid(&["limit"]);
    }
}

#[tokio::test]
async fn pages_of_any_size_show_the_same_messages() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    stack.history(chat, &bob, 12).await;
    let all = alice.messages(chat).await;
    let texts: Vec<&str> = all
        .iter()
        .flat_map(|message| message.text.as_deref())
        .collect();
    assert_eq!(
        texts,
        [
            "12", "11", "10", "9", "8", "7", "6", "5", "4", "3", "2", "1"
        ]
    );
    for limit in [1, 5, 6, 11, 12, 13] {
        assert_eq!(alice.all_messages(chat, limit).await, all, "limit {limit}");
    }
}

#[tokio::test]
async fn a_last_page_that_is_full_has_no_next_cursor() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    stack.history(chat, &bob, 4).await;
    assert_eq!(
        alice.messages_page(chat, "?limit=4").await.next_cursor,
        None
    );
    let first = alice.messages_page(chat, "?limit=2").await;
    let query = format!("?limit=2&cursor={}", first.next_cursor.unwrap());
    let second = alice.messages_page(chat, &query).await;
    assert_eq!((second.data.len(), second.next_cursor), (2, None));
}

#[tokio::test]
async fn a_cursor_serves_anyone_in_the_chat_any_number_of_times() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    stack.history(chat, &bob, 3).await;
    let next = alice
        .messages_page(chat, "?limit=1")
        .await
        .next_cursor
        .unwrap();
    let query = format!("?cursor={next}");
    let rest = alice.messages_page(chat, &query).await;
    assert_eq!(rest.data.len(), 2);
    assert_eq!(alice.messages_page(chat, &query).await, rest);
    assert_eq!(bob.messages_page(chat, &query).await.data.len(), 2);
}

#[tokio::test]
async fn a_truncated_or_garbled_cursor_is_400() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    stack.history(chat, &bob, 2).await;
    let good = alice
        .messages_page(chat, "?limit=1")
        .await
        .next_cursor
        .unwrap();
    for end in [0, 1, good.len() / 2, good.len() - 1] {
        alice.finds_invalid(chat, &good[..end]).await;
    }
    let upside_down: String = good.chars().rev().collect();
    for garbled in [
        upside_down,
        format!("{good}="),
        format!("{good}A"),
        format!(" {good}").replace(' ', "%20"),
        "garbled".to_owned(),
        "%00".to_owned(),
        "%ff".to_owned(),
        "null".to_owned(),
        "A".repeat(10_000),
    ] {
        alice.finds_invalid(chat, &garbled).await;
    }
}

#[tokio::test]
async fn a_cursor_of_another_list_is_400() {
    let stack = Stack::connect().await;
    let [alice, bob, carol] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let other = stack.direct_chat(&alice, &carol).await;
    stack.history(other, &carol, 2).await;
    let of_other_chat = alice
        .messages_page(other, "?limit=1")
        .await
        .next_cursor
        .unwrap();
    let of_chats = alice.chats_page("?limit=1").await.next_cursor.unwrap();
    alice.finds_invalid(chat, &of_other_chat).await;
    alice.finds_invalid(chat, &of_chats).await;
}

#[tokio::test]
async fn a_forged_cursor_that_is_not_canonical_is_400() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let upper = chat.to_string().to_uppercase();
    let plain = chat.simple();
    for content in [
        format!("messages/{chat}"),
        format!("messages/{chat}/"),
        format!("messages/{chat}/infinity"),
        format!("messages/{chat}/now"),
        format!("messages/{chat}/2026-04-01"),
        format!("messages/{chat}/2026-04-01T12:30:00Z"),
        format!("messages/{chat}/2026-04-01T12:30:00.000Z"),
        format!("messages/{chat}/2026-04-01T12:30:00.000000+00:00"),
        format!("messages/{chat}/2026-04-01 12:30:00.000000Z"),
        format!("messages/{chat}/2026-02-30T12:30:00.000000Z"),
        format!("messages/{chat}/2026-04-01T12:30:00.000000Z/1"),
        format!("messages/{chat}/2026-04-01T12:30:00.000000Z&limit=1000"),
        format!("messages/{upper}/2026-04-01T12:30:00.000000Z"),
        format!("messages/{plain}/2026-04-01T12:30:00.000000Z"),
        format!("Messages/{chat}/2026-04-01T12:30:00.000000Z"),
        format!("chats/2026-04-01T12:30:00.000000Z/{chat}"),
    ] {
        alice.finds_invalid(chat, &cursor(&content)).await;
    }
    let canonical = cursor(&format!("messages/{chat}/2026-04-01T12:30:00.000000Z"));
    let query = format!("?cursor={canonical}");
    assert_eq!(alice.messages_page(chat, &query).await.data, []);
}

#[tokio::test]
async fn a_forged_cursor_shows_no_more_than_its_bearer_may_see() {
    let stack = Stack::connect().await;
    let [alice, bob, stranger] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    bob.send(chat, "before alice left").await;
    alice.leave(chat).await;
    let after = bob.send(chat, "after").await;
    let far = cursor(&format!("messages/{chat}/9999-12-31T23:59:59.999999Z"));
    let at_the_last = cursor(&format!("messages/{chat}/{}", after.created_at.text()));

    let query = format!("?cursor={far}");
    let seen = alice.messages_page(chat, &query).await.data;
    assert_eq!(seen, [after.seen_by_others()]);
    let query = format!("?cursor={at_the_last}");
    assert_eq!(alice.messages_page(chat, &query).await.data, []);
    assert_eq!(bob.messages_page(chat, &query).await.data.len(), 1);

    let path = format!("{}?cursor={far}", messages_path(chat));
    stranger.get(&path).await.refused(403, "not_participant");
}
