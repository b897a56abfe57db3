//! `GET /search`

use futures_util::join;
use harness::{Message, Page, Person, Stack, cursor};
use serde_json::json;
use std::collections::BTreeSet;
use uuid::Uuid;

async fn search(person: &Person, query: &str) -> Page<Message> {
    let answer = person.get(&format!("/search?{query}")).await.ok();
    Page::read(&answer, Message::read)
}

/// The texts of what is found, newest first.
async fn found(person: &Person, query: &str) -> Vec<String> {
    let page = search(person, query).await;
    let texts = page.data.into_iter().flat_map(|message| message.text);
    texts.collect()
}

#[tokio::test]
async fn words_and_beginnings_of_words_are_found_newest_first() {
    let stack = Stack::connect().await;
    let [alice, bob, carol] = stack.people().await;
    let with_bob = stack.direct_chat(&alice, &bob).await;
    let with_carol = stack.direct_chat(&alice, &carol).await;
    let one = alice.send(with_bob, "Crème brûlée on Sunday").await;
    let two = carol.send(with_carol, "sundaes & CREMES, please").await;
    bob.send(with_bob, "no dessert on Sunday").await;

    let both = [two.clone().seen_by_others(), one.clone()];
    for q in [
        "creme+sund",
        "SUND%20cr%C3%A8me",
        "%F0%9F%8D%A8+creme%2Csun",
    ] {
        assert_eq!(search(&alice, &format!("q={q}")).await.data, both, "{q}");
    }
    assert_eq!(
        search(&alice, "q=brulee").await.data,
        std::slice::from_ref(&one)
    );
    assert_eq!(search(&bob, "q=creme").await.data, [one.seen_by_others()]);
    assert_eq!(search(&carol, "q=creme").await.data, [two]);
    assert_eq!(found(&alice, "q=undae").await, [""; 0]);
}

#[tokio::test]
async fn one_chat_and_one_sender() {
    let stack = Stack::connect().await;
    let [alice, bob, carol] = stack.people().await;
    let with_bob = stack.direct_chat(&alice, &bob).await;
    let with_carol = stack.direct_chat(&alice, &carol).await;
    alice.send(with_bob, "hello 1").await;
    bob.send(with_bob, "hello 2").await;
    alice.send(with_carol, "hello 3").await;
    for (query, texts) in [
        (String::new(), vec!["hello 3", "hello 2", "hello 1"]),
        (format!("&chatId={with_bob}"), vec!["hello 2", "hello 1"]),
        (
            format!("&senderId={}", alice.id),
            vec!["hello 3", "hello 1"],
        ),
        (
            format!("&senderId={}&chatId={with_bob}", alice.id),
            vec!["hello 1"],
        ),
        (format!("&senderId={}", Uuid::new_v4()), vec![]),
    ] {
        assert_eq!(
            found(&alice, &format!("q=hello{query}")).await,
            texts,
            "{query}"
        );
    }
}

/// At the edge and by PostgREST.
#[tokio::test]
async fn only_what_one_may_read_is_found() {
    let stack = Stack::connect().await;
    let [author, alice, bob, stranger] = stack.people().await;
    let (room, group) = stack.room(&author, &[&alice, &bob]).await;
    let pair = stack.direct_chat(&alice, &bob).await;
    let edited = alice.send(group, "secret before the edit").await;
    alice.edit(group, edited.id, "harmless").await;
    let deleted = alice.send(group, "secret deleted").await;
    alice.remove(group, deleted.id).await;
    alice.send(group, "secret of the group").await;
    alice.send(pair, "secret before bob left").await;
    bob.leave(pair).await;
    alice.send(pair, "secret after").await;

    for (person, texts) in [
        (
            &alice,
            vec![
                "secret after",
                "secret before bob left",
                "secret of the group",
            ],
        ),
        (&bob, vec!["secret after", "secret of the group"]),
        (&author, vec!["secret of the group"]),
        (&stranger, vec![]),
    ] {
        let edge = person.get("/search?q=secret").await.ok();
        assert_eq!(texts_of(&edge), texts);
        let rest = stack.postgrest(person);
        let words = json!({ "q": "secret" });
        let answer = rest.post("/rpc/search_messages", &words).await;
        assert_eq!(answer.ok(), edge, "PostgREST answers the same");
    }
    let moderator = stranger.as_moderator(&stack.edge());
    assert_eq!(found(&moderator, "q=secret").await, [""; 0]);
    // A moderator sees the deleted message, and does not find it.
    let seen = author.messages_as_moderator(group).await;
    assert!(seen.iter().any(|message| message.id == deleted.id));

    stack.remove_member(room, &bob).await;
    assert_eq!(found(&bob, "q=secret").await, ["secret after"]);
    for (chat, status, code) in [
        (group, 403, "not_participant"),
        (Uuid::new_v4(), 404, "chat_not_found"),
    ] {
        let answer = bob.get(&format!("/search?q=secret&chatId={chat}")).await;
        answer.refused(status, code);
        let rest = stack.postgrest(&bob);
        let arguments = json!({ "q": "secret", "chat_id": chat });
        let answer = rest.post("/rpc/search_messages", &arguments).await;
        answer.raised(status, code);
    }
}

