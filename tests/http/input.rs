//! Requests that no client of the API makes, and what every answer carries.

use harness::{Client, Env, Method, Stack, exchange, exchange_and_end, messages_path};
use uuid::Uuid;

#[tokio::test]
async fn equal_names_and_deep_nesting_are_400() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let deep = format!(
        r#"{{"text":"hello","more":{}{}}}"#,
        "[".repeat(32),
        "]".repeat(32)
    );
    for body in [
        r#"{"text":"hello","text":"hello"}"#,
        r#"{"text":"hello","\u0074ext":"bye"}"#,
        r#"{"text":"hello","more":{"a":1,"a":2}}"#,
        &deep,
    ] {
        let call = alice.call(Method::POST, &messages_path(chat));
        let answer = call.raw_json(body.to_owned()).send().await;
        answer.refused(400, "invalid_json");
    }
    assert_eq!(alice.messages(chat).await, []);
}

#[tokio::test]
async fn methods_that_no_route_has_are_405() {
    let stack = Stack::connect().await;
    let [alice] = stack.people().await;
    let unheard_of = Method::from_bytes(b"PROPFIND").unwrap();
    for method in [Method::OPTIONS, Method::TRACE, Method::PUT, unheard_of] {
        let answer = alice.call(method, "/chats").send().await;
        answer.not_allowed(&["GET", "HEAD", "POST"]);
    }
}

#[tokio::test]
async fn a_head_that_nobody_needs_is_400_and_goes_nowhere() {
    let stack = Stack::connect().await;
    let [alice] = stack.people().await;
    let request_id = Uuid::new_v4().to_string();
    let long = format!("/chats?more={}", "x".repeat(16_384));
    let call = alice.call(Method::GET, &long).request_id(&request_id);
    call.send().await.invalid(&["url"]);
    let mut call = alice.call(Method::GET, "/chats").request_id(&request_id);
    for number in 0..101 {
        call = call.header(&format!("x-more-{number}"), "1");
    }
    call.send().await.invalid(&["headers"]);
    assert_eq!(stack.upstream(&request_id).await, [""; 0]);
}

#[tokio::test]
async fn a_body_ends_at_64_kib_whatever_it_says_of_itself() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let env = Env::get();
    let messages = messages_path(chat);
    let token = &alice.token;
    let long = "x".repeat(64 * 1024);
    let chunk = format!("1000b\r\n{{\"text\":\"{long}\r\n");
    for (base, path) in [
        (&env.edge_url, &*messages),
        (&env.messages_url, &messages),
        (&env.edge_url, "/chats"),
        (&env.chats_url, "/chats"),
    ] {
        let post = format!(
            "POST {path} HTTP/1.1\r\nHost: edge\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\n"
        );
        // Both are answered before their end, which never comes.
        for rest in [
            format!("Transfer-Encoding: chunked\r\n\r\n{chunk}"),
            "Content-Length: 65537\r\n\r\n{".to_owned(),
        ] {
            let answer = exchange(base, &(post.clone() + &rest)).await;
            answer.refused(413, "payload_too_large");
        }
        // What is beyond its own length is no part of it.
        let short = post + "Content-Length: 9\r\n\r\n{\"text\":\"hello\"}";
        exchange(base, &short).await.refused(400, "invalid_json");
    }
    assert_eq!(alice.messages(chat).await, []);
}

#[tokio::test]
async fn a_body_of_single_bytes_is_read_to_its_end_and_no_further() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let env = Env::get();
    for (n, base) in [&env.edge_url, &env.messages_url].into_iter().enumerate() {
        let mut body = format!(r#"{{"text":"hello {n}"}}"#);
        let post = format!(
            "POST {} HTTP/1.1\r\nHost: edge\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
            messages_path(chat),
            alice.token
        );
        let chunked = |body: &str| {
            let chunks: String = body.chars().map(|c| format!("1\r\n{c}\r\n")).collect();
            format!("{post}{chunks}0\r\n\r\n")
        };
        exchange(base, &chunked(&body)).await.created();
        body.extend(std::iter::repeat_n(' ', 64 * 1024 - body.len()));
        exchange(base, &chunked(&body)).await.created();
        body.push(' ');
        let answer = exchange(base, &chunked(&body)).await;
        answer.refused(413, "payload_too_large");
    }
    let texts = alice.messages(chat).await;
    let texts: Vec<_> = texts
        .iter()
        .map(|message| message.text.as_deref())
        .collect();
    let sent = ["hello 1", "hello 1", "hello 0", "hello 0"].map(Some);
    assert_eq!(texts, sent);
}

