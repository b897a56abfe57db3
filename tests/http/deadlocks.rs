//! Deleting, removing, adding and moving people never deadlocks: every statement takes its locks in one
//! order. Each race runs some rounds, `ROUNDS` of them where that is set; one that is lost fails with 40P01.

use harness::{Answer, ChatLock, Person, Stack, array, deletion, removal};
use serde_json::json;
use tokio_postgres::Client;
use uuid::Uuid;

pub fn rounds() -> usize {
    let named = std::env::var("ROUNDS").ok();
    named.map_or(12, |rounds| rounds.parse().expect("ROUNDS is a number"))
}

/// Two connections of the host's, which run a statement each at the same time.
pub struct Race {
    one: Client,
    other: Client,
}

impl Race {
    pub async fn prepare() -> Race {
        Race {
            one: Stack::sql_connection().await,
            other: Stack::sql_connection().await,
        }
    }

    /// Runs both statements while `bystander` sends to a chat, who must notice nothing.
    pub async fn run(&self, one: &str, other: &str, bystander: &Person, chat: Uuid) {
        let (one, other, sent) = tokio::join!(
            self.one.batch_execute(one),
            self.other.batch_execute(other),
            try_send(bystander, chat),
        );
        one.expect("the first statement");
        other.expect("the second statement");
        sent.created();
    }
}

async fn try_send(person: &Person, chat: Uuid) -> Answer {
    person.try_send(chat, &json!({ "text": "Hello!" })).await
}

/// Rooms of one author, each with an event of its own.
struct Rooms {
    ids: Vec<Uuid>,
    /// The chat of the first room.
    chat: Uuid,
}

impl Rooms {
    /// `one` joins them in order, `other` in the opposite order.
    async fn of(stack: &Stack, count: i32, author: &Person, one: &Person, other: &Person) -> Rooms {
        // Each in a transaction of its own, as the locks of several would have no order.
        let mut ids = Vec::new();
        for _ in 0..count {
            ids.push(stack.room(author, &[]).await.0);
        }
        stack.execute(&joining(&ids, one), &[]).await;
        let backwards: Vec<Uuid> = ids.iter().rev().copied().collect();
        stack.execute(&joining(&backwards, other), &[]).await;
        let chat = "select chat_tests.chat_of($1)";
        let chat = stack.value(chat, &[&ids[0]]).await;
        Rooms { ids, chat }
    }
}

/// The statement that adds a person to rooms, in this order.
fn joining(rooms: &[Uuid], person: &Person) -> String {
    let people = array(&[person.id]);
    format!("select chat_tests.add_members({}, {people})", array(rooms))
}

pub fn delete_account(person: &Person) -> String {
    format!("delete from auth.users where id = '{}'", person.id)
}

/// Deletes an account whose request waits for the chat, and lets both go on.
async fn delete_behind(lock: &ChatLock, person: &Person) {
    lock.wait_for(1).await;
    let deleting = Stack::sql_connection().await;
    let sql = delete_account(person);
    let release = async {
        lock.wait_for(2).await;
        lock.release().await;
    };
    let (deleted, ()) = tokio::join!(deleting.batch_execute(&sql), release);
    deleted.unwrap();
}

/// Asserts that no row of these tables names the person.
async fn nothing_is_left_of(stack: &Stack, person: &Person, tables: &[&str]) {
    for table in tables {
        let left = format!("select count(*) from {table} where user_id = $1");
        assert_eq!(stack.value::<i64>(&left, &[&person.id]).await, 0, "{table}");
    }
}

#[tokio::test]
async fn an_account_is_deleted_while_its_own_send_waits_for_the_chat() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let lock = stack.lock_chat(chat).await;
    let (sent, ()) = tokio::join!(try_send(&alice, chat), delete_behind(&lock, &alice));
    sent.created();
    assert_eq!(bob.chat(chat).await.gone_participants, [alice.id]);
}

#[tokio::test]
async fn an_account_is_deleted_while_its_own_leaving_waits_for_the_chat() {
    let stack = Stack::connect().await;
    let [author, alice] = stack.people().await;
    let (_, chat) = stack.room(&author, &[&alice]).await;
    let lock = stack.lock_chat(chat).await;
    let path = format!("/chats/{chat}");
    let (left, ()) = tokio::join!(alice.delete(&path), delete_behind(&lock, &alice));
    assert_eq!(left.status, 204);
    assert_eq!(author.chat(chat).await.participants, [author.id]);
}

#[tokio::test]
async fn an_account_is_deleted_while_it_sends_to_many_chats() {
    let stack = Stack::connect().await;
    let deleting = Stack::sql_connection().await;
    for _ in 0..rounds() {
        let [alice, bob, carol, dora] = stack.people().await;
        let mut chats = Vec::new();
        for friend in [&bob, &carol, &dora] {
            chats.push(stack.direct_chat(&alice, friend).await);
        }
        let sends = chats.iter().map(|chat| try_send(&alice, *chat));
        let sql = delete_account(&alice);
        let (sent, deleted) = tokio::join!(
            futures_util::future::join_all(sends),
            deleting.batch_execute(&sql)
        );
        deleted.unwrap();
        for answer in sent {
            if answer.status != 201 {
                answer.refused(401, "invalid_token");
            }
        }
    }
}

