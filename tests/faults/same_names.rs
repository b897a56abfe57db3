//! A project with functions of its own that have the API's names: PostgREST chooses by the names of the
//! arguments. `…_preconditions.sql` lets pass what it can tell apart, and refuses what it cannot.

use harness::{Stack, command};
use serde_json::json;

#[tokio::test]
async fn one_with_other_arguments_is_told_apart_and_one_that_fits_too_is_not() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    for function in [
        "send_message(text text) returns text language sql as 'select ''own: '' || text'",
        "list_chats() returns text language sql as 'select ''own'''",
    ] {
        let sql = format!("create function public.{function}");
        stack.execute(&sql, &[]).await;
    }
    command("stop postgrest").await;
    command("start postgrest").await;

    let direct = stack.postgrest(&alice);
    let text = json!({ "text": "Hello!" });
    let own = direct.post("/rpc/send_message", &text).await;
    assert_eq!(own.ok(), json!("own: Hello!"));
    let chat = stack.direct_chat(&alice, &bob).await;
    alice.send(chat, "Hello!").await;
    let ambiguous = direct.post("/rpc/list_chats", &json!({})).await;
    ambiguous.denied(300, "PGRST203");

    for function in ["send_message(text)", "list_chats()"] {
        let sql = format!("drop function public.{function}");
        stack.execute(&sql, &[]).await;
    }
    command("stop postgrest").await;
    command("start postgrest").await;
    assert_eq!(bob.chats().await.len(), 1);
}
