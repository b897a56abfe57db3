//! What the uploads function does: the database reserves a path, and Storage signs an upload to it,
//! both in the caller's name.

use serde::Deserialize;
use shared::cursor::Timestamp;
use shared::error::ApiError;
use shared::object_path::ObjectPath;
use shared::postgrest::Repeat;
use shared::reply::Reply;
use shared::session::Session;
use shared::shape::Shape;
use shared::upstream;

use crate::schemas::{CreateUpload, Headers, Upload};

/// Reserves and signs an upload. Where Storage cannot sign, the reservation is left to end by itself.
pub async fn create(session: &Session<'_>, upload: CreateUpload) -> Result<Reply, ApiError> {
    let reserved = Shape::Object(&["path"]);
    let answer = session
        .postgrest
        .post("reserve_upload", &upload, reserved, Repeat::Never)
        .await?;
    let reservation = Reservation::read(&answer, session, &upload)?;
    let path = reservation.path;
    let signed = session.storage.sign_upload(&path).await?;
    let until = signed.expires_at.and_then(Timestamp::from_seconds);
    let upload = Upload {
        upload_url: signed.url,
        method: "PUT",
        headers: Headers {
            content_type: reservation.content_type,
        },
        attachment_url: session.storage.attachment_url(&path),
        path: path.to_string(),
        file_name: reservation.file_name,
        expires_at: until.map_or(reservation.expires_at, |until| until.to_string()),
    };
    // Strings always serialise.
    let body = serde_json::to_vec(&upload).unwrap_or_default();
    Ok(Reply::json(201, body))
}

/// What `reserve_upload` answers.
struct Reservation {
    path: ObjectPath,
    file_name: String,
    content_type: String,
    expires_at: String,
}

impl Reservation {
    /// Reads the answer, which must be of this chat and caller: the path goes into a URL.
    fn read(
        answer: &Reply,
        session: &Session<'_>,
        upload: &CreateUpload,
    ) -> Result<Self, ApiError> {
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
            let fits = path.chat == upload.chat_id && path.user == session.user;
            fits.then_some(Reservation {
                path,
                file_name: answer.file_name,
                content_type: answer.content_type,
                expires_at: answer.expires_at,
            })
        };
        read().ok_or_else(|| upstream::from_false_success(answer.status, answer.body.len()))
    }
}
