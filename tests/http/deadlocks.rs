//! Nobody deadlocks, whoever is deleted, removed, added or moved: every statement takes its locks in one
//! order. Each race runs some rounds, `ROUNDS` of them where that is set; one that is lost fails with 40P01.

use harness::{Answer, ChatLock, Person, Stack};
use serde_json::json;
use tokio_postgres::Client;
use uuid::Uuid;

fn rounds() -> usize {
    let named = std::env::var("ROUNDS").ok();
    named.map_or(12, |rounds| rounds.parse().expect("ROUNDS is a number"))
}

/// Two connections of the host's, which run a statement each at the same time.
struct Race {
    one: Client,
    other: Client,
}

impl Race {
    async fn prepare() -> Race {
        Race {
            one: Stack::sql_connection().await,
            other: Stack::sql_connection().await,
        }
    }

    /// Runs both statements while `bystander` sends to a chat, who must notice nothing.
    async fn run(&self, one: &str, other: &str, bystander: &Person, chat: Uuid) {
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

/// Approved groups of one published event, whose chats the author's are too.
struct Groups {
    event: Uuid,
    ids: Vec<Uuid>,
    /// The chat of the first group.
    chat: Uuid,
}

impl Groups {
    /// `one` joins them in order, `other` in the opposite order.
    async fn of(
        stack: &Stack,
        count: usize,
        author: &Person,
        one: &Person,
        other: &Person,
    ) -> Groups {
        let event = stack.event("Harvest Fair", &[author]).await;
        stack.publish(event).await;
        let ids: Vec<Uuid> = (0..count).map(|_| Uuid::new_v4()).collect();
        let groups = "insert into public.event_groups (id, event_id, name, status)
                      select g, $2, 'The Fiddlers', 'approved' from unnest($1::uuid[]) g";
        stack.execute(groups, &[&ids, &event]).await;
        for (person, order) in [(one, "asc"), (other, "desc")] {
            let join = format!(
                "insert into public.event_group_members (group_id, user_id)
                 select g.id, $2 from unnest($1::uuid[]) with ordinality g (id, n) order by n {order}"
            );
            stack.execute(&join, &[&ids, &person.id]).await;
        }
        let chat = "select id from chat.chats where group_id = $1";
        let chat = stack.value(chat, &[&ids[0]]).await;
        Groups { event, ids, chat }
    }
}

fn delete_account(person: &Person) -> String {
    format!("delete from auth.users where id = '{}'", person.id)
}

fn leave_all_groups(person: &Person) -> String {
    format!(
        "delete from public.event_group_members where user_id = '{}'",
        person.id
    )
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
    let (_, chat) = stack.group_chat(&author, &[&alice]).await;
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

#[tokio::test]
async fn two_people_are_removed_from_their_common_groups() {
    let stack = Stack::connect().await;
    let race = Race::prepare().await;
    for _ in 0..rounds() {
        let [author, alice, bob] = stack.people().await;
        let groups = Groups::of(&stack, 8, &author, &alice, &bob).await;
        let (one, other) = (leave_all_groups(&alice), leave_all_groups(&bob));
        race.run(&one, &other, &author, groups.chat).await;
        assert_eq!(author.chat(groups.chat).await.participants, [author.id]);
    }
}

#[tokio::test]
async fn two_people_are_added_to_two_groups_each() {
    let stack = Stack::connect().await;
    let race = Race::prepare().await;
    for _ in 0..rounds() {
        let [author, alice, bob, carol, dora] = stack.people().await;
        let groups = Groups::of(&stack, 2, &author, &alice, &bob).await;
        let [first, second] = groups.ids[..] else {
            panic!("two groups");
        };
        let join = |person: &Person, [one, other]: [Uuid; 2]| {
            format!(
                "insert into public.event_group_members (group_id, user_id)
                 values ('{one}', '{0}'), ('{other}', '{0}')",
                person.id
            )
        };
        let (one, other) = (join(&carol, [first, second]), join(&dora, [second, first]));
        race.run(&one, &other, &author, groups.chat).await;
        assert_eq!(author.chat(groups.chat).await.participants.len(), 5);
    }
}

#[tokio::test]
async fn an_account_and_its_event_are_deleted_at_once() {
    let stack = Stack::connect().await;
    let race = Race::prepare().await;
    for _ in 0..rounds() {
        let [author, alice, bob] = stack.people().await;
        let groups = Groups::of(&stack, 5, &author, &alice, &bob).await;
        let elsewhere = stack.direct_chat(&alice, &bob).await;
        let event = format!("delete from public.events where id = '{}'", groups.event);
        race.run(&delete_account(&author), &event, &bob, elsewhere)
            .await;
        let left = "select count(*) from chat.chats where event_id = $1";
        assert_eq!(stack.value::<i64>(left, &[&groups.event]).await, 0);
    }
}

#[tokio::test]
async fn a_member_and_the_event_of_the_group_are_deleted_at_once() {
    let stack = Stack::connect().await;
    let race = Race::prepare().await;
    for _ in 0..rounds() {
        let [author, alice, bob] = stack.people().await;
        let groups = Groups::of(&stack, 5, &author, &alice, &bob).await;
        let elsewhere = stack.direct_chat(&author, &bob).await;
        let event = format!("delete from public.events where id = '{}'", groups.event);
        for leaving in [delete_account(&alice), leave_all_groups(&bob)] {
            race.run(&leaving, &event, &bob, elsewhere).await;
        }
    }
}

#[tokio::test]
async fn two_accounts_with_sixty_common_groups_are_deleted_at_once() {
    let stack = Stack::connect().await;
    let race = Race::prepare().await;
    for _ in 0..rounds().div_ceil(4) {
        let [author, alice, bob] = stack.people().await;
        let groups = Groups::of(&stack, 60, &author, &alice, &bob).await;
        let (one, other) = (delete_account(&alice), delete_account(&bob));
        race.run(&one, &other, &author, groups.chat).await;
        assert_eq!(author.chat(groups.chat).await.participants, [author.id]);
    }
}

#[tokio::test]
async fn two_accounts_of_one_statement_and_their_memberships_are_deleted_at_once() {
    let stack = Stack::connect().await;
    let race = Race::prepare().await;
    for _ in 0..rounds() {
        let [author, alice, bob, carol] = stack.people().await;
        let groups = Groups::of(&stack, 8, &author, &alice, &bob).await;
        let more = "insert into public.event_group_members select g, $2 from unnest($1::uuid[]) g";
        stack.execute(more, &[&groups.ids, &carol.id]).await;
        let accounts = format!(
            "delete from auth.users where id in ('{}', '{}')",
            alice.id, bob.id
        );
        race.run(&accounts, &leave_all_groups(&carol), &author, groups.chat)
            .await;
        assert_eq!(author.chat(groups.chat).await.participants, [author.id]);
    }
}

#[tokio::test]
async fn groups_move_while_their_authors_and_members_change() {
    let stack = Stack::connect().await;
    let race = Race::prepare().await;
    for _ in 0..rounds() {
        let [author, alice, bob, other_author] = stack.people().await;
        let groups = Groups::of(&stack, 4, &author, &alice, &bob).await;
        let event = stack.event("Lantern Walk", &[&other_author]).await;
        stack.publish(event).await;
        let moved = format!(
            "update public.event_groups set event_id = '{event}' where event_id = '{}'",
            groups.event
        );
        race.run(&moved, &leave_all_groups(&alice), &bob, groups.chat)
            .await;
        let seen = other_author.chat(groups.chat).await;
        assert_eq!(seen.event_id, Some(event));
        assert!(!seen.participants.contains(&author.id));
        assert!(!seen.participants.contains(&alice.id));
    }
}

/// The host's own statements beside deletions that cascade to the same rows: 60 of them, written in the
/// opposite order of their ids, and all waiting for the first.
#[tokio::test]
async fn the_hosts_statements_meet_deletions_that_cascade_to_the_same_rows() {
    let stack = Stack::connect().await;
    let (by_author, of_event, of_member) = (
        "where created_by = '{author}'",
        "where event_id = '{event}'",
        "where user_id = '{alice}'",
    );
    let account = "delete from auth.users where id = '{author}'";
    let event = "delete from public.events where id = '{event}'";
    for (statement, deletion) in [
        (
            format!("update public.events set title = title || '!' {by_author}"),
            account,
        ),
        (
            format!("update public.events set status = 'cancelled' {by_author}"),
            account,
        ),
        (format!("delete from public.events {by_author}"), account),
        (
            format!("update public.event_groups set status = 'rejected' {of_event}"),
            event,
        ),
        (format!("delete from public.event_groups {of_event}"), event),
        (
            format!("delete from public.event_group_members {of_member}"),
            "delete from auth.users where id = '{alice}'",
        ),
        (
            format!("delete from public.event_group_members {of_member}"),
            event,
        ),
    ] {
        let [author, alice, bob] = stack.people().await;
        let groups = Groups::of(&stack, 60, &author, &alice, &bob).await;
        let more = "insert into public.events (id, title, created_by)
            select gen_random_uuid(), 'One of sixty', $1 from generate_series(1, 60) order by 1 desc";
        stack.execute(more, &[&author.id]).await;
        let filled = |sql: &str| {
            sql.replace("{author}", &author.id.to_string())
                .replace("{event}", &groups.event.to_string())
                .replace("{alice}", &alice.id.to_string())
        };
        let (statement, deletion) = (filled(&statement), filled(deletion));
        // Somebody holds one of the rows until both have begun.
        let holder = Stack::sql_connection().await;
        let hold = format!(
            "begin; select from public.event_group_members where group_id = '{0}' and user_id = '{1}' for update;
             select from public.events where created_by = '{2}' order by id limit 1 offset 30 for update",
            groups.ids[30], alice.id, author.id
        );
        holder.batch_execute(&hold).await.unwrap();
        let (one, other) = (Stack::sql_connection().await, Stack::sql_connection().await);
        let release = async {
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            holder.batch_execute("rollback").await.unwrap();
        };
        let (one, other, ()) = tokio::join!(
            one.batch_execute(&statement),
            other.batch_execute(&deletion),
            release
        );
        one.unwrap_or_else(|error| panic!("{statement} beside {deletion}: {error:?}"));
        other.unwrap_or_else(|error| panic!("{deletion} beside {statement}: {error:?}"));
    }
}

/// Whoever is being deleted is made a participant of nothing.
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
