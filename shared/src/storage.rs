//! The client of Storage: signs uploads and downloads of attachments, and removes objects.
//!
//! Storage decides by the policies on `storage.objects`, as the token's user. What goes up is typed
//! paths; what comes back is believed as far as a signature's characters: the URLs are written here.
//! Each of these requests may be made a second time, as signing writes nothing and what is removed
//! stays so.

pub mod errors;

use std::collections::BTreeMap;
use std::rc::Rc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::error::ApiError;
use crate::object_path::ObjectPath;
use crate::plain::is_plain;
use crate::supabase::{Repeat, Supabase, client};

/// The bucket of all attachments.
pub const BUCKET: &str = "chat-attachments";
/// How long a signed download is good, in seconds.
pub const SIGNED_SECONDS: u32 = 3_600;
/// What the log calls it.
const NAME: &str = "Storage";
/// Well above what Storage's signatures have.
const MAX_TOKEN_BYTES: usize = 4_096;

/// Storage, for the length of one request and in the name of one user.
pub struct Storage<'a>(Rc<Supabase<'a>>);

/// Where to put an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedUpload {
    /// The whole URL, with its signature.
    pub url: String,
    /// When the signature ends, in seconds since 1970, where it says so.
    pub expires_at: Option<u64>,
}

impl<'a> Storage<'a> {
    /// A client in whose name `supabase` speaks.
    #[must_use]
    pub fn of(supabase: &Rc<Supabase<'a>>) -> Self {
        Storage(Rc::clone(supabase))
    }

    /// Supabase itself.
    #[must_use]
    pub fn supabase(&self) -> &Supabase<'a> {
        &self.0
    }

    /// The URL by which a message names an attachment: good for whoever may read the message and
    /// sends a token along.
    #[must_use]
    pub fn attachment_url(&self, path: &ObjectPath) -> String {
        format!("{}{path}", self.prefix("authenticated"))
    }

    /// Signs the upload of an object that is not there yet.
    ///
    /// # Errors
    /// As [`errors`] maps them.
    pub async fn sign_upload(&self, path: &ObjectPath) -> Result<SignedUpload, ApiError> {
        #[derive(Deserialize)]
        struct Answer {
            token: String,
        }
        let url = format!("{}{path}", self.prefix("upload/sign"));
        let body = self.ask(client().post(&url)).await?;
        let Answer { token } = read(&body)?;
        let token = sound(&token).ok_or_else(|| errors::from_false_success(body.len()))?;
        Ok(SignedUpload {
            url: format!("{url}?token={token}"),
            expires_at: expiry(token),
        })
    }

    /// Signs the downloads of several objects in one request. What the caller may not read, and what
    /// is not there, has no entry.
    ///
    /// # Errors
    /// As [`errors`] maps them.
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
            // Numbers and strings always serialise.
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
            _ => Err(errors::from_response(status, &body)),
        }
    }
}

fn read<'b, T: Deserialize<'b>>(body: &'b [u8]) -> Result<T, ApiError> {
    serde_json::from_slice(body).map_err(|_| errors::from_false_success(body.len()))
}

/// A signature, if it is made of a signature's characters and so ends no URL or JSON string.
fn sound(token: &str) -> Option<&str> {
    ((1..=MAX_TOKEN_BYTES).contains(&token.len()) && is_plain(token)).then_some(token)
}

/// The `exp` of a signature that is a JWT. Told to the client alone; nothing is decided by it.
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
