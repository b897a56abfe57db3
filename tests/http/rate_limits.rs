//! Rate limits: at the edge, on instances that allow little, and the database's behind them.
//!
//! A window of time may end in the middle of a burst, which then gets twice the limit. So these
//! tests send more than that at once, and say at least and at most.

use futures_util::future::join_all;
use harness::{Answer, Client, Env, Method, Person, Stack, chat_path, messages_path};
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

const SENDS: usize = 3;
const OPENINGS: usize = 3;
const SEARCHES: usize = 3;
const REQUESTS: usize = 40;

struct Limited {
    edge: Client,
    chats: Client,
    messages: Client,
}

fn limited(stack: &Stack) -> Limited {
    let env = Env::get();
    Limited {
        edge: stack.function_at(&env.limited_edge_url),
        chats: stack.function_at(&env.limited_chats_url),
        messages: stack.function_at(&env.limited_messages_url),
    }
}

/// The 429 of a limit with this period.
#[track_caller]
fn is_limited(answer: &Answer, period: &str) {
    answer.refused(429, "rate_limited");
    assert_eq!(answer.header("retry-after"), Some(period));
}

/// Sends that many at once; returns the texts that were taken. The others are refused.
async fn burst(person: &Person, chat: Uuid, count: usize) -> Vec<String> {
    let texts = (0..count).map(|n| format!("Burst {n}"));
    let sends = texts.map(|text| async {
        let answer = person.try_send(chat, &json!({ "text": text })).await;
        (text, answer)
    });
    let mut taken = Vec::new();
    for (text, answer) in join_all(sends).await {
        if answer.status == 201 {
            taken.push(text);
        } else {
            is_limited(&answer, "10");
        }
    }
    taken
}

/// Calls until a limit with this period refuses.
async fn until_limited(person: &Person, method: Method, path: &str, body: &Value, period: &str) {
    for _ in 0..20 * REQUESTS {
        let answer = person.call(method.clone(), path).json(body).send().await;
        if answer.status == 429 {
            return is_limited(&answer, period);
        }
    }
    panic!("nothing limits {method} {path}");
}

#[tokio::test]
async fn sends_are_limited_and_what_is_refused_is_not_written() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let limited = limited(&stack);

    let mut taken = burst(&alice.at(&limited.edge), chat, 3 * SENDS).await;
    assert!((SENDS..=2 * SENDS).contains(&taken.len()), "{taken:?}");
    let mut stored: Vec<_> = bob.messages(chat).await;
    stored.sort_by(|one, other| one.text.cmp(&other.text));
    taken.sort();
    let stored: Vec<_> = stored
        .into_iter()
        .filter_map(|message| message.text)
        .collect();
    assert_eq!(stored, taken);

    // An attempt counts, whatever would have come of it. Everything else goes on, and so does
    // everybody else.
    let alice = alice.at(&limited.edge);
    until_limited(
        &alice,
        Method::POST,
        &messages_path(chat),
        &json!({ "text": " " }),
        "10",
    )
    .await;
    alice.chat(chat).await;
    let edited = bob.at(&limited.edge).send(chat, "Not me").await;
    bob.at(&limited.edge)
        .edit(chat, edited.id, "Nor my edits")
        .await;
}

#[tokio::test]
async fn opening_chats_is_limited() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    stack.friends(&alice, &bob).await;
    let limited = limited(&stack);
    let alice_limited = alice.at(&limited.edge);
    let openings = (0..3 * OPENINGS).map(|_| alice_limited.open(bob.id));
    let answers = join_all(openings).await;
    let refused: Vec<_> = answers
        .iter()
        .filter(|answer| answer.status == 429)
        .collect();
    let opened = answers.len() - refused.len();
    assert!((OPENINGS..=2 * OPENINGS).contains(&opened), "{opened}");
    for answer in refused {
        is_limited(answer, "60");
    }
    bob.at(&limited.edge).open(alice.id).await.ok();
    alice_limited.get("/chats").await.ok();
}

#[tokio::test]
async fn searches_are_limited() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let limited = limited(&stack);
    let alice = alice.at(&limited.edge);
    let searches = (0..3 * SEARCHES).map(|_| alice.get("/search?q=hello"));
    let answers = join_all(searches).await;
    let refused = answers.iter().filter(|answer| answer.status == 429);
    let refused: Vec<_> = refused.collect();
    let searched = answers.len() - refused.len();
    assert!((SEARCHES..=2 * SEARCHES).contains(&searched), "{searched}");
    for answer in refused {
        is_limited(answer, "10");
    }
    bob.at(&limited.edge).get("/search?q=hello").await.ok();
    alice.get("/mentions").await.ok();
}

