//! Clients that hang up: nobody beside them and nobody after them notices.

use crate::writes::{rows, with_client_id};
use futures_util::future::join_all;
use harness::{Env, Fault, FaultsEnv, Person, Proxy, Stack, chat_path, messages_path};
use serde_json::json;
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use uuid::Uuid;

const CLIENTS: usize = 50;

/// A connection that has written the beginning of a request, or all of it.
async fn written(base: &str, request: &str) -> TcpStream {
    let mut stream = TcpStream::connect(base.trim_start_matches("http://"))
        .await
        .unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

/// Half of them close in good order, half reset the connection.
fn hang_up(streams: Vec<TcpStream>) {
    for (index, stream) in streams.into_iter().enumerate() {
        if index % 2 == 0 {
            stream.set_zero_linger().unwrap();
        }
        drop(stream);
    }
}

fn head(method: &str, path: &str, person: &Person, more: &str) -> String {
    let token = &person.token;
    format!("{method} {path} HTTP/1.1\r\nhost: edge\r\nauthorization: Bearer {token}\r\n{more}\r\n")
}

/// How many established connections there are to a local port, by the kernel's table.
fn connections_to(base: &str) -> usize {
    let port: u16 = base.rsplit(':').next().unwrap().parse().unwrap();
    let local = format!("0100007F:{port:04X}");
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let is_one = |line: &&str| {
        let mut fields = line.split_whitespace().skip(1);
        (fields.next(), fields.nth(1)) == (Some(&local), Some("01"))
    };
    table.lines().filter(is_one).count()
}

async fn wait_for_connections(base: &str, most: usize) {
    for _ in 0..1500 {
        if connections_to(base) <= most {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{} connections to {base} are left", connections_to(base));
}

/// A send and a read each, by people who stay.
async fn are_served(people: &[&Person], chat: Uuid) {
    let served = people.iter().map(|person| async move {
        let (id, body) = with_client_id();
        person.try_send(chat, &body).await.created();
        let listed = person.messages(chat).await;
        assert!(listed.iter().any(|message| message.client_id == Some(id)));
    });
    join_all(served).await;
}

#[tokio::test]
async fn in_the_middle_of_a_requests_body() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let (id, body) = with_client_id();
    let body = body.to_string();
    let (begun, _) = body.split_at(20);
    let path = messages_path(chat);
    let typed = "content-type: application/json\r\n";
    let sized = format!("{typed}content-length: 5000\r\n");
    let chunked = format!("{typed}transfer-encoding: chunked\r\n");
    let env = Env::get();
    for base in [&env.edge_url, &env.messages_url] {
        let people = [
            &alice.at(&stack.function_at(base)),
            &bob.at(&stack.function_at(base)),
        ];
        are_served(&people, chat).await;
        let before = connections_to(base);
        for begin in [
            head("POST", &path, &alice, &sized) + begun,
            head("POST", &path, &alice, &chunked) + "14\r\n" + begun,
        ] {
            let clients = (0..CLIENTS).map(|_| written(base, &begin));
            let clients = join_all(clients).await;
            are_served(&people, chat).await;
            let (_, ()) = futures_util::join!(are_served(&people, chat), async {
                hang_up(clients);
            });
            are_served(&people, chat).await;
            wait_for_connections(base, before).await;
        }
    }
    assert_eq!(rows(&stack, chat, id).await, 0);
}

#[tokio::test]
async fn while_the_upstream_is_being_waited_for() {
    let stack = Stack::connect().await;
    let proxy = Proxy::start().await;
    let base = &FaultsEnv::get().edge_url;
    let [alice, bob] = stack.people().await;
    let people = [
        &alice.at(&stack.function_at(base)),
        &bob.at(&stack.function_at(base)),
    ];
    let chat = stack.direct_chat(&alice, &bob).await;
    are_served(&people, chat).await;
    let before = connections_to(base);

    proxy.set(Fault::Silent).await;
    let read = head("GET", &messages_path(chat), &alice, "");
    let clients = join_all((0..CLIENTS).map(|_| written(base, &read))).await;
    proxy.wait_for_open(CLIENTS).await;
    proxy.set(Fault::None).await;
    let (_, ()) = futures_util::join!(are_served(&people, chat), async {
        hang_up(clients);
    });
    proxy.wait_for_open(0).await;
    wait_for_connections(base, before).await;
    are_served(&people, chat).await;
}

#[tokio::test]
async fn in_the_middle_of_an_answer() {
    let stack = Stack::connect().await;
    let base = &Env::get().edge_url;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    // A page far larger than what the sockets' buffers hold for a client that does not read.
    stack.history(chat, &alice, 100).await;
    let long = "update public.messages set text = repeat('x', 4000) where chat_id = $1";
    stack.execute(long, &[&chat]).await;
    let people = [&alice, &bob];
    are_served(&people, chat).await;
    let before = connections_to(base);
    let page = head(
        "GET",
        &format!("{}?limit=100", messages_path(chat)),
        &alice,
        "",
    );
    let mut clients = join_all((0..CLIENTS).map(|_| written(base, &page))).await;
    for client in &mut clients {
        let mut first = [0; 12];
        client.read_exact(&mut first).await.unwrap();
        assert_eq!(&first, b"HTTP/1.1 200");
    }
    are_served(&people, chat).await;
    let (_, ()) = futures_util::join!(are_served(&people, chat), async {
        hang_up(clients);
    });
    wait_for_connections(base, before).await;
    are_served(&people, chat).await;
    alice.get(&chat_path(chat)).await.ok();
    alice
        .try_send(chat, &json!({ "text": "after" }))
        .await
        .created();
}
