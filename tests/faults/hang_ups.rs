//! Clients that hang up: nobody beside them and nobody after them notices.

use crate::writes::{rows, with_client_id};
use futures_util::future::join_all;
use harness::{Env, Fault, FaultsEnv, Method, Person, Proxy, Stack, chat_path, messages_path};
use serde_json::json;
use socket2::SockRef;
use std::{path::Path, pin::pin, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
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

/// The same, of a client that can take little at a time: neither its window nor its segments let the
/// server's side of the connection buffer a page, so that an answer stays unfinished.
async fn written_through_a_straw(base: &str, request: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    SockRef::from(&socket).set_tcp_mss(536).unwrap();
    let address = base.trim_start_matches("http://").parse().unwrap();
    let mut stream = socket.connect(address).await.unwrap();
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

/// Of each established connection to a local port how many bytes wait in the server's buffer, by the
/// kernel's table.
fn unsent(base: &str) -> Vec<usize> {
    let port: u16 = base.rsplit(':').next().unwrap().parse().unwrap();
    let local = format!("0100007F:{port:04X}");
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let of_one = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [_, address, _, state, queues, ..] = *fields else {
            return None;
        };
        let (unsent, _) = queues.split_once(':')?;
        let is_one = address == local && state == "01";
        is_one.then(|| usize::from_str_radix(unsent, 16).unwrap())
    };
    table.lines().filter_map(of_one).collect()
}

fn connections_to(base: &str) -> usize {
    unsent(base).len()
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
    let base = &FaultsEnv::get().patient_url;
    let [alice] = stack.people().await;
    let alice = alice.at(&stack.function_at(base));
    alice.get("/chats").await.ok();
    let before = connections_to(base);

    proxy.set(Fault::Silent).await;
    let mut one_who_stays = pin!(alice.get("/chats"));
    let the_others = async {
        let read = head("GET", "/chats", &alice, "");
        let clients = join_all((0..CLIENTS).map(|_| written(base, &read))).await;
        proxy.wait_for_open(CLIENTS + 1).await;
        proxy.set(Fault::None).await;
        alice.get("/chats").await.ok();
        hang_up(clients);
        alice.get("/chats").await.ok();
        // workerd notices a reset at once and gives up the request upstream. A client that closes in
        // good order might still read, so for it the request goes on until its deadline.
        proxy.wait_for_open(CLIENTS / 2 + 1).await;
    };
    tokio::select! {
        answer = &mut one_who_stays => panic!("{answer:?} came before the hang-ups were over"),
        () = the_others => {}
    }
    one_who_stays.await.refused(504, "upstream_timeout");
    proxy.wait_for_open(0).await;
    wait_for_connections(base, before + 1).await;
    alice.get("/chats").await.ok();
}

#[tokio::test]
async fn in_the_middle_of_an_answer() {
    let stack = Stack::connect().await;
    let base = &Env::get().edge_url;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    // A page of 400 KB.
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
    let mut clients = join_all((0..CLIENTS).map(|_| written_through_a_straw(base, &page))).await;
    for client in &mut clients {
        let mut first = [0; 12];
        client.read_exact(&mut first).await.unwrap();
        assert_eq!(&first, b"HTTP/1.1 200");
    }
    are_served(&people, chat).await;
    // What the buffers hold is a small part of a page: workerd is in the middle of writing the rest.
    let unfinished = unsent(base).into_iter();
    let unfinished = unfinished.filter(|bytes| (1..200_000).contains(bytes));
    assert!(unfinished.count() >= CLIENTS);
    let (_, ()) = futures_util::join!(are_served(&people, chat), async {
        hang_up(clients);
    });
    wait_for_connections(base, before).await;
    are_served(&people, chat).await;
    alice.get(&chat_path(chat)).await.ok();
    alice
        .try_send(chat, &json!({ "text": "A late message" }))
        .await
        .created();
}

/// The memory of the process that listens there, in bytes, by the kernel's tables.
fn memory_of(base: &str) -> usize {
    let port: u16 = base.rsplit(':').next().unwrap().parse().unwrap();
    let local = format!("0100007F:{port:04X}");
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let socket = table.lines().find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let listens = fields.get(1) == Some(&&*local) && fields.get(3) == Some(&"0A");
        listens.then(|| format!("socket:[{}]", fields[9]))
    });
    let socket = socket.unwrap();
    let holds_it = |process: &Path| {
        let files = std::fs::read_dir(process.join("fd")).into_iter().flatten();
        let links = files.filter_map(|file| std::fs::read_link(file.ok()?.path()).ok());
        links.into_iter().any(|link| link.as_os_str() == &*socket)
    };
    let processes = std::fs::read_dir("/proc").unwrap();
    let mut processes = processes.map(|process| process.unwrap().path());
    let process = processes.find(|process| holds_it(process)).unwrap();
    let status = std::fs::read_to_string(process.join("status")).unwrap();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = resident.unwrap().trim().trim_end_matches(" kB");
    kilobytes.parse::<usize>().unwrap() * 1024
}

