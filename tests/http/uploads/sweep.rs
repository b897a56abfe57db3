//! What is left over is removed: by the trigger of `uploads`, and by `cargo xtask sweep`.

use futures_util::future::join_all;
use harness::{Env, Message, Stack, Upload};
use serde_json::json;
use tokio::{
    process::Command,
    sync::{Mutex, OnceCell},
};

/// A sweep takes whatever is old enough, another test's files too.
static ALONE: Mutex<()> = Mutex::const_new(());

/// The account that the functions were started with, and its password.
const SWEEPER: (&str, &str) = ("sweeper@example.com", "password123");

/// Makes the sweeper's account where no seed has.
async fn make_sweeper(stack: &Stack) {
    let there = "select count(*) from auth.users where email = $1";
    if stack.value::<i64>(there, &[&SWEEPER.0]).await == 0 {
        let body = json!({ "email": SWEEPER.0, "password": SWEEPER.1 });
        let made = stack.auth().post("/signup", &body).await;
        assert_eq!(made.status, 200, "{made:?}");
    }
    let role =
        "update auth.users set raw_app_meta_data = '{\"provider\": \"email\", \"role\": \"sweeper\"}'
                where email = $1";
    assert_eq!(stack.execute(role, &[&SWEEPER.0]).await, 1);
}

/// Fires the trigger, and waits until the sweep is over.
async fn fire(stack: &Stack) {
    static MADE: OnceCell<()> = OnceCell::const_new();
    MADE.get_or_init(|| make_sweeper(stack)).await;
    let fired = stack.server_at(&Env::get().trigger_url).get("/").await;
    assert_eq!((fired.status, fired.text()), (200, "ok".to_owned()));
}

/// `cargo xtask sweep`, and what it says.
async fn xtask(arguments: &[&str]) -> String {
    let env = Env::get();
    let mut xtask = Command::new(&env.xtask);
    xtask.arg("sweep").args(arguments);
    xtask.args(["--supabase-url", &env.supabase_url]);
    xtask.args(["--email", SWEEPER.0]);
    xtask.env("SUPABASE_ANON_KEY", &env.anon_key);
    xtask.env("SWEEPER_PASSWORD", SWEEPER.1);
    let output = xtask.output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let failed = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{failed}");
    said
}

async fn age_upload(stack: &Stack, upload: &Upload, age: &str) {
    let sql = format!(
        "update chat.uploads set created_at = created_at - interval '{age}' where path = $1"
    );
    assert_eq!(stack.execute(&sql, &[&upload.path]).await, 1);
}

async fn age_deletion(stack: &Stack, message: &Message, age: &str) {
    let sql = format!(
        "update chat.discarded_uploads set discarded_at = discarded_at - interval '{age}'
         where path = $1"
    );
    let path = &message.attachment.as_ref().unwrap().path;
    assert_eq!(stack.execute(&sql, &[path]).await, 1);
}

#[tokio::test]
async fn what_no_message_holds_is_removed_and_all_else_stays() {
    let _alone = ALONE.lock().await;
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let old = stack.uploaded(&alice, chat, b"old").await;
    let young = stack.uploaded(&alice, chat, b"young").await;
    let attached = stack.attached(&alice, chat, b"attached").await;
    let deleted = stack.attached(&alice, chat, b"deleted").await;
    let long_deleted = stack.attached(&alice, chat, b"long deleted").await;
    for message in [&deleted, &long_deleted] {
        alice.remove(chat, message.id).await;
    }
    age_upload(&stack, &old, "25 hours 1 minute").await;
    age_upload(&stack, &young, "24 hours 30 minutes").await;
    age_deletion(&stack, &deleted, "29 days").await;
    age_deletion(&stack, &long_deleted, "31 days").await;
    stack
        .execute(
            "update storage.objects set created_at = created_at - interval '90 days' where name like $1 || '%'",
            &[&chat.to_string()],
        )
        .await;

    for _ in 0..2 {
        fire(&stack).await;
        let path = |message: &Message| message.attachment.clone().unwrap().path;
        for (path, stays) in [
            (old.path.clone(), false),
            (young.path.clone(), true),
            (path(&attached), true),
            (path(&deleted), true),
            (path(&long_deleted), false),
        ] {
            assert_eq!(stack.has_object(&path).await, stays, "{path}");
        }
    }
    let url = attached.attachment_url.unwrap();
    assert_eq!(stack.download(&url).await.text(), "attached");
}

