//! The API's errors: one enum of codes, each with its status and message.
//!
//! An error has two texts. The message goes to the client and depends on the code alone. The detail
//! goes to the log only. Neither may contain a token, the text of a chat message, or a signed URL.

use serde::Serialize;

/// Declares the codes: a line has all that the contract says about one code.
macro_rules! error_codes {
    ($($variant:ident = $status:literal $code:literal $message:literal;)*) => {
        /// A code of the contract's error table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum ErrorCode {
            $(#[doc = concat!("`", $code, "`, HTTP ", $status)] $variant,)*
        }

        impl ErrorCode {
            pub const ALL: &'static [ErrorCode] = &[$(ErrorCode::$variant),*];

            /// The code as the error body has it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(ErrorCode::$variant => $code),* }
            }

            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(ErrorCode::$variant => $status),* }
            }

            /// The text for the client.
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
    ResyncRequired = 410 "resync_required" "This position in the chat is no longer valid. Load the chat again.";
    PayloadTooLarge = 413 "payload_too_large" "The request body is over 64 KiB.";
    UnsupportedMediaType = 415 "unsupported_media_type" "The request body must be application/json, without a content encoding.";
    RateLimited = 429 "rate_limited" "Too many requests.";
    Internal = 500 "internal" "Something went wrong on our side.";
    BadUpstream = 502 "bad_upstream" "A service behind the API gave an unexpected answer.";
    Unavailable = 503 "unavailable" "The service is not available at the moment.";
    UpstreamTimeout = 504 "upstream_timeout" "A service behind the API took too long to answer.";
}

impl ErrorCode {
    /// Whether the same request may succeed later, unchanged.
    #[must_use]
    pub const fn retryable(self) -> bool {
        matches!(
            self,
            // The clock of this machine may be behind that of Auth.
            Self::TokenNotYetValid
                | Self::RateLimited
                | Self::BadUpstream
                | Self::Unavailable
                | Self::UpstreamTimeout
        )
    }
}

/// A faulty input, as a 400 names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldIssue {
    /// The name of the body's member, the query parameter or the header.
    pub path: &'static str,
    /// What is wrong: "must be a UUID".
    pub issue: &'static str,
}

/// An error for the client, with a detail for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    pub code: ErrorCode,
    /// The faulty inputs; only `invalid_request` has them.
    pub fields: Vec<FieldIssue>,
    /// For the log only.
    pub detail: Option<String>,
    /// The `Allow` header of a 405.
    pub allow: Option<String>,
    /// The `Retry-After` header in seconds.
    pub retry_after: Option<u32>,
}

/// How long a client waits after `unavailable`: long enough for a connection pool to recover, and
/// short enough for a person who looks at the screen.
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
    /// An error with a detail for the log.
    #[must_use]
    pub fn with_detail(code: ErrorCode, detail: impl Into<String>) -> Self {
        ApiError {
            detail: Some(detail.into()),
            ..code.into()
        }
    }

    /// `invalid_token`, with the reason for the log.
    #[must_use]
    pub fn invalid_token(reason: &str) -> Self {
        Self::with_detail(ErrorCode::InvalidToken, format!("token refused: {reason}"))
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

    /// `method_not_allowed` on a path that has the methods `allow`: `"GET, HEAD, POST"`.
    #[must_use]
    pub fn method_not_allowed(allow: impl Into<String>) -> Self {
        ApiError {
            allow: Some(allow.into()),
            ..ErrorCode::MethodNotAllowed.into()
        }
    }

    /// `rate_limited`, with the seconds until the next try; `limit` names the limit in the log.
    #[must_use]
    pub fn rate_limited(seconds: u32, limit: &str) -> Self {
        ApiError {
            retry_after: Some(seconds),
            ..Self::with_detail(ErrorCode::RateLimited, limit)
        }
    }
}

#[cfg(test)]
mod tests;
