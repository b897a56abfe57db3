//! `GET /chats/:id/messages?around=`, and pages in both directions.

use futures_util::{future::join_all, join};
use harness::{Message, Page, Person, Stack, cursor, messages_path};
use std::collections::BTreeSet;
use uuid::Uuid;

fn texts(page: &Page<Message>) -> Vec<&str> {
    let texts = page.data.iter().flat_map(|message| message.text.as_deref());
    texts.collect()
}

async fn around(person: &Person, chat: Uuid, middle: &str, limit: usize) -> Page<Message> {
    let query = format!("?limit={limit}&around={middle}");
    person.messages_page(chat, &query).await
}

/// The page to which a cursor leads.
async fn beside(person: &Person, chat: Uuid, cursor: &str, limit: usize) -> Page<Message> {
    let query = format!("?limit={limit}&cursor={cursor}");
    person.messages_page(chat, &query).await
}

/// The whole chat from a window on, newest first, and how many pages that took.
async fn chained(person: &Person, chat: Uuid, start: Page<Message>, limit: usize) -> Vec<Message> {
    let (mut newer, mut older) = (start.prev_cursor, start.next_cursor);
    let mut messages = start.data;
    while let Some(cursor) = newer {
        let page = beside(person, chat, &cursor, limit).await;
        newer = page.prev_cursor;
        messages = [page.data, messages].concat();
        assert!(messages.len() < 1000, "an endless list");
    }
    while let Some(cursor) = older {
        let page = beside(person, chat, &cursor, limit).await;
        older = page.next_cursor;
        messages.extend(page.data);
        assert!(messages.len() < 1000, "an endless list");
    }
    messages
}

#[tokio::test]
async fn the_message_is_in_the_middle() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    stack.history(chat, &bob, 9).await;
    let all = alice.messages(chat).await;
    let id = |text: usize| all[9 - text].id.to_string();
    for (middle, limit, expected) in [
        (5, 1, vec!["5"]),
        (5, 4, vec!["6", "5", "4", "3"]),
        (5, 5, vec!["7", "6", "5", "4", "3"]),
        (1, 5, vec!["3", "2", "1"]),
        (9, 5, vec!["9", "8", "7"]),
    ] {
        let window = around(&alice, chat, &id(middle), limit).await;
        assert_eq!(texts(&window), expected, "{limit} around {middle}");
        let ends = (window.prev_cursor.is_none(), window.next_cursor.is_none());
        let has = |text| expected.contains(&text);
        assert_eq!(ends, (has("9"), has("1")), "{limit} around {middle}");
    }
    let upper = around(&alice, chat, &id(5).to_uppercase(), 50).await;
    assert_eq!(upper.data, all);
    assert_eq!((upper.prev_cursor, upper.next_cursor), (None, None));
}

/// The property: windows of any size around any message, and the pages beside them, are the pages of the chat.
#[tokio::test]
async fn windows_and_the_pages_beside_them_are_the_pages() {
    let stack = Stack::connect().await;
    let [author, alice] = stack.people().await;
    let (_, chat) = stack.room(&author, &[&alice]).await;
    stack.history(chat, &author, 23).await;
    for message in alice.messages(chat).await.iter().step_by(4) {
        author.remove(chat, message.id).await;
    }
    let all = alice.messages(chat).await;
    assert_eq!(all.len(), 17);
    for (index, middle) in all.iter().enumerate() {
        let limit = 1 + index % 7;
        let start = around(&alice, chat, &middle.id.to_string(), limit).await;
        assert!(start.data.contains(middle), "{limit} around {index}");
        let pages = chained(&alice, chat, start, 1 + index % 5).await;
        assert_eq!(pages, all, "{limit} around {index}");
    }
    let newest = alice.messages_page(chat, "?limit=3").await;
    assert_eq!(newest.prev_cursor, None);
    assert_eq!(chained(&alice, chat, newest, 2).await, all);
}

