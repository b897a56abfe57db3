//! Which schemas a project exposes: one of its own before `public`, as the edge names the one that it means, and
//! the chat's, which the doctor warns of.

use harness::{Env, Method, Stack, command};
use serde_json::json;
use tokio::process::Command;
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

#[tokio::test]
async fn the_doctor_asks_whether_the_chat_is_exposed() {
    command("stop postgrest").await;
    command("start postgrest PGRST_DB_SCHEMAS=public,chat").await;
    let (status, text) = doctor().await;
    command("stop postgrest").await;
    command("start postgrest").await;
    assert!(!status, "{text}");
    assert!(
        text.contains("DIFFERS  exposed schemas    PostgREST exposes chat"),
        "{text}"
    );
    assert!(
        text.contains("repair: take chat out of the exposed schemas"),
        "{text}"
    );

    let (status, text) = doctor().await;
    assert!(status, "{text}");
    assert!(
        text.contains("ok       exposed schemas    PostgREST refuses chat"),
        "{text}"
    );
}

/// Whether it found everything, and what it said.
async fn doctor() -> (bool, String) {
    let env = Env::get();
    let output = Command::new(&env.xtask)
        .args(["doctor", "--database-url", &env.database_url])
        .args(["--supabase-url", &env.supabase_url])
        .env("SUPABASE_PUBLISHABLE_KEY", &env.anon_key)
        .output()
        .await
        .expect("the program starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.success(), text)
}
