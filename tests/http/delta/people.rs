//! Who is told when people, chats and accounts come and go.

use harness::{ListReplica, Stack, shown};
use serde_json::json;

use super::is_told;

#[tokio::test]
async fn joining_and_leaving_a_group_is_told_to_all() {
    let stack = Stack::connect().await;
    let [author, alice, bob] = stack.people().await;
    let (room, chat) = stack.room(&author, &[&alice]).await;
    let mut alices = ListReplica::load(&alice).await;
    let mut bobs = ListReplica::load(&bob).await;
    stack.add_member(room, &bob).await;
    for replica in [&mut alices, &mut bobs] {
        is_told(replica, chat).await;
        assert!(replica.chats[&chat].participants.contains(&bob.id));
    }
    bob.leave(chat).await;
    is_told(&mut alices, chat).await;
    is_told(&mut bobs, chat).await;
    assert!(bobs.chats.is_empty());
}

#[tokio::test]
async fn leaving_a_direct_chat_is_told_to_nobody_else() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    bob.send(chat, "hello").await;
    let mut bobs = ListReplica::load(&bob).await;
    let before: String = stack
        .value(
            "select changed_in::text from chat.chats where id = $1",
            &[&chat],
        )
        .await;
    bob.leave(chat).await;
    is_told(&mut bobs, chat).await;
    bob.open(alice.id).await.ok();
    is_told(&mut bobs, chat).await;
    let after: String = stack
        .value(
            "select changed_in::text from chat.chats where id = $1",
            &[&chat],
        )
        .await;
    assert_eq!(after, before, "the chat's row would tell it to alice");
    let mut alices = ListReplica::load(&alice).await;
    bob.leave(chat).await;
    alice.send(chat, "come back").await;
    is_told(&mut bobs, chat).await;
    is_told(&mut alices, chat).await;
}

#[tokio::test]
async fn a_deleted_chat_is_gone_for_all_who_were_in_it() {
    let stack = Stack::connect().await;
    let [author, alice, bob] = stack.people().await;
    let (room, chat) = stack.room(&author, &[&alice, &bob]).await;
    let mut replicas = Vec::new();
    for person in [&author, &alice, &bob] {
        replicas.push(ListReplica::load(person).await);
    }
    // Bob has left, and his client does not know it when the chat is deleted.
    bob.leave(chat).await;
    stack.delete_room(room).await;
    for replica in &mut replicas {
        is_told(replica, chat).await;
        assert!(replica.chats.is_empty());
    }
}

#[tokio::test]
async fn a_deleted_account_is_gone_from_its_chats() {
    let stack = Stack::connect().await;
    let [author, alice, bob] = stack.people().await;
    let (_, in_room) = stack.room(&author, &[&alice, &bob]).await;
    let direct = stack.direct_chat(&alice, &bob).await;
    let left = stack.direct_chat(&author, &bob).await;
    bob.leave(left).await;
    let mut alices = ListReplica::load(&alice).await;
    let mut authors = ListReplica::load(&author).await;
    let delete = "delete from auth.users where id = $1";
    stack.execute(delete, &[&bob.id]).await;
    is_told(&mut alices, direct).await;
    assert_eq!(alices.chats[&direct].gone_participants, [bob.id]);
    assert_eq!(alices.chats[&in_room].participants.len(), 2);
    is_told(&mut authors, left).await;
    assert_eq!(authors.chats[&left].gone_participants, [bob.id]);
    let answer = bob.get(&format!("/chats?since={}", alices.since)).await;
    answer.refused(401, "invalid_token");

    // It is restored, and comes back.
    let restore = "insert into auth.users (id, email) values ($1, 'restored@example.test')";
    stack.execute(restore, &[&bob.id]).await;
    is_told(&mut alices, direct).await;
    is_told(&mut authors, left).await;
    let mut bobs = ListReplica::load(&bob).await;
    bob.open(alice.id).await.ok();
    is_told(&mut bobs, direct).await;
    is_told(&mut alices, direct).await;
}

#[tokio::test]
async fn what_one_person_sees_is_told_to_them_alone() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let sent = bob.send(chat, "hello").await;
    let changed = "select changed_in::text from chat.chats where id = $1";
    let before: String = stack.value(changed, &[&chat]).await;
    let mut alices = ListReplica::load(&alice).await;
    alice.mark_read(chat, sent.id).await;
    is_told(&mut alices, chat).await;
    alice
        .choose(chat, &json!({ "pinned": true, "archived": true }))
        .await;
    is_told(&mut alices, chat).await;
    assert!(alices.chats[&chat].settings.archived);
    let after: String = stack.value(changed, &[&chat]).await;
    assert_eq!(after, before, "the chat's row would tell it to bob");
    bob.send(chat, "hello again").await;
    is_told(&mut alices, chat).await;
    assert!(!alices.chats[&chat].settings.archived);
    assert_eq!(alices.chats, shown(&alice).await);
}
