//! `cargo xtask befriend`: two people become friends, whatever they were before.

use harness::{Checkout, Env, Person, Stack, variable};
use serde_json::json;
use tokio::process::Command;
use uuid::Uuid;

/// The exit status and all that the tool says, in a checkout whose stack is this one, with this database.
async fn befriend(database: &str, one: &str, other: &str) -> (Option<i32>, String) {
    let checkout = Checkout::new();
    let env = Env::get();
    let vars = format!(
        "SUPABASE_URL={}\nSUPABASE_PUBLISHABLE_KEY={}\nDATABASE_URL={database}\n",
        env.supabase_url, env.anon_key
    );
    std::fs::write(checkout.state().join("stack.env"), vars).unwrap();
    let mut xtask = Command::from(checkout.xtask());
    let output = xtask.args(["befriend", one, other]).output().await.unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

async fn friends(one: &str, other: &str) -> String {
    let (status, said) = befriend(&Env::get().database_url, one, other).await;
    assert_eq!(status, Some(0), "{said}");
    said
}

/// The status of a request to open a chat.
async fn opening(one: &Person, other: &Person) -> u16 {
    let body = json!({ "type": "direct", "participantIds": [other.id] });
    one.post("/chats", &body).await.status
}

#[tokio::test]
async fn people_of_either_order_become_friends_and_twice_changes_nothing() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    assert_eq!(opening(&alice, &bob).await, 403);
    let (one, other) = (alice.id.to_string(), bob.id.to_string().to_uppercase());
    let said = friends(&one, &other).await;
    assert_eq!(said, format!("{one} and {other} are friends\n"));
    assert_eq!(opening(&alice, &bob).await, 201);
    let said = friends(&other, &one).await;
    assert_eq!(said, format!("{other} and {one} are already friends\n"));
    let sql = "select count(*) from example_host.friendships where user_low = any($1) and user_high = any($1)";
    let rows: i64 = stack.value(sql, &[&vec![alice.id, bob.id]]).await;
    assert_eq!(rows, 1);
}

#[tokio::test]
async fn people_who_have_asked_or_blocked_become_friends_too() {
    let stack = Stack::connect().await;
    let [alice, bob, carol] = stack.people().await;
    stack.ask_friendship(&bob, &alice).await;
    stack.block(&carol, &alice).await;
    for other in [&bob, &carol] {
        friends(&alice.id.to_string(), &other.id.to_string()).await;
        assert_eq!(opening(other, &alice).await, 201);
    }
}

#[tokio::test]
async fn an_unknown_address_is_signed_up_first() {
    let stack = Stack::connect().await;
    let new = || format!("New-{}@example.com", Uuid::new_v4());
    let (one, other) = (new(), new());
    let said = friends(&one, &other).await;
    assert_eq!(said, format!("{one} and {other} are friends\n"));
    friends(&other, &one).await;
    for email in [one, other] {
        let account = json!({ "email": email, "password": "password123" });
        stack
            .auth()
            .post("/token?grant_type=password", &account)
            .await
            .ok();
    }
}

#[tokio::test]
async fn what_cannot_be_is_told() {
    let env = Env::get();
    let database = &env.database_url;
    let pristine =
        database.trim_end_matches("postgres").to_owned() + &variable("PRISTINE_DATABASE");
    let unknown = Uuid::new_v4().to_string();
    let alice = "a11ce000-0000-4000-8000-000000000001";
    for (database, one, other, expected) in [
        (database, alice, "Alice@example.com", "are the same person"),
        (database, alice, &*unknown, "there is no user with the id"),
        (
            database,
            "nobody",
            alice,
            "there is no user with the id `nobody`",
        ),
        (
            &pristine,
            alice,
            "bob@example.com",
            "this command is for the example host only",
        ),
    ] {
        let (status, said) = befriend(database, one, other).await;
        assert_eq!(status, Some(1), "{said}");
        assert!(said.contains(expected), "{said}");
    }
}
