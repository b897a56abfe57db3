//! How often an instance fetches the keys. It takes them from the platform's Cache API where another
//! one has left them, and tokens that name unknown keys do not make it fetch without end.
//!
//! Each project here has a name, under which the access log tells who fetched its keys.

use chrono::Utc;
use futures_util::{StreamExt, stream};
use harness::{Algorithm, Answer, Call, Env, Method, Stack, tokens};
use std::time::{Duration, Instant};
use uuid::Uuid;

use super::by_key;

const KEY_SET: &str = "/auth/v1/.well-known/jwks.json";
/// How long keys are believed, in milliseconds.
const LIFETIME: i64 = 600_000;
/// The least time between two fetches because of an unknown `kid`, in seconds.
const UNKNOWN_KID_INTERVAL: u64 = 30;
const FLOOD: usize = 1_000;
const AT_ONCE: usize = 50;

/// How often the keys of a project have been fetched.
async fn fetches(stack: &Stack, project: &str) -> usize {
    let fetch = format!("GET /of/{project}{KEY_SET} 200");
    // A fetch of keys carries no request id.
    let upstream = stack.upstream("-").await;
    upstream.iter().filter(|line| **line == fetch).count()
}

/// Somebody new reads with a token by the ES256 key.
async fn read(stack: &Stack, instance: &str) {
    let [alice] = stack.people().await;
    let instance = stack.function_at(instance);
    let alice = by_key(stack, &alice, Algorithm::ES256, &instance).await;
    assert_eq!(alice.chats().await, []);
}

/// The entry of a project's keys in the cache that instances share.
fn entry(stack: &Stack, method: Method, project: &str) -> Call {
    let env = Env::get();
    let host = env.supabase_url.trim_start_matches("http://");
    let cache = stack.server_at(&env.shared_cache_url);
    let call = cache.call(method, &format!("/of/{project}{KEY_SET}"));
    call.header("host", host)
}

/// When the keys of an entry were fetched, and the keys.
fn stamp_and_keys(entry: &Answer) -> (i64, String) {
    let text = entry.text();
    let (stamp, keys) = text.split_once('\n').unwrap();
    (stamp.parse().unwrap(), keys.to_owned())
}

/// Puts the keys there as though another instance had fetched them at this time.
async fn leave(stack: &Stack, project: &str, fetched_at: i64) {
    let keys = stack.auth().get("/.well-known/jwks.json").await.text();
    let left = format!("HTTP/1.1 200 OK\r\nCache-Control: max-age=600\r\n\r\n{fetched_at}\n{keys}");
    let put = entry(stack, Method::PUT, project).body(left);
    put.send().await.no_content();
}

fn now() -> i64 {
    Utc::now().timestamp_millis()
}

#[tokio::test]
async fn keys_that_one_instance_has_fetched_another_takes_from_the_cache() {
    let stack = Stack::connect().await;
    let env = Env::get();
    let begun = now();
    read(&stack, &env.keys_fetched_url).await;
    let done = now();
    assert_eq!(fetches(&stack, "passed-on").await, 1);

    let left = entry(&stack, Method::GET, "passed-on").send().await;
    assert_eq!(left.status, 200);
    assert_eq!(left.header("cache-control"), Some("max-age=600"));
    let (stamp, keys) = stamp_and_keys(&left);
    assert!((begun..=done).contains(&stamp), "{begun} {stamp} {done}");
    let published = stack.auth().get("/.well-known/jwks.json").await;
    assert_eq!(keys, published.text());

    for _ in 0..2 {
        read(&stack, &env.keys_passed_on_url).await;
    }
    assert_eq!(fetches(&stack, "passed-on").await, 1);
}

#[tokio::test]
async fn keys_from_the_cache_are_ten_minutes_old_when_they_are_fetched_anew() {
    let stack = Stack::connect().await;
    let instance = &Env::get().keys_aged_url;
    let fetched_at = now() - LIFETIME + 10_000;
    leave(&stack, "aged", fetched_at).await;
    read(&stack, instance).await;
    assert_eq!(fetches(&stack, "aged").await, 0);

    let rest = fetched_at + LIFETIME - now();
    tokio::time::sleep(Duration::from_millis(rest.unsigned_abs() + 100)).await;
    let begun = now();
    read(&stack, instance).await;
    assert_eq!(fetches(&stack, "aged").await, 1);
    let anew = entry(&stack, Method::GET, "aged").send().await;
    assert!(stamp_and_keys(&anew).0 >= begun);
}

/// Sends tokens with unknown kids, all of which are refused, and sound ones among them, none of
/// which is. However many they are, the keys are fetched once, and once more each 30 seconds.
async fn flood(stack: &Stack, instance: &str, project: &str) {
    let before = fetches(stack, project).await;
    let claims = &tokens::claims(Uuid::new_v4());
    let function = &stack.function_at(instance);
    let begun = Instant::now();
    stream::iter(0..FLOOD)
        .for_each_concurrent(AT_ONCE, |number| async move {
            let unknown = Uuid::new_v4().to_string();
            let token = tokens::sign_with_key(claims, Algorithm::ES256, &unknown);
            let caller = function.clone().bearer(&token);
            caller.get("/chats").await.refused(401, "invalid_token");
            if number % AT_ONCE == 0 {
                read(stack, instance).await;
            }
        })
        .await;
    let most = 1 + begun.elapsed().as_secs() / UNKNOWN_KID_INTERVAL;
    let fetched = fetches(stack, project).await - before;
    assert!(
        (1..=most).contains(&(fetched as u64)),
        "{fetched} fetches, not 1 to {most}"
    );
}

#[tokio::test]
async fn a_flood_of_unknown_kids_makes_an_instance_with_keys_fetch_once_in_30_seconds() {
    let stack = Stack::connect().await;
    let instance = &Env::get().keys_flooded_url;
    // Older than what an unknown kid is satisfied with, so that nothing has to be waited for.
    leave(&stack, "flooded", now() - 40_000).await;
    read(&stack, instance).await;
    assert_eq!(fetches(&stack, "flooded").await, 0);
    flood(&stack, instance, "flooded").await;
}

#[tokio::test]
async fn a_flood_of_unknown_kids_makes_an_instance_without_keys_or_cache_fetch_once_in_30_seconds()
{
    let stack = Stack::connect().await;
    let instance = &Env::get().keys_flooded_alone_url;
    flood(&stack, instance, "flooded-alone").await;
}