fn texts_of(page: &serde_json::Value) -> Vec<&str> {
    let data = page["data"].as_array().into_iter().flatten();
    data.filter_map(|message| message["text"].as_str())
        .collect()
}

#[tokio::test]
async fn what_is_found_is_the_message_with_its_attachment() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let file = stack.attached(&alice, chat, b"12345").await;
    assert_eq!(found(&bob, "q=file").await, [""; 0], "a name is no text");
    alice.edit(chat, file.id, "the minutes").await;
    let page = search(&bob, "q=minutes").await;
    let [message] = page.data.try_into().unwrap();
    assert!(message.attachment_url.is_some());
    let alone = bob.message(chat, file.id).await;
    assert_eq!(message.unsigned(), alone.unsigned());
}

#[tokio::test]
async fn pages_repeat_and_skip_nothing_while_others_send_and_delete() {
    let stack = Stack::connect().await;
    let [alice, bob, carol] = stack.people().await;
    let chats = [
        stack.direct_chat(&alice, &bob).await,
        stack.direct_chat(&alice, &carol).await,
    ];
    stack.history(chats[0], &bob, 120).await;
    stack.history(chats[1], &carol, 120).await;
    // 11, 110, 111 and so on, in both chats.
    let all = found(&alice, "q=1&limit=100").await;
    assert_eq!(all.len(), 2 * (1 + 10 + 21));

    let mut seen: Vec<Message> = Vec::new();
    let mut deleted = BTreeSet::new();
    let mut query = "q=1&limit=7".to_owned();
    loop {
        let last = seen.last().filter(|last| last.sender_id == bob.id);
        let gone = last.map(|last| last.id).filter(|id| deleted.insert(*id));
        let deletion = async {
            if let Some(id) = gone {
                bob.remove(chats[0], id).await;
            }
        };
        let (page, ..) = join!(
            search(&alice, &query),
            deletion,
            bob.send(chats[0], "1 more")
        );
        seen.extend(page.data);
        assert!(seen.len() <= all.len(), "rows repeat");
        match page.next_cursor {
            Some(next) => query = format!("q=1&limit=7&cursor={next}"),
            None => break,
        }
    }
    let ids: BTreeSet<Uuid> = seen.iter().map(|message| message.id).collect();
    assert_eq!(ids.len(), seen.len(), "rows repeat");
    let texts: Vec<String> = seen.into_iter().flat_map(|message| message.text).collect();
    assert_eq!(texts, all);
    assert!(!deleted.is_empty());
}

#[tokio::test]
async fn a_cursor_is_bound_to_its_search() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    for text in ["one fish", "two fish", "red fish"] {
        alice.send(chat, text).await;
    }
    let next = search(&alice, "q=fish&limit=1").await.next_cursor.unwrap();
    let with = |query: &str| format!("{query}&limit=1&cursor={next}");
    for query in ["q=fish", "q=FISH", "q=fish+fish"] {
        assert_eq!(found(&alice, &with(query)).await, ["two fish"], "{query}");
    }
    for query in [
        "q=one".to_owned(),
        "q=fish+one".to_owned(),
        format!("q=fish&chatId={chat}"),
        format!("q=fish&senderId={}", alice.id),
    ] {
        let path = format!("/search?{}", with(&query));
        alice.get(&path).await.refused(400, "invalid_cursor");
    }
    alice.finds_invalid(chat, &next).await;
    let messages = alice
        .messages_page(chat, "?limit=1")
        .await
        .next_cursor
        .unwrap();
    let hand_made = cursor("search/0123456789abcdef/2026-04-01T12:30:00.000000Z");
    for other in [&messages, &hand_made, "x"] {
        let path = format!("/search?q=fish&cursor={other}");
        alice.get(&path).await.refused(400, "invalid_cursor");
    }
    // Somebody else's cursor says where to go on among what one may read.
    assert_eq!(found(&bob, &with("q=fish")).await, ["two fish"]);
}

#[tokio::test]
async fn faulty_parameters_are_named() {
    let stack = Stack::connect().await;
    let [alice] = stack.people().await;
    let long = format!("q={}", "a".repeat(201));
    for (query, field) in [
        ("", "q"),
        ("q=", "q"),
        ("q=+", "q"),
        ("q=%FF", "q"),
        ("q=a%00", "q"),
        ("q=%F0%9F%8D%A8", "q"),
        ("q=a+b+c+d+e+f+g+h+i+j+k", "q"),
        (&*long, "q"),
        ("q=a&chatId=7", "chatId"),
        ("q=a&senderId=", "senderId"),
        ("q=a&limit=0", "limit"),
        ("q=a&limit=101", "limit"),
    ] {
        let path = format!("/search?{query}");
        alice.get(&path).await.invalid(&[field]);
    }
    for query in ["q=a+b+c+d+e+f+g+h+i+j", &format!("q={}", "a".repeat(200))] {
        assert_eq!(found(&alice, query).await, [""; 0]);
    }
}
