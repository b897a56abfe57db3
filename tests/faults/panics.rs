//! What a panic costs: its own request and those in flight beside it. Nobody after them notices.

use std::time::Duration;

use futures_util::{future::join_all, join};
use harness::{
    Answer, Chat, ChatPage, Client, Env, Fault, FaultsEnv, Method, Person, Proxy, Stack,
};
use serde_json::json;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

/// How long a request that cannot be answered any more may be kept, once its upstream has answered.
const SOON: Duration = Duration::from_secs(2);

/// The Worker that panics, reached directly and by its gateway.
#[derive(Clone, Copy, Debug)]
enum Way {
    Direct,
    Gateway,
}

impl Way {
    const BOTH: [Way; 2] = [Way::Direct, Way::Gateway];

    fn client(self, stack: &Stack) -> Client {
        let env = FaultsEnv::get();
        // Not the API: a Worker of the tests, which has routes that panic.
        stack.server_at(match self {
            Way::Direct => &env.panicking_url,
            Way::Gateway => &env.panicking_edge_url,
        })
    }

    /// Asserts what a lost request is answered: the runtime's own error, or the gateway's.
    #[track_caller]
    fn lost(self, answer: &Answer) {
        match self {
            Way::Direct => {
                assert_eq!(answer.status, 500, "{}", answer.text());
                // The text is workerd's and names nothing. Cloudflare's is a page of its own.
                assert_eq!(answer.text(), "Internal Server Error");
            }
            Way::Gateway => {
                answer.refused(503, "unavailable");
                assert_eq!(answer.header("retry-after"), Some("2"));
            }
        }
    }
}

async fn lists_chats(alice: &Person) {
    assert_eq!(chats(&alice.get("/chats").await), []);
}

fn chats(answer: &Answer) -> Vec<Chat> {
    ChatPage::read(&answer.ok()).data
}

/// The log has the place of the panics and not their message, which may quote what somebody wrote.
fn only_the_place_is_logged() {
    let log = std::fs::read_to_string(&Env::get().functions_log).unwrap();
    assert!(log.contains("panicked at tests/panicking/src/lib.rs:"));
    assert!(!log.contains("secret-of-a-panic"));
}

#[tokio::test]
async fn its_own_request_is_lost_and_the_next_one_is_right() {
    let stack = Stack::connect().await;
    let _proxy = Proxy::start().await;
    let [alice] = stack.people().await;
    for way in Way::BOTH {
        let client = way.client(&stack);
        let alice = alice.at(&client);
        for _ in 0..10 {
            lists_chats(&alice).await;
            way.lost(&client.get("/chats/panic").await);
        }
        lists_chats(&alice).await;
    }
    only_the_place_is_logged();
}

#[tokio::test]
async fn those_in_flight_are_lost_and_those_that_come_later_are_not() {
    const BESIDE: usize = 20;
    let stack = Stack::connect().await;
    let proxy = Proxy::start().await;
    let [alice] = stack.people().await;
    for way in Way::BOTH {
        let client = way.client(&stack);
        let alice = alice.at(&client);
        lists_chats(&alice).await;
        proxy.set(Fault::Held).await;
        let in_flight = join_all((0..BESIDE).map(|_| alice.get("/chats")));
        let (in_flight, (later, released)) = join!(in_flight, async {
            proxy.wait_for_open(BESIDE).await;
            way.lost(&client.get("/chats/panic").await);
            client.get("/chats/state").await.ok();
            // This one waits upstream beside those that are lost.
            join!(alice.get("/chats"), async {
                proxy.wait_for_open(BESIDE + 1).await;
                proxy.set(Fault::None).await;
                Instant::now()
            })
        });
        assert!(released.elapsed() < SOON, "{way:?}");
        for answer in in_flight {
            way.lost(&answer);
        }
        assert_eq!(chats(&later), []);
        lists_chats(&alice).await;
    }
}

