//! A chat in use, before a backup and after: as its people, through the API's functions.

use serde_json::Value;
use tokio_postgres::Client;

use crate::database::Database;

/// Of the seed: a friend of Bob's.
pub const ALICE: &str = "a11ce000-0000-4000-8000-000000000001";
/// Of the seed.
pub const BOB: &str = "b0b00000-0000-4000-8000-000000000002";
/// Of the seed: nobody's friend.
const ERIN: &str = "e4140000-0000-4000-8000-000000000005";

/// A chat of Alice and Bob.
pub struct Chat {
    id: String,
}

impl Chat {
    /// Alice opens it and sends a file.
    pub async fn begin(database: &Database) -> Self {
        let alice = database.owner().await;
        become_user(&alice, ALICE).await;
        let opened = answer(&alice, &format!("public.open_direct_chat('{BOB}')")).await;
        let chat = Self {
            id: opened["id"].as_str().expect("an id").to_owned(),
        };
        chat.send_file(database).await;
        chat
    }

    /// Reserves, uploads and sends, as Storage and PostgREST would for Alice.
    async fn send_file(&self, database: &Database) {
        let alice = database.owner().await;
        become_user(&alice, ALICE).await;
        let call = format!(
            "public.reserve_upload('{}', 'a.txt', 'text/plain', 5)",
            self.id
        );
        let reserved = answer(&alice, &call).await;
        let path = reserved["path"].as_str().expect("a path");
        alice
            .execute(UPLOAD, &[&path])
            .await
            .expect("the policy lets what was reserved in");
        let other = format!("{}/x", path.rsplit_once('/').expect("folders").0);
        let refused = alice.execute(UPLOAD, &[&other]).await.unwrap_err();
        assert!(
            refused
                .as_db_error()
                .unwrap()
                .message()
                .contains("row-level security")
        );
        let call = format!(
            "public.send_message('{}', 'Look!', gen_random_uuid(), '{path}')",
            self.id
        );
        answer(&alice, &call).await;
    }

    /// What somebody who takes part in nothing sees of the bucket.
    pub async fn files_that_a_stranger_sees(&self, database: &Database) -> i64 {
        let erin = database.owner().await;
        become_user(&erin, ERIN).await;
        count(
            &erin,
            "select count(*) from storage.objects where bucket_id = 'chat-attachments'",
        )
        .await
    }

    /// The arguments of a position in the list's changes.
    pub async fn position(database: &Database) -> String {
        let sql = "select format('%L, %s', chat.epoch(), pg_snapshot_xmin(pg_current_snapshot()))";
        let owner = database.owner().await;
        owner.query_one(sql, &[]).await.expect(sql).get(0)
    }

    /// A client that got its position while the database was empty learns of the chat.
    pub async fn is_told_since(&self, database: &Database, since: &str) {
        let bob = database.owner().await;
        become_user(&bob, BOB).await;
        let delta = answer(&bob, &format!("public.list_changed_chats({since})")).await;
        let told = delta["data"].as_array().expect("chats").iter();
        assert!(
            told.into_iter().any(|chat| chat["id"] == self.id),
            "{delta}"
        );
    }

    /// No row has a transaction of the cluster that the dump is from: it would be told for ever, or never.
    pub async fn is_of_this_cluster(&self, database: &Database) {
        let owner = database.owner().await;
        for table in ["chats", "chat_participants", "read_marks"] {
            let all = format!("select count(*) from chat.{table}");
            assert!(count(&owner, &all).await > 0, "{table}");
            let foreign = format!("{all} where changed_in > pg_current_xact_id()");
            assert_eq!(count(&owner, &foreign).await, 0, "{table}");
        }
    }

    /// Uploads, reading, joining, and the end of an account.
    pub async fn goes_on(&self, database: &Database) {
        self.send_file(database).await;
        let bob = database.owner().await;
        become_user(&bob, BOB).await;
        let files = "select count(*) from storage.objects where bucket_id = 'chat-attachments'";
        assert_eq!(count(&bob, files).await, 2);
        let page = answer(&bob, &format!("public.list_messages('{}', 50)", self.id)).await;
        assert_eq!(page["data"].as_array().map(Vec::len), Some(2), "{page}");

        for (person, joins) in [(BOB, true), (ERIN, false)] {
            assert_eq!(self.may_join(database, person).await, joins, "{person}");
        }

        let owner = database.owner().await;
        let parts =
            format!("select count(*) from chat.chat_participants where user_id = '{ALICE}'");
        assert!(count(&owner, &parts).await > 0);
        owner
            .execute(&format!("delete from auth.users where id = '{ALICE}'"), &[])
            .await
            .unwrap();
        assert_eq!(count(&owner, &parts).await, 0);
    }

    /// As Realtime asks: whether a row with the chat's topic is seen by that person.
    async fn may_join(&self, database: &Database, person: &str) -> bool {
        let client = database.owner().await;
        let sql = format!(
            "select chat.topic('chat', c.id, c.topic_version) from chat.chats c where c.id = '{}'",
            self.id
        );
        let topic: String = client.query_one(&sql, &[]).await.expect(&sql).get(0);
        client.batch_execute("begin").await.unwrap();
        let sql = "insert into realtime.messages (topic, extension) values ($1, 'broadcast')";
        client.execute(sql, &[&topic]).await.expect(sql);
        client
            .batch_execute(&format!("set local realtime.topic = '{topic}'"))
            .await
            .unwrap();
        become_user(&client, person).await;
        let seen = count(&client, "select count(*) from realtime.messages").await;
        client.batch_execute("rollback").await.unwrap();
        seen > 0
    }
}

const UPLOAD: &str = "insert into storage.objects (bucket_id, name, metadata) \
    values ('chat-attachments', $1, '{\"size\": 5, \"mimetype\": \"text/plain\"}')";

/// The rest of the session is that user's, as PostgREST, Storage and Realtime begin theirs.
async fn become_user(client: &Client, id: &str) {
    let claims = format!("{{\"sub\": \"{id}\", \"role\": \"authenticated\"}}");
    let sql = format!("set request.jwt.claims = '{claims}'; set role authenticated");
    client.batch_execute(&sql).await.expect(&sql);
}

async fn answer(client: &Client, call: &str) -> Value {
    let sql = format!("select to_jsonb(({call}))");
    client.query_one(&sql, &[]).await.expect(&sql).get(0)
}

async fn count(client: &Client, sql: &str) -> i64 {
    client.query_one(sql, &[]).await.expect(sql).get(0)
}
