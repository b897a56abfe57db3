//! `PATCH /chats/:id/me`, and `GET /chats?archived=`.

use harness::{Chat, ChatSettings, Stack, chat_path, settings_path};
use serde_json::json;
use uuid::Uuid;

#[tokio::test]
async fn what_is_not_named_stays_as_it_was() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    assert_eq!(alice.chat(chat).await.settings, ChatSettings::default());

    let muted = json!({ "mutedUntil": "2100-01-01T01:00:00.5+01:00", "pinned": true });
    let answer = alice.try_choose(chat, &muted).await.ok();
    let expected = json!({
        "mutedUntil": "2100-01-01T00:00:00.500000Z",
        "notify": "all",
        "archived": false,
        "pinned": true,
        "markedUnread": false,
    });
    assert_eq!(answer["settings"], expected);
    assert_eq!(answer, alice.get(&chat_path(chat)).await.ok());

    let more = json!({ "notify": "mentions", "markedUnread": true, "pinned": null, "other": 1 });
    let chosen = alice.choose(chat, &more).await.settings;
    let kept = ChatSettings {
        notify: "mentions".to_owned(),
        marked_unread: true,
        pinned: true,
        muted_until: chosen.muted_until,
        ..ChatSettings::default()
    };
    assert_eq!(chosen, kept);
    assert!(chosen.muted_until.is_some());
    assert_eq!(alice.choose(chat, &json!({})).await.settings, kept);
    assert_eq!(alice.chats().await[0].settings, kept);

    let end =
        json!({ "mutedUntil": null, "notify": "all", "pinned": false, "markedUnread": false });
    assert_eq!(
        alice.choose(chat, &end).await.settings,
        ChatSettings::default()
    );
    let past = json!({ "mutedUntil": "2001-01-01T00:00:00Z" });
    assert_eq!(alice.choose(chat, &past).await.settings.muted_until, None);
}

#[tokio::test]
async fn they_are_each_persons_own_and_change_nothing_for_others() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let before = bob.chat(chat).await;
    let all = json!({
        "mutedUntil": "2100-01-01T00:00:00Z",
        "notify": "none",
        "archived": true,
        "pinned": true,
        "markedUnread": true,
    });
    alice.choose(chat, &all).await;
    assert_eq!(bob.chat(chat).await, before);
    assert_eq!(bob.chats().await, [before]);
}

#[tokio::test]
async fn each_wrong_value_is_named() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    for (body, path) in [
        (json!({ "mutedUntil": "tomorrow" }), "mutedUntil"),
        (json!({ "mutedUntil": 7 }), "mutedUntil"),
        (
            json!({ "mutedUntil": "9999-12-31T23:59:59-01:00" }),
            "mutedUntil",
        ),
        (json!({ "notify": "some" }), "notify"),
        (json!({ "archived": "true" }), "archived"),
        (json!({ "pinned": 1 }), "pinned"),
        (json!({ "markedUnread": {} }), "markedUnread"),
    ] {
        let attempt = alice.try_choose(chat, &body);
        let answer = stack.unchanged_by(&[&alice, &bob], attempt).await;
        answer.invalid(&[path]);
    }
}

#[tokio::test]
async fn nobody_chooses_anything_for_a_chat_of_others() {
    let stack = Stack::connect().await;
    let [alice, bob, stranger] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let pin = json!({ "pinned": true });
    for body in [&pin, &json!({}), &json!({ "mutedUntil": null })] {
        let attempt = stranger.try_choose(chat, body);
        let answer = stack.unchanged_by(&[&alice, &bob], attempt).await;
        answer.refused(403, "not_participant");
    }
    let nowhere = stranger.try_choose(Uuid::new_v4(), &pin).await;
    nowhere.refused(404, "chat_not_found");
    bob.leave(chat).await;
    bob.try_choose(chat, &pin)
        .await
        .refused(403, "not_participant");
    let path = settings_path(chat).replace(&chat.to_string(), "x");
    alice.patch(&path, &pin).await.refused(400, "invalid_id");
}

fn ids(chats: &[Chat]) -> Vec<Uuid> {
    chats.iter().map(|chat| chat.id).collect()
}

