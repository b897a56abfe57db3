//! Approving a group, and what happens to its members and the event's authors afterwards.

use super::{chats_of, new_chat, sorted};
use futures_util::join;
use harness::{Chat, Stack};
use tokio_postgres::types::ToSql;
use uuid::Uuid;

#[tokio::test]
async fn approving_opens_one_chat_of_members_and_authors() {
    let stack = Stack::connect().await;
    let [author, alice, bob, outsider] = stack.people().await;
    let event = stack.draft("Saturday Night Party", &[&author]).await;
    stack.publish(event).await;
    let group = stack.group(event, "The Dancers", &[&alice, &bob]).await;
    stack.group(event, "The Cooks", &[&outsider]).await;
    assert_eq!(alice.chats().await, []);

    stack.approve(group).await;

    let seen = alice.chats().await;
    let name = "Saturday Night Party — group";
    let people = [&author, &alice, &bob];
    let expected = Chat {
        group_id: Some(group),
        ..new_chat(&seen[0], "approved_group", name, event, &people)
    };
    assert_eq!(bob.chats().await, seen);
    assert_eq!(author.chats().await[0], expected);
    assert_eq!(seen, [expected]);
    assert_eq!(author.chats().await.len(), 2, "with the authors' chat");
    assert_eq!(outsider.chats().await, []);
}

#[tokio::test]
async fn pending_and_rejected_groups_have_no_chat() {
    let stack = Stack::connect().await;
    let [author, alice] = stack.people().await;
    let event = stack.draft("Harvest Fair", &[&author]).await;
    let group = stack.group(event, "The Fiddlers", &[&alice]).await;
    stack.set_group_status(group, "rejected").await;
    stack.set_group_status(group, "pending").await;
    assert_eq!(alice.chats().await, []);
}

#[tokio::test]
async fn flipping_the_status_makes_no_second_chat() {
    let stack = Stack::connect().await;
    let [author, alice] = stack.people().await;
    let (group, chat) = stack.room(&author, &[&alice]).await;
    let hello = author.send(chat, "hello").await;
    for status in ["pending", "approved", "rejected", "approved", "approved"] {
        stack.set_group_status(group, status).await;
    }
    assert_eq!(alice.chats().await, [alice.chat(chat).await]);
    assert_eq!(alice.messages(chat).await, [hello.seen_by_others()]);
}

#[tokio::test]
async fn approving_twice_at_once_makes_one_chat() {
    let stack = Stack::connect().await;
    let [author, alice] = stack.people().await;
    let other = Stack::sql_connection().await;
    let event = stack.draft("Harvest Fair", &[&author]).await;
    let sql = "update example_host.event_groups set status = 'approved' where id = $1";
    for round in 1..=20 {
        let group = stack.group(event, "The Fiddlers", &[&alice]).await;
        let ids: [&(dyn ToSql + Sync); 1] = [&group];
        let (one, two) = join!(stack.execute(sql, &ids), other.execute(sql, &ids));
        assert_eq!((one, two.unwrap()), (1, 1), "round {round}");
        assert_eq!(chats_of(&stack, event).await, round);
    }
}

#[tokio::test]
async fn inserting_an_approved_group_works_like_the_update() {
    let stack = Stack::connect().await;
    let [author, alice] = stack.people().await;
    let event = stack.draft("Harvest Fair", &[&author]).await;
    let group = Uuid::new_v4();
    stack
        .execute(
            "insert into example_host.event_groups (id, event_id, name, status)
             values ($1, $2, 'The Fiddlers', 'approved')",
            &[&group, &event],
        )
        .await;
    stack.add_member(group, &alice).await;
    let seen = alice.chats().await;
    let name = "Harvest Fair — group";
    let expected = Chat {
        group_id: Some(group),
        ..new_chat(&seen[0], "approved_group", name, event, &[&author, &alice])
    };
    assert_eq!(seen, [expected]);
}

