//! One conversation, of which every example is a part: Alice and Bob plan a run.

use serde_json::{Value, json};

use crate::formats::{
    AnyAttachmentUrl, AnyId, AnyTimestamp, AttachmentUrl, ChatTopic, Cursor, Emoji, Epoch, Id,
    ObjectPath, Rev, SignedUrl, Timestamp, UploadUrl, Version,
};
use crate::message_parts::{Reaction, ReactionPage, Reactor, ReplyTo};
use crate::requests::{
    ChangeSettings, CreateUpload, DeclaredType, DirectOnly, EditMessage, MarkRead, OpenChat,
    SendMessage, Text,
};
use crate::shapes::{
    Attachment, Change, Changes, Chat, ChatDelta, ChatList, ChatPage, ChatSettings, ChatType,
    ContentType, FoundMessages, Health, HealthStatus, LastMessage, Message, MessagePage, Notify,
    ReadMark, ReadMarks, Unread, UnreadTotals, Upload, UploadHeaders, UploadMethod,
};

pub const ALICE: &str = "a11ce000-0000-4000-8000-000000000001";
pub const BOB: &str = "b0b00000-0000-4000-8000-000000000002";
pub const CHAT: &str = "0a5b7c9d-1e2f-4a3b-8c4d-5e6f7a8b9c0d";
pub const MESSAGE: &str = "6d1f2c3b-4a5e-4f60-9b7a-8c9d0e1f2a3b";
const PHOTO_MESSAGE: &str = "7e2a3d4c-5b6f-4071-8c8b-9daeaf203b4c";
const CLIENT_ID: &str = "22222222-2222-4222-8222-222222222222";
const EPOCH: Epoch = Epoch("3f0c8d5a9b7e1246");
const TOPIC: ChatTopic = ChatTopic("chat:0a5b7c9d-1e2f-4a3b-8c4d-5e6f7a8b9c0d");
const EMOJI: Emoji = Emoji("👍");
pub const SENT: Timestamp = Timestamp("2026-04-01T12:30:00.000120Z");
const PHOTO_SENT: Timestamp = Timestamp("2026-04-01T12:31:07.481516Z");
const CHATS_CURSOR: Cursor = Cursor(
    "Y2hhdHMvMjAyNi0wNC0wMVQxMjozMDowMC4wMDAxMjBaLzBhNWI3YzlkLTFlMmYtNGEzYi04YzRkLTVlNmY3YThiOWMwZA",
);
/// The position of transaction 48,213.
const SINCE: Cursor = Cursor("bGlzdC8zZjBjOGQ1YTliN2UxMjQ2LzQ4MjEz");
const LEFT_CHAT: &str = "9c4d5e6f-7a8b-4c0d-8a5b-7c9d1e2f4a3b";
const MESSAGES_CURSOR: Cursor = Cursor(
    "bWVzc2FnZXMvMGE1YjdjOWQtMWUyZi00YTNiLThjNGQtNWU2ZjdhOGI5YzBkLzIwMjYtMDQtMDFUMTI6MzA6MDAuMDAwMTIwWg",
);
const MENTIONS_CURSOR: Cursor = Cursor(
    "bWVudGlvbnMvMjAyNi0wNC0wMVQxMjozMDowMC4wMDAxMjBaLzZkMWYyYzNiLTRhNWUtNGY2MC05YjdhLThjOWQwZTFmMmEzYg",
);
const REACTIONS_CURSOR: Cursor =
    Cursor("cmVhY3Rpb25zLzZkMWYyYzNiLTRhNWUtNGY2MC05YjdhLThjOWQwZTFmMmEzYi80");
const SEARCH_CURSOR: Cursor = Cursor(
    "c2VhcmNoLzAxMjM0NTY3ODlhYmNkZWYvMjAyNi0wNC0wMVQxMjozMDowMC4wMDAxMjBaLzBhNWI3YzlkLTFlMmYtNGEzYi04YzRkLTVlNmY3YThiOWMwZA",
);
const PHOTO: ObjectPath = ObjectPath(
    "0a5b7c9d-1e2f-4a3b-8c4d-5e6f7a8b9c0d/b0b00000-0000-4000-8000-000000000002/8f3b4e5d-6c70-4182-9d9c-aebfb0314c5d/route.jpg",
);
/// Not a real token: Supabase's Storage signs one for each file.
const SIGNED: SignedUrl = SignedUrl(
    "https://project.supabase.co/storage/v1/object/sign/chat-attachments/0a5b7c9d-1e2f-4a3b-8c4d-5e6f7a8b9c0d/b0b00000-0000-4000-8000-000000000002/8f3b4e5d-6c70-4182-9d9c-aebfb0314c5d/route.jpg?token=header.claims.signature",
);
const UPLOAD: UploadUrl = UploadUrl(
    "https://project.supabase.co/storage/v1/object/upload/sign/chat-attachments/0a5b7c9d-1e2f-4a3b-8c4d-5e6f7a8b9c0d/b0b00000-0000-4000-8000-000000000002/8f3b4e5d-6c70-4182-9d9c-aebfb0314c5d/route.jpg?token=header.claims.signature",
);
const ATTACHMENT_URL: &str = "https://project.supabase.co/storage/v1/object/authenticated/chat-attachments/0a5b7c9d-1e2f-4a3b-8c4d-5e6f7a8b9c0d/b0b00000-0000-4000-8000-000000000002/8f3b4e5d-6c70-4182-9d9c-aebfb0314c5d/route.jpg";

