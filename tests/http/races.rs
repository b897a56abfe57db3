//! What two transactions do to each other, where the second has to wait for the first.

use harness::{Answer, Person, Stack, deletion, removal};
use serde_json::json;
use std::time::Duration;
use uuid::Uuid;

/// A transaction of the host's, open until it is told to end.
struct Host(tokio_postgres::Client);

impl Host {
    async fn begins(sql: &str) -> Host {
        let host = Host(Stack::sql_connection().await);
        host.0
            .batch_execute(&format!("begin; {sql}"))
            .await
            .unwrap();
        host
    }

    /// A person's leaving, not yet committed.
    async fn leaves(person: &Person, chat: Uuid) -> Host {
        let claims = json!({ "sub": person.id, "role": "authenticated" });
        Host::begins(&format!(
            "set local request.jwt.claims = '{claims}'; select public.leave_chat('{chat}')"
        ))
        .await
    }

    /// Goes on once somebody waits for this transaction, and ends it.
    async fn goes_on(&self, sql: &str) {
        let waiting = "select count(*) from pg_locks
             where not granted and transactionid = pg_current_xact_id()::xid";
        for _ in 0..500 {
            let row = self.0.query_one(waiting, &[]).await.unwrap();
            if row.get::<_, i64>(0) > 0 {
                let rest = format!("{sql}; commit");
                return self.0.batch_execute(&rest).await.unwrap();
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("nobody waits for the host's transaction");
    }

    /// Returns once this many sessions wait for this transaction, or for one that does.
    async fn has_waiting(&self, sessions: i64) {
        let sql = "with recursive waiting (pid) as (
               select pg_backend_pid()
               union
               select l.pid from waiting w, pg_locks l
               where not l.granted and w.pid = any (pg_blocking_pids(l.pid))
             )
             select count(*) - 1 from waiting";
        for _ in 0..500 {
            let row = self.0.query_one(sql, &[]).await.unwrap();
            if row.get::<_, i64>(0) >= sessions {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("fewer than {sessions} wait");
    }
}

async fn try_send(person: &Person, chat: Uuid) -> Answer {
    person.try_send(chat, &json!({ "text": "Hello!" })).await
}

#[tokio::test]
async fn opening_a_chat_that_one_is_leaving_shows_it() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let leaving = Host::leaves(&alice, chat).await;
    let (answer, ()) = tokio::join!(alice.open(bob.id), leaving.goes_on(""));
    assert_eq!(answer.ok()["id"], json!(chat));
    assert_eq!(alice.chat(chat).await.id, chat);
}

#[tokio::test]
async fn a_removal_and_a_new_title_in_one_transaction_let_a_send_wait_its_turn() {
    let stack = Stack::connect().await;
    let [author, alice] = stack.people().await;
    let (room, chat) = stack.room(&author, &[&alice]).await;
    let name = author.chat(chat).await.name;
    let host = Host::begins(&removal(&[room], &alice)).await;
    let rename =
        format!("select chat_tests.rename_event(chat_tests.event_of('{room}'), 'Renamed')");
    let (answer, ()) = tokio::join!(try_send(&alice, chat), host.goes_on(&rename));
    answer.refused(403, "not_participant");
    assert_ne!(author.chat(chat).await.name, name);
}

#[tokio::test]
async fn a_send_to_a_chat_that_is_being_deleted_is_404() {
    let stack = Stack::connect().await;
    let [author, alice] = stack.people().await;
    let (room, chat) = stack.room(&author, &[&alice]).await;
    let host = Host::begins(&deletion(room)).await;
    let (answer, ()) = tokio::join!(try_send(&alice, chat), host.goes_on(""));
    answer.refused(404, "chat_not_found");
}

#[tokio::test]
async fn an_edit_or_a_deletion_that_waits_for_its_senders_leaving_is_403() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let message = alice.send(chat, "before").await;

    let leaving = Host::leaves(&alice, chat).await;
    let edit = alice.try_edit(chat, message.id, "after");
    let deletion = alice.try_remove(chat, message.id);
    let (edited, deleted, ()) = tokio::join!(edit, deletion, leaving.goes_on(""));
    edited.refused(403, "not_participant");
    deleted.refused(403, "not_participant");

    let [seen] = bob.messages(chat).await.try_into().unwrap();
    assert_eq!((seen.text, seen.rev), (message.text, message.rev));
}

#[tokio::test]
async fn an_account_is_deleted_while_its_owner_sends() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    alice.send(chat, "First").await;
    // Both ask for her allowance: first the send, which wants her participation next, then the
    // deletion, which would deadlock with it if it had that already.
    let allowance = format!(
        "select from chat.allowances where user_id = '{}' and name = 'send' for update",
        alice.id
    );
    let holder = Host::begins(&allowance).await;
    let deletion = async {
        holder.has_waiting(1).await;
        let sql = "delete from auth.users where id = $1";
        let deleting = Stack::sql_connection().await;
        let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 1] = [&alice.id];
        let deleted = deleting.execute(sql, &parameters);
        let release = async {
            holder.has_waiting(2).await;
            holder.0.batch_execute("commit").await.unwrap();
        };
        let (deleted, ()) = tokio::join!(deleted, release);
        assert_eq!(deleted.unwrap(), 1);
    };
    let (answer, ()) = tokio::join!(try_send(&alice, chat), deletion);
    answer.created();
    for table in ["chat.chat_participants", "chat.allowances"] {
        let left = format!("select count(*) from {table} where user_id = $1");
        assert_eq!(stack.value::<i64>(&left, &[&alice.id]).await, 0, "{table}");
    }
}
