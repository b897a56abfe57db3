//! `mentions` of messages, and `GET /mentions`

use crate::realtime::REALTIME;
use harness::{Message, Person, Stack, chat_path, cursor, ids, message_path};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use uuid::Uuid;

/// The texts of a person's mentions, newest first.
async fn texts(person: &Person) -> Vec<String> {
    let page = person.mentions("?limit=100").await;
    let texts = page.data.into_iter().map(|message| message.text.unwrap());
    texts.collect()
}

async fn unread(person: &Person, chat: Uuid) -> (i64, i64) {
    let chat = person.get(&chat_path(chat)).await.ok();
    let count = |name: &str| chat[name].as_i64().unwrap();
    (count("unreadCount"), count("unreadMentions"))
}

#[tokio::test]
async fn a_mention_is_in_the_message_the_list_and_the_count() {
    let stack = Stack::connect().await;
    let [author, alice, bob] = stack.people().await;
    let (_, chat) = stack.room(&author, &[&alice, &bob]).await;
    let sent = alice.mention(chat, &[&bob, &alice], "Hello, Bob!").await;
    let named: BTreeSet<Uuid> = sent.mentions.iter().copied().collect();
    assert_eq!(named, BTreeSet::from([alice.id, bob.id]));
    assert_eq!(bob.message(chat, sent.id).await, sent.seen_by_others());

    let page = bob.mentions("").await;
    assert_eq!(page.data, [sent.seen_by_others()]);
    assert_eq!(page.next_cursor, None);
    assert_eq!(unread(&bob, chat).await, (1, 1));
    assert_eq!(unread(&author, chat).await, (1, 0));
    for person in [&alice, &author] {
        assert_eq!(texts(person).await, [""; 0], "nobody else");
    }

    let answer = bob.try_mark_read(chat, sent.id).await.ok();
    assert_eq!(answer, json!({ "unreadCount": 0, "unreadMentions": 0 }));
    assert_eq!(unread(&bob, chat).await, (0, 0));
    assert_eq!(texts(&bob).await, ["Hello, Bob!"]);
}

#[tokio::test]
async fn an_attachment_in_the_list_has_its_url() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let file = stack.attached(&alice, chat, b"12345").await;
    let answer = alice.try_mention(chat, file.id, &[&bob], "Look!").await;
    let edited = Message::read(&answer.ok());
    let [listed] = bob.mentions("").await.data.try_into().unwrap();
    assert!(listed.attachment_url.is_some());
    assert_eq!(listed.unsigned(), edited.seen_by_others().unsigned());
}

#[tokio::test]
async fn only_ids_of_participants_are_accepted() {
    let stack = Stack::connect().await;
    let [alice, bob, carol, stranger] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    stack.direct_chat(&alice, &carol).await;
    let own = alice.send(chat, "Hello!").await;
    let many: Vec<Uuid> = (0..51).map(|_| Uuid::new_v4()).collect();
    for (mentions, issue) in [
        (json!("all"), "must be a list of UUIDs"),
        (json!({}), "must be a list of UUIDs"),
        (json!(["bob"]), "must be a list of UUIDs"),
        (json!([null]), "must be a list of UUIDs"),
        (json!(many), "must have at most 50 ids"),
        (json!([bob.id, bob.id]), "must not have an id twice"),
        (
            json!([bob.id, bob.id.to_string().to_uppercase()]),
            "must not have an id twice",
        ),
        (json!([carol.id]), "must be participants of the chat"),
        (json!([Uuid::new_v4()]), "must be participants of the chat"),
    ] {
        let body = json!({ "text": "Hey", "mentions": mentions });
        let attacks = async {
            [
                alice.try_send(chat, &body).await,
                alice.patch(&message_path(chat, own.id), &body).await,
            ]
        };
        let people = [&alice, &bob, &carol];
        for answer in stack.unchanged_by(&people, attacks).await {
            answer.refused_field("mentions", issue);
        }
    }
    for person in [&bob, &carol] {
        let body = json!({ "text": "Hey", "mentions": ids(&[person]) });
        let answer = stranger.try_send(chat, &body).await;
        answer.refused(403, "not_participant");
    }
}