/// Requests that arrive between two panics of one instance are answered.
#[tokio::test]
async fn one_a_second_under_fifty_requests_a_second() {
    const EVERY: Duration = Duration::from_millis(20);
    const REQUESTS: u32 = 300;
    let stack = Stack::connect().await;
    let _proxy = Proxy::start().await;
    let [alice] = stack.people().await;
    for way in Way::BOTH {
        let client = way.client(&stack);
        let alice = &alice.at(&client);
        let client = &client;
        lists_chats(alice).await;
        let timed = async |wait: Duration, path: &'static str| {
            sleep(wait).await;
            let begun = Instant::now();
            let answer = alice.get(path).await;
            (begun, Instant::now(), answer)
        };
        let reads = (0..REQUESTS).map(|number| timed(EVERY * number, "/chats"));
        let panics = (1..REQUESTS / 50).map(|number| {
            let between = EVERY * 50 * number + EVERY / 2;
            timed(between, "/chats/panic")
        });
        let (reads, panics) = join!(join_all(reads), join_all(panics));
        for (_, _, answer) in &panics {
            way.lost(answer);
        }
        let mut lost = 0;
        for (begun, ended, answer) in &reads {
            if answer.status == 200 {
                assert_eq!(chats(answer), []);
                continue;
            }
            way.lost(answer);
            lost += 1;
            // Only what was in flight beside a panic.
            let beside = panics
                .iter()
                .any(|panic| *begun < panic.1 && panic.0 < *ended);
            assert!(beside, "{way:?}: lost without a panic beside it");
            assert!(*ended - *begun < SOON, "{way:?}: {:?}", *ended - *begun);
        }
        assert!(lost < REQUESTS / 10, "{way:?}: {lost} are lost");
        client.get("/chats/state").await.ok();
    }
    only_the_place_is_logged();
}

#[tokio::test]
async fn what_it_leaves_broken_is_gone_with_the_instance() {
    let stack = Stack::connect().await;
    let instance = Way::Direct.client(&stack);
    for _ in 0..3 {
        instance.get("/state").await.ok();
        Way::Direct.lost(&instance.get("/break").await);
        instance.get("/state").await.ok();
    }
    only_the_place_is_logged();
}

#[tokio::test]
async fn many_at_once_and_no_end() {
    let stack = Stack::connect().await;
    let instance = Way::Direct.client(&stack);
    for _ in 0..20 {
        for answer in join_all((0..20).map(|_| instance.get("/panic"))).await {
            Way::Direct.lost(&answer);
        }
        instance.get("/state").await.ok();
    }
}

/// Nobody can tell what it has left behind, so the instance ends with it.
#[tokio::test]
async fn a_trap_that_is_no_panic_is_over_with_its_instance() {
    let stack = Stack::connect().await;
    let instance = Way::Direct.client(&stack);
    for _ in 0..3 {
        instance.get("/state").await.ok();
        Way::Direct.lost(&instance.get("/panic").await);
        Way::Direct.lost(&instance.get("/trap").await);
        instance.get("/state").await.ok();
    }
}

/// The gateway answers for a function that cannot, and writes the line that the function has not.
#[tokio::test]
async fn a_function_that_is_gone_is_unavailable_behind_the_gateway() {
    let stack = Stack::connect().await;
    let edge = Way::Gateway.client(&stack);
    for path in ["/chats/trap", "/chats/panic"] {
        for method in [Method::GET, Method::POST] {
            let request_id = Uuid::new_v4().to_string();
            let call = edge.call(method.clone(), path);
            let call = if method == Method::POST {
                call.json(&json!({}))
            } else {
                call
            };
            let answer = call.request_id(&request_id).send().await;
            Way::Gateway.lost(&answer);
            assert_eq!(answer.header("x-request-id"), Some(&*request_id));
            let line = stack.log_line(&request_id, "gateway").await;
            assert_eq!(line["method"], method.as_str());
            assert_eq!(line["route"], "/chats/:id");
            assert_eq!(line["code"], "unavailable");
            let next = edge.get("/chats/elsewhere").await;
            next.refused(404, "route_not_found");
        }
    }
}

#[tokio::test]
async fn no_function_has_such_a_route() {
    let stack = Stack::connect().await;
    let env = Env::get();
    for url in [&env.edge_url, &env.chats_url, &env.messages_url] {
        for path in ["/panic", "/break", "/trap", "/state"] {
            let answer = stack.function_at(url).get(path).await;
            answer.refused(404, "route_not_found");
        }
    }
}
