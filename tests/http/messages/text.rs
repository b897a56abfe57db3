//! What a text may be, and that it comes back as it was sent.

use harness::{Env, Method, Person, Stack, messages_path};
use serde_json::json;
use uuid::Uuid;

async fn comes_back_as(alice: &Person, chat: Uuid, sent: &str, stored: &str) {
    let message = alice.send(chat, sent).await;
    assert_eq!(message.text.as_deref(), Some(stored), "{sent:?}");
    assert_eq!(alice.messages(chat).await[0], message);
}

#[tokio::test]
async fn any_script_comes_back_identical() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    for text in [
        "👩‍👩‍👧‍👦 🏳️‍🌈 🇧🇷 👍🏽",
        "שלום עולם \u{202b}مرحبا\u{202c} abc",
        // Decomposed and composed must not become one another.
        "e\u{301} \u{e9} a\u{308}\u{323}",
        "one\ntwo\r\nthree\tfour",
        "\"quotes\" \\backslash\\ / <b>&amp;</b> %00 \\u0000 $1 {}",
        "'; drop table public.messages; --",
        "\u{1}\u{1b}[31m\u{7f}\u{feff}\u{fffd}\u{10ffff}",
        "null",
        "x",
    ] {
        comes_back_as(&alice, chat, text, text).await;
    }
}

#[tokio::test]
async fn escapes_are_decoded() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let call = alice.call(Method::POST, &messages_path(chat));
    let answer = call
        .raw_json(r#"{"text":"\u00e9 \ud83d\ude00"}"#)
        .send()
        .await;
    assert_eq!(answer.created()["text"], "é 😀");
}

#[tokio::test]
async fn white_space_around_it_is_trimmed_and_within_it_kept() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    for (sent, stored) in [
        ("  Hello!  ", "Hello!"),
        ("\r\n\tHello,  you\u{a0}there\n\n", "Hello,  you\u{a0}there"),
        (
            "\u{85}\u{a0}\u{1680}\u{2000}\u{200a}\u{2028}a\u{2029}\u{202f}\u{205f}\u{3000}\u{b}\u{c}",
            "a",
        ),
        // Not White_Space in Unicode, though it looks like none.
        ("\u{200b}Hello!\u{feff}", "\u{200b}Hello!\u{feff}"),
    ] {
        comes_back_as(&alice, chat, sent, stored).await;
    }
}

#[tokio::test]
async fn four_thousand_scalars_fit() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    for scalar in ["x", "é", "漢", "😀", "\u{301}"] {
        let text = scalar.repeat(4000);
        comes_back_as(&alice, chat, &text, &text).await;
        // The document allows less than the API: a schema cannot tell the length after trimming.
        let unchecked = alice.at(&stack.server_at(&Env::get().edge_url));
        comes_back_as(&unchecked, chat, &format!(" {text}\u{3000}"), &text).await;
    }
}

#[tokio::test]
async fn four_thousand_and_one_scalars_are_400() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    for scalar in ["x", "é", "漢", "😀", "\u{301}"] {
        let body = json!({ "text": scalar.repeat(4001) });
        alice.try_send(chat, &body).await.invalid(&["text"]);
    }
    assert_eq!(alice.messages(chat).await, []);
}

#[tokio::test]
async fn blank_is_400() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    for text in [
        "",
        " ",
        "\n\t\r\n",
        "\u{a0}",
        "\u{3000}\u{2003}",
        "\u{85}\u{2028}\u{2029}",
        "\u{b}\u{c}\u{1680}\u{202f}\u{205f}",
    ] {
        let body = json!({ "text": text });
        alice.try_send(chat, &body).await.invalid(&["text"]);
    }
    assert_eq!(alice.messages(chat).await, []);
}

#[tokio::test]
async fn what_nobody_would_see_is_400() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let sent = alice.send(chat, "seen").await;
    for text in [
        "\u{200b}",
        "\u{1}",
        "\u{feff} \u{2060}",
        "\u{2800}\u{3164}\u{ffa0}",
        "\u{200d}\u{fe0f}",
        "\u{e0001}\u{e0061}\u{e007f}",
        &"\u{ad}".repeat(4_000),
    ] {
        let body = json!({ "text": text });
        alice.try_send(chat, &body).await.invalid(&["text"]);
        let edited = alice.try_edit(chat, sent.id, text).await;
        edited.invalid(&["text"]);
    }
    assert_eq!(alice.messages(chat).await, [sent]);
}

#[tokio::test]
async fn nul_is_400() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    for text in ["\u{0}", "a\u{0}b", "a\u{0}", " \u{0} "] {
        let body = json!({ "text": text });
        alice.try_send(chat, &body).await.invalid(&["text"]);
    }
    assert_eq!(alice.messages(chat).await, []);
}

#[tokio::test]
async fn lone_surrogates_are_400() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    for body in [
        r#"{"text":"\ud800"}"#,
        r#"{"text":"a\udc00b"}"#,
        r#"{"text":"\ud83d\ud83d"}"#,
        r#"{"text":"\ude00\ud83d"}"#,
    ] {
        let call = alice.call(Method::POST, &messages_path(chat));
        let answer = call.raw_json(body).send().await;
        answer.refused(400, "invalid_json");
    }
    assert_eq!(alice.messages(chat).await, []);
}

#[tokio::test]
async fn invalid_utf8_is_400() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    for bytes in [
        &b"\xff"[..],
        b"\xc3",
        b"\xc0\xaf",
        // A surrogate, and a scalar beyond the last, as if UTF-8 knew them.
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
    ] {
        let body = [b"{\"text\":\"", bytes, b"\"}"].concat();
        let call = alice.call(Method::POST, &messages_path(chat));
        call.raw_json(body)
            .send()
            .await
            .refused(400, "invalid_json");
    }
    assert_eq!(alice.messages(chat).await, []);
}
