//! `GET /chats/:id/reads`

use harness::{Person, ReadMark, Stack, reads_path};
use uuid::Uuid;

/// The marks by person, in the order of the ids.
fn marks(of: &[(&Person, harness::Timestamp)]) -> Vec<ReadMark> {
    let mut marks: Vec<ReadMark> = of
        .iter()
        .map(|(person, last_read_at)| ReadMark {
            user_id: person.id,
            last_read_at: *last_read_at,
        })
        .collect();
    marks.sort_by_key(|mark| mark.user_id);
    marks
}

#[tokio::test]
async fn all_who_have_read_anything_are_told() {
    let stack = Stack::connect().await;
    let [alice, bob, carol] = stack.people().await;
    let (_, chat) = stack.room(&carol, &[&alice, &bob]).await;
    assert_eq!(alice.reads(chat).await, []);
    let one = carol.send(chat, "one").await;
    let two = carol.send(chat, "two").await;
    alice.mark_read(chat, one.id).await;
    let expected = marks(&[(&alice, one.created_at), (&carol, two.created_at)]);
    for reader in [&alice, &bob, &carol] {
        assert_eq!(reader.reads(chat).await, expected);
    }
    assert_eq!(alice.chat(chat).await.last_read_at, Some(one.created_at));
    bob.mark_read(chat, two.id).await;
    assert_eq!(alice.reads(chat).await.len(), 3);
    bob.leave(chat).await;
    assert_eq!(alice.reads(chat).await, expected);
    bob.get(&reads_path(chat))
        .await
        .refused(403, "not_participant");
}

/// Leaving a direct chat is secret.
#[tokio::test]
async fn in_a_direct_chat_nobody_sees_a_leaving() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let sent = alice.send(chat, "hello").await;
    bob.mark_read(chat, sent.id).await;
    let expected = marks(&[(&alice, sent.created_at), (&bob, sent.created_at)]);
    assert_eq!(alice.reads(chat).await, expected);
    bob.leave(chat).await;
    assert_eq!(alice.reads(chat).await, expected);
    bob.open(alice.id).await.ok();
    assert_eq!(alice.reads(chat).await, expected);
}

#[tokio::test]
async fn nobody_reads_the_marks_of_a_chat_of_others() {
    let stack = Stack::connect().await;
    let [alice, bob, stranger] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    alice.send(chat, "hello").await;
    let answer = stranger.get(&reads_path(chat)).await;
    answer.refused(403, "not_participant");
    let nowhere = stranger.get(&reads_path(Uuid::new_v4())).await;
    nowhere.refused(404, "chat_not_found");
    stranger
        .get("/chats/x/reads")
        .await
        .refused(400, "invalid_id");
}