/// Messages that mention both people are edited and deleted, and both react, while their accounts are deleted.
#[tokio::test]
async fn accounts_are_deleted_while_messages_mention_them_and_they_react() {
    let stack = Stack::connect().await;
    let race = Race::prepare().await;
    for _ in 0..rounds() {
        let [author, alice, bob] = stack.people().await;
        let rooms = Rooms::of(&stack, 3, &author, &alice, &bob).await;
        let chat = rooms.chat;
        let both = [&bob, &alice];
        let mut sent = Vec::new();
        for n in 0..6 {
            let people = if n % 2 == 0 { &both[..] } else { &[] };
            sent.push(author.mention(chat, people, "Hello!").await.id);
        }
        let edits = async {
            let edit = |n: usize| {
                let people = if n.is_multiple_of(2) {
                    &[][..]
                } else {
                    &both[..]
                };
                author.try_mention(chat, sent[n], people, "Hello again!")
            };
            let remove = author.remove(chat, sent[0]);
            let answers = tokio::join!(edit(1), edit(2), edit(3), edit(4), edit(5), remove);
            for answer in [answers.0, answers.1, answers.2, answers.3, answers.4] {
                // Who is deleted by now is no participant.
                assert!(matches!(answer.status, 200 | 400), "{answer:?}");
            }
        };
        let reactions = async {
            let react = |person: &Person, n: usize| {
                let (person, message) = (person.clone(), sent[n]);
                async move { person.try_react(chat, message, "👍").await }
            };
            let answers = tokio::join!(react(&alice, 1), react(&bob, 2), react(&alice, 3));
            for answer in [answers.0, answers.1, answers.2] {
                if answer.status != 200 {
                    answer.refused(401, "invalid_token");
                }
            }
        };
        let (one, other) = (delete_account(&alice), delete_account(&bob));
        let racing = race.run(&one, &other, &author, chat);
        tokio::join!(racing, edits, reactions);
        for person in [&alice, &bob] {
            nothing_is_left_of(&stack, person, &["chat.mentions"]).await;
        }
        let wrong = "select count(*) from public.messages m
                     where m.chat_id = $1 and jsonb_array_length(m.reactions) <> (
                       select count(distinct r.emoji) from chat.reactions r where r.message_id = m.id)";
        assert_eq!(stack.value::<i64>(wrong, &[&chat]).await, 0);
    }
}

#[tokio::test]
async fn two_people_are_removed_from_their_common_rooms() {
    let stack = Stack::connect().await;
    let race = Race::prepare().await;
    for _ in 0..rounds() {
        let [author, alice, bob] = stack.people().await;
        let rooms = Rooms::of(&stack, 8, &author, &alice, &bob).await;
        let (one, other) = (removal(&rooms.ids, &alice), removal(&rooms.ids, &bob));
        race.run(&one, &other, &author, rooms.chat).await;
        assert_eq!(author.chat(rooms.chat).await.participants, [author.id]);
    }
}

#[tokio::test]
async fn two_people_are_added_to_two_rooms_each() {
    let stack = Stack::connect().await;
    let race = Race::prepare().await;
    for _ in 0..rounds() {
        let [author, alice, bob, carol, dora] = stack.people().await;
        let rooms = Rooms::of(&stack, 2, &author, &alice, &bob).await;
        let backwards: Vec<Uuid> = rooms.ids.iter().rev().copied().collect();
        let (one, other) = (joining(&rooms.ids, &carol), joining(&backwards, &dora));
        race.run(&one, &other, &author, rooms.chat).await;
        assert_eq!(author.chat(rooms.chat).await.participants.len(), 5);
    }
}

#[tokio::test]
async fn accounts_and_a_room_of_theirs_are_deleted_at_once() {
    let stack = Stack::connect().await;
    let race = Race::prepare().await;
    for _ in 0..rounds() {
        let [author, alice, bob] = stack.people().await;
        let rooms = Rooms::of(&stack, 3, &author, &alice, &bob).await;
        let elsewhere = stack.direct_chat(&alice, &bob).await;
        let author_goes = delete_account(&author);
        race.run(&author_goes, &deletion(rooms.ids[0]), &bob, elsewhere)
            .await;
        let alice_goes = delete_account(&alice);
        race.run(&alice_goes, &deletion(rooms.ids[1]), &bob, elsewhere)
            .await;
        let bob_leaves = removal(&rooms.ids, &bob);
        race.run(&bob_leaves, &deletion(rooms.ids[2]), &bob, elsewhere)
            .await;
        let left = "select count(*) from chat.chats where id = $1";
        assert_eq!(stack.value::<i64>(left, &[&rooms.chat]).await, 0);
    }
}

