//! `PUT` and `DELETE /chats/:id/messages/:msgId/reactions/:emoji`, and the list of reactions

use crate::realtime::REALTIME;
use futures_util::future::join_all;
use harness::{
    Message, Method, Person, Reaction, Stack, cursor, message_path, percent, reaction_path,
    reactions_path,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use uuid::Uuid;

fn reaction(emoji: &str, mine: bool, people: &[&Person]) -> Reaction {
    Reaction {
        emoji: emoji.to_owned(),
        count: people.len().try_into().unwrap(),
        mine,
        user_ids: people.iter().map(|person| person.id).collect(),
    }
}

/// A page of reactions: who and which emoji, and the next cursor.
async fn listed(reader: &Person, path: &str) -> (Vec<(Uuid, String)>, Option<String>) {
    let page = reader.get(path).await.ok();
    let read = |one: &Value| {
        let user: Uuid = one["userId"].as_str().unwrap().parse().unwrap();
        (user, one["emoji"].as_str().unwrap().to_owned())
    };
    let data = page["data"].as_array().unwrap().iter().map(read).collect();
    (data, page["nextCursor"].as_str().map(str::to_owned))
}

#[tokio::test]
async fn a_reaction_is_200_with_the_message_and_taken_back_too() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let sent = alice.send(chat, "Hello!").await;

    let liked = bob.react(chat, sent.id, "👍").await;
    let expected = Message {
        reactions: vec![reaction("👍", true, &[&bob])],
        rev: 2,
        ..sent.seen_by_others()
    };
    assert_eq!(liked, expected);
    assert_eq!(bob.messages(chat).await, std::slice::from_ref(&liked));
    assert_eq!(bob.message(chat, sent.id).await, liked);

    let both = alice.react(chat, sent.id, "👍").await;
    let expected = Message {
        reactions: vec![reaction("👍", true, &[&bob, &alice])],
        rev: 3,
        ..sent.clone()
    };
    assert_eq!(both, expected);

    let taken_back = bob.take_back(chat, sent.id, "👍").await;
    assert_eq!(taken_back.reactions, [reaction("👍", false, &[&alice])]);
    let none = alice.take_back(chat, sent.id, "👍").await;
    assert_eq!(none, Message { rev: 5, ..sent });
}

#[tokio::test]
async fn repeating_it_changes_nothing() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let sent = alice.send(chat, "Hello!").await;
    let liked = bob.react(chat, sent.id, "👍").await;
    for _ in 0..2 {
        let again = bob.react(chat, sent.id, "👍");
        assert_eq!(stack.unchanged_by(&[&alice, &bob], again).await, liked);
        let another = bob.take_back(chat, sent.id, "🎉");
        assert_eq!(stack.unchanged_by(&[&alice, &bob], another).await, liked);
    }
}

#[tokio::test]
async fn neither_the_read_marks_nor_the_order_of_chats_change() {
    let stack = Stack::connect().await;
    let [alice, bob, carol] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let sent = bob.send(chat, "Hello!").await;
    let newer = stack.direct_chat(&alice, &carol).await;
    carol.send(newer, "Hi!").await;
    let order = || async {
        let chats = alice.get("/chats").await.ok();
        let data = chats["data"].as_array().unwrap().clone();
        let field = |chat: &Value, name: &str| chat[name].clone();
        let all = data.iter().map(|chat| {
            let names = ["id", "unreadCount", "lastMessage", "lastMessageAt"];
            names.map(|name| field(chat, name))
        });
        all.collect::<Vec<_>>()
    };
    let before = order().await;
    bob.react(chat, sent.id, "👍").await;
    alice.react(chat, sent.id, "👍").await;
    assert_eq!(order().await, before);
    assert_eq!(alice.message(chat, sent.id).await.edited_at, None);
}

