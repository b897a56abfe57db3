//! What the policies on `realtime.messages` allow. The relay asks as the real server does: with rows that are never
//! committed, as the token's role, with its claims and the topic set.

use anyhow::Context;
use tokio::sync::{Mutex, MutexGuard};
use tokio_postgres::{Client, Transaction};

use super::Relay;
use super::hub::Topic;
use super::tokens::{Claims, Refusal};
use crate::stack::postgres::{Postgres, SUPERUSER};

/// What somebody may do on a topic.
#[derive(Clone, Copy)]
pub struct Allowed {
    pub hear_broadcasts: bool,
    pub see_presence: bool,
    pub broadcast: bool,
    pub be_present: bool,
}

impl Allowed {
    pub const EVERYTHING: Self = Self {
        hear_broadcasts: true,
        see_presence: true,
        broadcast: true,
        be_present: true,
    };
}

/// A connection that is opened when it is needed, and again after it was lost.
pub struct Database {
    postgres: Postgres,
    client: Mutex<Option<Client>>,
}

impl Database {
    pub fn new(postgres: &Postgres) -> Self {
        Self {
            postgres: postgres.clone(),
            client: Mutex::default(),
        }
    }

    /// The connection, for one caller at a time.
    pub async fn client(&self) -> anyhow::Result<MutexGuard<'_, Option<Client>>> {
        let mut client = self.client.lock().await;
        if client.as_ref().is_none_or(Client::is_closed) {
            *client = Some(self.postgres.connect(SUPERUSER).await?);
        }
        Ok(client)
    }

    pub async fn allowed(&self, topic: &str, claims: &Claims) -> anyhow::Result<Allowed> {
        const PROBES: &str = "insert into realtime.messages (topic, extension) \
            values ($1, 'broadcast'), ($1, 'presence') returning id::text";
        const SEEN: &str = "select extension from realtime.messages \
            where topic = $1 and id = any ($2::text[]::uuid[])";
        let mut client = self.client().await?;
        let mut transaction = begin(&mut client).await?;
        let probes = transaction.query(PROBES, &[&topic]).await?;
        let ids: Vec<String> = probes.iter().map(|row| row.get(0)).collect();
        become_caller(&transaction, topic, claims).await?;
        let seen = transaction.query(SEEN, &[&topic, &ids]).await?;
        let sees = |extension: &str| seen.iter().any(|row| row.get::<_, &str>(0) == extension);
        Ok(Allowed {
            hear_broadcasts: sees("broadcast"),
            see_presence: sees("presence"),
            broadcast: writes(&mut transaction, topic, "broadcast").await?,
            be_present: writes(&mut transaction, topic, "presence").await?,
        })
    }
}

impl Relay {
    /// Whom a token speaks for, and what they may do on a topic. A client that may listen to nothing is refused, also
    /// where a policy fails. A public channel is open to all.
    pub async fn access(&self, topic: &Topic, token: &str) -> Result<(Claims, Allowed), Refusal> {
        let claims = self.tokens.verify(token)?;
        if !topic.private {
            return Ok((claims, Allowed::EVERYTHING));
        }
        match self.database.allowed(&topic.name, &claims).await {
            Ok(allowed) if allowed.hear_broadcasts || allowed.see_presence => Ok((claims, allowed)),
            _ => {
                let message = "You do not have permissions to read from this Channel topic";
                let message = format!("{message}: {}", topic.name);
                Err(Refusal("Unauthorized", message))
            }
        }
    }
}

/// A policy that fails allows nothing.
async fn writes(
    transaction: &mut Transaction<'_>,
    topic: &str,
    extension: &str,
) -> anyhow::Result<bool> {
    const PROBE: &str = "insert into realtime.messages (topic, extension) values ($1, $2)";
    let probe = transaction.transaction().await?;
    let written = probe.execute(PROBE, &[&topic, &extension]).await.is_ok();
    probe.rollback().await?;
    Ok(written)
}

/// A transaction on the connection; it is rolled back when it is dropped.
pub async fn begin(client: &mut Option<Client>) -> anyhow::Result<Transaction<'_>> {
    let client = client.as_mut().context("there is no connection")?;
    Ok(client.transaction().await?)
}

/// Goes on as the caller, until the transaction ends.
pub async fn become_caller(
    caller: &Transaction<'_>,
    topic: &str,
    claims: &Claims,
) -> anyhow::Result<()> {
    const SET: &str = "select set_config('request.jwt.claims', $1, true), \
        set_config('realtime.topic', $2, true), set_config('role', $3, true)";
    let Claims { role, json, .. } = claims;
    caller.execute(SET, &[json, &topic, role]).await?;
    Ok(())
}