#[tokio::test]
async fn by_hand_it_is_dry_unless_told_otherwise_goes_to_the_end_and_then_finds_nothing() {
    let _alone = ALONE.lock().await;
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    fire(&stack).await;
    let upload = stack.uploaded(&alice, chat, b"12345").await;
    age_upload(&stack, &upload, "26 hours").await;
    // Enough for three pages, of no bytes, and never reserved: strays.
    stack
        .execute(
            "insert into storage.objects (bucket_id, name, metadata, created_at)
             select 'chat-attachments', format('%s/%s/%s/photo.jpg', $1::text, $2::text, gen_random_uuid()),
               '{\"size\": 2}', now() - interval '26 hours'
             from generate_series(1, 230)",
            &[&chat.to_string(), &alice.id.to_string()],
        )
        .await;

    let dry = xtask(&[]).await;
    assert!(
        dry.contains("left over: 231 objects, 465 bytes (230 stray, 1 unattached)")
            && dry.contains("--apply"),
        "{dry}"
    );
    assert!(stack.has_object(&upload.path).await);

    let applied = xtask(&["--apply"]).await;
    let progress = applied.matches("removed so far").count();
    assert_eq!(progress, 3, "{applied}");
    assert!(
        applied.contains("removed: 231 objects, 465 bytes (230 stray, 1 unattached)"),
        "{applied}"
    );
    assert!(!stack.has_object(&upload.path).await);

    for arguments in [&[][..], &["--apply"]] {
        let again = xtask(arguments).await;
        assert!(again.contains("nothing is left over"), "{again}");
    }
    let sql = "select count(*) from chat.uploads where path = $1";
    assert_eq!(stack.value::<i64>(sql, &[&upload.path]).await, 0);
}

#[tokio::test]
async fn attaching_and_sweeping_never_take_the_same_object() {
    let _alone = ALONE.lock().await;
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let mut uploads = Vec::new();
    for age in [
        "23 hours 59 minutes",
        "24 hours 1 minute",
        "25 hours 1 minute",
    ] {
        for _ in 0..4 {
            let upload = stack.uploaded(&alice, chat, b"12345").await;
            age_upload(&stack, &upload, age).await;
            uploads.push(upload);
        }
    }
    let attach = uploads
        .iter()
        .map(|upload| alice.try_attach(chat, &upload.attachment_url));
    let (answers, (), ()) = futures_util::join!(join_all(attach), fire(&stack), fire(&stack));
    for (n, (upload, answer)) in uploads.iter().zip(answers).enumerate() {
        match n / 4 {
            0 => drop(answer.created()),
            _ => answer.invalid(&["attachmentUrl"]),
        }
        assert_eq!(stack.has_object(&upload.path).await, n < 8, "{n}");
    }
    for message in bob.messages(chat).await {
        let url = message.attachment_url.unwrap();
        assert_eq!(stack.download(&url).await.text(), "12345");
    }
}

#[tokio::test]
async fn nobody_else_sweeps() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let upload = stack.uploaded(&alice, chat, b"12345").await;
    let moderator = bob.as_moderator(&stack.edge());
    let list = json!({ "unattached_hours": 25, "deleted_days": 30 });
    for person in [&alice, &moderator] {
        let database = stack.postgrest(person);
        for (function, arguments) in [
            ("list_leftover_uploads", &list),
            ("count_leftover_uploads", &list),
            ("forget_swept_uploads", &json!({})),
        ] {
            let answer = database.post(&format!("/rpc/{function}"), arguments).await;
            answer.raised(403, "forbidden");
        }
    }
    assert!(stack.has_object(&upload.path).await);
}
