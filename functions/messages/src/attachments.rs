//! The URLs of attachments: read out of what a client sends, written into what it is answered.

use std::collections::BTreeMap;

use memchr::memmem;
use shared::error::ErrorCode;
use shared::object_path::ObjectPath;
use shared::plain::is_plain;
use shared::platform::within;
use shared::reply::Reply;
use shared::storage::{BUCKET, Storage};
use uuid::Uuid;

use crate::constants::{SIGNED_WITHIN_MS, UNSIGNED};

/// Whose uploads a send may attach.
pub struct Uploads<'a> {
    /// The project's URL, without a slash at its end.
    pub supabase_url: &'a str,
    /// The chat that is sent to.
    pub chat: Uuid,
    /// The sender.
    pub user: Uuid,
}

impl Uploads<'_> {
    /// Reads the `attachmentUrl` of a send: the one that the upload was answered with, or a signed one
    /// made from it. It is compared and not parsed, so there is nothing in it that two readers of URLs
    /// could read differently; whether the object is there is the database's to say.
    ///
    /// # Errors
    /// What is wrong, as a field issue says it.
    pub fn read_url(&self, url: &str) -> Result<ObjectPath, &'static str> {
        let path = self.path(url).and_then(ObjectPath::parse);
        let path = path.ok_or("must be the attachmentUrl of an upload")?;
        if path.chat != self.chat {
            return Err("must be of an upload for this chat");
        }
        if path.user != self.user {
            return Err("must be of an upload of yours");
        }
        Ok(path)
    }

    fn path<'u>(&self, url: &'u str) -> Option<&'u str> {
        let object = url
            .strip_prefix(self.supabase_url)?
            .strip_prefix("/storage/v1/object/")?;
        let (kind, rest) = object.split_once('/')?;
        let path = rest.strip_prefix(BUCKET)?.strip_prefix('/')?;
        match kind {
            "authenticated" => Some(path),
            "sign" => {
                let (path, token) = path.split_once("?token=")?;
                // What it says is who may read; this is about who sends.
                is_plain(token).then_some(path)
            }
            _ => None,
        }
    }
}

/// Gives each attachment of an answer its URL, all by one request to Storage, and none where there
/// is no attachment. Storage's failures are not the answer's: a URL that cannot be had stays null.
pub async fn sign(storage: &Storage<'_>, reply: Reply) -> Reply {
    let attachments = find(&reply.body);
    if attachments.is_empty() {
        return reply;
    }
    let scope = storage.supabase().scope();
    let paths: Vec<_> = attachments.iter().map(|(_, path)| path).collect();
    let patience = storage.supabase().time_left().min(SIGNED_WITHIN_MS);
    let signing = within(scope.platform, patience, storage.sign_downloads(&paths));
    match signing.await {
        Some(Ok(urls)) => Reply {
            body: filled(&reply.body, &attachments, &urls),
            ..reply
        },
        Some(Err(error)) => {
            let reason = error
                .detail
                .unwrap_or_else(|| error.code.as_str().to_owned());
            scope.trace.unsigned(reason);
            reply
        }
        None => {
            scope
                .trace
                .unsigned(ErrorCode::UpstreamTimeout.as_str().to_owned());
            reply
        }
    }
}

/// Where the URLs of attachments are still to come: the place of each null, and the path that stands
/// after it.
///
/// The bytes are searched and not parsed. A quote inside a JSON string has a backslash before it, so
/// no text of a message can look like this; and a path has nothing that would be escaped.
fn find(body: &[u8]) -> Vec<(usize, ObjectPath)> {
    let found = memmem::find_iter(body, UNSIGNED).filter_map(|start| {
        let after = body.get(start.checked_add(UNSIGNED.len())?..)?;
        let path = after.split(|byte| *byte == b'"').next()?;
        let path = ObjectPath::parse(std::str::from_utf8(path).ok()?)?;
        Some((start.checked_add("\"attachmentUrl\":".len())?, path))
    });
    found.collect()
}

/// The body with URLs in the places of the nulls, and else as it was.
fn filled(
    body: &[u8],
    attachments: &[(usize, ObjectPath)],
    urls: &BTreeMap<String, String>,
) -> Vec<u8> {
    let mut filled = Vec::with_capacity(body.len().saturating_mul(2));
    let mut done = 0;
    for (null, path) in attachments {
        // A string always serialises; one that did not would leave the null where it is.
        let url = urls.get(&path.to_string());
        let url = url.and_then(|url| serde_json::to_vec(url).ok());
        if let (Some(url), Some(before)) = (url, body.get(done..*null)) {
            filled.extend(before);
            filled.extend(url);
            done = null.saturating_add("null".len());
        }
    }
    filled.extend(body.get(done..).unwrap_or_default());
    filled
}

#[cfg(test)]
mod tests;
