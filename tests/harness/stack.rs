//! The running stack as one test sees it: the edge, PostgREST, Postgres.

use crate::{
    client::{Client, connections},
    contract::Server,
    env::{Env, variable},
    person::Person,
    tokens,
};
use tokio_postgres::{NoTls, types::ToSql};
use uuid::Uuid;

/// A connection to a Postgres.
///
/// # Panics
/// When it does not answer.
pub async fn connection(url: &str) -> tokio_postgres::Client {
    let (client, connection) = match tokio_postgres::connect(url, NoTls).await {
        Ok(connected) => connected,
        Err(error) => panic!("cannot connect to Postgres: {error}"),
    };
    // It ends with its client; an error of it shows in the client's next query.
    tokio::spawn(connection);
    client
}

/// Connections to the stack, one set a test.
#[derive(Debug)]
pub struct Stack {
    /// Postgres as the owner of the tables: fixtures and a look at what was stored.
    pub sql: tokio_postgres::Client,
    http: reqwest::Client,
}

impl Stack {
    /// Connects to the stack that the environment names.
    pub async fn connect() -> Stack {
        Stack {
            sql: Stack::sql_connection().await,
            http: connections(),
        }
    }

    /// One more connection to Postgres, for tests of what two transactions do to each other.
    ///
    /// # Panics
    /// When Postgres does not answer.
    pub async fn sql_connection() -> tokio_postgres::Client {
        connection(&variable("DATABASE_URL")).await
    }

    /// The edge, without a token.
    pub fn edge(&self) -> Client {
        Client::new(&self.http, &Env::get().edge_url, Server::Api)
    }

    /// The function `chats` without the gateway, without a token.
    pub fn chats_function(&self) -> Client {
        self.function_at(&Env::get().chats_url)
    }

    /// The function `messages` without the gateway, without a token.
    pub fn messages_function(&self) -> Client {
        self.function_at(&Env::get().messages_url)
    }

    /// The function `uploads` without the gateway, without a token.
    pub fn uploads_function(&self) -> Client {
        self.function_at(&Env::get().uploads_url)
    }

    /// Storage called directly with this person's token, as supabase-js would.
    pub fn storage(&self, person: &Person) -> Client {
        self.storage_with(&person.token)
    }

    /// Storage with the anon key alone.
    pub fn anonymous_storage(&self) -> Client {
        self.storage_with(&Env::get().anon_key)
    }

    fn storage_with(&self, token: &str) -> Client {
        let env = Env::get();
        self.server_at(&format!("{}/storage/v1", env.supabase_url))
            .with("apikey", &env.anon_key)
            .bearer(token)
    }

    /// A caller without any header of its own, for URLs that are whole.
    pub fn anybody(&self) -> Client {
        self.server_at("")
    }

    /// A function elsewhere, without a token: one of the instances that cannot do their work.
    pub fn function_at(&self, url: &str) -> Client {
        Client::new(&self.http, url, Server::Function)
    }

    /// A server that is not the API, so that its answers are not checked by the API's document.
    pub fn server_at(&self, url: &str) -> Client {
        Client::new(&self.http, url, Server::Other)
    }

    /// Auth.
    pub fn auth(&self) -> Client {
        let env = Env::get();
        self.server_at(&format!("{}/auth/v1", env.supabase_url))
            .with("apikey", &env.anon_key)
    }

    /// PostgREST called directly with this person's token, as supabase-js would.
    pub fn postgrest(&self, person: &Person) -> Client {
        self.postgrest_with(&person.token)
    }

    /// PostgREST called directly by nobody: the anon key is all that a stranger's browser has.
    pub fn anonymous(&self) -> Client {
        self.postgrest_with(&Env::get().anon_key)
    }

    fn postgrest_with(&self, token: &str) -> Client {
        let env = Env::get();
        self.server_at(&format!("{}/rest/v1", env.supabase_url))
            .with("apikey", &env.anon_key)
            .bearer(token)
    }

    /// New people: `let [alice, bob, stranger] = stack.people().await;`
    pub async fn people<const N: usize>(&self) -> [Person; N] {
        let ids: [Uuid; N] = std::array::from_fn(|_| Uuid::new_v4());
        let emails = ids.map(|id| format!("{id}@example.test"));
        self.execute(
            "insert into auth.users (id, email) select * from unnest($1::uuid[], $2::text[])",
            &[&ids.as_slice(), &emails.as_slice()],
        )
        .await;
        ids.map(|id| Person::new(id, tokens::sign(&tokens::claims(id)), &self.edge()))
    }

    /// Runs a statement as the owner; returns how many rows it touched.
    ///
    /// # Panics
    /// When it fails: a fixture must hold.
    pub async fn execute(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> u64 {
        match self.sql.execute(sql, parameters).await {
            Ok(rows) => rows,
            Err(error) => panic!("{sql}: {error:?}"),
        }
    }

    /// The one row's first column.
    ///
    /// # Panics
    /// When there is not exactly one row.
    pub async fn value<T>(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> T
    where
        T: for<'a> tokio_postgres::types::FromSql<'a>,
    {
        match self.sql.query_one(sql, parameters).await {
            Ok(row) => row.get(0),
            Err(error) => panic!("{sql}: {error:?}"),
        }
    }
}