#[tokio::test]
async fn each_group_has_a_chat_of_its_own() {
    let stack = Stack::connect().await;
    let [author, alice, bob] = stack.people().await;
    let event = stack.draft("Harvest Fair", &[&author]).await;
    let fiddlers = stack.group(event, "The Fiddlers", &[&alice]).await;
    let bakers = stack.group(event, "The Bakers", &[&bob]).await;
    stack.approve(fiddlers).await;
    stack.approve(bakers).await;
    let (one, two) = (alice.chats().await, bob.chats().await);
    assert_eq!((one.len(), one[0].group_id), (1, Some(fiddlers)));
    assert_eq!((two.len(), two[0].group_id), (1, Some(bakers)));
    assert_ne!(one[0].id, two[0].id);
}

#[tokio::test]
async fn a_new_member_joins_sees_all_and_has_nothing_unread() {
    let stack = Stack::connect().await;
    let [author, alice, bob] = stack.people().await;
    let (group, chat) = stack.room(&author, &[&alice]).await;
    let hello = alice.send(chat, "hello").await;

    stack.add_member(group, &bob).await;

    let joined = bob.chat(chat).await;
    assert_eq!(joined, alice.chat(chat).await);
    assert_eq!(joined.participants, sorted(&[&author, &alice, &bob]));
    assert_eq!(bob.messages(chat).await, [hello.seen_by_others()]);
    alice.send(chat, "welcome").await;
    assert_eq!(bob.chat(chat).await.unread_count, 1);
}

#[tokio::test]
async fn a_removed_member_is_out() {
    let stack = Stack::connect().await;
    let [author, alice, bob] = stack.people().await;
    let (group, chat) = stack.room(&author, &[&alice, &bob]).await;
    let hello = bob.send(chat, "hello").await;

    stack.remove_member(group, &bob).await;

    bob.is_shut_out_of(chat, hello.id).await;
    let seen = alice.chat(chat).await;
    assert_eq!(seen.participants, sorted(&[&author, &alice]));
    assert_eq!(alice.messages(chat).await, [hello.seen_by_others()]);
}

#[tokio::test]
async fn authors_come_and_go_in_the_groups_chats_too() {
    let stack = Stack::connect().await;
    let [author, second, alice] = stack.people().await;
    let event = stack.draft("Harvest Fair", &[&author]).await;
    let group = stack.group(event, "The Fiddlers", &[&alice]).await;
    stack.approve(group).await;
    let chat = alice.chats().await[0].id;
    let hello = alice.send(chat, "hello").await;

    stack.add_author(event, &second).await;
    let seen = alice.chat(chat).await.participants;
    assert_eq!(seen, sorted(&[&author, &second, &alice]));
    assert_eq!(
        second.messages_as_moderator(chat).await,
        [hello.seen_by_others()]
    );

    stack.remove_author(event, &second).await;
    let seen = alice.chat(chat).await.participants;
    assert_eq!(seen, sorted(&[&author, &alice]));
    second.is_shut_out_of(chat, hello.id).await;
}

#[tokio::test]
async fn someone_who_is_both_stays_until_both_end() {
    let stack = Stack::connect().await;
    let [author, both, alice] = stack.people().await;
    let event = stack.draft("Harvest Fair", &[&author, &both]).await;
    let group = stack.group(event, "The Fiddlers", &[&alice, &both]).await;
    stack.approve(group).await;
    let chat = alice.chats().await[0].id;
    let everyone = sorted(&[&author, &both, &alice]);
    assert_eq!(alice.chat(chat).await.participants, everyone);

    stack.remove_member(group, &both).await;
    assert_eq!(alice.chat(chat).await.participants, everyone);
    stack.add_member(group, &both).await;
    stack.remove_author(event, &both).await;
    assert_eq!(alice.chat(chat).await.participants, everyone);
    stack.remove_member(group, &both).await;
    let rest = sorted(&[&author, &alice]);
    assert_eq!(alice.chat(chat).await.participants, rest);
}
