//! The URLs of attachments: reads them from requests, and writes them into replies.

use std::collections::BTreeMap;

use memchr::memmem;
use shared::error::ErrorCode;
use shared::http::path::needs_no_escape;
use shared::http::reply::Reply;
use shared::input::object_path::ObjectPath;
use shared::runtime::platform::within;
use shared::supabase::storage::{BUCKET, Storage};
use uuid::Uuid;

use crate::constants::{SIGNED_WITHIN_MS, UNSIGNED};

/// Which uploads a message may have as its attachment.
pub struct Uploads<'a> {
    /// The project's URL, without a slash at its end.
    pub supabase_url: &'a str,
    /// The chat of the message.
    pub chat: Uuid,
    /// The sender of the message.
    pub user: Uuid,
}

impl Uploads<'_> {
    /// Reads an `attachmentUrl`: the one in the reply of `POST /uploads`, or a signed URL of the same
    /// object. The URL is compared and not parsed, because URL parsers differ. The database checks that
    /// the object exists.
    ///
    /// # Errors
    /// The text of the issue.
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
                // The token is about who may read the object. Here only the sender matters.
                needs_no_escape(token).then_some(path)
            }
            _ => None,
        }
    }
}

/// Adds the signed URL of each attachment to a reply, with one request to Storage for all, and no request
/// if there is no attachment. If Storage fails, the URLs stay null and the reply is still a success.
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

/// Finds the attachments of a reply: the position of the null in place of each URL, and the path that
/// follows.
///
/// The bytes are searched and not parsed. The text of a message cannot contain the pattern, because a
/// quote inside a JSON string has a backslash before it. A path has no character that JSON escapes.
fn find(body: &[u8]) -> Vec<(usize, ObjectPath)> {
    let found = memmem::find_iter(body, UNSIGNED).filter_map(|start| {
        let after = body.get(start.checked_add(UNSIGNED.len())?..)?;
        let path = after.split(|byte| *byte == b'"').next()?;
        let path = ObjectPath::parse(std::str::from_utf8(path).ok()?)?;
        Some((start.checked_add("\"attachmentUrl\":".len())?, path))
    });
    found.collect()
}

/// The body, with the URLs in place of the nulls.
fn filled(
    body: &[u8],
    attachments: &[(usize, ObjectPath)],
    urls: &BTreeMap<String, String>,
) -> Vec<u8> {
    let mut filled = Vec::with_capacity(body.len().saturating_mul(2));
    let mut done = 0;
    for (null, path) in attachments {
        // Serialising a string cannot fail.
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