#[tokio::test]
async fn an_emoji_is_decoded_once_and_kept_as_it_is() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let sent = alice.send(chat, "Hello!").await;
    let reactions = reactions_path(chat, sent.id);
    for (segment, emoji) in [
        ("%F0%9F%91%8D", "👍"),
        ("👍🏽", "👍🏽"),
        ("%e2%9d%a4%ef%b8%8f", "❤\u{fe0f}"),
        ("party_parrot", "party_parrot"),
        ("+1", "+1"),
        ("%2541", "%41"),
        ("a%22%5C'", "a\"\\'"),
        ("%3Cscript%3E", "<script>"),
        (&percent(&"x".repeat(64)), &"x".repeat(64)),
    ] {
        let path = format!("{reactions}/{segment}");
        let answer = alice.call(Method::PUT, &path).send().await.ok();
        let message = Message::read(&answer);
        assert_eq!(message.reactions.last().unwrap().emoji, emoji);
        let path = format!("{reactions}?emoji={}", percent(emoji));
        let (found, _) = listed(&bob, &path).await;
        assert_eq!(found, [(alice.id, emoji.to_owned())], "{segment}");
    }
}

#[tokio::test]
async fn a_text_that_is_no_emoji_is_400_with_the_field() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let sent = alice.send(chat, "Hello!").await;
    let reactions = reactions_path(chat, sent.id);
    let forbidden = "must not have white space, control characters or slashes";
    for (segment, issue) in [
        ("%", "must be percent-encoded UTF-8"),
        ("%F0%9F", "must be percent-encoded UTF-8"),
        ("%FF", "must be percent-encoded UTF-8"),
        ("%00", forbidden),
        ("%2f", forbidden),
        ("..%2F..%2fread", forbidden),
        ("a%20b", forbidden),
        ("%E3%80%80", forbidden),
        ("%E2%80%8B", "must have a visible character"),
        (&"x".repeat(65), "must have 1 to 64 bytes"),
        (&percent(&"👍".repeat(17)), "must have 1 to 64 bytes"),
    ] {
        for method in [Method::PUT, Method::DELETE] {
            let path = format!("{reactions}/{segment}");
            let call = alice.call(method, &path).send();
            let answer = stack.unchanged_by(&[&alice, &bob], call).await;
            answer.refused_field("emoji", issue);
        }
    }
    let answer = alice.get(&format!("{reactions}?emoji=")).await;
    answer.refused_field("emoji", "must have 1 to 64 bytes");
    let answer = alice.get(&format!("{reactions}?emoji=a+b")).await;
    answer.refused_field("emoji", forbidden);
}

#[tokio::test]
async fn a_twenty_first_emoji_is_400() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let sent = alice.send(chat, "Hello!").await;
    for n in 0..20 {
        let who = if n % 2 == 0 { &alice } else { &bob };
        who.react(chat, sent.id, &format!("emoji-{n}")).await;
    }
    let answer = stack
        .unchanged_by(&[&alice, &bob], bob.try_react(chat, sent.id, "one-more"))
        .await;
    answer.refused_field("emoji", "the message has 20 different reactions already");
    let joined = bob.react(chat, sent.id, "emoji-0").await;
    assert_eq!(joined.reactions.len(), 20);
    assert_eq!(
        joined.reactions[0],
        reaction("emoji-0", true, &[&alice, &bob])
    );
}

/// Nobody learns whether a message exists that they may not read.
#[tokio::test]
async fn people_who_may_not_read_the_message_are_refused() {
    let stack = Stack::connect().await;
    let [alice, bob, carol, stranger] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let other = stack.direct_chat(&alice, &carol).await;
    let sent = alice.send(chat, "Hello!").await;
    let elsewhere = alice.send(other, "Hello!").await;
    let deleted = alice.send(chat, "Oops").await;
    alice.remove(chat, deleted.id).await;
    let unknown = Uuid::new_v4();
    for (person, chat, message, status, code) in [
        (&stranger, chat, sent.id, 403, "not_participant"),
        (&stranger, chat, deleted.id, 403, "not_participant"),
        (&stranger, chat, unknown, 403, "not_participant"),
        (&stranger, unknown, sent.id, 404, "chat_not_found"),
        (&bob, chat, deleted.id, 404, "message_not_found"),
        (&bob, chat, elsewhere.id, 404, "message_not_found"),
        (&bob, chat, unknown, 404, "message_not_found"),
    ] {
        let attacks = async {
            let path = reaction_path(chat, message, "👍");
            [
                person.call(Method::PUT, &path).send().await,
                person.delete(&path).await,
                person.get(&reactions_path(chat, message)).await,
            ]
        };
        let people = [&alice, &bob, &carol, &stranger];
        let answers = stack.unchanged_by(&people, attacks).await;
        for answer in &answers {
            answer.refused(status, code);
        }
        // The same bytes, but for the id of the request, whatever there is.
        let mut bodies: Vec<Value> = answers.iter().map(|one| one.json(status)).collect();
        for body in &mut bodies {
            body["error"]["requestId"] = Value::Null;
        }
        assert!(bodies.windows(2).all(|two| two[0] == two[1]), "{bodies:?}");
    }
}