#[tokio::test]
async fn requests_are_limited_across_the_functions() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let limited = limited(&stack);
    let (at_chats, at_messages) = (alice.at(&limited.chats), alice.at(&limited.messages));

    // A window may end between the two; then the second is let in, and the first is tried again.
    for _ in 0..10 {
        until_limited(&at_chats, Method::GET, &chat_path(chat), &json!({}), "10").await;
        let answer = at_messages.get(&messages_path(chat)).await;
        if answer.status == 429 {
            is_limited(&answer, "10");
            bob.at(&limited.messages).messages(chat).await;
            // Nobody is known at /health, so nobody is limited.
            for _ in 0..2 * REQUESTS {
                alice.at(&limited.edge).get("/health").await.ok();
            }
            return;
        }
        answer.ok();
    }
    panic!("what one function counts is nothing to the other");
}

#[tokio::test]
async fn requests_are_limited_behind_the_gateway() {
    let stack = Stack::connect().await;
    let [alice] = stack.people().await;
    let alice = alice.at(&limited(&stack).edge);
    let paths = [chat_path(Uuid::new_v4()), messages_path(Uuid::new_v4())];
    let calls = (0..3 * REQUESTS).map(async |n| match paths.get(n % 3) {
        Some(path) => alice.get(path).await,
        None => alice.try_reserve(&json!({})).await,
    });
    let answers = join_all(calls).await;
    let refused: Vec<_> = answers
        .iter()
        .filter(|answer| answer.status == 429)
        .collect();
    let passed = answers.len() - refused.len();
    assert!((REQUESTS..=2 * REQUESTS).contains(&passed), "{passed}");
    for answer in refused {
        is_limited(answer, "10");
    }
}

#[tokio::test]
async fn what_is_refused_asks_nothing_upstream_and_a_page_may_read_the_refusal() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let alice = alice.at(&limited(&stack).edge);
    let path = messages_path(chat);
    for _ in 0..20 * SENDS {
        let request_id = Uuid::new_v4().to_string();
        let call = alice.call(Method::POST, &path).request_id(&request_id);
        let call = call.header("origin", "http://localhost:3000");
        let answer = call.json(&json!({ "text": "Hello!" })).send().await;
        let upstream = stack.upstream(&request_id).await;
        if answer.status == 201 {
            assert_eq!(upstream, ["POST /rest/v1/rpc/send_message 201"]);
            continue;
        }
        is_limited(&answer, "10");
        assert_eq!(upstream, [""; 0]);
        let origin = answer.header("access-control-allow-origin");
        assert_eq!(origin, Some("http://localhost:3000"));
        let exposed = answer.header("access-control-expose-headers");
        assert!(exposed.is_some_and(|names| names.contains("retry-after")));
        return;
    }
    panic!("nothing is limited");
}

#[tokio::test]
async fn a_stranger_is_told_so_before_any_limit() {
    let stack = Stack::connect().await;
    let edge = limited(&stack).edge;
    let calls = (0..2 * REQUESTS).map(|_| edge.get("/chats"));
    for answer in join_all(calls).await {
        answer.refused(401, "missing_token");
    }
}

#[tokio::test]
async fn a_refused_send_succeeds_after_the_time_that_it_was_told() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let alice_limited = alice.at(&limited(&stack).edge);
    let path = messages_path(chat);
    until_limited(
        &alice_limited,
        Method::POST,
        &path,
        &json!({ "text": "!" }),
        "10",
    )
    .await;

    let body = json!({ "text": "At last", "clientId": Uuid::new_v4() });
    let answer = loop {
        let answer = alice_limited.try_send(chat, &body).await;
        if answer.status != 429 {
            // The window ended just now; what matters is that it was not sent before.
            break answer;
        }
        let seconds = answer.header("retry-after").unwrap().parse().unwrap();
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    };
    let sent = answer.created();
    assert_eq!(alice.try_send(chat, &body).await.ok(), sent);
    let stored = bob.messages(chat).await;
    let once = stored
        .iter()
        .filter(|message| message.text.as_deref() == Some("At last"));
    assert_eq!(once.count(), 1);
}

#[tokio::test]
async fn without_limits_nothing_is_limited() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let alice = alice.at(&stack.function_at(&Env::get().unlimited_url));
    let count = 3 * SENDS;
    assert_eq!(burst(&alice, chat, count).await.len(), count);
}

