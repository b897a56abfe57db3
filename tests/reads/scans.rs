//! What a read costs follows from the rows that its reader may see, and not from the table.

use crate::data::{Readers, readers};
use harness::{Person, Stack};
use serde_json::{Value, json};
use uuid::Uuid;

const LOW: &str = "00000000-0000-0000-0000-000000000000";
const HIGH: &str = "ffffffff-ffff-ffff-ffff-ffffffffffff";

/// Reads of every form: filters, orders and limits that would make other indexes, or the table, look cheap.
fn reads(busy: Uuid) -> Vec<String> {
    let mut reads = Vec::new();
    let filters = [
        "true".to_owned(),
        format!("m.chat_id = '{busy}'"),
        format!("m.id >= '{LOW}'"),
        format!("m.id >= '{LOW}' and m.id <= '{HIGH}'"),
        format!("m.chat_id >= '{LOW}' and m.chat_id <= '{HIGH}'"),
        "m.attachment_path >= '0' and m.attachment_path <= 'g'".to_owned(),
        format!(
            "m.attachment_path >= '0' and m.attachment_path <= 'g' and m.id >= '{LOW}' and m.id <= '{HIGH}'"
        ),
        format!("m.id >= '{LOW}' or m.attachment_path >= '0'"),
        "m.rev >= 0 and m.rev <= 1000000".to_owned(),
        "m.rev = 1".to_owned(),
        "m.created_at >= now() - interval '1 hour'".to_owned(),
        "m.created_at >= '2020-01-01' and m.created_at <= '2040-01-01'".to_owned(),
        "m.deleted_at is null".to_owned(),
        "m.deleted_at is not null".to_owned(),
        "m.attachment_path is not null".to_owned(),
        "m.text like '%x%'".to_owned(),
        "m.text = 'often'".to_owned(),
        "m.sender_id = gen_random_uuid()".to_owned(),
        "m.client_id is not null".to_owned(),
    ];
    let orders = [
        "",
        "order by m.id",
        "order by m.created_at desc",
        "order by m.created_at",
        "order by m.attachment_path",
        "order by m.chat_id, m.created_at desc",
        "order by m.rev desc",
    ];
    for filter in &filters {
        for order in orders {
            for limit in ["", "limit 1", "limit 50"] {
                reads.push(format!(
                    "select m.id from public.messages m where {filter} {order} {limit}"
                ));
            }
        }
        reads.push(format!(
            "select count(*), max(m.created_at), min(m.rev) from public.messages m where {filter}"
        ));
    }
    reads.push(
        "select m.chat_id, count(*) from public.messages m group by m.chat_id limit 1".to_owned(),
    );
    reads.push("select distinct m.sender_id from public.messages m limit 1".to_owned());
    reads
}

/// The plan of a read as it was executed for a person.
async fn explain(stack: &Stack, person: &Person, read: &str) -> Value {
    let claims = json!({ "sub": person.id, "role": "authenticated" });
    let begin =
        format!("begin; set local role authenticated; set local request.jwt.claims = '{claims}'");
    stack.sql.batch_execute(&begin).await.unwrap();
    let sql = format!("explain (analyze, buffers, timing off, format json) {read}");
    // A connection's first call of a function reads the catalog for its plans.
    stack.value::<Value>(&sql, &[]).await;
    let plan: Value = stack.value(&sql, &[]).await;
    stack.sql.batch_execute("rollback").await.unwrap();
    plan[0]["Plan"].clone()
}

fn touches_at_most(most: i64, plan: &Value, read: &str) {
    let [hit, read_in] =
        ["Shared Hit Blocks", "Shared Read Blocks"].map(|name| plan[name].as_i64());
    let buffers = hit.unwrap() + read_in.unwrap();
    assert!(buffers <= most, "{buffers} buffers: {read}: {plan}");
}

/// The rows of `messages` that a plan went through: index entries or rows, shown or filtered out.
fn visited(plan: &Value) -> f64 {
    let number = |name: &str| plan[name].as_f64().unwrap_or_default();
    let node = plan["Node Type"].as_str().unwrap_or_default();
    let below = plan["Plans"]
        .as_array()
        .into_iter()
        .flatten()
        .map(visited)
        .sum::<f64>();
    let on_messages = plan["Relation Name"] == "messages"
        || plan["Index Name"]
            .as_str()
            .is_some_and(|name| name.starts_with("messages_"));
    assert!(!(node == "Seq Scan" && on_messages), "{plan}");
    if !on_messages {
        return below;
    }
    let removed = number("Rows Removed by Filter") + number("Rows Removed by Index Recheck");
    below + (number("Actual Rows") + removed) * number("Actual Loops")
}

