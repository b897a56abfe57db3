//! The documents of the API: files that the gateway serves to everybody, without a token.

use crate::http::reply::Reply;

/// Every cache may keep a document for five minutes. After that, a client asks with its tag.
pub const CACHE_CONTROL: &str = "public, max-age=300";

/// The files of the page `/docs`: `/docs/<name>`.
pub const PAGE_FILES: [&str; 3] = ["swagger-ui.css", "swagger-ui.js", "start.js"];

/// A file among the gateway's assets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Document {
    /// The name of the file.
    pub file: &'static str,
    pub content_type: &'static str,
    /// Which resources a page may load.
    pub policy: Option<&'static str>,
    /// Changes when the documents change.
    pub tag: u64,
}

impl Document {
    /// The status and the headers of the reply: 304 if the client has this document already. The body is not here.
    #[must_use]
    pub fn head(&self, if_none_match: Option<&str>) -> Reply {
        let tag = format!("\"{:016x}\"", self.tag);
        // The comparison is weak: a proxy that compresses a document makes its tag weak.
        let mut known = if_none_match.unwrap_or_default().split(',').map(str::trim);
        let has_it = known.any(|known| known == "*" || known.trim_start_matches("W/") == tag);
        let mut reply = Reply::json(if has_it { 304 } else { 200 }, Vec::new());
        reply
            .headers
            .extend([("etag", tag), ("cache-control", CACHE_CONTROL.to_owned())]);
        if !has_it {
            reply
                .headers
                .push(("content-type", self.content_type.to_owned()));
        }
        if let Some(policy) = self.policy {
            reply
                .headers
                .push(("content-security-policy", policy.to_owned()));
        }
        reply
    }
}

/// A hash of files, which are read when the code is compiled (FNV-1a).
#[must_use]
pub const fn tag(files: &[&[u8]]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut files = files;
    while let [file, rest @ ..] = files {
        let mut bytes: &[u8] = file;
        while let [byte, others @ ..] = bytes {
            hash = (hash ^ *byte as u64).wrapping_mul(0x0100_0000_01b3);
            bytes = others;
        }
        files = rest;
    }
    hash
}
