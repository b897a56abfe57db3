//! The publication's logical stream, and who sees what of it. For each change and subscriber the
//! platform asks for the row by its primary key, as that subscriber; the tests ask the same way.

use super::pgoutput::{RowChange, Slot};
use harness::{Person, Stack};
use serde_json::{Value, json};
use uuid::Uuid;

/// The changes of this chat's messages; other tests write to the stream as well.
async fn changes_of(slot: &Slot, chat: Uuid) -> Vec<RowChange> {
    let chat = Some(chat.to_string());
    let mut changes = slot.changes().await;
    changes.retain(|change| change.values.get("chat_id") == Some(&chat));
    changes
}

/// Whether a subscriber with this role and these claims is shown a message's change.
async fn sees_as(stack: &Stack, role: &str, claims: &Value, message: Uuid) -> bool {
    let begin = format!(
        "begin; set local role {role}; set local request.jwt.claims = '{claims}'; set local statement_timeout = '5s'"
    );
    stack.sql.batch_execute(&begin).await.unwrap();
    let row = stack
        .sql
        .query_opt("select id from public.messages where id = $1", &[&message])
        .await;
    stack.sql.batch_execute("rollback").await.unwrap();
    match row {
        Ok(row) => row.is_some(),
        Err(error) => {
            let code = error.code().map(tokio_postgres::error::SqlState::code);
            assert_eq!(code, Some("42501"), "{error}");
            false
        }
    }
}

async fn sees(stack: &Stack, person: &Person, message: Uuid) -> bool {
    let claims = json!({ "sub": person.id, "role": "authenticated" });
    sees_as(stack, "authenticated", &claims, message).await
}

#[tokio::test]
async fn sends_and_edits_come_as_rows_and_participants_alone_see_them() {
    let stack = Stack::connect().await;
    let [author, alice, bob, removed, stranger] = stack.people().await;
    let (room, chat) = stack.room(&author, &[&alice, &bob, &removed]).await;
    let slot = Slot::open().await;

    let message = alice.send(chat, "hello").await;
    assert!(sees(&stack, &removed, message.id).await);
    stack.remove_member(room, &removed).await;
    bob.leave(chat).await;
    let edited = alice.edit(chat, message.id, "hello all").await;

    let [inserted, updated] = changes_of(&slot, chat).await.try_into().unwrap();
    assert_eq!((inserted.kind, inserted.table.as_str()), ('I', "messages"));
    assert_eq!((updated.kind, updated.table.as_str()), ('U', "messages"));
    for (change, text, rev) in [
        (&inserted, "hello", message.rev),
        (&updated, "hello all", edited.rev),
    ] {
        assert_eq!(change.values["id"], Some(message.id.to_string()));
        assert_eq!(change.values["text"].as_deref(), Some(text));
        assert_eq!(change.values["rev"], Some(rev.to_string()));
    }

    for person in [&author, &alice] {
        assert!(sees(&stack, person, message.id).await);
    }
    for person in [&removed, &bob, &stranger] {
        assert!(!sees(&stack, person, message.id).await);
    }
    let anon = json!({ "role": "anon" });
    assert!(!sees_as(&stack, "anon", &anon, message.id).await);
    assert!(!sees_as(&stack, "authenticated", &json!({}), message.id).await);
}

#[tokio::test]
async fn a_deleted_message_is_shown_to_moderators_alone() {
    let stack = Stack::connect().await;
    let [author, alice, bob] = stack.people().await;
    let (_, chat) = stack.room(&author, &[&alice, &bob]).await;
    let message = alice.send(chat, "oops").await;
    let slot = Slot::open().await;
    alice.remove(chat, message.id).await;

    let [deleted] = changes_of(&slot, chat).await.try_into().unwrap();
    assert_eq!(deleted.kind, 'U');
    assert!(deleted.values["deleted_at"].is_some());
    assert!(sees(&stack, &author, message.id).await);
    assert!(!sees(&stack, &alice, message.id).await);
    assert!(!sees(&stack, &bob, message.id).await);
}

#[tokio::test]
async fn a_row_that_goes_for_good_tells_its_key_alone() {
    let stack = Stack::connect().await;
    let [author, alice] = stack.people().await;
    let (room, chat) = stack.room(&author, &[&alice]).await;
    let message = alice.send(chat, "soon gone").await;
    let slot = Slot::open().await;
    stack.delete_room(room).await;

    let id = Some(message.id.to_string());
    let mut changes = slot.changes().await;
    changes.retain(|change| change.values.get("id") == Some(&id));
    let [gone] = changes.try_into().unwrap();
    assert_eq!(gone.kind, 'D');
    let told: Vec<&String> = gone
        .values
        .iter()
        .filter_map(|(column, value)| value.as_ref().map(|_| column))
        .collect();
    assert_eq!(told, ["id"]);
}

#[tokio::test]
async fn nothing_that_is_published_is_withheld_from_readers() {
    let stack = Stack::connect().await;
    // The platform drops the columns that the subscriber's role may not select.
    let withheld: Option<Vec<String>> = stack
        .value(
            "select array_agg(attname::text) from pg_attribute
             where attrelid = 'public.messages'::regclass and attnum > 0 and not attisdropped
               and not has_column_privilege('authenticated', attrelid, attnum, 'select')",
            &[],
        )
        .await;
    assert_eq!(withheld, None);
}