pub fn last_message() -> LastMessage {
    LastMessage {
        id: Id(MESSAGE),
        sender_id: Id(ALICE),
        text: Some("Shall we run on Sunday?"),
        created_at: SENT,
        has_attachment: false,
    }
}

pub fn chat() -> Chat {
    Chat {
        id: Id(CHAT),
        kind: ChatType::Direct,
        event_id: None,
        group_id: None,
        name: None,
        participants: vec![Id(ALICE), Id(BOB)],
        gone_participants: Vec::new(),
        created_at: Timestamp("2026-04-01T12:29:30.250000Z"),
        last_message_at: Some(SENT),
        last_message: Some(last_message()),
        unread_count: 0,
        unread_mentions: 0,
        settings: ChatSettings {
            muted_until: None,
            notify: Notify::All,
            archived: false,
            pinned: false,
            marked_unread: false,
        },
        last_read_at: Some(SENT),
        rev: Rev(1),
        history_rev: Rev(0),
        epoch: EPOCH,
        topic: TOPIC,
    }
}

pub fn new_chat() -> Chat {
    Chat {
        last_message_at: None,
        last_message: None,
        last_read_at: None,
        rev: Rev(0),
        ..chat()
    }
}

pub fn message() -> Message {
    Message {
        id: Id(MESSAGE),
        chat_id: Id(CHAT),
        sender_id: Id(ALICE),
        text: Some("Shall we run on Sunday?"),
        attachment_url: None,
        attachment: None,
        client_id: Some(Id(CLIENT_ID)),
        reply_to_id: None,
        reply_to: None,
        mentions: vec![Id(BOB)],
        reactions: Vec::new(),
        created_at: SENT,
        edited_at: None,
        editable_until: Some(Timestamp("2026-04-01T12:45:00.000120Z")),
        rev: Rev(1),
        deleted_at: None,
        deleted_by: None,
    }
}

pub fn edited() -> Message {
    Message {
        text: Some("Shall we run on Saturday?"),
        edited_at: Some(Timestamp("2026-04-01T12:33:10.900000Z")),
        rev: Rev(3),
        ..message()
    }
}

/// The reaction of Bob, as Alice sees it.
pub fn reaction() -> Reaction {
    Reaction {
        emoji: EMOJI,
        count: 1,
        mine: false,
        user_ids: vec![Id(BOB)],
    }
}

/// After Bob's reaction.
pub fn liked() -> Message {
    Message {
        reactions: vec![reaction()],
        rev: Rev(4),
        ..edited()
    }
}

/// As Bob sees it, who has reacted.
pub fn liked_by_caller() -> Message {
    Message {
        reactions: vec![Reaction {
            mine: true,
            ..reaction()
        }],
        editable_until: None,
        ..liked()
    }
}

/// The message after Bob has taken his reaction back, as he sees it.
pub fn no_longer_liked() -> Message {
    Message {
        editable_until: None,
        rev: Rev(5),
        ..edited()
    }
}

pub fn reactions() -> ReactionPage {
    ReactionPage {
        data: vec![Reactor {
            user_id: Id(BOB),
            emoji: EMOJI,
            created_at: Timestamp("2026-04-01T12:34:00.100000Z"),
        }],
        next_cursor: None,
    }
}

/// Bob's answer, as Alice sees it.
pub fn photo() -> Message {
    Message {
        id: Id(PHOTO_MESSAGE),
        sender_id: Id(BOB),
        text: None,
        attachment_url: Some(SIGNED),
        attachment: Some(Attachment {
            path: PHOTO,
            file_name: "route.jpg",
            content_type: ContentType("image/jpeg"),
            size: 482_133,
            width: Some(1_600),
            height: Some(1_200),
        }),
        client_id: None,
        reply_to_id: Some(Id(MESSAGE)),
        reply_to: Some(ReplyTo::Quoted {
            id: Id(MESSAGE),
            sender_id: Id(ALICE),
            text: Some("Shall we run on Sunday?"),
            has_attachment: false,
        }),
        mentions: Vec::new(),
        created_at: PHOTO_SENT,
        editable_until: None,
        rev: Rev(2),
        ..message()
    }
}

pub fn chats() -> ChatList {
    ChatList::Page(ChatPage {
        data: vec![chat()],
        next_cursor: Some(CHATS_CURSOR),
        since: Some(SINCE),
    })
}

