//! What a client asks of `postgres_changes`: which events of which table, and of which rows.

use anyhow::{Context, Result, bail};
use postgres_protocol::escape::{escape_identifier, escape_literal};
use serde_json::Value;

use super::policies::{Database, become_caller, begin};
use super::rows::Change;
use super::tokens::Claims;

/// The publication whose tables the real server listens to.
pub const PUBLICATION: &str = "supabase_realtime";

/// One `postgres_changes` of a channel.
pub struct Binding {
    /// The client knows it by this number.
    pub id: Value,
    event: String,
    schema: String,
    table: String,
    /// SQL about a row `r`.
    pub condition: String,
}

impl Binding {
    /// Checks what is asked, or says what is wrong with it.
    pub async fn new(database: &Database, asked: &Value, claims: &Claims) -> Result<Self> {
        const PUBLISHED: &str = "select from pg_catalog.pg_publication_tables where pubname = $1 \
            and $2::text in ('*', schemaname) and $3::text in ('*', tablename) limit 1";
        let word = |name: &str, default: &str| asked[name].as_str().unwrap_or(default).to_owned();
        let binding = Self {
            id: asked["id"].clone(),
            event: word("event", "*"),
            schema: word("schema", "public"),
            table: word("table", "*"),
            condition: condition(&word("filter", ""))?,
        };
        let (schema, table) = (&binding.schema, &binding.table);
        let mut client = database.client().await?;
        let transaction = begin(&mut client).await?;
        let published = [
            &PUBLICATION as &(dyn tokio_postgres::types::ToSql + Sync),
            schema,
            table,
        ];
        if transaction.query(PUBLISHED, &published).await?.is_empty() {
            bail!("Please check Realtime is enabled for the given connect parameters");
        }
        if table != "*" {
            // Postgres reads it as the caller: column, operator and value must fit, and be theirs to read.
            become_caller(&transaction, "", claims).await?;
            let (name, condition) = (name(schema, table), &binding.condition);
            let tried = format!("select from {name} as r where false and {condition}");
            transaction.execute(&tried, &[]).await?;
        }
        Ok(binding)
    }

    pub fn fits(&self, change: &Change) -> bool {
        let is = |asked: &str, word: &str| asked == "*" || asked == word;
        is(&self.event, change.event)
            && is(&self.schema, &change.schema)
            && is(&self.table, &change.table)
    }
}

/// A filter such as `chat_id=eq.1` as SQL.
fn condition(filter: &str) -> Result<String> {
    if filter.is_empty() {
        return Ok("true".to_owned());
    }
    let broken = || format!("Error parsing `filter` params: {filter}");
    let (column, test) = filter.split_once('=').with_context(broken)?;
    let (operator, value) = test.split_once('.').with_context(broken)?;
    let column = escape_identifier(column);
    let operator = match operator {
        "eq" => "=",
        "neq" => "<>",
        "lt" => "<",
        "lte" => "<=",
        "gt" => ">",
        "gte" => ">=",
        "in" => {
            let list = value
                .strip_prefix('(')
                .and_then(|list| list.strip_suffix(')'));
            let list = format!("{{{}}}", list.with_context(broken)?);
            return Ok(format!("r.{column} = any ({})", escape_literal(&list)));
        }
        _ => bail!(broken()),
    };
    Ok(format!("r.{column} {operator} {}", escape_literal(value)))
}

/// A table in SQL.
pub fn name(schema: &str, table: &str) -> String {
    format!("{}.{}", escape_identifier(schema), escape_identifier(table))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_becomes_a_condition_that_cannot_leave_its_literals() {
        let sql = |filter| condition(filter).unwrap();
        assert_eq!(sql(""), "true");
        assert_eq!(sql("chat_id=eq.a'b"), "r.\"chat_id\" = 'a''b'");
        assert_eq!(sql("rev=in.(1,2)"), "r.\"rev\" = any ('{1,2}')");
        assert_eq!(sql("a\"; drop=gt.1"), "r.\"a\"\"; drop\" > '1'");
        for broken in ["undefined", "a=b", "a=foo.1", "a=in.1"] {
            assert!(condition(broken).is_err(), "{broken}");
        }
    }
}