#[tokio::test]
async fn limits_that_fail_let_everything_pass_and_the_log_says_so() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let function = stack.function_at(&Env::get().failing_limits_url);
    let request_id = Uuid::new_v4().to_string();
    let call = alice.at(&function).call(Method::POST, &messages_path(chat));
    let call = call
        .request_id(&request_id)
        .json(&json!({ "text": "Hello!" }));
    call.send().await.created();
    let log = std::fs::read_to_string(&Env::get().functions_log).unwrap();
    let line = log.lines().find(|line| line.contains(&request_id));
    let line: Value = serde_json::from_str(line.unwrap()).unwrap();
    assert_eq!(line["limiterFailed"], json!(true), "{line}");
}

/// The database's limit, as if a person had used it up and the window ended in a minute.
async fn use_up(stack: &Stack, person: &Person) {
    let sql = "insert into chat.allowances (user_id, name, window_start, used)
               values ($1, 'send', clock_timestamp() + interval '50 seconds', 1000000)";
    assert_eq!(stack.execute(sql, &[&person.id]).await, 1);
}

#[tokio::test]
async fn behind_the_edge_the_database_limits_sends() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    use_up(&stack, &alice).await;
    let body = json!({ "text": "One more", "clientId": Uuid::new_v4() });
    let answer = alice.try_send(chat, &body).await;
    answer.refused(429, "rate_limited");
    let seconds: u32 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    assert_eq!(bob.messages(chat).await, []);
    bob.send(chat, "Not me").await;

    let over = "update chat.allowances set window_start = clock_timestamp() - interval '10 seconds' where user_id = $1 and name = 'send'";
    assert_eq!(stack.execute(over, &[&alice.id]).await, 1);
    alice.try_send(chat, &body).await.created();
}

#[tokio::test]
async fn who_goes_round_the_edge_meets_the_databases_limit() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    use_up(&stack, &alice).await;
    let body = json!({ "chat_id": chat, "text": "One more" });
    let postgrest = stack.postgrest(&alice);
    postgrest
        .post("/rpc/send_message", &body)
        .await
        .raised(429, "rate_limited");
    assert_eq!(bob.messages(chat).await, []);
}

#[tokio::test]
async fn sends_at_once_share_what_is_left_of_the_databases_limit() {
    const LEFT: usize = 5;
    let stack = Stack::connect().await;
    let [alice, bob, carol] = stack.people().await;
    let chats = [
        stack.direct_chat(&alice, &bob).await,
        stack.direct_chat(&alice, &carol).await,
    ];
    // The tests' limit is a million.
    use_up(&stack, &alice).await;
    let left = "update chat.allowances set used = 1000000 - $2::integer where user_id = $1 and name = 'send'";
    let count = i32::try_from(LEFT).unwrap();
    assert_eq!(stack.execute(left, &[&alice.id, &count]).await, 1);
    let sends = (0..4 * LEFT).map(|n| {
        let body = json!({ "text": format!("Burst {n}") });
        let (alice, chat) = (&alice, chats[n % 2]);
        async move { alice.try_send(chat, &body).await }
    });
    let answers = join_all(sends).await;
    let taken = answers.iter().filter(|answer| answer.status == 201);
    assert_eq!(taken.count(), LEFT);
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        answer.refused(429, "rate_limited");
    }
    let stored = bob.messages(chats[0]).await.len() + carol.messages(chats[1]).await.len();
    assert_eq!(stored, LEFT);
}

#[tokio::test]
async fn a_flood_does_not_wait_for_a_chats_lock() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    use_up(&stack, &alice).await;
    // Held all the while: a request that waited for it would get 504.
    let lock = stack.lock_chat(chat).await;
    let answer = alice.try_send(chat, &json!({ "text": "One more" })).await;
    answer.refused(429, "rate_limited");
    lock.release().await;
}

#[tokio::test]
async fn who_waits_for_one_chat_may_send_to_another() {
    let stack = Stack::connect().await;
    let [alice, bob, carol] = stack.people().await;
    let (busy, free) = (
        stack.direct_chat(&alice, &bob).await,
        stack.direct_chat(&alice, &carol).await,
    );
    let lock = stack.lock_chat(busy).await;
    let waiting = async {
        let sent = alice.send(busy, "Later").await;
        assert_eq!(sent.rev, 1);
    };
    let meanwhile = async {
        lock.wait_for(1).await;
        alice.send(free, "Now").await;
        lock.release().await;
    };
    tokio::join!(waiting, meanwhile);
}
