//! The documents of the API: files that the gateway serves to everybody, without a token.

use crate::http::reply::Reply;
use crate::http::request_id::RequestId;

/// Every cache may keep a document for five minutes. After that, a client asks with its tag.
pub const CACHE_CONTROL: &str = "public, max-age=300";

/// The files of the page `/docs`: `/docs/<name>`.
pub const PAGE_FILES: [&str; 3] = ["swagger-ui.css", "swagger-ui.js", "start.js"];

/// The answer to a request for one of the gateway's own routes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Reply(Reply),
    Document(Document),
}

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
    /// The reply without its body: 304 if the client has this document already.
    #[must_use]
    pub fn head(&self, if_none_match: Option<&str>, id: &RequestId) -> Reply {
        let tag = format!("\"{:016x}\"", self.tag);
        // The comparison is weak: a proxy that compresses a document makes its tag weak.
        let mut known = if_none_match.unwrap_or_default().split(',').map(str::trim);
        let has_it = known.any(|known| known == "*" || known.trim_start_matches("W/") == tag);
        let mut reply = Reply::json(if has_it { 304 } else { 200 }, Vec::new());
        reply.headers.extend([
            ("etag", tag),
            ("cache-control", CACHE_CONTROL.to_owned()),
            ("x-content-type-options", "nosniff".to_owned()),
            ("x-request-id", id.as_str().to_owned()),
        ]);
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

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: Document = Document {
        file: "docs.html",
        content_type: "text/html; charset=utf-8",
        policy: Some("default-src 'none'"),
        tag: 0xab,
    };

    fn head(if_none_match: Option<&str>) -> Reply {
        PAGE.head(if_none_match, &RequestId::accept(Some("req-1")))
    }

    #[test]
    fn a_document_may_be_kept_and_names_its_tag() {
        let reply = head(None);
        assert_eq!((reply.status, reply.body.len()), (200, 0));
        assert_eq!(
            reply.headers,
            [
                ("etag", "\"00000000000000ab\"".to_owned()),
                ("cache-control", "public, max-age=300".to_owned()),
                ("x-content-type-options", "nosniff".to_owned()),
                ("x-request-id", "req-1".to_owned()),
                ("content-type", "text/html; charset=utf-8".to_owned()),
                ("content-security-policy", "default-src 'none'".to_owned()),
            ]
        );
    }

    #[test]
    fn who_has_this_tag_gets_304_without_a_content_type() {
        for known in [
            "\"00000000000000ab\"",
            "W/\"00000000000000ab\"",
            "\"x\", W/\"00000000000000ab\"",
            "*",
        ] {
            let reply = head(Some(known));
            assert_eq!(reply.status, 304, "{known}");
            let mut names = reply.headers.iter().map(|(name, _)| *name);
            assert!(names.all(|name| name != "content-type"), "{known}");
        }
        for other in [
            "",
            "\"x\"",
            "00000000000000ab",
            "W/",
            "\"00000000000000AB\"",
        ] {
            assert_eq!(head(Some(other)).status, 200, "{other}");
        }
    }

    #[test]
    fn a_tag_is_of_every_byte_of_every_file() {
        // The published values of FNV-1a.
        assert_eq!(tag(&[]), 0xcbf2_9ce4_8422_2325);
        assert_eq!(tag(&[b"foobar"]), 0x8594_4171_f739_67e8);
        assert_eq!(tag(&[b"foo", b"bar"]), tag(&[b"foobar"]));
        assert_ne!(tag(&[b"foobas"]), tag(&[b"foobar"]));
    }
}
