//! Every way in which an upstream can fail one request, by the proxy between edge and PostgREST.

mod scene;

use self::scene::{Expected, Scene, meet};
use crate::writes::{is_refused, rows};
use futures_util::future::join_all;
use harness::{Env, Fault, FaultsEnv, Message, Method, messages_path};
use uuid::Uuid;

const JSON: &str = "application/json; charset=utf-8";
const HTML: &str = "text/html";
const PLAIN: &str = "text/plain";
/// What has to stay out of every answer stands in all that has a body.
const PAGE: &str = "<html><body>upstream-secret</body></html>";

#[tokio::test]
async fn nobody_there() {
    let scene = Scene::set().await;
    for (fault, attempts, done) in [
        (Fault::Refused, (0, 0), false),
        (Fault::ResetBefore, (2, 1), false),
        (Fault::ResetAfter, (2, 1), true),
    ] {
        let expected = Expected {
            status: 503,
            code: "unavailable",
            attempts,
            done,
        };
        meet(&scene, fault, &expected).await;
    }
}

#[tokio::test]
async fn too_late() {
    let scene = Scene::set().await;
    for (fault, done) in [
        (Fault::Silent, false),
        (Fault::SlowHead, true),
        // The head came in time: the deadline is over the whole body too, which never ends.
        (Fault::SlowBody, true),
    ] {
        let expected = Expected {
            status: 504,
            code: "upstream_timeout",
            attempts: (1, 1),
            done,
        };
        meet(&scene, fault, &expected).await;
        scene.proxy.wait_for_open(0).await;
    }
}

#[tokio::test]
async fn cut_in_the_middle_of_the_body() {
    let scene = Scene::set().await;
    for fault in [Fault::CutLength, Fault::CutChunks, Fault::CutUnframed] {
        let expected = Expected {
            status: 502,
            code: "bad_upstream",
            attempts: (1, 1),
            done: true,
        };
        meet(&scene, fault, &expected).await;
    }
}