#[tokio::test]
async fn archived_chats_have_a_list_of_their_own_until_somebody_else_writes() {
    let stack = Stack::connect().await;
    let [alice, bob, carol] = stack.people().await;
    let with_bob = stack.direct_chat(&alice, &bob).await;
    let with_carol = stack.direct_chat(&alice, &carol).await;
    let archive = json!({ "archived": true });

    assert!(alice.choose(with_bob, &archive).await.settings.archived);
    assert_eq!(ids(&alice.chats().await), [with_carol]);
    assert_eq!(
        ids(&alice.chats_page("?archived=false").await.data),
        [with_carol]
    );
    assert_eq!(
        ids(&alice.chats_page("?archived=true").await.data),
        [with_bob]
    );
    alice.send(with_bob, "my own").await;
    assert_eq!(
        ids(&alice.chats_page("?archived=true").await.data),
        [with_bob]
    );
    let sent = bob.send(with_bob, "look here").await;
    bob.remove(with_bob, sent.id).await;
    assert_eq!(ids(&alice.chats().await), [with_bob, with_carol]);
    assert_eq!(alice.chats_page("?archived=true").await.data, []);

    // Not while it is muted.
    let muted = json!({ "archived": true, "mutedUntil": "2100-01-01T00:00:00Z" });
    alice.choose(with_carol, &muted).await;
    carol.send(with_carol, "while muted").await;
    assert_eq!(
        ids(&alice.chats_page("?archived=true").await.data),
        [with_carol]
    );
    alice
        .choose(with_carol, &json!({ "mutedUntil": null }))
        .await;
    assert_eq!(
        ids(&alice.chats_page("?archived=true").await.data),
        [with_carol]
    );
    carol.send(with_carol, "not muted any more").await;
    assert_eq!(alice.chats_page("?archived=true").await.data, []);

    for refused in ["", "1", "yes", "True"] {
        let answer = alice.get(&format!("/chats?archived={refused}")).await;
        answer.invalid(&["archived"]);
    }
}

/// A chat that is archived while somebody's message is on its way comes back with it.
#[tokio::test]
async fn a_message_that_was_under_way_ends_the_archiving() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let sending = stack.begin_as(&bob).await;
    let send = "select public.send_message($1, 'on its way')";
    sending.execute(send, &[&chat]).await.unwrap();
    assert!(
        alice
            .choose(chat, &json!({ "archived": true }))
            .await
            .settings
            .archived
    );
    sending.batch_execute("commit").await.unwrap();
    assert!(!alice.chat(chat).await.settings.archived);
}

#[tokio::test]
async fn the_archived_list_has_pages() {
    let stack = Stack::connect().await;
    let [alice, a, b, c] = stack.people().await;
    let mut chats = Vec::new();
    for friend in [&a, &b, &c] {
        let chat = stack.direct_chat(&alice, friend).await;
        alice.choose(chat, &json!({ "archived": true })).await;
        chats.insert(0, chat);
    }
    for limit in [1, 2, 3, 100] {
        assert_eq!(ids(&alice.all_chats_of(true, limit).await), chats);
    }
    assert_eq!(alice.all_chats(1).await, []);
}

#[tokio::test]
async fn reading_ends_the_mark_as_unread() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let sent = bob.send(chat, "hello").await;
    let mark = json!({ "markedUnread": true });
    for _ in 0..2 {
        assert!(alice.choose(chat, &mark).await.settings.marked_unread);
        alice.mark_read(chat, sent.id).await;
        assert!(!alice.chat(chat).await.settings.marked_unread);
    }
}

#[tokio::test]
async fn who_comes_back_keeps_the_muting_and_notify_alone() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let (room, in_room) = stack.room(&bob, &[&alice]).await;
    let direct = stack.direct_chat(&alice, &bob).await;
    let all = json!({
        "mutedUntil": "2100-01-01T00:00:00Z",
        "notify": "mentions",
        "archived": true,
        "pinned": true,
        "markedUnread": true,
    });
    for chat in [direct, in_room] {
        alice.choose(chat, &all).await;
        alice.leave(chat).await;
    }
    bob.send(direct, "come back").await;
    stack.remove_member(room, &alice).await;
    stack.add_member(room, &alice).await;
    for chat in [direct, in_room] {
        let kept = alice.chat(chat).await.settings;
        assert!(kept.muted_until.is_some());
        let expected = ChatSettings {
            muted_until: kept.muted_until,
            notify: "mentions".to_owned(),
            ..ChatSettings::default()
        };
        assert_eq!(kept, expected);
    }
}