#[tokio::test]
async fn a_body_that_ends_early_is_its_clients_fault() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let env = Env::get();
    let post = format!(
        "POST {} HTTP/1.1\r\nHost: edge\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\n",
        messages_path(chat),
        alice.token
    );
    for base in [&env.edge_url, &env.messages_url] {
        for rest in [
            "Content-Length: 50\r\n\r\n{\"text\"",
            "Transfer-Encoding: chunked\r\n\r\n7\r\n{\"text\"",
        ] {
            let answer = exchange_and_end(base, &(post.clone() + rest)).await;
            answer.invalid(&[""]);
        }
    }
    assert_eq!(alice.messages(chat).await, []);
}

/// Written as they stand: a proper client would tidy them up.
#[tokio::test]
async fn a_path_that_could_mean_another_goes_nowhere() {
    let stack = Stack::connect().await;
    let [alice] = stack.people().await;
    let request_id = Uuid::new_v4().to_string();
    let long = format!("/chats/{}", "a".repeat(8_000));
    for path in [
        "//chats",
        "//evil.example/chats",
        "/chats/..%2f..%2frest",
        "/chats/%2e%2e/chats",
        "/chats/%00",
        "/chats%00",
        "/chats%2f",
        "/chats/..;/chats",
        "/chats\\..\\chats/x",
        &long,
    ] {
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: edge\r\nAuthorization: Bearer {}\r\n\
             X-Request-Id: {request_id}\r\n\r\n",
            alice.token
        );
        let answer = exchange(&Env::get().edge_url, &request).await;
        match answer.status {
            400 => answer.refused(400, "invalid_id"),
            _ => answer.refused(404, "route_not_found"),
        }
    }
    assert_eq!(stack.upstream(&request_id).await, [""; 0]);
}

#[tokio::test]
async fn one_authorization_header_is_read_and_two_are_none() {
    let stack = Stack::connect().await;
    let [alice] = stack.people().await;
    let token = &alice.token;
    for (lines, refusal) in [
        (format!("Authorization: Bearer {token}"), None),
        (format!("Authorization:   bEARER   {token}  "), None),
        (format!("Authorization: Bearer {token}\t"), None),
        (
            format!("Authorization: Bearer\t{token}"),
            Some("missing_token"),
        ),
        (
            format!("Authorization: Bearer {token}\r\nAuthorization: Bearer {token}"),
            Some("invalid_token"),
        ),
        (
            format!("Authorization: Bearer {token}\r\nAuthorization: Basic YTpi"),
            Some("invalid_token"),
        ),
    ] {
        let request = format!("GET /chats HTTP/1.1\r\nHost: edge\r\n{lines}\r\n\r\n");
        let answer = exchange(&Env::get().edge_url, &request).await;
        match refusal {
            None => drop(answer.ok()),
            Some(code) => answer.refused(401, code),
        }
    }
}

#[tokio::test]
async fn an_answer_tells_where_its_time_went() {
    let stack = Stack::connect().await;
    let [alice] = stack.people().await;
    let timing = async || {
        let answer = alice.get("/chats").await;
        answer.ok();
        let header = answer.header("server-timing").unwrap_or_default();
        let names = header
            .split(", ")
            .filter_map(|entry| entry.split(";dur=").next())
            .map(str::to_owned);
        (names.collect::<Vec<_>>(), header.contains(";desc=hit"))
    };
    let names = ["total", "verify", "upstream"].map(str::to_owned).to_vec();
    timing().await;
    assert_eq!(timing().await, (names, true));
}

#[tokio::test]
async fn answers_are_nobody_elses_to_keep() {
    let stack = Stack::connect().await;
    let [alice] = stack.people().await;
    let callers: [(Client, &str); 2] = [
        (stack.edge().bearer(&alice.token), "/chats"),
        (stack.edge(), "/elsewhere"),
    ];
    for (caller, path) in callers {
        let answer = caller.get(path).await;
        assert_eq!(answer.header("cache-control"), Some("private, no-store"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    }
}