#[tokio::test]
async fn a_blocked_person_takes_back_but_does_not_react() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let sent = alice.send(chat, "Hello!").await;
    bob.react(chat, sent.id, "👍").await;
    stack.block(&alice, &bob).await;
    for person in [&alice, &bob] {
        let answer = person.try_react(chat, sent.id, "🎉").await;
        answer.refused(403, "blocked");
    }
    assert_eq!(bob.take_back(chat, sent.id, "👍").await.reactions, []);
}

#[tokio::test]
async fn a_person_who_leaves_keeps_theirs_and_a_moderators_deletion_hides_all() {
    let stack = Stack::connect().await;
    let [author, alice, bob] = stack.people().await;
    let (_, chat) = stack.room(&author, &[&alice, &bob]).await;
    let sent = alice.send(chat, "Hello!").await;
    bob.react(chat, sent.id, "👍").await;
    bob.leave(chat).await;
    let seen = alice.message(chat, sent.id).await;
    assert_eq!(seen.reactions, [reaction("👍", false, &[&bob])]);

    author.remove(chat, sent.id).await;
    assert_eq!(alice.messages(chat).await, []);
    for answer in [
        alice.get(&message_path(chat, sent.id)).await,
        alice.get(&reactions_path(chat, sent.id)).await,
        alice.try_react(chat, sent.id, "👍").await,
        author.try_react(chat, sent.id, "👍").await,
    ] {
        answer.refused(404, "message_not_found");
    }
    let [kept] = author.messages_as_moderator(chat).await.try_into().unwrap();
    assert_eq!(kept.reactions, [reaction("👍", false, &[&bob])]);
    let (listed, _) = listed(&author, &reactions_path(chat, sent.id)).await;
    assert_eq!(listed, [(bob.id, "👍".to_owned())]);
}

#[tokio::test]
async fn the_list_has_all_people_page_by_page() {
    let stack = Stack::connect().await;
    let [author, alice, bob, carol] = stack.people().await;
    let (_, chat) = stack.room(&author, &[&alice, &bob, &carol]).await;
    let sent = alice.send(chat, "Hello!").await;
    let other = alice.send(chat, "Another").await;
    let mut all = Vec::new();
    for emoji in ["👍", "🎉"] {
        for person in [&bob, &author, &carol] {
            person.react(chat, sent.id, emoji).await;
            all.push((person.id, emoji.to_owned()));
        }
    }
    let path = reactions_path(chat, sent.id);
    assert_eq!(listed(&alice, &path).await, (all.clone(), None));
    let parties = format!("{path}?emoji={}", percent("🎉"));
    assert_eq!(listed(&alice, &parties).await, (all[3..].to_vec(), None));
    let mut read = Vec::new();
    let mut query = "?limit=2".to_owned();
    loop {
        let (page, next) = listed(&alice, &format!("{path}{query}")).await;
        // One is taken back behind the reader, and one comes at the end.
        if read.is_empty() {
            bob.take_back(chat, sent.id, "👍").await;
            alice.react(chat, sent.id, "🦆").await;
        }
        read.extend(page);
        match next {
            Some(next) => query = format!("?limit=2&cursor={next}"),
            None => break,
        }
    }
    all.push((alice.id, "🦆".to_owned()));
    assert_eq!(read, all, "a page repeats and skips nothing");

    let (_, next) = listed(&alice, &format!("{path}?limit=1")).await;
    let elsewhere = reactions_path(chat, other.id);
    for (path, cursor) in [
        (&elsewhere, next.unwrap()),
        (&path, cursor(&format!("reactions/{}/-1", sent.id))),
        (&path, cursor(&format!("messages/{chat}/1"))),
        (&path, "x".to_owned()),
    ] {
        let answer = alice.get(&format!("{path}?cursor={cursor}")).await;
        answer.refused(400, "invalid_cursor");
    }
    let none = json!({ "data": [], "nextCursor": null });
    assert_eq!(alice.get(&elsewhere).await.ok(), none);
}