/// Others send, and delete at both ends of what is read: the rows that the cursors name, and the rows beside them.
#[tokio::test]
async fn a_window_that_grows_repeats_and_skips_nothing_while_others_work() {
    let stack = Stack::connect().await;
    let [author, alice, bob] = stack.people().await;
    let (_, chat) = stack.room(&author, &[&alice, &bob]).await;
    stack.history(chat, &bob, 400).await;
    let newest_first: Vec<Uuid> = stack
        .value(
            "select array_agg(id order by created_at desc) from public.messages where chat_id = $1",
            &[&chat],
        )
        .await;
    let start = around(&alice, chat, &newest_first[200].to_string(), 10).await;
    let (mut newer, mut older) = (start.prev_cursor, start.next_cursor);
    let mut seen: Vec<Uuid> = start.data.iter().map(|message| message.id).collect();
    let mut deleted = BTreeSet::new();
    let mut rounds = 0;
    while newer.is_some() || older.is_some() {
        let place = |id: Option<&Uuid>| newest_first.iter().position(|known| Some(known) == id);
        let ends = [
            place(seen.first()).map(|at| at.wrapping_sub(2)),
            place(seen.first()),
        ];
        let ends = ends
            .into_iter()
            .chain([place(seen.last()), place(seen.last()).map(|at| at + 2)]);
        let gone: Vec<Uuid> = ends
            .flatten()
            .filter_map(|at| newest_first.get(at).copied())
            .filter(|id| deleted.insert(*id))
            .collect();
        let deletes = join_all(gone.iter().map(|id| bob.remove(chat, *id)));
        // Else each page of newer messages would have another one behind it.
        let sends = join_all((rounds..5).take(1).map(|_| bob.send(chat, "new")));
        rounds += 1;
        let newer_page = async {
            match &newer {
                Some(cursor) => Some(beside(&alice, chat, cursor, 20).await),
                None => None,
            }
        };
        let older_page = async {
            match &older {
                Some(cursor) => Some(beside(&alice, chat, cursor, 20).await),
                None => None,
            }
        };
        let (newer_page, older_page, ..) = join!(newer_page, older_page, deletes, sends);
        if let Some(page) = newer_page {
            newer = page.prev_cursor;
            let ids: Vec<Uuid> = page.data.iter().map(|message| message.id).collect();
            seen = [ids, seen].concat();
        }
        if let Some(page) = older_page {
            older = page.next_cursor;
            seen.extend(page.data.iter().map(|message| message.id));
        }
        assert!(seen.len() < 600, "rows repeat");
    }

    let ids: BTreeSet<Uuid> = seen.iter().copied().collect();
    assert_eq!(ids.len(), seen.len(), "rows repeat");
    let skipped: Vec<&Uuid> = newest_first
        .iter()
        .filter(|id| !ids.contains(id) && !deleted.contains(id))
        .collect();
    assert!(skipped.is_empty(), "skipped {skipped:?}");
    let known: Vec<&Uuid> = newest_first.iter().filter(|id| ids.contains(id)).collect();
    let read: Vec<&Uuid> = seen.iter().filter(|id| newest_first.contains(id)).collect();
    assert_eq!(read, known, "rows are out of order");
    assert!(deleted.len() > 20, "others deleted {} only", deleted.len());
}

#[tokio::test]
async fn unread_is_the_first_message_of_others_after_the_read_mark() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    stack.history(chat, &bob, 9).await;
    let all = alice.messages(chat).await;

    let window = around(&alice, chat, "unread", 3).await;
    assert_eq!(texts(&window), ["2", "1"], "nothing is read");
    assert_eq!(alice.mark_read(chat, all[5].id).await, 5);
    assert_eq!(
        texts(&around(&alice, chat, "unread", 3).await),
        ["6", "5", "4"]
    );
    bob.remove(chat, all[4].id).await;
    assert_eq!(texts(&around(&alice, chat, "unread", 1).await), ["6"]);
    alice.mark_read(chat, all[0].id).await;
    alice.send(chat, "mine").await;
    let newest = alice.messages_page(chat, "?limit=3").await;
    assert_eq!(
        around(&alice, chat, "unread", 3).await,
        newest,
        "all is read"
    );
    assert_eq!(texts(&newest), ["mine", "9", "8"]);
}

