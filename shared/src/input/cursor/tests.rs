use proptest::prelude::*;

use uuid::Uuid;

use super::*;
use crate::input::ids;

const CHAT: &str = "0a5b7c9d-1e2f-4a3b-8c4d-5e6f7a8b9c0d";
const TIME: &str = "2026-04-01T12:30:00.000120Z";
const QUERY: &str = "0123456789abcdef";

#[test]
fn seconds_since_1970_are_written_as_the_api_writes_times() {
    let text = |seconds| Timestamp::from_seconds(seconds).map(|time| time.to_string());
    assert_eq!(text(0).as_deref(), Some("1970-01-01T00:00:00.000000Z"));
    assert_eq!(
        text(1_800_000_000).as_deref(),
        Some("2027-01-15T08:00:00.000000Z")
    );
    assert_eq!(text(253_402_300_800), None);
    assert_eq!(text(u64::MAX), None);
}

fn chat() -> Uuid {
    ids::parse(CHAT).unwrap()
}

fn encoded(plain: &str) -> String {
    URL_SAFE_NO_PAD.encode(plain)
}

#[test]
fn a_messages_cursor_is_written_as_it_was_read() {
    let time = Timestamp::parse(TIME).unwrap();
    for (list, position) in [
        ("messages", Position::Before(time)),
        ("newer-messages", Position::After(time)),
    ] {
        let text = encoded(&format!("{list}/{CHAT}/{TIME}"));
        let cursor = MessagesCursor::of_chat(chat(), &text).unwrap();
        assert_eq!(cursor.chat, chat());
        assert_eq!(cursor.position, position);
        assert_eq!(cursor.encode(), text);
    }
}

#[test]
fn a_search_cursor_is_written_as_it_was_read() {
    let text = encoded(&format!("search/{QUERY}/{TIME}/{CHAT}"));
    let cursor = SearchCursor::decode(&text).unwrap();
    assert_eq!(cursor.query.to_string(), QUERY);
    assert_eq!(cursor.before.to_string(), TIME);
    assert_eq!(cursor.message, chat());
    assert_eq!(cursor.encode(), text);
    assert_eq!(text.len(), 118);
    for query in ["", "0", "0123456789ABCDEF", "0123456789abcdefa"] {
        let text = encoded(&format!("search/{query}/{TIME}/{CHAT}"));
        let refused = SearchCursor::decode(&text);
        assert_eq!(refused, Err(ErrorCode::InvalidCursor.into()), "{query}");
    }
}

#[test]
fn a_chats_cursor_is_written_as_it_was_read() {
    let text = encoded(&format!("chats/{TIME}/{CHAT}"));
    let cursor = ChatsCursor::decode(&text).unwrap();
    assert_eq!(cursor.chat, chat());
    assert_eq!(cursor.activity.to_string(), TIME);
    assert_eq!(cursor.encode(), text);
}

#[test]
fn a_cursor_of_another_chat_or_list_is_refused() {
    let messages = encoded(&format!("messages/{CHAT}/{TIME}"));
    let chats = encoded(&format!("chats/{TIME}/{CHAT}"));
    let search = encoded(&format!("search/{QUERY}/{TIME}/{CHAT}"));
    let invalid = ApiError::from(ErrorCode::InvalidCursor);
    assert_eq!(
        MessagesCursor::of_chat(Uuid::nil(), &messages),
        Err(invalid.clone())
    );
    for other in [&chats, &search] {
        assert_eq!(MessagesCursor::of_chat(chat(), other), Err(invalid.clone()));
    }
    for other in [&messages, &search] {
        assert_eq!(ChatsCursor::decode(other), Err(invalid.clone()));
    }
    for other in [&messages, &chats] {
        assert_eq!(SearchCursor::decode(other), Err(invalid.clone()));
    }
}

