//! Races on purpose: a chat's row is locked until those who should meet have all come to wait for it.

use crate::{person::Person, stack::Stack};
use std::time::Duration;
use uuid::Uuid;

/// The lock of a chat's row, held by a transaction of the test.
#[derive(Debug)]
pub struct ChatLock {
    holder: tokio_postgres::Client,
    chat: Uuid,
}

impl Stack {
    /// Locks a chat's row, so that every send, edit, deletion and leaving has to wait.
    ///
    /// # Panics
    /// When Postgres refuses.
    pub async fn lock_chat(&self, chat: Uuid) -> ChatLock {
        let holder = Stack::sql_connection().await;
        let sql = "select from chat.chats where id = $1 for no key update";
        if let Err(error) = holder.batch_execute("begin").await {
            panic!("{error:?}");
        }
        match holder.execute(sql, &[&chat]).await {
            Ok(1) => ChatLock { holder, chat },
            other => panic!("cannot lock the chat {chat}: {other:?}"),
        }
    }
}

impl Stack {
    /// A transaction as this person, as PostgREST runs it, which the test commits or drops.
    ///
    /// # Panics
    /// When Postgres refuses.
    pub async fn begin_as(&self, person: &Person) -> tokio_postgres::Client {
        let connection = Stack::sql_connection().await;
        let claims = format!(r#"{{"role": "authenticated", "sub": "{}"}}"#, person.id);
        let begin = format!(
            "begin; select set_config('request.jwt.claims', '{claims}', true); set local role authenticated"
        );
        match connection.batch_execute(&begin).await {
            Ok(()) => connection,
            Err(error) => panic!("{error:?}"),
        }
    }
}

impl ChatLock {
    /// Returns once this many sessions wait for the row.
    ///
    /// # Panics
    /// When they do not come: then there is no race to test.
    pub async fn wait_for(&self, sessions: i64) {
        for _ in 0..500 {
            if self.waiting().await >= sessions {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!(
            "fewer than {sessions} sessions wait for the chat {}",
            self.chat
        );
    }

    /// The first to wait does so for our transaction, the others for the row itself.
    async fn waiting(&self) -> i64 {
        let sql = "
            select count(distinct l.pid)
            from pg_locks l, chat.chats c
            where c.id = $1 and not l.granted
              and (l.transactionid = pg_current_xact_id()::xid
                   or (l.locktype = 'tuple' and l.relation = 'chat.chats'::regclass
                       and format('(%s,%s)', l.page, l.tuple) = c.ctid::text))";
        match self.holder.query_one(sql, &[&self.chat]).await {
            Ok(row) => row.get(0),
            Err(error) => panic!("{error:?}"),
        }
    }

    /// Lets them go on, in the order in which they came.
    ///
    /// # Panics
    /// When Postgres refuses.
    pub async fn release(&self) {
        if let Err(error) = self.holder.batch_execute("commit").await {
            panic!("{error:?}");
        }
    }
}
