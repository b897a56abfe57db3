//! The stack's Auth, PostgREST and Storage, and its own refusals, answer pages as hosted Supabase does.

use harness::{Answer, Client, Env, Method, Person, Stack};
use serde_json::json;
use uuid::Uuid;

use super::{OTHERS, PAGE, lets_the_browser_go_on, preflight};

/// A path of each part, and one of none.
const PATHS: [&str; 5] = [
    "/auth/v1/token?grant_type=password",
    "/rest/v1/messages",
    "/storage/v1/object/upload/sign/chat-attachments/a/b/c/d.txt?token=x",
    "/storage/v1/object/chat-attachments/a/b/c/d.txt",
    "/nowhere",
];

/// Supabase as a page calls it.
fn supabase(stack: &Stack, origin: &str) -> Client {
    let supabase = stack.server_at(&Env::get().supabase_url);
    supabase.with("origin", origin)
}

#[track_caller]
fn lets_the_page_read(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.header("access-control-allow-origin"), Some(PAGE));
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    let exposed = answer.header("access-control-expose-headers").unwrap();
    for name in [
        "content-range",
        "x-total-count",
        "link",
        "x-supabase-api-version",
    ] {
        assert!(exposed.split(',').any(|item| item == name), "{exposed}");
    }
    let vary = answer.header("vary").unwrap().to_lowercase();
    assert!(vary.contains("origin"), "{vary}");
}

/// With a key, and with a person's token.
fn signed_in(caller: Client, person: &Person) -> Client {
    caller
        .with("apikey", &*Env::get().anon_key)
        .bearer(&person.token)
}

#[tokio::test]
async fn a_preflight_is_answered_without_a_key_on_every_path() {
    let stack = Stack::connect().await;
    let caller = stack.server_at(&Env::get().supabase_url);
    for path in PATHS {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"] {
            let answer = preflight(&caller, path, PAGE, method).await;
            lets_the_browser_go_on(&answer, PAGE, method);
        }
    }
}

#[tokio::test]
async fn a_page_reads_what_auth_postgrest_and_storage_answer() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let key = supabase(&stack, PAGE).with("apikey", &*Env::get().anon_key);
    let email = format!("{}@example.com", Uuid::new_v4());
    let account = json!({ "email": email, "password": "password123" });
    lets_the_page_read(&key.post("/auth/v1/signup", &account).await, 200);
    let token = "/auth/v1/token?grant_type=password";
    lets_the_page_read(&key.post(token, &account).await, 200);
    let wrong = json!({ "email": email, "password": "wrong" });
    lets_the_page_read(&key.post(token, &wrong).await, 400);

    let page = signed_in(supabase(&stack, PAGE), &alice);
    lets_the_page_read(&page.get("/rest/v1/messages?select=id&limit=1").await, 200);
    lets_the_page_read(&page.get("/rest/v1/nothing").await, 404);

    let chat = stack.direct_chat(&alice, &bob).await;
    let upload = alice.reserve(chat, "a.jpg", "image/jpeg", 5).await;
    let mut put = stack
        .anybody()
        .call(Method::PUT, &upload.upload_url)
        .header("origin", PAGE);
    for (name, value) in &upload.headers {
        put = put.header(name, value);
    }
    lets_the_page_read(&put.body(b"photo".to_vec()).send().await, 200);
    let message = alice.attach(chat, &upload).await;
    let signed = message.attachment_url.unwrap();
    let read = stack.anybody().with("origin", PAGE).get(&signed).await;
    lets_the_page_read(&read, 200);
    let path = format!(
        "/storage/v1/object/authenticated/{}/{}",
        "chat-attachments", upload.path
    );
    lets_the_page_read(&page.get(&path).await, 200);
    lets_the_page_read(&page.get(&format!("{path}x")).await, 400);
}

#[tokio::test]
async fn a_page_reads_the_refusals_of_the_gateway_itself() {
    let stack = Stack::connect().await;
    let page = supabase(&stack, PAGE);
    lets_the_page_read(&page.get("/rest/v1/messages").await, 401);
    lets_the_page_read(&page.post("/auth/v1/token", &json!({})).await, 401);
    lets_the_page_read(&page.get("/nowhere").await, 404);
    lets_the_page_read(&page.get("/auth/v1/.well-known/jwks.json").await, 200);
}

#[tokio::test]
async fn a_page_of_another_origin_reads_nothing() {
    let stack = Stack::connect().await;
    let [alice] = stack.people().await;
    for origin in OTHERS {
        let page = signed_in(supabase(&stack, origin), &alice);
        for path in PATHS {
            let asked = preflight(&page, path, origin, "POST").await;
            for answer in [asked, page.get(path).await] {
                assert_eq!(
                    answer.header("access-control-allow-origin"),
                    None,
                    "{path} {answer:?}"
                );
            }
        }
    }
    let log = tokio::fs::read_to_string(&Env::get().api_log)
        .await
        .unwrap();
    assert!(log.contains("\n- https://app.example is not in CORS_ALLOWED_ORIGINS\n"));
}