#[tokio::test]
async fn an_edit_adds_and_removes_them() {
    let stack = Stack::connect().await;
    let [author, alice, bob, carol] = stack.people().await;
    let (_, chat) = stack.room(&author, &[&alice, &bob, &carol]).await;
    let sent = alice.mention(chat, &[&bob], "Hello!").await;

    let kept = alice.edit(chat, sent.id, "Hello, you!").await;
    assert_eq!(kept.mentions, [bob.id], "without a list they stay");
    let answer = alice
        .try_mention(chat, sent.id, &[&carol], "Hello, you!")
        .await;
    let moved = Message::read(&answer.ok());
    assert_eq!((&moved.mentions[..], moved.rev), (&[carol.id][..], 3));
    assert!(moved.edited_at > kept.edited_at, "it is an edit");
    assert_eq!(texts(&bob).await, [""; 0]);
    assert_eq!(unread(&bob, chat).await, (1, 0));
    assert_eq!(texts(&carol).await, ["Hello, you!"]);
    assert_eq!(unread(&carol, chat).await, (1, 1));

    let people = [&carol];
    let same = alice.try_mention(chat, sent.id, &people, "Hello, you!");
    let same = stack.unchanged_by(&[&alice], same).await.ok();
    assert_eq!(Message::read(&same), moved);
    let answer = alice.try_mention(chat, sent.id, &[], "Hello, you!").await;
    assert!(Message::read(&answer.ok()).mentions.is_empty());
    assert_eq!(texts(&carol).await, [""; 0]);
}

#[tokio::test]
async fn deleted_messages_and_left_chats_drop_out() {
    let stack = Stack::connect().await;
    let [author, alice, bob] = stack.people().await;
    let (room, chat) = stack.room(&author, &[&alice]).await;
    stack.add_member(room, &bob).await;
    let pair = stack.direct_chat(&alice, &bob).await;
    let gone = alice.mention(chat, &[&bob], "to be deleted").await;
    alice.mention(chat, &[&bob], "in the room").await;
    alice.mention(pair, &[&bob], "in private").await;
    assert_eq!(
        texts(&bob).await,
        ["in private", "in the room", "to be deleted"]
    );
    author.remove(chat, gone.id).await;
    assert_eq!(texts(&bob).await, ["in private", "in the room"]);
    assert_eq!(unread(&bob, chat).await, (1, 1));
    stack.remove_member(room, &bob).await;
    assert_eq!(texts(&bob).await, ["in private"]);
    bob.leave(pair).await;
    assert_eq!(texts(&bob).await, [""; 0]);
    alice.mention(pair, &[&bob], "come back").await;
    assert_eq!(texts(&bob).await, ["come back"], "not what was before");
    assert_eq!(unread(&bob, pair).await, (1, 1));
    stack.add_member(room, &bob).await;
    assert_eq!(texts(&bob).await, ["come back", "in the room"]);
}

