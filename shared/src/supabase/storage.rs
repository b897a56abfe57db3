//! The client of Storage: signs uploads and downloads of attachments.
//!
//! Storage decides by the policies on `storage.objects`, for the user of the token. Requests have typed
//! paths. Of an answer only the signatures are used, after a check of their characters: the URLs are
//! written here. Each request may be sent twice, because signing writes nothing.

use std::collections::BTreeMap;
use std::rc::Rc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::error::ApiError;
use crate::http::path::needs_no_escape;
use crate::input::object_path::ObjectPath;
use crate::supabase::client::{Repeat, Supabase, client};
use crate::supabase::storage_errors;

/// The bucket of all attachments.
pub const BUCKET: &str = "chat-attachments";
/// How long a signed download is valid, in seconds.
pub const SIGNED_SECONDS: u32 = 3_600;
/// The name of the service in the log.
const NAME: &str = "Storage";
/// Storage's signatures are much shorter.
const MAX_TOKEN_BYTES: usize = 4_096;

/// Storage, for one request and on behalf of one user.
pub struct Storage<'a>(Rc<Supabase<'a>>);

/// A URL to which an object may be uploaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedUpload {
    /// The whole URL, with its signature.
    pub url: String,
    /// When the signature expires, in seconds since 1970, if it says so.
    pub expires_at: Option<u64>,
}

impl<'a> Storage<'a> {
    /// A client on behalf of the user of `supabase`.
    #[must_use]
    pub fn of(supabase: &Rc<Supabase<'a>>) -> Self {
        Storage(Rc::clone(supabase))
    }

    #[must_use]
    pub fn supabase(&self) -> &Supabase<'a> {
        &self.0
    }

    /// The URL of an attachment in a message. It works with the token of a user who may read the message.
    #[must_use]
    pub fn attachment_url(&self, path: &ObjectPath) -> String {
        format!("{}{path}", self.prefix("authenticated"))
    }

    /// Signs the upload of an object that does not exist yet.
    ///
    /// # Errors
    /// Those of [`storage_errors`], and of [`Supabase::ask`].
    pub async fn sign_upload(&self, path: &ObjectPath) -> Result<SignedUpload, ApiError> {
        #[derive(Deserialize)]
        struct Answer {
            token: String,
        }
        let url = format!("{}{path}", self.prefix("upload/sign"));
        let body = self.ask(client().post(&url)).await?;
        let Answer { token } = read(&body)?;
        let token = sound(&token).ok_or_else(|| storage_errors::from_false_success(body.len()))?;
        Ok(SignedUpload {
            url: format!("{url}?token={token}"),
            expires_at: expiry(token),
        })
    }

    /// Signs the downloads of several objects in one request. An object that does not exist, or that the
    /// caller may not read, has no entry in the result.
    ///
    /// # Errors
    /// Those of [`storage_errors`], and of [`Supabase::ask`].
    pub async fn sign_downloads(
        &self,
        paths: &[&ObjectPath],
    ) -> Result<BTreeMap<String, String>, ApiError> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Question {
            expires_in: u32,
            paths: Vec<String>,
        }
        #[derive(Deserialize)]
        struct Signed {
            path: String,
            #[serde(rename = "signedURL")]
            url: Option<String>,
        }
        let question = Question {
            expires_in: SIGNED_SECONDS,
            paths: paths.iter().map(ToString::to_string).collect(),
        };
        let url = format!("{}/storage/v1/object/sign/{BUCKET}", self.0.url());
        let request = client()
            .post(url)
            .header("content-type", "application/json")
            // Serialising numbers and strings cannot fail.
            .body(serde_json::to_vec(&question).unwrap_or_default());
        let body = self.ask(request).await?;
        let answers: Vec<Signed> = read(&body)?;
        let signed = answers.into_iter().filter_map(|answer| {
            let (_, token) = answer.url.as_deref()?.split_once("?token=")?;
            let prefix = self.prefix("sign");
            let url = format!("{prefix}{}?token={}", answer.path, sound(token)?);
            Some((answer.path, url))
        });
        Ok(signed.collect())
    }

    fn prefix(&self, kind: &str) -> String {
        let url = self.0.url();
        format!("{url}/storage/v1/object/{kind}/{BUCKET}/")
    }

    async fn ask(&self, request: reqwest::RequestBuilder) -> Result<Vec<u8>, ApiError> {
        let (status, body) = self.0.ask(NAME, request, Repeat::Once).await?;
        match status {
            200 => Ok(body),
            _ => Err(storage_errors::from_response(status, &body)),
        }
    }
}

fn read<'b, T: Deserialize<'b>>(body: &'b [u8]) -> Result<T, ApiError> {
    serde_json::from_slice(body).map_err(|_| storage_errors::from_false_success(body.len()))
}

/// A signature, if it consists of the characters of a signature. So it cannot end the URL or the JSON
/// string that it is written into.
fn sound(token: &str) -> Option<&str> {
    ((1..=MAX_TOKEN_BYTES).contains(&token.len()) && needs_no_escape(token)).then_some(token)
}

/// The `exp` of a signature that is a JWT. It is only told to the client; nothing depends on it.
fn expiry(token: &str) -> Option<u64> {
    #[derive(Deserialize)]
    struct Claims {
        exp: u64,
    }
    let payload = token.split('.').nth(1)?;
    let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
    let Claims { exp } = serde_json::from_slice(&payload).ok()?;
    Some(exp)
}

#[cfg(test)]
mod tests;
