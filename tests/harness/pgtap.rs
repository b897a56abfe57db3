//! Files of pgTAP tests, run as `supabase test db` runs them: each in a session of its own as role `postgres`,
//! with pgTAP in schema `extensions`. `cargo xtask test` has made pgTAP and run the helpers, whose names begin
//! with a digit.

use std::collections::BTreeSet;
use std::path::Path;
use std::pin::pin;
use std::time::Duration;

use futures_util::TryStreamExt;
use tokio::time::timeout;
use tokio_postgres::error::ErrorPosition;
use tokio_postgres::{Client, Error, SimpleQueryMessage};

use crate::stack::Stack;
use crate::tap::Report;

/// No file takes that long.
const FILE_TIME: Duration = Duration::from_secs(300);

/// Runs one file, or other SQL in its place.
///
/// # Panics
/// When Postgres does not answer.
pub async fn run_file(file: &Path, sql: &str) -> Report {
    let client = Stack::sql_connection().await;
    let mut report = Report::default();
    match timeout(FILE_TIME, read_rows(&client, sql, &mut report)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => report.error = Some(explain(file, sql, &error)),
        Err(_) => report.error = Some(format!("no end after {} s", FILE_TIME.as_secs())),
    }
    report
}

/// What a file of SQL tests needs of the host, by its comment `-- needs: rooms, friends`.
pub fn needs(sql: &str) -> impl Iterator<Item = &str> {
    let line = sql.lines().find_map(|line| line.strip_prefix("-- needs: "));
    line.into_iter().flat_map(|line| line.split(", "))
}

/// What the host says that it has: `friends`, `events` and so on.
///
/// # Panics
/// When its helpers are not there.
pub async fn provided() -> BTreeSet<String> {
    let client = Stack::sql_connection().await;
    match client.query_one("select chat_tests.provides()", &[]).await {
        Ok(row) => row.get::<_, Vec<String>>(0).into_iter().collect(),
        Err(error) => panic!("chat_tests.provides(): {error:?}"),
    }
}

/// Reads row by row, so that the report has what ran before an error.
async fn read_rows(client: &Client, sql: &str, report: &mut Report) -> Result<(), Error> {
    let mut rows = pin!(client.simple_query_raw(sql).await?);
    while let Some(message) = rows.try_next().await? {
        if let SimpleQueryMessage::Row(row) = message {
            for column in 0..row.len() {
                report.read(row.get(column).unwrap_or_default());
            }
        }
    }
    Ok(())
}

/// Says where in the file Postgres stopped.
fn explain(file: &Path, sql: &str, error: &Error) -> String {
    let Some(db) = error.as_db_error() else {
        return format!("{}: {error}", file.display());
    };
    let line = match db.position() {
        Some(ErrorPosition::Original(at)) => {
            let before: String = sql.chars().take(*at as usize).collect();
            format!(":{}", before.lines().count().max(1))
        }
        _ => String::new(),
    };
    let (message, code) = (db.message(), db.code().code());
    let first = format!("{}{line}: {message} ({code})", file.display());
    let parts = [Some(first.as_str()), db.detail(), db.hint(), db.where_()];
    parts.into_iter().flatten().collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::needs;

    #[test]
    fn a_file_says_what_it_needs_of_the_host() {
        let all = |sql| needs(sql).collect::<Vec<_>>();
        assert_eq!(
            all("-- A story.\n-- needs: events, groups\nselect 1;"),
            ["events", "groups"]
        );
        assert_eq!(all("select 1;"), [""; 0]);
    }
}
