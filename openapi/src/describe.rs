//! The contract of each operation. The match is exhaustive: a route's operation that is not described here does not
//! compile.

use serde_json::json;
use shared::error::ErrorCode::*;
use shared::routes::Operation;

use crate::limits::EDIT_WINDOW_SECONDS;
use crate::operations::{Description, Tag, body, document, json_answer, nothing, plain};
use crate::parameters::{self, Parameter, changes, page};
use crate::{examples, formats};

/// The contract of an operation.
pub fn describe(operation: Operation) -> Description {
    match operation {
        Operation::GetHealth => Description {
            parameters: vec![Parameter {
                place: "query",
                name: "deep",
                required: false,
                description:
                    "`1` also asks PostgREST and Postgres. Every other value counts as absent."
                        .to_owned(),
                schema: json!({ "type": "string" }),
                example: None,
            }],
            errors: &[Internal, Unavailable],
            public: true,
            ..plain(
                Tag::Service,
                "Tells whether the service works",
                "Without `deep=1` it asks nothing, so it says that the gateway runs. Only `deep=1` \
                 reports errors of Supabase.",
                vec![json_answer(
                    200,
                    "The service works.",
                    "Health",
                    examples::health(),
                )],
            )
        },
        Operation::GetOpenApi => document(
            "This document",
            "The contract as OpenAPI 3.1.",
            &["application/json"],
        ),
        Operation::GetAsyncApi => document(
            "The events, as AsyncAPI",
            "The events of Supabase Realtime as AsyncAPI 3. Its schemas have the same names as here.",
            &["application/json"],
        ),
        Operation::GetDocs => document(
            "A page that shows this document",
            "It can also send requests, with a token that you give it.",
            &["text/html; charset=utf-8"],
        ),
        Operation::GetDocsFile => Description {
            errors: &[RouteNotFound, Unavailable],
            ..document(
                "A file of that page",
                "A script or a style sheet.",
                &["text/javascript; charset=utf-8", "text/css; charset=utf-8"],
            )
        },
        Operation::GetLlmsText => document(
            "The contract for language models",
            "The contract as one short text in Markdown, by the convention of llms.txt.",
            &["text/plain; charset=utf-8"],
        ),
        Operation::ListChats => Description {
            parameters: page(),
            errors: &[InvalidCursor],
            ..plain(
                Tag::Chats,
                "Lists the caller's chats",
                "The chats with the newest activity come first. A page repeats and skips nothing, also while others \
                 send.",
                vec![json_answer(
                    200,
                    "A page of chats.",
                    "ChatPage",
                    examples::chats(),
                )],
            )
        },
        Operation::OpenChat => Description {
            body: Some(body(
                "OpenChat",
                vec![(
                    "direct",
                    "A chat with Bob, by another user",
                    json!(examples::open_chat()),
                )],
            )),
            errors: &[NotFriends, Blocked],
            ..plain(
                Tag::Chats,
                "Opens the direct chat with another user",
                "A pair has one direct chat, however often and from whichever side it is opened. A new chat needs an \
                 accepted friendship. A caller who has left the chat comes back, without the history from before.",
                vec![
                    json_answer(
                        200,
                        "The chat that the pair already has.",
                        "Chat",
                        examples::chat(),
                    ),
                    json_answer(201, "The new chat.", "Chat", examples::new_chat()),
                ],
            )
        },
        Operation::GetChat => Description {
            errors: &[NotParticipant, ChatNotFound],
            ..plain(
                Tag::Chats,
                "Gets a chat",
                "",
                vec![json_answer(200, "The chat.", "Chat", examples::chat())],
            )
        },
        Operation::LeaveChat => Description {
            errors: &[NotParticipant, ChatNotFound],
            ..plain(
                Tag::Chats,
                "Leaves a chat",
                "A group's chat stays closed for the caller until the event or group adds them again. A direct chat \
                 comes back with the other person's next message, or when the caller opens it. It then shows only what \
                 came after. Leaving again is 403 `not_participant`.",
                vec![nothing(204, "The caller has left.")],
            )
        },
        Operation::MarkRead => Description {
            body: Some(body(
                "MarkRead",
                vec![(
                    "message",
                    "Up to this message",
                    json!(examples::mark_read()),
                )],
            )),
            errors: &[NotParticipant, ChatNotFound, MessageNotFound],
            ..plain(
                Tag::Chats,
                "Marks messages as read",
                "Everything up to the message is read. The mark never moves back.",
                vec![json_answer(
                    200,
                    "What is unread now.",
                    "Unread",
                    examples::unread(),
                )],
            )
        },
        Operation::SendTyping => Description {
            errors: &[NotParticipant, Blocked, ChatNotFound],
            ..plain(
                Tag::Chats,
                "Tells that the caller is typing",
                "Sends the event `typing` to the chat's channel, at most once in three seconds. The answer is the same \
                 when nothing was sent for this reason.",
                vec![nothing(202, "Accepted.")],
            )
        },
        Operation::ListMessages => Description {
            parameters: parameters::messages(),
            errors: &[InvalidCursor, NotParticipant, ChatNotFound, MessageNotFound],
            ..plain(
                Tag::Messages,
                "Lists a chat's messages",
                "The newest come first. With `around`, the page is a window: the message itself, and as many older as \
                 newer ones. From any page, `nextCursor` leads to older messages and `prevCursor` to newer ones. Pages \
                 repeat and skip nothing, also while others send and delete. Moderators also get deleted messages.",
                vec![json_answer(
                    200,
                    "A page of messages.",
                    "MessagePage",
                    examples::messages(),
                )],
            )
        },
        Operation::SendMessage => Description {
            parameters: vec![Parameter {
                place: "header",
                name: messages::constants::IDEMPOTENCY_KEY,
                required: false,
                description: "Means the same as `clientId`. If both are there, they must be equal."
                    .to_owned(),
                schema: json!(formats::schema::<formats::AnyId>()),
                example: None,
            }],
            body: Some(body(
                "SendMessage",
                vec![
                    ("text", "A text", json!(examples::send_text())),
                    (
                        "upload",
                        "A file that was uploaded before",
                        json!(examples::send_file()),
                    ),
                ],
            )),
            errors: &[
                NotParticipant,
                Blocked,
                ChatNotFound,
                MessageNotFound,
                IdempotencyMismatch,
            ],
            ..plain(
                Tag::Messages,
                "Sends a message",
                "A text, an attachment, or both. With a `clientId` the send is safe to repeat: the message is stored \
                 once. 404 `message_not_found` means that the message that was sent with this `clientId` is deleted.",
                vec![
                    json_answer(
                        200,
                        "The message that was sent with this `clientId` before. Nothing was written.",
                        "Message",
                        examples::edited(),
                    ),
                    json_answer(201, "The new message.", "Message", examples::message()),
                ],
            )
        },
        Operation::GetMessage => Description {
            errors: &[NotParticipant, ChatNotFound, MessageNotFound],
            ..plain(
                Tag::Messages,
                "Gets a message",
                "Moderators also get a deleted message.",
                vec![json_answer(
                    200,
                    "The message.",
                    "Message",
                    examples::message(),
                )],
            )
        },
        Operation::SearchMessages => Description {
            parameters: parameters::search(),
            errors: &[InvalidCursor, NotParticipant, ChatNotFound],
            ..plain(
                Tag::Messages,
                "Searches the caller's messages",
                "Finds the messages that have all of the words, in the chats and the history that the caller may read. \
                 A word also matches where a longer word begins with it. Case and accents do not matter. The newest come \
                 first. Deleted messages are never found.",
                vec![json_answer(
                    200,
                    "A page of messages.",
                    "FoundMessages",
                    examples::found_messages(),
                )],
            )
        },
        Operation::EditMessage => Description {
            body: Some(body(
                "EditMessage",
                vec![("text", "Another text", json!(examples::edit()))],
            )),
            errors: &[
                NotParticipant,
                NotSender,
                EditWindowExpired,
                Blocked,
                ChatNotFound,
                MessageNotFound,
            ],
            ..plain(
                Tag::Messages,
                "Edits a message",
                &format!(
                    "Only its sender, within {} minutes by the database's clock (`editableUntil`). The same text again \
                     changes nothing.",
                    EDIT_WINDOW_SECONDS / 60
                ),
                vec![json_answer(
                    200,
                    "The message with its new text.",
                    "Message",
                    examples::edited(),
                )],
            )
        },
        Operation::DeleteMessage => Description {
            errors: &[NotParticipant, NotSender, ChatNotFound, MessageNotFound],
            ..plain(
                Tag::Messages,
                "Deletes a message",
                "Its sender or a moderator may do so. Moderators still see it. Deleting it again is 204 too.",
                vec![nothing(204, "The message is deleted.")],
            )
        },
        Operation::ListChanges => Description {
            parameters: changes(),
            errors: &[NotParticipant, ChatNotFound, ResyncRequired],
            ..plain(
                Tag::Messages,
                "Lists what has changed since a position",
                "Everything that was created, edited or deleted after `since`, in order. Apply the changes, then ask \
                 again with the `rev` of the answer while `hasMore` is true. After 410, forget the chat and load it \
                 again.",
                vec![json_answer(
                    200,
                    "The changes.",
                    "Changes",
                    examples::changes(),
                )],
            )
        },
        Operation::CreateUpload => Description {
            body: Some(body(
                "CreateUpload",
                vec![("picture", "A picture", json!(examples::create_upload()))],
            )),
            errors: &[NotParticipant, Blocked, ChatNotFound],
            ..plain(
                Tag::Files,
                "Reserves an upload",
                "Send the file to `uploadUrl` with this `method` and these `headers`. Then send a message with the \
                 `attachmentUrl`. A reservation that nobody uses expires.",
                vec![json_answer(
                    201,
                    "Where to send the file.",
                    "Upload",
                    examples::upload(),
                )],
            )
        },
    }
}
