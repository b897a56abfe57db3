//! A project that exposes a schema of its own before `public`: the edge names the one that it means.

use harness::{Method, Stack, command};
use serde_json::json;
use uuid::Uuid;

#[tokio::test]
async fn a_project_may_expose_another_schema_first() {
    let stack = Stack::connect().await;
    stack.execute("create schema if not exists api", &[]).await;
    command("stop postgrest").await;
    command("start postgrest PGRST_DB_SCHEMAS=api,public").await;

    // Without a name PostgREST looks into `api`, where nothing is.
    let [alice, bob] = stack.people().await;
    let direct = stack
        .postgrest(&alice)
        .post("/rpc/list_chats", &json!({}))
        .await;
    direct.denied(404, "PGRST202");

    let chat = stack.direct_chat(&alice, &bob).await;
    let sent = alice.send(chat, "Hello!").await;
    let edited = alice.try_edit(chat, sent.id, "Hello, Bob!").await;
    edited.ok();
    assert_eq!(bob.chats().await.len(), 1);
    assert_eq!(bob.messages(chat).await.len(), 1);
    assert_eq!(bob.changes(chat, "?since=0").await.data.len(), 1);
    bob.mark_read(chat, sent.id).await;
    let upload =
        json!({ "chatId": chat, "fileName": "a.txt", "contentType": "text/plain", "size": 1 });
    alice.post("/uploads", &upload).await.created();
    assert_eq!(bob.type_in(chat).await.status, 202);
    alice.remove(chat, sent.id).await;
    alice.leave(chat).await;
    alice
        .get(&format!("/chats/{}", Uuid::new_v4()))
        .await
        .refused(404, "chat_not_found");
    let health = stack
        .edge()
        .call(Method::GET, "/health?deep=1")
        .send()
        .await;
    assert_eq!(health.status, 200);

    command("stop postgrest").await;
    command("start postgrest").await;
    bob.messages(chat).await;
    stack.execute("drop schema api", &[]).await;
}