#[tokio::test]
async fn a_middle_that_one_may_not_read_is_not_found() {
    let stack = Stack::connect().await;
    let [author, alice, stranger] = stack.people().await;
    let (_, chat) = stack.room(&author, &[&alice]).await;
    let pair = stack.direct_chat(&author, &alice).await;
    let kept = alice.send(chat, "kept").await;
    let sent = alice.send(chat, "a secret").await;
    alice.remove(chat, sent.id).await;
    let window = |chat, middle: Uuid| format!("{}?around={middle}", messages_path(chat));

    for (chat, middle) in [(chat, sent.id), (chat, Uuid::new_v4()), (pair, kept.id)] {
        let answer = alice.get(&window(chat, middle)).await;
        answer.refused(404, "message_not_found");
    }
    let seen = author.get(&window(chat, sent.id)).await.ok();
    let seen = Page::read_messages(&seen, Message::read_by_moderator);
    assert_eq!(texts(&seen), ["a secret", "kept"], "a moderator sees both");
    for middle in [kept.id, sent.id, Uuid::new_v4()] {
        let answer = stranger.get(&window(chat, middle)).await;
        answer.refused(403, "not_participant");
        let answer = stranger.get(&window(Uuid::new_v4(), middle)).await;
        answer.refused(404, "chat_not_found");
    }
}

#[tokio::test]
async fn a_window_begins_where_the_readers_history_does() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let old = alice.send(chat, "before").await;
    bob.leave(chat).await;
    let new = alice.send(chat, "after").await;
    let path = format!("{}?around={}", messages_path(chat), old.id);
    bob.get(&path).await.refused(404, "message_not_found");
    for middle in [new.id.to_string(), "unread".to_owned()] {
        let window = around(&bob, chat, &middle, 50).await;
        assert_eq!(window.data, [new.clone().seen_by_others()]);
        assert_eq!((window.prev_cursor, window.next_cursor), (None, None));
    }
    // A cursor made by hand leads no further back.
    let hand_made = cursor(&format!(
        "newer-messages/{chat}/2000-01-01T00:00:00.000000Z"
    ));
    let page = beside(&bob, chat, &hand_made, 50).await;
    assert_eq!(page.data, [new.seen_by_others()]);
    assert_eq!(page.next_cursor, None);
}

#[tokio::test]
async fn cursors_of_both_directions_are_bound_to_their_chat() {
    let stack = Stack::connect().await;
    let [alice, bob, carol] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let other = stack.direct_chat(&alice, &carol).await;
    stack.history(chat, &bob, 3).await;
    let middle = alice.messages(chat).await[1].id.to_string();
    let window = around(&alice, chat, &middle, 1).await;
    for cursor in [&window.prev_cursor, &window.next_cursor] {
        let cursor = cursor.as_deref().unwrap();
        alice.finds_invalid(other, cursor).await;
        let chats = format!("/chats?cursor={cursor}");
        alice.get(&chats).await.refused(400, "invalid_cursor");
    }
}

#[tokio::test]
async fn around_is_an_id_or_unread_and_comes_without_a_cursor() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    stack.history(chat, &bob, 2).await;
    let page = alice.messages_page(chat, "?limit=1").await;
    let both = format!("around=unread&cursor={}", page.next_cursor.unwrap());
    for query in ["around=", "around=first", "around=7", "around=%00", &both] {
        let path = format!("{}?{query}", messages_path(chat));
        alice.get(&path).await.invalid(&["around"]);
    }
}