/// Each of twenty people reacts and takes back, all at the same time, and one of them at two devices.
#[tokio::test]
async fn twenty_people_at_once_end_exact() {
    let realtime = REALTIME.read().await;
    let stack = Stack::connect().await;
    let [author] = stack.people().await;
    let people: [Person; 20] = stack.people().await;
    let members: Vec<&Person> = people.iter().collect();
    let (_, chat) = stack.room(&author, &members).await;
    let sent = author.send(chat, "Hello!").await;

    let doings = people.iter().enumerate().map(|(n, person)| async move {
        let mut answers = vec![
            person.react(chat, sent.id, "👍").await,
            person
                .react(chat, sent.id, &format!("emoji-{}", n % 4))
                .await,
        ];
        if n % 2 == 0 {
            answers.push(person.take_back(chat, sent.id, "👍").await);
        }
        answers
    });
    let twice = join_all((0..4).map(|_| author.react(chat, sent.id, "👍")));
    let (answers, twice) = tokio::join!(join_all(doings), twice);

    let stays: BTreeSet<Uuid> = people.iter().skip(1).step_by(2).map(|one| one.id).collect();
    // The author moderates the room.
    let answer = author.get(&message_path(chat, sent.id)).await;
    let seen = Message::read_by_moderator(&answer.ok());
    let likes = seen.reactions.iter().find(|one| one.emoji == "👍").unwrap();
    assert_eq!((likes.count, likes.mine), (11, true));
    let listed_ids: BTreeSet<Uuid> = likes.user_ids.iter().copied().collect();
    let expected: BTreeSet<Uuid> = stays.iter().copied().chain([author.id]).collect();
    assert_eq!(listed_ids, expected);
    assert_eq!(seen.reactions.len(), 5);
    for other in seen.reactions.iter().filter(|one| one.emoji != "👍") {
        assert_eq!(
            (other.count, other.user_ids.len(), other.mine),
            (5, 5, false)
        );
    }

    // 20 + 20 + 10 by the people, and one of the author's four: each took one rev, and none was left out.
    let mut revs: Vec<i64> = answers.iter().flatten().map(|answer| answer.rev).collect();
    revs.extend(twice.iter().map(|answer| answer.rev));
    assert_eq!(seen.rev, 1 + 51);
    assert_eq!(people[0].changes(chat, "?since=0").await.rev, 52);
    assert!(revs.iter().all(|rev| (2..=52).contains(rev)), "{revs:?}");
    let distinct: BTreeSet<i64> = revs.iter().copied().collect();
    assert_eq!(distinct, (2..=52).collect());

    let rows: i64 = stack
        .value(
            "select count(*) from chat.reactions where message_id = $1",
            &[&sent.id],
        )
        .await;
    assert_eq!(rows, 11 + 20);
    let told: i64 = stack
        .value(
            "select count(*) from realtime.messages
             where topic = $1 and event = 'message.updated'",
            &[&format!("chat:{chat}")],
        )
        .await;
    assert_eq!(told, 51, "each reaction is told once");
    let own: i64 = stack
        .value(
            "select count(*) from realtime.messages m join unnest($1::uuid[]) u (id) on m.topic = 'user:' || u.id
             where m.event = 'chat.updated'",
            &[&people.iter().map(|person| person.id).collect::<Vec<_>>()],
        )
        .await;
    assert_eq!(own, 0, "and nobody on their own channel");
    drop(realtime);
}
