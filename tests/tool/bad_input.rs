//! Bad input gets a clear error with the likely repair, before anything is changed.

use std::fs::Permissions;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::sync::mpsc::{Receiver, Sender, channel};

use harness::Checkout;

/// A port that something listens on.
fn taken() -> (TcpListener, String) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port.to_string())
}

/// A web server that gives everybody this answer.
fn answering(head: &'static str, body: &'static str) -> String {
    serve(head, body, None)
}

/// The same with a success; what it was sent comes out of the channel.
pub fn answering_and_telling(body: &'static str) -> (String, Receiver<String>) {
    let (sender, requests) = channel();
    (serve("200 OK", body, Some(sender)), requests)
}

fn serve(head: &'static str, body: &'static str, tell: Option<Sender<String>>) -> String {
    let (listener, port) = taken();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let length = stream.read(&mut request).unwrap_or_default();
            if let Some(tell) = &tell {
                let _ = tell.send(String::from_utf8_lossy(&request[..length]).into_owned());
            }
            let length = body.len();
            let _ = write!(
                stream,
                "HTTP/1.1 {head}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
            );
        }
    });
    format!("http://127.0.0.1:{port}")
}

/// What `dev` says to arguments, after which the checkout is as empty as before.
fn refusal(arguments: &[&str]) -> String {
    let checkout = Checkout::new();
    let mut dev = checkout.xtask();
    let output = dev.arg("dev").args(arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{arguments:?}");
    assert!(!checkout.state().join("stack.env").exists());
    assert!(!checkout.state().join("secrets.env").exists());
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_port_in_use_is_named_with_the_flag_of_its_owner() {
    for (flag, owner) in [
        ("--port", "the edge"),
        ("--api-port", "the stack's API gateway"),
        ("--db-port", "Postgres"),
    ] {
        let (listener, port) = taken();
        let mut arguments = vec![flag, &port];
        // The others are free, whatever runs on this machine.
        for other in ["--port", "--api-port", "--db-port"] {
            if other != flag {
                arguments.extend([other, "0"]);
            }
        }
        let said = refusal(&arguments);
        let expected = format!("port {port} is in use, and {owner} wants it");
        assert!(said.contains(&expected), "{said}");
        assert!(
            said.contains(&format!("choose another with `{flag} N`")),
            "{said}"
        );
        drop(listener);
    }
}

#[test]
fn a_supabase_that_is_none_is_told() {
    let page = answering("200 OK", "<html>");
    let not_found = answering("404 Not Found", "{}");
    let refusing = answering("401 Unauthorized", r#"{"message":"Invalid API key"}"#);
    for (url, expected) in [
        (
            "example.supabase.co",
            "--supabase-url takes a project's URL, such as https://",
        ),
        (
            "postgres://postgres@127.0.0.1/postgres",
            "--supabase-url takes a project's URL",
        ),
        ("http://127.0.0.1:9", "does not answer"),
        (&page, "there is no Supabase at http://127.0.0.1"),
        (&not_found, "/auth/v1/health answers 404"),
        (&refusing, "refuses the publishable key"),
    ] {
        let said = refusal(&[
            "--port",
            "0",
            "--supabase-url",
            url,
            "--publishable-key",
            "key",
        ]);
        assert!(said.contains(expected), "{url}: {said}");
    }
}

#[test]
fn a_database_that_is_none_is_told_without_its_password() {
    let health = answering("200 OK", r#"{"name":"GoTrue"}"#);
    let nobody = "postgres://postgres:hush@127.0.0.1:9/postgres";
    let web = answering("200 OK", "<html>").replace("http://", "postgres://postgres:hush@");
    for (database, expected) in [
        (
            "http://127.0.0.1:54322?hush",
            "this is not a connection string. Expected: postgres://",
        ),
        (nobody, "Connection refused"),
        (&web, "cannot connect to Postgres"),
    ] {
        let said = refusal(&[
            "--port",
            "0",
            "--supabase-url",
            &health,
            "--anon-key",
            "key",
            "--database-url",
            database,
        ]);
        assert!(said.contains(expected), "{database}: {said}");
        assert!(
            said.contains("DATABASE_URL or --database-url is not right"),
            "{said}"
        );
        assert!(said.contains("try: `supabase status` shows"), "{said}");
        assert!(!said.contains("hush"), "{said}");
    }
}

#[test]
fn the_key_has_an_older_name_which_counts_where_the_new_one_is_unset() {
    let health = answering("200 OK", "not JSON");
    let said = |names: &[&str]| {
        let checkout = Checkout::new();
        let mut dev = checkout.xtask();
        dev.args(["dev", "--port", "0", "--supabase-url", &health]);
        dev.envs(names.iter().map(|name| (name, "key")));
        String::from_utf8(dev.output().unwrap().stderr).unwrap()
    };
    let missing = said(&[]);
    assert!(
        missing.contains("--supabase-url needs --publishable-key"),
        "{missing}"
    );
    for name in ["SUPABASE_PUBLISHABLE_KEY", "SUPABASE_ANON_KEY"] {
        let given = said(&[name]);
        assert!(given.contains("there is no Supabase at"), "{given}");
    }
}

#[test]
fn what_needs_a_running_stack_says_how_to_start_it() {
    let checkout = Checkout::new();
    for (arguments, expected) in [
        (
            ["token", "alice@example.com"].as_slice(),
            "start the stack with `cargo xtask dev`",
        ),
        (
            &["befriend", "alice@example.com", "bob@example.com"],
            "start the stack with `cargo xtask dev`",
        ),
        (
            &["db", "reset"],
            "the stack is not running: start it with `cargo xtask dev`",
        ),
        (
            &["sweep"],
            "SUPABASE_URL is missing: start `cargo xtask dev`, or give --supabase-url",
        ),
    ] {
        let said = checkout.said(arguments);
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn friends_need_a_database_that_answers() {
    let checkout = Checkout::new();
    let befriend = ["befriend", "alice@example.com", "bob@example.com"];
    let write = |vars: &str| std::fs::write(checkout.state().join("stack.env"), vars).unwrap();
    write("SUPABASE_URL=http://127.0.0.1:9\n");
    let said = checkout.said(&befriend);
    assert!(said.contains("start `dev` with --database-url"), "{said}");
    write("DATABASE_URL=postgres://postgres:hush@127.0.0.1:9/postgres\n");
    let said = checkout.said(&befriend);
    assert!(said.contains("cannot connect to Postgres"), "{said}");
    assert!(!said.contains("hush"), "{said}");
}

#[test]
fn an_origin_that_is_none_is_told() {
    for origin in [
        "app.example",
        "https://app.example/chat",
        "https://*.app.example",
        "",
    ] {
        let said = Checkout::new().said(&["dev", "--origin", origin]);
        assert!(
            said.contains("an origin is a scheme, a host in lower case and a port"),
            "{origin}: {said}"
        );
    }
}

#[test]
fn a_reset_touches_no_supabase_of_ones_own() {
    let checkout = Checkout::new();
    let (_listener, port) = taken();
    let database = format!("DATABASE_URL=postgres://postgres:postgres@127.0.0.1:{port}/postgres\n");
    std::fs::write(checkout.state().join("stack.env"), database).unwrap();
    let running = std::fs::File::create(checkout.state().join("supervisor")).unwrap();
    rustix::fs::fcntl_lock(&running, rustix::fs::FlockOperation::LockExclusive).unwrap();
    let said = checkout.said(&["db", "reset"]);
    assert!(
        said.contains("runs on a Supabase of yours, which this command does not touch"),
        "{said}"
    );
    assert!(!checkout.state().join("secrets.env").exists());
}

#[test]
fn a_folder_that_is_no_host_is_told() {
    let said = Checkout::new().said(&["test", "sql", "--host", "."]);
    assert!(
        said.contains("is no host: it has no folder `migrations`"),
        "{said}"
    );
}

#[test]
fn a_postgrest_that_is_none_is_told() {
    for (program, expected) in [
        (
            "/nowhere/postgrest",
            "cannot run PostgREST at /nowhere/postgrest",
        ),
        (
            "/bin/echo",
            "PostgREST 12 or later is needed, and `/bin/echo --version` says",
        ),
    ] {
        let ports = ["--port", "0", "--api-port", "0", "--db-port", "0"];
        let said = refusal(&[ports.as_slice(), &["--postgrest", program]].concat());
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn an_older_node_is_told() {
    let checkout = Checkout::new();
    let root = checkout.state().join("..");
    let manifest = harness::root().join("package.json");
    std::fs::copy(manifest, root.join("package.json")).unwrap();
    for version in ["v18.20.8", "v20.9.0"] {
        for program in ["node", "npm"] {
            let file = root.join(program);
            std::fs::write(&file, format!("#!/bin/sh\necho {version}\n")).unwrap();
            std::fs::set_permissions(&file, Permissions::from_mode(0o755)).unwrap();
        }
        let mut dev = checkout.xtask();
        dev.args(["dev", "--port", "0", "--api-port", "0", "--db-port", "0"]);
        let output = dev.env("PATH", &root).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        let expected =
            format!("Node 20.19.0 or later is needed, and `node --version` says \"{version}\"");
        assert!(said.contains(&expected), "{said}");
    }
}