/// Each request, with what it holds, ends when its client hangs up. Before they did so, each kept 12 KB in one
/// Worker and 20 KB in the gateway and the function behind it. What is allowed is V8's garbage, as a Worker of plain
/// JavaScript has it too.
#[tokio::test]
async fn they_leave_nothing_in_memory() {
    const WARM_UP: usize = 4_000;
    const REQUESTS: usize = 10_000;
    let stack = Stack::connect().await;
    let proxy = Proxy::start().await;
    let [alice] = stack.people().await;
    let env = FaultsEnv::get();
    for (base, allowed) in [(&env.patient_url, 5 * 1024), (&env.edge_url, 8 * 1024)] {
        let alice = alice.at(&stack.function_at(base));
        alice.get("/chats").await.ok();
        proxy.set(Fault::Silent).await;
        let read = head("GET", "/chats", &alice, "");
        hang_up_times(WARM_UP, base, &read, &proxy).await;
        let before = memory_of(base);
        hang_up_times(REQUESTS, base, &read, &proxy).await;
        let grown = memory_of(base).saturating_sub(before) / REQUESTS;
        println!("{base}: {grown} bytes a request");
        assert!(grown < allowed, "{base}: {grown} bytes a request");
        proxy.set(Fault::None).await;
        alice.get("/chats").await.ok();
    }
}

/// So many requests that Supabase does not answer, whose clients hang up, some at a time.
async fn hang_up_times(times: usize, base: &str, request: &str, proxy: &Proxy) {
    for _ in 0..times / CLIENTS {
        let clients = join_all((0..CLIENTS).map(|_| written(base, request))).await;
        proxy.wait_for_open(CLIENTS).await;
        for client in &clients {
            client.set_zero_linger().unwrap();
        }
        drop(clients);
        proxy.wait_for_open(0).await;
    }
}

/// A client that hangs up costs no line of the log: nobody could do anything about it.
#[tokio::test]
async fn they_write_no_line() {
    let stack = Stack::connect().await;
    let proxy = Proxy::start().await;
    let [alice] = stack.people().await;
    let env = FaultsEnv::get();
    for base in [&env.patient_url, &env.edge_url] {
        let id = Uuid::new_v4().to_string();
        let alice = alice.at(&stack.function_at(base));
        proxy.set(Fault::Silent).await;
        let read = head("GET", "/chats", &alice, &format!("x-request-id: {id}\r\n"));
        hang_up_times(CLIENTS, base, &read, &proxy).await;
        proxy.set(Fault::None).await;
        let answered = Uuid::new_v4().to_string();
        let call = alice.call(Method::GET, "/chats").request_id(&answered);
        call.send().await.ok();
        stack.log_line(&answered, "chats").await;
        let log = std::fs::read_to_string(&Env::get().functions_log).unwrap();
        assert!(!log.contains(&id), "a line of {base} tells of a hang-up");
    }
}