#[test]
fn a_truncated_or_changed_cursor_is_refused_or_is_another_time() {
    let text = encoded(&format!("messages/{CHAT}/{TIME}"));
    for length in 0..text.len() {
        assert!(
            MessagesCursor::of_chat(chat(), text.split_at(length).0).is_err(),
            "{length}"
        );
    }
    for position in 0..text.len() {
        let mut garbled = text.clone().into_bytes();
        garbled[position] = if garbled[position] == b'A' {
            b'B'
        } else {
            b'A'
        };
        let garbled = String::from_utf8(garbled).unwrap();
        // Only a changed digit of the time gives a valid position.
        if let Ok(cursor) = MessagesCursor::of_chat(chat(), &garbled) {
            assert_eq!(cursor.chat, chat());
            assert_eq!(cursor.encode(), garbled);
        }
    }
}

#[test]
fn only_the_canonical_form_is_accepted() {
    let upper = CHAT.to_uppercase();
    for plain in [
        format!("messages/{upper}/{TIME}"),
        format!("messages/{CHAT}/2026-04-01T12:30:00.00012Z"),
        format!("messages/{CHAT}/2026-04-01T12:30:00.0001200Z"),
        format!("messages/{CHAT}/2026-04-01T12:30:00Z"),
        format!("messages/{CHAT}/2026-04-01T12:30:00.000120+00:00"),
        format!("messages/{CHAT}/2026-04-01 12:30:00.000120Z"),
        format!("messages/{CHAT}/2026-4-1T12:30:00.000120Z"),
        format!("messages/{CHAT}/2026-02-30T12:30:00.000120Z"),
        format!("messages/{CHAT}/2026-04-01T24:00:00.000000Z"),
        format!("messages/{CHAT}/0000-04-01T12:30:00.000000Z"),
        format!("messages/{CHAT}/-001-04-01T12:30:00.000000Z"),
        format!("messages/{CHAT}/+12026-04-01T12:30:00.000000Z"),
        format!("messages/{CHAT}/{TIME}/"),
        format!("messages/{CHAT}/{TIME} "),
        format!(" messages/{CHAT}/{TIME}"),
        format!("messages//{TIME}"),
        format!("messages/{CHAT}/infinity"),
        format!("older-messages/{CHAT}/{TIME}"),
        format!("messages/{CHAT}"),
        String::new(),
    ] {
        assert!(
            MessagesCursor::of_chat(chat(), &encoded(&plain)).is_err(),
            "{plain}"
        );
    }
    let text = encoded(&format!("messages/{CHAT}/{TIME}"));
    for text in [
        format!("{text}="),
        format!("{text}=="),
        format!(" {text}"),
        format!("{text}\n"),
        "%".to_owned(),
    ] {
        assert!(MessagesCursor::of_chat(chat(), &text).is_err(), "{text}");
    }
    assert!(MessagesCursor::of_chat(chat(), &"A".repeat(100_000)).is_err());
}

#[test]
fn a_position_of_the_list_is_written_as_it_was_read() {
    let epoch = Epoch::parse("3f0c8d5a9b7e1246").unwrap();
    let begun = ListPosition {
        epoch,
        from: 48_213,
        page: None,
    };
    let text = encoded("list/3f0c8d5a9b7e1246/48213");
    assert_eq!(ListPosition::decode(&text), Ok(begun.clone()));
    let within = ListPosition {
        page: Some(DeltaPage {
            next: 48_300,
            after: chat(),
        }),
        ..begun
    };
    let text = encoded(&format!("list/3f0c8d5a9b7e1246/48213/48300/{CHAT}"));
    assert_eq!(ListPosition::decode(&text), Ok(within));
}

#[test]
fn only_the_canonical_form_of_a_position_is_accepted() {
    for plain in [
        "list/e/07",
        "list/e/+7",
        "list/e/-7",
        "list/e/",
        "list/e",
        "list//7",
        "list/e/7/",
        "list/e/7/8",
        "list/e/7/8/",
        "list/e/7/8/x",
        "list/e/9223372036854775808",
        "lists/e/7",
        "list/é/7",
        "",
    ] {
        assert!(ListPosition::decode(&encoded(plain)).is_err(), "{plain}");
    }
    for plain in [
        format!("list/e/7/8/{CHAT}/"),
        format!("list/e/7/8/{}", CHAT.to_uppercase()),
        format!("chats/{TIME}/{CHAT}"),
    ] {
        assert!(ListPosition::decode(&encoded(&plain)).is_err(), "{plain}");
    }
}

