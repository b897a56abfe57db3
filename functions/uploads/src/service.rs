//! The operation of the uploads function: the database reserves a path, and Storage signs an upload to
//! it, both on behalf of the caller.

use serde::Deserialize;
use shared::auth::session::Session;
use shared::error::ApiError;
use shared::http::reply::Reply;
use shared::input::cursor::Timestamp;
use shared::input::object_path::ObjectPath;
use shared::supabase::client::Repeat;
use shared::supabase::expected_answer::ExpectedAnswer;
use shared::supabase::postgrest_errors;
use uuid::Uuid;

use crate::schemas::{CreateUpload, Headers, Upload};

/// Reserves and signs an upload. If Storage cannot sign it, the reservation expires by itself.
pub async fn create(session: &Session<'_>, upload: CreateUpload) -> Result<Reply, ApiError> {
    let reserved = ExpectedAnswer::Object(&["path"]);
    let answer = session
        .postgrest
        .post("reserve_upload", &upload, reserved, Repeat::Never)
        .await?;
    let reservation = Reservation::read(&answer, upload.chat_id, session.user)?;
    let path = reservation.path;
    let signed = session.storage.sign_upload(&path).await?;
    let until = signed.expires_at.and_then(Timestamp::from_seconds);
    let upload = Upload {
        upload_url: signed.url,
        method: "PUT",
        headers: Headers {
            content_type: reservation.content_type.clone(),
        },
        attachment_url: session.storage.attachment_url(&path),
        path: path.to_string(),
        file_name: reservation.file_name,
        content_type: reservation.content_type,
        expires_at: until.map_or(reservation.expires_at, |until| until.to_string()),
    };
    // Serialising strings cannot fail.
    let body = serde_json::to_vec(&upload).unwrap_or_default();
    Ok(Reply::json(201, body))
}

/// The answer of `reserve_upload`.
struct Reservation {
    path: ObjectPath,
    file_name: String,
    content_type: String,
    expires_at: String,
}

impl Reservation {
    /// Reads the answer. It must be for this chat and caller, because its path becomes part of a URL.
    fn read(answer: &Reply, chat: Uuid, user: Uuid) -> Result<Self, ApiError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Answer {
            path: String,
            file_name: String,
            content_type: String,
            expires_at: String,
        }
        let read = || {
            let answer: Answer = serde_json::from_slice(&answer.body).ok()?;
            let path = ObjectPath::parse(&answer.path)?;
            let fits = path.chat == chat && path.user == user;
            fits.then_some(Reservation {
                path,
                file_name: answer.file_name,
                content_type: answer.content_type,
                expires_at: answer.expires_at,
            })
        };
        read().ok_or_else(|| postgrest_errors::from_false_success(answer.status, answer.body.len()))
    }
}

#[cfg(test)]
mod tests {
    use shared::error::ErrorCode;

    use super::*;

    const CHAT: &str = "0a5b7c9d-1e2f-4a3b-8c4d-5e6f7a8b9c0d";
    const ME: &str = "11111111-1111-4111-8111-111111111111";

    fn read(answer: &str, chat: &str, user: &str) -> Result<Reservation, ApiError> {
        let reply = Reply::json(201, answer.as_bytes().to_vec());
        Reservation::read(&reply, chat.parse().unwrap(), user.parse().unwrap())
    }

    fn answer() -> String {
        format!(
            r#"{{"path":"{CHAT}/{ME}/{CHAT}/a.jpg","fileName":"a.jpg","contentType":"image/jpeg",
                "size":5,"width":640,"height":480,"expiresAt":"2026-04-01T12:30:00.000000Z"}}"#
        )
    }

    #[test]
    fn the_type_and_the_name_are_the_databases() {
        let reservation = read(&answer(), CHAT, ME).ok().unwrap();
        assert_eq!(
            reservation.path.to_string(),
            format!("{CHAT}/{ME}/{CHAT}/a.jpg")
        );
        assert_eq!(reservation.file_name, "a.jpg");
        assert_eq!(reservation.content_type, "image/jpeg");
        assert_eq!(reservation.expires_at, "2026-04-01T12:30:00.000000Z");
    }

    #[test]
    fn an_answer_for_another_chat_or_caller_is_not_accepted() {
        for (chat, user) in [(ME, ME), (CHAT, CHAT)] {
            let error = read(&answer(), chat, user).err().unwrap();
            assert_eq!(error.code, ErrorCode::BadUpstream);
        }
        let untyped = answer().replace("contentType", "type");
        let error = read(&untyped, CHAT, ME).err().unwrap();
        assert_eq!(error.code, ErrorCode::BadUpstream);
    }
}
