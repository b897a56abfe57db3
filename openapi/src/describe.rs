//! The contract of each operation. The match is exhaustive: a route's operation that is not described here does not
//! compile.

use serde_json::json;
use shared::error::ErrorCode::*;
use shared::routes::Operation;

use crate::limits::{EDIT_WINDOW_SECONDS, MAX_REACTION_KINDS};
use crate::operations::{
    Description, Tag, body, document, json_answer, json_answers, nothing, plain,
};
use crate::parameters::{self, Parameter, changes, chats, page, reactions};
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
            parameters: chats(),
            errors: &[InvalidCursor, ResyncRequired],
            ..plain(
                Tag::Chats,
                "Lists the caller's chats",
                "The chats with the newest activity come first. A page repeats and skips nothing, also while others \
                 send.\n\nWith `since`, it lists instead what has changed in all of the caller's chats. Ask again with \
                 the `since` of the answer while `hasMore` is true. A chat may be told although it is as before. After \
                 410, load the list again.",
                vec![json_answers(
                    200,
                    "A page of chats, or what has changed.",
                    "ChatList",
                    vec![
                        ("page", "A page", json!(examples::chats())),
                        ("delta", "What has changed", json!(examples::delta())),
                    ],
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
        Operation::ChangeSettings => Description {
            body: Some(body(
                "ChangeSettings",
                vec![
                    ("mute", "Mute and pin", json!(examples::change_settings())),
                    ("unmute", "End the muting", examples::unmute()),
                ],
            )),
            errors: &[NotParticipant, ChatNotFound],
            ..plain(
                Tag::Chats,
                "Changes the caller's own settings for a chat",
                "Nobody else sees them. A chat that the caller has left and come back to keeps `mutedUntil` and \
                 `notify`.",
                vec![json_answer(
                    200,
                    "The chat with its settings.",
                    "Chat",
                    examples::chat_with_settings(),
                )],
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
        Operation::ListReads => Description {
            errors: &[NotParticipant, ChatNotFound],
            ..plain(
                Tag::Chats,
                "Tells how far the participants have read",
                "",
                vec![json_answer(
                    200,
                    "The read marks.",
                    "ReadMarks",
                    examples::reads(),
                )],
            )
        },
        Operation::CountUnread => plain(
            Tag::Chats,
            "Counts what is unread in all chats",
            "For the badge of an app. Muted and archived chats do not count.",
            vec![json_answer(
                200,
                "The counts.",
                "UnreadTotals",
                examples::unread_totals(),
            )],
        ),
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
                "A text, an attachment, or both. It may reply to another message, and mention people. With a `clientId` the send is safe to repeat: the message is stored \
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
                    "Only its sender, within {} minutes by the database's clock (`editableUntil`). The same text \
                     with the same mentions changes nothing. `replyToId` stays.",
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
        Operation::ListReactions => Description {
            parameters: reactions(),
            errors: &[InvalidCursor, NotParticipant, ChatNotFound, MessageNotFound],
            ..plain(
                Tag::Messages,
                "Lists the reactions to a message",
                "Who has reacted, and when. The oldest come first.",
                vec![json_answer(
                    200,
                    "A page of reactions.",
                    "ReactionPage",
                    examples::reactions(),
                )],
            )
        },
        Operation::AddReaction => Description {
            errors: &[NotParticipant, Blocked, ChatNotFound, MessageNotFound],
            ..plain(
                Tag::Messages,
                "Reacts to a message",
                &format!(
                    "Every participant who can read the message may react to it. The same reaction again changes \
                     nothing. A message has at most {MAX_REACTION_KINDS} different reactions."
                ),
                vec![json_answer(
                    200,
                    "The message with the reaction.",
                    "Message",
                    examples::liked_by_caller(),
                )],
            )
        },
        Operation::RemoveReaction => Description {
            errors: &[NotParticipant, ChatNotFound, MessageNotFound],
            ..plain(
                Tag::Messages,
                "Takes the caller's reaction back",
                "If the caller has not reacted so, it changes nothing.",
                vec![json_answer(
                    200,
                    "The message without the reaction.",
                    "Message",
                    examples::no_longer_liked(),
                )],
            )
        },
        Operation::ListMentions => Description {
            parameters: page(),
            errors: &[InvalidCursor],
            ..plain(
                Tag::Messages,
                "Lists the messages that mention the caller",
                "Those that the caller can read now, in the chats in which the caller takes part now. The newest \
                 come first. Deleted messages and the caller's own are not in the list.",
                vec![json_answer(
                    200,
                    "A page of messages.",
                    "FoundMessages",
                    examples::mentions(),
                )],
            )
        },
        Operation::ListChanges => Description {
            parameters: changes(),
            errors: &[NotParticipant, ChatNotFound, ResyncRequired],
            ..plain(
                Tag::Messages,
                "Lists what has changed since a position",
                "Every message that was created, edited or deleted or got a reaction after `since`, in order. Apply the changes, then ask \
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
