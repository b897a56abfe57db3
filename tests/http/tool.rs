//! `cargo xtask` on a Supabase of one's own: what is not right there is told, and nothing is changed.

use harness::{Checkout, Env, Stack};
use serde_json::json;
use tokio::process::Command;
use uuid::Uuid;

/// What the tool says when it refuses.
async fn refusal(checkout: &Checkout, variables: &[(&str, &str)], arguments: &[&str]) -> String {
    let mut xtask = Command::from(checkout.xtask());
    xtask.envs(variables.iter().copied());
    xtask.args(arguments);
    xtask.env("SWEEPER_PASSWORD", "password123");
    let output = xtask.output().await.unwrap();
    assert_eq!(output.status.code(), Some(1), "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

/// What `dev` says to a key and a database.
async fn dev(key: &str, database: &str) -> String {
    let checkout = Checkout::new();
    let url = &Env::get().supabase_url;
    let flags = ["dev", "--port", "0", "--supabase-url", url];
    let more = ["--publishable-key", key, "--database-url", database];
    let said = refusal(&checkout, &[], &[flags.as_slice(), &more].concat()).await;
    assert!(!checkout.state().join("stack.env").exists());
    assert!(said.contains("try: `supabase status` shows"), "{said}");
    said
}

#[tokio::test]
async fn dev_refuses_a_wrong_key() {
    let said = dev("sb_publishable_wrong", &Env::get().database_url).await;
    assert!(said.contains("refuses the publishable key"), "{said}");
}

#[tokio::test]
async fn the_newer_name_of_the_key_wins_and_a_flag_wins_over_both() {
    let env = Env::get();
    let (right, wrong) = (env.anon_key.as_str(), "sb_publishable_wrong");
    // A key that is taken is followed by the database, which is refused.
    let url = &env.supabase_url;
    let flags = [
        "dev",
        "--port",
        "0",
        "--supabase-url",
        url,
        "--database-url",
        "none",
    ];
    for (newer, older, flag, taken) in [
        (right, wrong, None, true),
        (wrong, right, None, false),
        (wrong, wrong, Some(right), true),
        ("", right, None, true),
    ] {
        let variables = [
            ("SUPABASE_PUBLISHABLE_KEY", newer),
            ("SUPABASE_ANON_KEY", older),
        ];
        let mut arguments = flags.to_vec();
        arguments.extend(flag.into_iter().flat_map(|key| ["--anon-key", key]));
        let checkout = Checkout::new();
        let said = refusal(&checkout, &variables, &arguments).await;
        assert_eq!(
            said.contains("this is not a connection string"),
            taken,
            "{said}"
        );
        assert_eq!(
            said.contains("refuses the publishable key"),
            !taken,
            "{said}"
        );
    }
}

#[tokio::test]
async fn dev_refuses_a_database_without_supabases_schemas() {
    let env = Env::get();
    let other = env.database_url.trim_end_matches("postgres").to_owned() + "template1";
    let said = dev(&env.anon_key, &other).await;
    assert!(said.contains("has no table auth.users"), "{said}");
}

#[tokio::test]
async fn dev_refuses_a_role_without_rights() {
    let env = Env::get();
    let other = env.database_url.replace("//postgres:", "//authenticator:");
    let said = dev(&env.anon_key, &other).await;
    let expected = "the role authenticator may not read auth.users: name the role postgres";
    assert!(said.contains(expected), "{said}");
}

#[tokio::test]
async fn token_tells_what_is_wrong_with_the_key_or_the_database() {
    let env = Env::get();
    let alice = "a11ce000-0000-4000-8000-000000000001";
    let template = env.database_url.trim_end_matches("postgres").to_owned() + "template1";
    for (who, key, expected) in [
        (
            "alice@example.com",
            "wrong",
            "Auth refuses: Invalid API key",
        ),
        (alice, &*env.anon_key, "has no table auth.users"),
    ] {
        let checkout = Checkout::new();
        let url = &env.supabase_url;
        let vars = format!(
            "SUPABASE_URL={url}\nSUPABASE_PUBLISHABLE_KEY={key}\nDATABASE_URL={template}\n"
        );
        std::fs::write(checkout.state().join("stack.env"), vars).unwrap();
        let said = refusal(&checkout, &[], &["token", who]).await;
        assert!(said.contains(expected), "{said}");
    }
}

#[tokio::test]
async fn sweep_tells_what_is_wrong_with_the_project_the_key_or_the_account() {
    let env = Env::get();
    let sweeper = "sweeper@example.com";
    let somebody = format!("{}@example.com", Uuid::new_v4());
    let account = json!({ "email": somebody, "password": "password123" });
    let signed_up = Stack::connect()
        .await
        .auth()
        .post("/signup", &account)
        .await;
    assert_eq!(signed_up.status, 200, "{signed_up:?}");
    let is_no_sweeper = format!("{somebody} is not a sweeper: its app_metadata needs");
    for (url, key, account, expected) in [
        (
            "example.supabase.co",
            &*env.anon_key,
            sweeper,
            "--supabase-url takes a project's URL",
        ),
        (
            &*env.edge_url,
            &*env.anon_key,
            sweeper,
            "there is no Supabase at",
        ),
        (&*env.supabase_url, "wrong", sweeper, "refuses"),
        (
            &*env.supabase_url,
            &*env.anon_key,
            &*somebody,
            &*is_no_sweeper,
        ),
        (
            &*env.supabase_url,
            &*env.anon_key,
            "nobody@example.com",
            "the sweeper cannot sign in",
        ),
    ] {
        let arguments = [
            "sweep",
            "--apply",
            "--supabase-url",
            url,
            "--publishable-key",
            key,
            "--email",
            account,
        ];
        let said = refusal(&Checkout::new(), &[], &arguments).await;
        assert!(said.contains(expected), "{said}");
    }
}
