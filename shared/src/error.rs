//! The API's errors: one enum of codes, and the envelope that every error body has.
//!
//! An error carries two texts. The message goes to the client and is fixed by its code; the detail
//! goes to the log and never leaves. Neither may hold a token, a message's text or a signed URL.

use serde::Serialize;

use crate::reply::Reply;
use crate::request::RequestId;

/// Declares the codes, so that all that the contract fixes about one stands in one line.
macro_rules! error_codes {
    ($($variant:ident = $status:literal $code:literal $message:literal;)*) => {
        /// A code of the contract's error table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum ErrorCode {
            $(#[doc = concat!("`", $code, "`, HTTP ", $status)] $variant,)*
        }

        impl ErrorCode {
            /// Every code of the contract.
            pub const ALL: &'static [ErrorCode] = &[$(ErrorCode::$variant),*];

            /// The code as the envelope writes it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(ErrorCode::$variant => $code),* }
            }

            /// The HTTP status that goes with the code.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(ErrorCode::$variant => $status),* }
            }

            /// The sentence for the client.
            #[must_use]
            pub const fn message(self) -> &'static str {
                match self { $(ErrorCode::$variant => $message),* }
            }
        }
    };
}

error_codes! {
    InvalidJson = 400 "invalid_json" "The request body is not valid JSON.";
    InvalidRequest = 400 "invalid_request" "The request is not valid.";
    InvalidCursor = 400 "invalid_cursor" "The cursor is not valid for this list.";
    InvalidId = 400 "invalid_id" "An id in the path is not a UUID.";
    MissingToken = 401 "missing_token" "A bearer token is required.";
    InvalidToken = 401 "invalid_token" "The bearer token is not valid.";
    TokenExpired = 401 "token_expired" "The bearer token has expired.";
    TokenNotYetValid = 401 "token_not_yet_valid" "The bearer token is not valid yet.";
    TokenTooLarge = 401 "token_too_large" "The bearer token is over 8 KiB.";
    NotParticipant = 403 "not_participant" "You are not a participant of this chat.";
    NotSender = 403 "not_sender" "Only the sender may do this.";
    EditWindowExpired = 403 "edit_window_expired" "The message can no longer be edited.";
    NotFriends = 403 "not_friends" "A direct chat needs an accepted friendship.";
    Blocked = 403 "blocked" "One of you has blocked the other.";
    Forbidden = 403 "forbidden" "You may not do this.";
    ChatNotFound = 404 "chat_not_found" "There is no such chat.";
    MessageNotFound = 404 "message_not_found" "There is no such message.";
    RouteNotFound = 404 "route_not_found" "There is no such route.";
    MethodNotAllowed = 405 "method_not_allowed" "The route does not support this method.";
    IdempotencyMismatch = 409 "idempotency_mismatch" "This clientId was used for another message.";
    ResyncRequired = 410 "resync_required" "What you know of the chat is not its past any more: load it again.";
    PayloadTooLarge = 413 "payload_too_large" "The request body is over 64 KiB.";
    UnsupportedMediaType = 415 "unsupported_media_type" "The request body must be application/json, without a content encoding.";
    RateLimited = 429 "rate_limited" "Too many requests.";
    Internal = 500 "internal" "Something went wrong on our side.";
    BadUpstream = 502 "bad_upstream" "The database gave an unexpected answer.";
    Unavailable = 503 "unavailable" "The service is not available at the moment.";
    UpstreamTimeout = 504 "upstream_timeout" "The database took too long to answer.";
}

impl ErrorCode {
    /// Whether the same request may succeed later, unchanged.
    #[must_use]
    pub const fn retryable(self) -> bool {
        matches!(
            self,
            // Of two clocks that differ the one behind gets there.
            Self::TokenNotYetValid
                | Self::RateLimited
                | Self::BadUpstream
                | Self::Unavailable
                | Self::UpstreamTimeout
        )
    }
}

/// One reason why a 400 was given: which input, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldIssue {
    /// The body's member, the query parameter or the header.
    pub path: &'static str,
    /// What is wrong, as a predicate: "must be a UUID".
    pub issue: &'static str,
}

/// An error on its way to the client, with what only the log may know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// Fixes status, message and whether a retry makes sense.
    pub code: ErrorCode,
    /// The faulty inputs; for `invalid_request` only.
    pub fields: Vec<FieldIssue>,
    /// For the log.
    pub detail: Option<String>,
    /// The `Allow` header of a 405.
    pub allow: Option<&'static str>,
    /// The `Retry-After` header in seconds.
    pub retry_after: Option<u32>,
}

/// What a client should wait after `unavailable`: long enough for a connection pool to recover,
/// short enough for a person who watches.
const UNAVAILABLE_RETRY_SECONDS: u32 = 2;

impl From<ErrorCode> for ApiError {
    fn from(code: ErrorCode) -> Self {
        let retry_after = (code == ErrorCode::Unavailable).then_some(UNAVAILABLE_RETRY_SECONDS);
        ApiError {
            code,
            fields: Vec::new(),
            detail: None,
            allow: None,
            retry_after,
        }
    }
}

impl ApiError {
    /// An error with a sentence for the log.
    #[must_use]
    pub fn with_detail(code: ErrorCode, detail: impl Into<String>) -> Self {
        ApiError {
            detail: Some(detail.into()),
            ..code.into()
        }
    }

    /// `invalid_request` for the given inputs.
    #[must_use]
    pub fn invalid_fields(fields: Vec<FieldIssue>) -> Self {
        ApiError {
            fields,
            ..ErrorCode::InvalidRequest.into()
        }
    }

    /// `invalid_request` for one input.
    #[must_use]
    pub fn invalid_field(path: &'static str, issue: &'static str) -> Self {
        Self::invalid_fields(vec![FieldIssue { path, issue }])
    }

    /// `method_not_allowed` on a route that has these methods: `"GET, HEAD, POST"`.
    #[must_use]
    pub fn method_not_allowed(allow: &'static str) -> Self {
        ApiError {
            allow: Some(allow),
            ..ErrorCode::MethodNotAllowed.into()
        }
    }

    /// `rate_limited`, to be tried again after so many seconds; `limit` names which one, for the log.
    #[must_use]
    pub fn rate_limited(seconds: u32, limit: &str) -> Self {
        ApiError {
            retry_after: Some(seconds),
            ..Self::with_detail(ErrorCode::RateLimited, limit)
        }
    }

    /// The answer with the contract's envelope.
    #[must_use]
    pub fn reply(&self, id: &RequestId) -> Reply {
        let envelope = Envelope {
            error: EnvelopeError {
                code: self.code.as_str(),
                message: self.code.message(),
                request_id: id.as_str(),
                retryable: self.code.retryable(),
                fields: &self.fields,
            },
        };
        // Strings, a bool and a list of strings always serialise.
        let mut reply = Reply::json(
            self.code.status(),
            serde_json::to_vec(&envelope).unwrap_or_default(),
        );
        if let Some(allow) = self.allow {
            reply.headers.push(("allow", allow.to_owned()));
        }
        if self.code.status() == 401 {
            reply
                .headers
                .push(("www-authenticate", "Bearer".to_owned()));
        }
        if let Some(seconds) = self.retry_after {
            reply.headers.push(("retry-after", seconds.to_string()));
        }
        reply
    }
}

#[derive(Serialize)]
struct Envelope<'a> {
    error: EnvelopeError<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EnvelopeError<'a> {
    code: &'a str,
    message: &'a str,
    request_id: &'a str,
    retryable: bool,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    fields: &'a [FieldIssue],
}

#[cfg(test)]
mod tests;