/// Asserts that no read of this person's goes through more than these rows.
async fn goes_through(readers: &Readers, person: &Person, rows: f64) {
    let stack = Stack::connect().await;
    for read in reads(readers.busy) {
        let plan = explain(&stack, person, &read).await;
        let visited = visited(&plan);
        assert!(visited <= rows, "{visited} rows of {rows}: {read}: {plan}");
    }
}

#[tokio::test]
async fn a_strangers_read_of_any_form_is_a_few_look_ups() {
    let readers = readers().await;
    let stack = Stack::connect().await;
    for read in reads(readers.busy) {
        let plan = explain(&stack, &readers.stranger, &read).await;
        touches_at_most(50, &plan, &read);
        let plan = explain(&stack, &readers.loner, &read).await;
        touches_at_most(50, &plan, &read);
    }
}

#[tokio::test]
async fn a_members_read_goes_through_no_foreign_chat() {
    let readers = readers().await;
    goes_through(readers, &readers.bob, 400.0).await;
    goes_through(readers, &readers.loner, 3.0).await;
}

#[tokio::test]
async fn nor_does_that_of_somebody_in_a_thousand_chats() {
    let readers = readers().await;
    let stack = Stack::connect().await;
    for read in [
        "select m.id from public.messages m order by m.created_at desc limit 1",
        "select m.id from public.messages m order by m.id limit 1",
        "select count(*) from public.messages m",
    ] {
        let plan = explain(&stack, &readers.alice, read).await;
        let visited = visited(&plan);
        assert!(visited <= 20_000.0, "{visited} rows: {read}: {plan}");
    }
}

#[tokio::test]
async fn a_page_of_a_long_chat_is_not_the_whole_chat() {
    let readers = readers().await;
    let stack = Stack::connect().await;
    let own = format!(
        "select m.* from public.messages m where m.chat_id = '{}'",
        readers.busy
    );
    for page in [
        "order by m.created_at desc limit 50",
        "and m.created_at < now() - interval '2 hours' order by m.created_at desc limit 50",
        "and m.deleted_at is null order by m.created_at desc limit 50",
        "and m.rev > 50000 order by m.rev limit 50",
        "order by m.rev desc limit 50",
        "and m.rev = 50000",
    ] {
        let plan = explain(&stack, &readers.gossip, &format!("{own} {page}")).await;
        let visited = visited(&plan);
        // Each nineteenth message is deleted, and passed over.
        assert!(visited <= 60.0, "{visited} rows: {page}: {plan}");
    }
}

/// Storage lists and signs as the caller.
#[tokio::test]
async fn files_of_other_chats_cost_no_look_at_messages() {
    let readers = readers().await;
    let stack = Stack::connect().await;
    for rest in [
        "",
        "order by o.name limit 100",
        "and o.name like 'a%' limit 100",
        "and o.name >= 'a' order by o.name limit 1",
        "order by o.created_at desc limit 100",
    ] {
        let read = format!(
            "select o.name from storage.objects o where o.bucket_id = 'chat-attachments' {rest}"
        );
        let plan = explain(&stack, &readers.stranger, &read).await;
        touches_at_most(50, &plan, &read);
        let plan = explain(&stack, &readers.loner, &read).await;
        assert!(
            visited(&plan) <= 3.0,
            "{} rows: {read}: {plan}",
            visited(&plan)
        );
    }
    let path = "select attachment_path from public.messages where chat_id = $1 and attachment_path is not null and deleted_at is null limit 1";
    let path: String = stack.value(path, &[&readers.busy]).await;
    let one = format!(
        "select o.name from storage.objects o where o.bucket_id = 'chat-attachments' and o.name = '{path}'"
    );
    let plan = explain(&stack, &readers.gossip, &one).await;
    assert_eq!(plan["Actual Rows"].as_f64(), Some(1.0), "{plan}");
    touches_at_most(60, &plan, &one);
}

/// Realtime's question for each change and subscriber: the row by its primary key, as the subscriber.
#[tokio::test]
async fn realtimes_check_of_a_row_stays_cheap() {
    let readers = readers().await;
    let stack = Stack::connect().await;
    for (person, most) in [(&readers.bob, 10), (&readers.alice, 60)] {
        let own = "select m.id from public.messages m
            join chat.chat_participants p on p.chat_id = m.chat_id
            where p.user_id = $1 and m.deleted_at is null limit 1";
        let own: Uuid = stack.value(own, &[&person.id]).await;
        let foreign = "select m.id from public.messages m where m.chat_id = $1 and m.deleted_at is null limit 1";
        let foreign: Uuid = stack.value(foreign, &[&readers.busy]).await;
        for (id, seen) in [(own, 1), (foreign, 0)] {
            let read = format!("select 1 from public.messages m where m.id = '{id}'");
            let plan = explain(&stack, person, &read).await;
            assert_eq!(
                plan["Actual Rows"].as_f64(),
                Some(f64::from(seen)),
                "{plan}"
            );
            touches_at_most(most, &plan, &read);
        }
    }
}
