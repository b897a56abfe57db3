//! Publishing an event, and what happens to its authors afterwards.

use super::{chats_of, new_chat, sorted};
use futures_util::join;
use harness::Stack;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

#[tokio::test]
async fn publishing_opens_one_chat_of_exactly_the_authors() {
    let stack = Stack::connect().await;
    let [alice, bob, outsider] = stack.people().await;
    stack.friends(&alice, &outsider).await;
    let event = stack.draft("Saturday Night Party", &[&alice, &bob]).await;
    assert_eq!(alice.chats().await, []);

    stack.publish(event).await;

    let seen = alice.chats().await;
    let name = "Saturday Night Party";
    let expected = new_chat(&seen[0], "event_authors", name, event, &[&alice, &bob]);
    assert_eq!(bob.chat(expected.id).await, expected);
    assert_eq!(bob.chats().await, seen);
    assert_eq!(seen, [expected]);
    assert_eq!(outsider.chats().await, []);
}

#[tokio::test]
async fn who_created_the_event_but_is_no_author_is_not_in() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let event = stack.draft("Lantern Walk", &[&alice, &bob]).await;
    stack.remove_author(event, &alice).await;
    stack.publish(event).await;
    assert_eq!(alice.chats().await, []);
    assert_eq!(bob.chats().await[0].participants, [bob.id]);
}

#[tokio::test]
async fn drafts_and_cancelled_events_have_no_chat() {
    let stack = Stack::connect().await;
    let [alice] = stack.people().await;
    let event = stack.draft("Lantern Walk", &[&alice]).await;
    stack.set_event_status(event, "cancelled").await;
    stack.set_event_status(event, "draft").await;
    assert_eq!(alice.chats().await, []);
}

#[tokio::test]
async fn flipping_the_status_makes_no_second_chat() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let event = stack.draft("Lantern Walk", &[&alice, &bob]).await;
    stack.publish(event).await;
    let before = alice.chats().await;
    let chat = before[0].id;
    let hello = alice.send(chat, "hello").await;
    for status in ["draft", "published", "cancelled", "published", "published"] {
        stack.set_event_status(event, status).await;
    }
    assert_eq!(chats_of(&stack, event).await, 1);
    assert_eq!(alice.chats().await.len(), 1);
    assert_eq!(
        bob.messages_as_moderator(chat).await,
        [hello.seen_by_others()]
    );
}

#[tokio::test]
async fn publishing_twice_at_once_makes_one_chat() {
    let stack = Stack::connect().await;
    let [alice] = stack.people().await;
    let other = Stack::sql_connection().await;
    let sql = "update example_host.events set status = 'published' where id = $1";
    for round in 0..20 {
        let event = stack.draft("Lantern Walk", &[&alice]).await;
        let ids: [&(dyn ToSql + Sync); 1] = [&event];
        let (one, two) = join!(stack.execute(sql, &ids), other.execute(sql, &ids));
        assert_eq!((one, two.unwrap()), (1, 1), "round {round}");
        assert_eq!(chats_of(&stack, event).await, 1, "round {round}");
    }
    assert_eq!(alice.chats().await.len(), 20);
}

#[tokio::test]
async fn inserting_a_published_event_works_like_the_update() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let event = Uuid::new_v4();
    stack
        .execute(
            "insert into example_host.events (id, title, status, created_by)
             values ($1, 'Lantern Walk', 'published', $2)",
            &[&event, &alice.id],
        )
        .await;
    assert_eq!(chats_of(&stack, event).await, 1);
    stack.add_author(event, &alice).await;
    stack.add_author(event, &bob).await;

    let seen = bob.chats().await;
    let expected = new_chat(
        &seen[0],
        "event_authors",
        "Lantern Walk",
        event,
        &[&alice, &bob],
    );
    assert_eq!(seen, [expected]);
}

#[tokio::test]
async fn event_and_authors_in_one_transaction_are_one_chat() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let event = Uuid::new_v4();
    stack
        .execute(
            "with event as (
               insert into example_host.events (id, title, status, created_by)
               values ($1, 'Lantern Walk', 'published', $2) returning id
             )
             insert into example_host.event_authors (event_id, user_id)
             select id, unnest(array[$2, $3]::uuid[]) from event",
            &[&event, &alice.id, &bob.id],
        )
        .await;
    let seen = bob.chats().await;
    let expected = new_chat(
        &seen[0],
        "event_authors",
        "Lantern Walk",
        event,
        &[&alice, &bob],
    );
    assert_eq!(seen, [expected]);
}

#[tokio::test]
async fn a_new_author_joins_sees_all_and_has_nothing_unread() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let event = stack.draft("Lantern Walk", &[&alice]).await;
    stack.publish(event).await;
    let chat = alice.chats().await[0].id;
    let hello = alice.send(chat, "hello").await;

    stack.add_author(event, &bob).await;

    let joined = bob.chat(chat).await;
    assert_eq!(joined, alice.chat(chat).await);
    assert_eq!(joined.participants, sorted(&[&alice, &bob]));
    assert_eq!(
        bob.messages_as_moderator(chat).await,
        [hello.seen_by_others()]
    );
    alice.send(chat, "welcome").await;
    assert_eq!(bob.chat(chat).await.unread_count, 1);
}

#[tokio::test]
async fn a_removed_author_is_out() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let event = stack.draft("Lantern Walk", &[&alice, &bob]).await;
    stack.publish(event).await;
    let chat = alice.chats().await[0].id;
    let hello = bob.send(chat, "hello").await;

    stack.remove_author(event, &bob).await;

    bob.is_shut_out_of(chat, hello.id).await;
    assert_eq!(alice.chat(chat).await.participants, [alice.id]);
    assert_eq!(
        alice.messages_as_moderator(chat).await,
        [hello.seen_by_others()]
    );
}
