//! The database that is examined: whether it can be reached, and whether the role can see everything there.

use std::time::Duration;

use anyhow::{Context, Error, Result, anyhow, bail};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config};

use super::tls;

const PREFLIGHT: &str = include_str!("../sql/preflight.sql");
const CONNECT_TIME: Duration = Duration::from_secs(10);
/// The oldest Postgres that the chat runs on.
const OLDEST: i32 = 15;

/// Connects; an error says what is likely wrong.
pub async fn connect(url: &str) -> Result<Client> {
    let config = url.parse::<Config>();
    let mut config = config.ok().filter(|config| !config.get_hosts().is_empty()).context(
        "this is not a connection string. Expected: \
         postgresql://postgres:<password>@<host>:5432/postgres (Dashboard → Connect); characters such as \
         @ and / in the password are written as %40 and %2F",
    )?;
    config.application_name("xtask doctor");
    config.connect_timeout(CONNECT_TIME);
    let (client, connection) = config.connect(tls::connector()?).await.map_err(explain)?;
    // The connection ends with its client. The client's next call reports its errors.
    tokio::spawn(connection);
    Ok(client)
}

fn explain(error: tokio_postgres::Error) -> Error {
    let Some(db) = error.as_db_error() else {
        return Error::new(error).context(
            "no Postgres answers at this address. Is the host right, and the port (5432)? From a network without IPv6 use \
             the address of the session pooler (Dashboard → Connect)",
        );
    };
    let said = db.message();
    let code = db.code();
    if *code == SqlState::INVALID_PASSWORD || *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION
    {
        anyhow!("{said}: the role or its password is wrong (Dashboard → Database → Reset password)")
    } else if *code == SqlState::INVALID_CATALOG_NAME {
        anyhow!("{said}: on Supabase the database's name is `postgres`")
    } else {
        anyhow!("Postgres refuses the connection: {said} ({})", code.code())
    }
}

/// Fails where a comparison would be useless or wrong.
pub async fn check(client: &Client) -> Result<()> {
    let row = client.query_one(PREFLIGHT, &[]).await?;
    let (role, major): (&str, i32) = (row.get("role"), row.get("major"));
    check_major(major)?;
    let [absent, absent_roles, unreadable] =
        ["absent", "absent_roles", "unreadable"].map(|name| row.get::<_, &str>(name));
    if !absent.is_empty() || !absent_roles.is_empty() {
        let lacking = [absent, absent_roles].into_iter();
        let lacking: Vec<_> = lacking.filter(|names| !names.is_empty()).collect();
        bail!(
            "this is no database of Supabase: it has no {}. Is the name of the database right (on Supabase: postgres), \
             and have Auth, Storage and Realtime run once?",
            lacking.join(", ")
        );
    }
    if !row.get::<_, bool>("has_chat") {
        bail!(
            "the chat is not in this database: push the migrations, `npx supabase db push --remote`"
        );
    }
    if !row.get::<_, bool>("passes_rls") || !unreadable.is_empty() {
        let why = if unreadable.is_empty() {
            "row-level security hides rows from it".to_owned()
        } else {
            format!("it may not read {unreadable}")
        };
        bail!("the role `{role}` cannot see everything ({why}): connect as `postgres`");
    }
    Ok(())
}

fn check_major(major: i32) -> Result<()> {
    if major < OLDEST {
        bail!(
            "this is Postgres {major}, and the chat needs {OLDEST} or later: upgrade it \
             (Dashboard → Settings → Infrastructure)"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_old_is_refused() {
        let error = check_major(14).unwrap_err().to_string();
        assert!(error.starts_with("this is Postgres 14, and the chat needs 15 or later"));
        for major in [15, 17, 18, 19] {
            assert!(check_major(major).is_ok(), "{major}");
        }
    }
}