pub fn delta() -> ChatList {
    ChatList::Delta(ChatDelta {
        data: vec![chat()],
        gone: vec![Id(LEFT_CHAT)],
        since: SINCE,
        has_more: false,
    })
}

/// Bob has muted the chat for an hour.
pub fn settings() -> ChatSettings {
    ChatSettings {
        muted_until: Some(Timestamp("2026-04-01T13:30:00.000000Z")),
        notify: Notify::All,
        archived: false,
        pinned: true,
        marked_unread: false,
    }
}

pub fn chat_with_settings() -> Chat {
    Chat {
        settings: settings(),
        ..chat()
    }
}

pub fn reads() -> ReadMarks {
    let mark = |user| ReadMark {
        user_id: Id(user),
        last_read_at: SENT,
    };
    ReadMarks {
        data: vec![mark(ALICE), mark(BOB)],
    }
}

pub fn unread_totals() -> UnreadTotals {
    UnreadTotals {
        chats: 2,
        messages: 7,
        mentions: 1,
    }
}

pub fn messages() -> MessagePage {
    MessagePage {
        data: vec![photo(), message()],
        next_cursor: None,
        prev_cursor: None,
    }
}

pub fn found_messages() -> FoundMessages {
    FoundMessages {
        data: vec![message()],
        next_cursor: Some(SEARCH_CURSOR),
    }
}

/// What mentions Bob.
pub fn mentions() -> FoundMessages {
    FoundMessages {
        data: vec![liked_by_caller()],
        next_cursor: Some(MENTIONS_CURSOR),
    }
}

pub fn changes() -> Changes {
    let (edited, photo) = (Box::new(edited()), PHOTO_MESSAGE);
    Changes {
        data: vec![
            Change::Upsert {
                rev: Rev(3),
                message: edited,
            },
            Change::Delete {
                rev: Rev(4),
                message_id: Id(photo),
            },
        ],
        rev: Rev(4),
        epoch: EPOCH,
        has_more: false,
        topic: TOPIC,
    }
}

pub fn unread() -> Unread {
    Unread {
        unread_count: 0,
        unread_mentions: 0,
    }
}

pub fn upload() -> Upload {
    Upload {
        upload_url: UPLOAD,
        method: UploadMethod::Put,
        headers: UploadHeaders {
            content_type: ContentType("image/jpeg"),
        },
        path: PHOTO,
        attachment_url: AttachmentUrl(ATTACHMENT_URL),
        file_name: "route.jpg",
        content_type: ContentType("image/jpeg"),
        expires_at: Timestamp("2026-04-01T14:31:00.000000Z"),
    }
}

pub fn health() -> Health {
    Health {
        status: HealthStatus::Ok,
        version: Version(env!("CARGO_PKG_VERSION")),
    }
}

pub fn open_chat() -> OpenChat {
    OpenChat {
        kind: DirectOnly::Direct,
        participant_ids: [AnyId(BOB)],
    }
}

pub fn change_settings() -> ChangeSettings {
    ChangeSettings {
        muted_until: Some(AnyTimestamp("2026-04-01T13:30:00Z")),
        pinned: Some(true),
        ..ChangeSettings::default()
    }
}

pub fn unmute() -> Value {
    json!({ "mutedUntil": null })
}

pub fn mark_read() -> MarkRead {
    MarkRead {
        message_id: AnyId(MESSAGE),
    }
}

pub fn send_text() -> SendMessage {
    SendMessage {
        text: Some(Text("Shall we run on Sunday?")),
        attachment_url: None,
        client_id: Some(AnyId(CLIENT_ID)),
        reply_to_id: None,
        mentions: Some(vec![AnyId(BOB)]),
    }
}

pub fn send_file() -> SendMessage {
    SendMessage {
        text: None,
        attachment_url: Some(AnyAttachmentUrl(ATTACHMENT_URL)),
        client_id: None,
        reply_to_id: Some(AnyId(MESSAGE)),
        mentions: None,
    }
}

pub fn edit() -> EditMessage {
    EditMessage {
        text: Text("Shall we run on Saturday?"),
        mentions: None,
    }
}

pub fn create_upload() -> CreateUpload {
    CreateUpload {
        chat_id: AnyId(CHAT),
        file_name: "route.jpg",
        content_type: Some(DeclaredType("image/jpg")),
        size: 482_133,
        width: Some(1_600),
        height: Some(1_200),
    }
}

/// The values of parameters.
pub fn parameters() -> Value {
    json!({
        "chat": CHAT,
        "message": MESSAGE,
        "chatsCursor": CHATS_CURSOR,
        "messagesCursor": MESSAGES_CURSOR,
        "mentionsCursor": MENTIONS_CURSOR,
        "reactionsCursor": REACTIONS_CURSOR,
        "emoji": EMOJI,
        "since": SINCE,
        "searchCursor": SEARCH_CURSOR,
        "epoch": EPOCH,
    })
}