#[test]
fn the_longest_position_is_read() {
    let most = i64::MAX.unsigned_abs();
    let position = ListPosition {
        epoch: Epoch::parse(&"x".repeat(Epoch::MAX_LENGTH)).unwrap(),
        from: most,
        page: Some(DeltaPage {
            next: most,
            after: chat(),
        }),
    };
    assert_eq!(position.encode().len(), 195);
    assert_eq!(ListPosition::decode(&position.encode()), Ok(position));
}

#[test]
fn an_epoch_is_read_as_it_was_written() {
    for text in ["7", "7412345678901234567-1", "a.B_c-9", &"x".repeat(64)] {
        assert_eq!(Epoch::parse(text).unwrap().to_string(), text);
    }
    for text in ["", " ", "a b", "a&b", "%31", "é", "a\0", &"x".repeat(65)] {
        assert_eq!(Epoch::parse(text), None, "{text:?}");
    }
}

fn is_canonical<C: Cursor>(text: &str) -> bool {
    C::decode(text).map_or(true, |cursor| cursor.encode() == text)
}

proptest! {
    #[test]
    fn every_cursor_is_read_as_it_was_written(chat: u128, query: u64, seconds in -62_135_596_800i64..253_402_300_800, micros in 0u32..1_000_000) {
        let chat = Uuid::from_u128(chat);
        let time = DateTime::from_timestamp(seconds, micros.saturating_mul(1_000)).unwrap();
        let time = Timestamp(time);
        for position in [Position::Before(time), Position::After(time)] {
            let messages = MessagesCursor { chat, position };
            prop_assert_eq!(MessagesCursor::of_chat(chat, &messages.encode()), Ok(messages));
            prop_assert!(ChatsCursor::decode(&messages.encode()).is_err());
        }
        let chats = ChatsCursor { chat, activity: time };
        prop_assert_eq!(ChatsCursor::decode(&chats.encode()), Ok(chats));
        let mentions = MentionsCursor { created_at: time, message: chat };
        prop_assert_eq!(MentionsCursor::decode(&mentions.encode()), Ok(mentions));
        let reactions = ReactionsCursor { message: chat, after: query >> 1 };
        prop_assert_eq!(ReactionsCursor::of_message(chat, &reactions.encode()), Ok(reactions));
        prop_assert!(ReactionsCursor::of_message(Uuid::from_u128(!chat.as_u128()), &reactions.encode()).is_err());
        let query = QueryHash::parse(&format!("{query:016x}")).unwrap();
        let search = SearchCursor { query, before: time, message: chat };
        prop_assert_eq!(SearchCursor::decode(&search.encode()), Ok(search));
    }

    #[test]
    fn every_position_of_the_list_is_read_as_it_was_written(epoch in "[A-Za-z0-9._-]{1,64}", from in 0u64..=9_223_372_036_854_775_807, next in 0u64..=9_223_372_036_854_775_807, after: Option<u128>) {
        let page = after.map(|after| DeltaPage { next, after: Uuid::from_u128(after) });
        let position = ListPosition { epoch: Epoch::parse(&epoch).unwrap(), from, page };
        prop_assert_eq!(ListPosition::decode(&position.encode()), Ok(position));
    }

    #[test]
    fn every_accepted_text_is_canonical(plain in "(chats|messages|newer-messages|search|mentions|reactions|list)/[0-9a-fTZ:./-]{0,80}|.{0,80}", text in "[A-Za-z0-9_=-]{0,130}|.{0,60}") {
        for text in [encoded(&plain), text] {
            prop_assert!(is_canonical::<MessagesCursor>(&text));
            prop_assert!(is_canonical::<MentionsCursor>(&text));
            prop_assert!(is_canonical::<ReactionsCursor>(&text));
            prop_assert!(is_canonical::<ChatsCursor>(&text));
            prop_assert!(is_canonical::<ListPosition>(&text));
            prop_assert!(is_canonical::<SearchCursor>(&text));
        }
    }
}