#[tokio::test]
async fn a_200_that_is_not_what_it_says() {
    let scene = Scene::set().await;
    for canned in [
        ("200 OK", HTML, PAGE),
        ("200 OK", JSON, PAGE),
        ("200 OK", JSON, ""),
        ("204 No Content", JSON, ""),
        ("201 Created", JSON, "{\"message\":\"upstream-secret\"}"),
        ("200 OK", JSON, "{\"data\":[\"upstream-secret\""),
        ("200 OK", JSON, "[\"upstream-secret\"]"),
        ("200 OK", JSON, "null"),
        ("200 OK", JSON, "{\"code\":\"PGRST003\",\"message\":\"\"}"),
        ("202 Accepted", JSON, "{\"id\":1,\"data\":[]}"),
    ] {
        for (fault, done) in [
            (Fault::Instead(canned), false),
            (Fault::After(canned), true),
        ] {
            let expected = Expected {
                status: 502,
                code: "bad_upstream",
                attempts: (1, 1),
                done,
            };
            meet(&scene, fault, &expected).await;
        }
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let scene = Scene::set().await;
    // A 307 would take the method, the body and the token along.
    let canned = (
        "307 Temporary Redirect\r\nLocation: /rest/v1/rpc/elsewhere",
        PLAIN,
        PAGE,
    );
    for (fault, done) in [
        (Fault::Instead(canned), false),
        (Fault::After(canned), true),
    ] {
        let expected = Expected {
            status: 502,
            code: "bad_upstream",
            attempts: (1, 1),
            done,
        };
        meet(&scene, fault, &expected).await;
    }
}

#[tokio::test]
async fn an_error_that_is_not_postgrests() {
    let scene = Scene::set().await;
    let message = "{\"message\":\"upstream-secret\"}";
    let pool = "{\"code\":\"PGRST003\",\"details\":null,\"hint\":null,\
                \"message\":\"Timed out acquiring connection from connection pool.\"}";
    for (line, status, code, attempts, bodies) in [
        (
            "500 Internal Server Error",
            502,
            "bad_upstream",
            (1, 1),
            [PAGE, message],
        ),
        (
            "502 Bad Gateway",
            502,
            "bad_upstream",
            (1, 1),
            [PAGE, message],
        ),
        (
            "503 Service Unavailable",
            503,
            "unavailable",
            (2, 1),
            [PAGE, message],
        ),
        (
            "504 Gateway Timeout",
            504,
            "upstream_timeout",
            (1, 1),
            [PAGE, message],
        ),
        (
            "504 Gateway Timeout",
            503,
            "unavailable",
            (1, 1),
            [pool, pool],
        ),
    ] {
        for body in bodies {
            let kind = if body == PAGE { PLAIN } else { JSON };
            let canned = (line, kind, body);
            for (fault, done) in [
                (Fault::Instead(canned), false),
                (Fault::After(canned), true),
            ] {
                let expected = Expected {
                    status,
                    code,
                    attempts,
                    done,
                };
                meet(&scene, fault, &expected).await;
            }
        }
    }
}

/// Nobody there for a moment: what may be made again is, and succeeds; a lost answer is found again.
#[tokio::test]
async fn a_second_attempt_succeeds_where_there_may_be_one() {
    let scene = Scene::set().await;
    let unavailable = ("503 Service Unavailable", PLAIN, PAGE);
    for (fault, done) in [
        (Fault::ResetBefore, false),
        (Fault::ResetAfter, true),
        (Fault::Instead(unavailable), false),
        (Fault::After(unavailable), true),
    ] {
        println!("{fault:?}");
        scene.proxy.set_once(fault).await;
        let four = scene.ask_four().await;
        four.read.answer.ok();
        // The first attempt sent it already: the second finds it.
        four.send.answer.json(if done { 200 } else { 201 });
        for asked in [&four.read, &four.send] {
            assert_eq!(scene.proxy.attempts(&asked.request_id), 2);
        }
        for asked in [&four.plain_send, &four.edit] {
            is_refused(&asked.answer, 503, "unavailable", &asked.request_id);
            assert_eq!(scene.proxy.attempts(&asked.request_id), 1);
        }
        let id: Uuid = four.sent["clientId"].as_str().unwrap().parse().unwrap();
        assert_eq!(rows(&scene.stack, scene.chat, id).await, 1);
        let plain = rows(&scene.stack, scene.chat, four.plain_text).await;
        assert_eq!(plain, i64::from(done));
        let text = scene.text().await;
        assert_eq!(text == four.edited.to_string(), done);
    }
}

#[tokio::test]
async fn nothing_queues_behind_a_dead_upstream() {
    const REQUESTS: usize = 60;
    let scene = Scene::set().await;
    scene.proxy.set(Fault::Silent).await;
    let messages = messages_path(scene.chat);
    let requests = (0..REQUESTS).map(|_| scene.ask(Method::GET, &messages, None));
    for asked in join_all(requests).await {
        is_refused(&asked.answer, 504, "upstream_timeout", &asked.request_id);
        assert_eq!(scene.proxy.attempts(&asked.request_id), 1);
    }
    // All were there together: none waited for another's end before its own wait began.
    assert_eq!(scene.proxy.most_open(), REQUESTS);
    scene.proxy.wait_for_open(0).await;
    scene.proxy.set(Fault::None).await;
    let answer = scene.alice.get(&messages).await.ok();
    assert_eq!(answer["data"].as_array().map(Vec::len), Some(1));
    Message::read(&answer["data"][0]);
}

#[tokio::test]
async fn deep_health_tells_and_recovers() {
    let scene = Scene::set().await;
    let edge = scene.stack.function_at(&FaultsEnv::get().edge_url);
    for fault in [
        Fault::Refused,
        Fault::Silent,
        Fault::ResetAfter,
        Fault::Instead(("200 OK", HTML, PAGE)),
    ] {
        scene.proxy.set(fault).await;
        edge.get("/health?deep=1").await.refused(503, "unavailable");
        edge.get("/health").await.ok();
        scene.proxy.set(Fault::None).await;
        edge.get("/health?deep=1").await.ok();
    }
}

/// No name of a caller's, and of its values the token, the request's id and the trace.
#[tokio::test]
async fn a_callers_headers_do_not_go_upstream() {
    let scene = Scene::set().await;
    let request_id = Uuid::new_v4().to_string();
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let messages = messages_path(scene.chat);
    let mut call = scene.alice.call(Method::GET, &messages);
    call = call.request_id(&request_id).header("traceparent", trace);
    for (name, value) in [
        ("prefer", "count=exact"),
        ("range", "0-0"),
        ("accept", "text/csv"),
        ("accept-profile", "chat"),
        ("content-profile", "chat"),
        ("apikey", "mine"),
        ("cookie", "a=b"),
        ("tracestate", "a=b"),
        ("x-forwarded-host", "evil.example"),
    ] {
        call = call.header(name, value);
    }
    call.send().await.ok();
    let env = FaultsEnv::get();
    let expected = [
        "accept-profile: public".to_owned(),
        "accept: application/json".to_owned(),
        format!("apikey: {}", Env::get().anon_key.to_lowercase()),
        format!("authorization: bearer {}", scene.alice.token.to_lowercase()),
        format!("host: 127.0.0.1:{}", env.proxy_port),
        format!("traceparent: {trace}"),
        format!("x-request-id: {request_id}"),
    ];
    assert_eq!(scene.proxy.head(&request_id), expected);
}
