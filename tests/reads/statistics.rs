//! `Prefer: count=planned` answers from what the planner knows: of nobody's messages may that be anything.

use crate::data::readers;
use harness::{Client, Method, Stack};

/// The columns that clients may name.
async fn columns(stack: &Stack) -> Vec<(String, String)> {
    let sql = "select a.attname::text, a.atttypid::regtype::text
        from pg_attribute a
        where a.attrelid = 'public.messages'::regclass and a.attnum > 0 and not a.attisdropped
          and has_column_privilege('authenticated', a.attrelid, a.attnum, 'select')
        order by a.attnum";
    let rows = stack.sql.query(sql, &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

/// A value that is as common as the column has one, one that is as rare, and one that is nowhere.
async fn values(stack: &Stack, column: &str, kind: &str) -> [String; 3] {
    let text = match kind {
        "uuid[]" | "jsonb" => format!("{column}::text"),
        _ => format!("to_json({column}) #>> '{{}}'"),
    };
    let by_count = |order: &str| {
        format!(
            "select {text} from public.messages
             where {column} is not null group by {column} order by count(*) {order}, {column} limit 1"
        )
    };
    let never = match kind {
        "uuid" => "0f0f0f0f-0f0f-4f0f-8f0f-0f0f0f0f0f0f",
        "text" => "no such text",
        "timestamp with time zone" => "2016-02-29T12:00:00.123456Z",
        "bigint" | "integer" => "98765432",
        "uuid[]" => "{0f0f0f0f-0f0f-4f0f-8f0f-0f0f0f0f0f0f}",
        "jsonb" => r#"[{"emoji": "no such emoji", "count": 1, "userIds": []}]"#,
        other => panic!("a value of {column}, which is a {other}"),
    };
    [
        stack.value(&by_count("desc"), &[]).await,
        stack.value(&by_count("asc"), &[]).await,
        never.to_owned(),
    ]
}

fn escaped(value: &str) -> String {
    let mut text = String::new();
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b':' => text.push(char::from(byte)),
            other => text.push_str(&format!("%{other:02X}")),
        }
    }
    text
}

/// The status of the answer, and the total that `Content-Range` tells.
async fn count(caller: &Client, filter: &str, prefer: &str) -> (u16, Option<String>) {
    let path = format!("/messages?select=id&limit=1&{filter}");
    let call = caller.call(Method::GET, &path).header("prefer", prefer);
    let answer = call.send().await;
    let range = answer.header("content-range").unwrap_or_default();
    let total = range.split_once('/').map(|(_, total)| total.to_owned());
    (answer.status, total)
}

#[tokio::test]
async fn no_count_tells_a_value_that_exists_from_one_that_does_not() {
    let readers = readers().await;
    let stack = Stack::connect().await;
    let columns = columns(&stack).await;
    assert_eq!(columns.len(), 19, "{columns:?}");
    // A small estimated count is exact and counts one's own rows, so that is for who has none.
    let asked = [
        (&readers.stranger, "count=planned"),
        (&readers.stranger, "count=estimated"),
        (&readers.loner, "count=planned"),
    ];
    for (column, kind) in &columns {
        let values = values(&stack, column, kind).await;
        for (caller, prefer) in asked {
            let rest = stack.postgrest(caller);
            for operator in [
                "eq", "neq", "gte", "gt", "lt", "lte", "in", "like", "cs", "ov",
            ] {
                let mut told = Vec::new();
                for value in &values {
                    let quoted = value.replace('\\', r"\\").replace('"', r#"\""#);
                    let filter = match operator {
                        "in" => format!("{column}=in.(%22{}%22)", escaped(&quoted)),
                        "like" => format!("{column}=like.{}*", escaped(value)),
                        _ => format!("{column}={operator}.{}", escaped(value)),
                    };
                    let (status, total) = count(&rest, &filter, prefer).await;
                    // There is no `like` for a uuid, and so on.
                    let refused = match operator {
                        "like" => kind != "text",
                        "cs" => !matches!(&**kind, "uuid[]" | "jsonb"),
                        "ov" => kind != "uuid[]",
                        _ => false,
                    };
                    assert_eq!(status == 404, refused, "{filter}: {status}");
                    told.push(total);
                }
                let first = told[0].clone();
                assert_eq!(told, vec![first; 3], "{column} {operator} {prefer}");
            }
        }
    }
}

#[tokio::test]
async fn the_busiest_chat_looks_like_one_that_does_not_exist() {
    let readers = readers().await;
    let stack = Stack::connect().await;
    let rest = stack.postgrest(&readers.stranger);
    let busy = count(
        &rest,
        &format!("chat_id=eq.{}", readers.busy),
        "count=planned",
    )
    .await;
    let nowhere = count(
        &rest,
        "chat_id=eq.0f0f0f0f-0f0f-4f0f-8f0f-0f0f0f0f0f0f",
        "count=planned",
    )
    .await;
    assert_eq!(busy, nowhere);
    assert_eq!(busy.1.as_deref(), Some("1"));
    // Nor does the size of the table show.
    assert_eq!(count(&rest, "id=not.is.null", "count=planned").await, busy);
}
