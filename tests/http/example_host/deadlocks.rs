//! The example's cascades take their locks in one order too: its own statements, groups that move, events that
//! are deleted beside people.

use crate::deadlocks::{Race, delete_account, rounds};
use harness::{Person, Stack};
use uuid::Uuid;

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
        let event = stack.draft("Harvest Fair", &[author]).await;
        stack.publish(event).await;
        let ids: Vec<Uuid> = (0..count).map(|_| Uuid::new_v4()).collect();
        let groups = "insert into example_host.event_groups (id, event_id, name, status)
                      select g, $2, 'The Fiddlers', 'approved' from unnest($1::uuid[]) g";
        stack.execute(groups, &[&ids, &event]).await;
        for (person, order) in [(one, "asc"), (other, "desc")] {
            let join = format!(
                "insert into example_host.event_group_members (group_id, user_id)
                 select g.id, $2 from unnest($1::uuid[]) with ordinality g (id, n) order by n {order}"
            );
            stack.execute(&join, &[&ids, &person.id]).await;
        }
        let chat = "select id from chat.chats where group_id = $1";
        let chat = stack.value(chat, &[&ids[0]]).await;
        Groups { event, ids, chat }
    }
}

fn leave_all_groups(person: &Person) -> String {
    format!(
        "delete from example_host.event_group_members where user_id = '{}'",
        person.id
    )
}

#[tokio::test]
async fn an_account_and_its_event_are_deleted_at_once() {
    let stack = Stack::connect().await;
    let race = Race::prepare().await;
    for _ in 0..rounds() {
        let [author, alice, bob] = stack.people().await;
        let groups = Groups::of(&stack, 5, &author, &alice, &bob).await;
        let elsewhere = stack.direct_chat(&alice, &bob).await;
        let event = format!(
            "delete from example_host.events where id = '{}'",
            groups.event
        );
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
        let event = format!(
            "delete from example_host.events where id = '{}'",
            groups.event
        );
        for leaving in [delete_account(&alice), leave_all_groups(&bob)] {
            race.run(&leaving, &event, &bob, elsewhere).await;
        }
    }
}

#[tokio::test]
async fn groups_move_while_their_authors_and_members_change() {
    let stack = Stack::connect().await;
    let race = Race::prepare().await;
    for _ in 0..rounds() {
        let [author, alice, bob, other_author] = stack.people().await;
        let groups = Groups::of(&stack, 4, &author, &alice, &bob).await;
        let event = stack.draft("Lantern Walk", &[&other_author]).await;
        stack.publish(event).await;
        let moved = format!(
            "update example_host.event_groups set event_id = '{event}' where event_id = '{}'",
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
    let event = "delete from example_host.events where id = '{event}'";
    for (statement, deletion) in [
        (
            format!("update example_host.events set title = title || '!' {by_author}"),
            account,
        ),
        (
            format!("update example_host.events set status = 'cancelled' {by_author}"),
            account,
        ),
        (
            format!("delete from example_host.events {by_author}"),
            account,
        ),
        (
            format!("update example_host.event_groups set status = 'rejected' {of_event}"),
            event,
        ),
        (
            format!("delete from example_host.event_groups {of_event}"),
            event,
        ),
        (
            format!("delete from example_host.event_group_members {of_member}"),
            "delete from auth.users where id = '{alice}'",
        ),
        (
            format!("delete from example_host.event_group_members {of_member}"),
            event,
        ),
    ] {
        let [author, alice, bob] = stack.people().await;
        let groups = Groups::of(&stack, 60, &author, &alice, &bob).await;
        let more = "insert into example_host.events (id, title, created_by)
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
            "begin; select from example_host.event_group_members where group_id = '{0}' and user_id = '{1}' for update;
             select from example_host.events where created_by = '{2}' order by id limit 1 offset 30 for update",
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