#[tokio::test]
async fn pages_repeat_and_skip_nothing() {
    let stack = Stack::connect().await;
    let [author, alice, bob] = stack.people().await;
    let (_, chat) = stack.room(&author, &[&alice, &bob]).await;
    let pair = stack.direct_chat(&alice, &bob).await;
    let mut sent = Vec::new();
    for n in 0..9 {
        let to = if n % 2 == 0 { chat } else { pair };
        sent.push(alice.mention(to, &[&bob], &format!("mention {n}")).await.id);
        alice.send(to, "no mention").await;
    }
    sent.reverse();
    let mut read = Vec::new();
    let mut query = "?limit=2".to_owned();
    let mut pages = 0;
    loop {
        let page = bob.mentions(&query).await;
        // While the list is read, one message that was read goes, and a new one comes.
        match pages {
            0 => alice.remove(chat, sent[0]).await,
            1 => drop(alice.mention(pair, &[&bob], "a new one").await),
            _ => {}
        }
        pages += 1;
        read.extend(page.data.iter().map(|message| message.id));
        match page.next_cursor {
            Some(next) => query = format!("?limit=2&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(read, sent);
    for cursor in [
        cursor(&format!("mentions/2026-04-01T12:30:00Z/{}", sent[0])),
        cursor(&format!("messages/{chat}/2026-04-01T12:30:00.000000Z")),
        "x".to_owned(),
    ] {
        let answer = bob.get(&format!("/mentions?cursor={cursor}")).await;
        answer.refused(400, "invalid_cursor");
    }
    bob.get("/mentions?limit=0")
        .await
        .refused(400, "invalid_request");
}

#[tokio::test]
async fn a_moderators_list_has_the_members_of_moderators() {
    let stack = Stack::connect().await;
    let [author, alice] = stack.people().await;
    let (_, chat) = stack.room(&author, &[&alice]).await;
    let pair = stack.direct_chat(&author, &alice).await;
    let [one, two] = [
        alice.mention(chat, &[&author], "one").await,
        alice.mention(pair, &[&author], "two").await,
    ];
    let data = author.get("/mentions").await.ok()["data"].take();
    // The author moderates the room alone.
    assert_eq!(Message::read(&data[0]), two.seen_by_others());
    assert_eq!(Message::read_by_moderator(&data[1]), one.seen_by_others());
}

#[tokio::test]
async fn the_same_send_again_is_the_first_message_and_other_people_are_409() {
    let stack = Stack::connect().await;
    let [author, alice, bob] = stack.people().await;
    let (_, chat) = stack.room(&author, &[&alice, &bob]).await;
    let key = Uuid::new_v4();
    let body = |people: Value| json!({ "text": "Hey", "clientId": key, "mentions": people });
    let both = body(ids(&[&bob, &author]));
    let first = Message::read(&alice.try_send(chat, &both).await.created());
    let turned = body(ids(&[&author, &bob]));
    assert_eq!(
        Message::read(&alice.try_send(chat, &turned).await.ok()),
        first
    );
    for other in [body(json!([])), body(ids(&[&bob])), body(Value::Null)] {
        let answer = alice.try_send(chat, &other).await;
        answer.refused(409, "idempotency_mismatch");
    }
    bob.leave(chat).await;
    assert_eq!(
        Message::read(&alice.try_send(chat, &both).await.ok()),
        first
    );
}

/// People are told on their own channel, in a chat of any size.
#[tokio::test]
async fn whom_a_message_mentions_is_told_in_a_chat_of_many() {
    let realtime = REALTIME.read().await;
    let stack = Stack::connect().await;
    let people: [Person; 12] = stack.people().await;
    let members: Vec<&Person> = people.iter().skip(1).collect();
    let (_, chat) = stack.room(&people[0], &members).await;
    let [alice, bob, carol] = [&people[1], &people[2], &people[3]];
    let told = |person: Uuid| {
        let stack = &stack;
        async move {
            let sql = "select coalesce(json_agg(payload order by inserted_at), '[]') from realtime.messages
                       where topic = 'user:' || $1::uuid and event = 'chat.updated'";
            stack.value::<Value>(sql, &[&person]).await
        }
    };
    let sent = alice.mention(chat, &[alice, bob], "Hello, Bob!").await;
    let events = told(bob.id).await;
    assert_eq!(events.as_array().map(Vec::len), Some(1), "{events}");
    let event = &events[0];
    assert_eq!(event["mentioned"], true);
    assert_eq!(event["kind"], "created");
    assert_eq!(event["message"]["id"], json!(sent.id));
    for person in [alice, carol] {
        assert_eq!(told(person.id).await, json!([]));
    }
    alice
        .try_mention(chat, sent.id, &[carol], "Hello, Carol!")
        .await
        .ok();
    assert_eq!(told(carol.id).await[0]["mentioned"], true);
    let removed = &told(bob.id).await[1];
    assert_eq!(
        (&removed["mentioned"], &removed["kind"]),
        (&Value::Null, &json!("updated"))
    );
    drop(realtime);
}
