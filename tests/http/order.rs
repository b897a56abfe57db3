//! Order under load.

use futures_util::future::join_all;
use harness::{Message, Person, Stack, Timestamp};

/// Sends `count` messages over one connection, one after another.
async fn sends(person: Person, chat: uuid::Uuid, connection: usize, count: usize) -> Vec<Message> {
    let mut sent = Vec::new();
    for number in 0..count {
        sent.push(person.send(chat, &format!("{connection}/{number}")).await);
    }
    sent
}

#[tokio::test]
async fn a_thousand_messages_by_ten_people_at_twenty_connections() {
    let stack = Stack::connect().await;
    let people: [Person; 10] = stack.people().await;
    let members: Vec<&Person> = people[1..].iter().collect();
    let (_, chat) = stack.room(&people[0], &members).await;

    let connections = (0..20).map(|connection| {
        let own_connection = stack.edge().on_new_connection();
        let person = people[connection % 10].at(&own_connection);
        sends(person, chat, connection, 50)
    });
    let mut sent: Vec<Vec<Message>> = join_all(connections).await;

    for connection in &sent {
        let in_order = connection.windows(2).all(|pair| pair[0].rev < pair[1].rev);
        assert!(in_order, "what one connection sent is in its order");
    }
    let reader = &people[1];
    let mut stored = reader.all_messages(chat, 100).await;
    stored.reverse();

    let revs: Vec<i64> = stored.iter().map(|message| message.rev).collect();
    assert_eq!(revs, (1..=1000).collect::<Vec<i64>>());
    let times: Vec<Timestamp> = stored.iter().map(|message| message.created_at).collect();
    assert!(times.is_sorted_by(|earlier, later| earlier < later));

    let mut expected: Vec<Message> = sent.drain(..).flatten().collect();
    expected.sort_by_key(|message| message.rev);
    let as_reader: Vec<Message> = expected
        .iter()
        .map(|message| match message.sender_id == reader.id {
            true => message.clone(),
            false => message.seen_by_others(),
        })
        .collect();
    assert_eq!(stored, as_reader);
    let chat = reader.chat(chat).await;
    assert_eq!(
        (chat.rev, chat.last_message_at),
        (1000, times.last().copied())
    );
}

#[tokio::test]
async fn sends_edits_and_deletes_at_once_leave_no_hole() {
    let stack = Stack::connect().await;
    let people: [Person; 5] = stack.people().await;
    let members: Vec<&Person> = people[1..].iter().collect();
    let (_, chat) = stack.room(&people[0], &members).await;

    join_all(people.iter().map(|person| async move {
        for _ in 0..10 {
            let sent = person
                .try_send(chat, &serde_json::json!({ "text": "a" }))
                .await;
            let id = sent.created()["id"].as_str().unwrap().parse().unwrap();
            person.try_edit(chat, id, "b").await.ok();
            person.remove(chat, id).await;
        }
    }))
    .await;

    // Each of 50 messages took three numbers, and each row keeps the number of its deletion.
    let seen = people[1].chat(chat).await;
    assert_eq!((seen.rev, seen.last_message), (150, None));
    let rows: i64 = stack
        .value(
            "select count(*) from public.messages
             where chat_id = $1 and deleted_at is not null and text = 'b' and rev between 1 and 150",
            &[&chat],
        )
        .await;
    assert_eq!(rows, 50);
}