#[tokio::test]
async fn two_accounts_with_sixty_common_rooms_are_deleted_at_once() {
    let stack = Stack::connect().await;
    let race = Race::prepare().await;
    for _ in 0..rounds().div_ceil(4) {
        let [author, alice, bob] = stack.people().await;
        let rooms = Rooms::of(&stack, 60, &author, &alice, &bob).await;
        let (one, other) = (delete_account(&alice), delete_account(&bob));
        race.run(&one, &other, &author, rooms.chat).await;
        assert_eq!(author.chat(rooms.chat).await.participants, [author.id]);
    }
}

#[tokio::test]
async fn two_accounts_of_one_statement_and_their_memberships_are_deleted_at_once() {
    let stack = Stack::connect().await;
    let race = Race::prepare().await;
    for _ in 0..rounds() {
        let [author, alice, bob, carol] = stack.people().await;
        let rooms = Rooms::of(&stack, 8, &author, &alice, &bob).await;
        stack.execute(&joining(&rooms.ids, &carol), &[]).await;
        let accounts = format!(
            "delete from auth.users where id in ('{}', '{}')",
            alice.id, bob.id
        );
        race.run(&accounts, &removal(&rooms.ids, &carol), &author, rooms.chat)
            .await;
        assert_eq!(author.chat(rooms.chat).await.participants, [author.id]);
    }
}

/// An account that is being deleted becomes a participant of nothing.
#[tokio::test]
async fn a_chat_is_opened_with_somebody_whose_account_is_being_deleted() {
    let stack = Stack::connect().await;
    let deleting = Stack::sql_connection().await;
    for _ in 0..rounds() {
        let [alice, bob] = stack.people().await;
        stack.friends(&alice, &bob).await;
        let sql = delete_account(&bob);
        let (opened, deleted) = tokio::join!(alice.open(bob.id), deleting.batch_execute(&sql));
        deleted.unwrap();
        if opened.status != 201 {
            opened.refused(403, "not_friends");
        }
        let tables = [
            "chat.chat_participants",
            "chat.read_marks",
            "chat.allowances",
        ];
        nothing_is_left_of(&stack, &bob, &tables).await;
    }
}

/// The first reading inserts a row that refers to the chat, and the deletion of the chat takes the reader along.
#[tokio::test]
async fn a_chat_is_deleted_while_people_read_and_choose_in_it() {
    let stack = Stack::connect().await;
    let deleting = Stack::sql_connection().await;
    for _ in 0..rounds() {
        let [author, alice, bob, carol] = stack.people().await;
        let (room, chat) = stack.room(&author, &[&alice, &bob, &carol]).await;
        let sent = author.send(chat, "Hello!").await;
        let pin = json!({ "pinned": true });
        let sql = deletion(room);
        let (one, other, chosen, left, deleted) = tokio::join!(
            alice.try_mark_read(chat, sent.id),
            bob.try_mark_read(chat, sent.id),
            carol.try_choose(chat, &pin),
            alice.try_choose(chat, &pin),
            deleting.batch_execute(&sql),
        );
        deleted.unwrap();
        for answer in [one, other, chosen, left] {
            if answer.status != 200 {
                answer.refused(404, "chat_not_found");
            }
        }
    }
}

/// The reader holds their part of the chat before the deletion, and is let go on only when it waits for it.
#[tokio::test]
async fn a_first_reading_does_not_wait_for_a_deletion_that_waits_for_it() {
    let stack = Stack::connect().await;
    let [author, alice] = stack.people().await;
    let (room, chat) = stack.room(&author, &[&alice]).await;
    let sent = author.send(chat, "Hello!").await;
    let reading = stack.begin_as(&alice).await;
    // As mark_read does first.
    reading
        .batch_execute("set local role postgres")
        .await
        .unwrap();
    let hold = "select chat.hold_participation($1)";
    reading.execute(hold, &[&chat]).await.unwrap();
    let deleting = Stack::sql_connection().await;
    let sql = deletion(room);
    let deletion = tokio::spawn(async move { deleting.batch_execute(&sql).await });
    let waits = "select count(*) from pg_stat_activity
                 where wait_event_type = 'Lock' and query like '%delete_event%' and pid <> pg_backend_pid()";
    while stack.value::<i64>(waits, &[]).await == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let read = "select public.mark_read($1, $2)";
    reading.execute(read, &[&chat, &sent.id]).await.unwrap();
    reading.batch_execute("commit").await.unwrap();
    deletion.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_reading_whose_account_is_being_deleted_leaves_nothing() {
    let stack = Stack::connect().await;
    let deleting = Stack::sql_connection().await;
    for _ in 0..rounds() {
        let [alice, bob] = stack.people().await;
        let chat = stack.direct_chat(&alice, &bob).await;
        let sent = alice.send(chat, "Hello!").await;
        let sql = delete_account(&bob);
        let (read, deleted) = tokio::join!(
            bob.try_mark_read(chat, sent.id),
            deleting.batch_execute(&sql)
        );
        deleted.unwrap();
        if read.status != 200 {
            read.refused(401, "invalid_token");
        }
        nothing_is_left_of(&stack, &bob, &["chat.read_marks", "chat.allowances"]).await;
    }
}
