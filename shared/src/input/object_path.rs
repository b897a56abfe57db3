//! The path of an attachment in Storage: `<chat>/<user>/<upload>/<name>`. The database makes it.
//!
//! A path from a caller is read into typed parts, and written again from these. So no path is forwarded
//! that Storage could read as the path of another object.

use std::fmt;

use uuid::Uuid;

use crate::http::path::needs_no_escape;
use crate::input::ids;

/// The database makes shorter names.
pub const MAX_NAME_BYTES: usize = 128;

/// The path of an attachment within its bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectPath {
    pub chat: Uuid,
    /// The user who uploads it.
    pub user: Uuid,
    upload: Uuid,
    name: String,
}

impl ObjectPath {
    /// Reads a path in its canonical form: ids in lower case, and a name of `[A-Za-z0-9._-]` that is
    /// more than dots. Nothing is decoded.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('/').collect();
        let [chat, user, upload, name] = *parts.as_slice() else {
            return None;
        };
        let sound = (1..=MAX_NAME_BYTES).contains(&name.len())
            && needs_no_escape(name)
            && name.bytes().any(|byte| byte != b'.');
        let path = ObjectPath {
            chat: ids::parse(chat)?,
            user: ids::parse(user)?,
            upload: ids::parse(upload)?,
            name: name.to_owned(),
        };
        (sound && path.to_string() == text).then_some(path)
    }
}

impl fmt::Display for ObjectPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ObjectPath {
            chat,
            user,
            upload,
            name,
        } = self;
        write!(formatter, "{chat}/{user}/{upload}/{name}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ID: &str = "0a5b7c9d-1e2f-4a3b-8c4d-5e6f7a8b9c0d";

    #[test]
    fn a_path_is_written_as_it_was_read() {
        for name in ["photo.jpg", "file", "-", "a..b", ".a", &"x".repeat(128)] {
            let text = format!("{ID}/{ID}/{ID}/{name}");
            assert_eq!(ObjectPath::parse(&text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn no_other_form_is_a_path() {
        let upper = ID.to_uppercase();
        for text in [
            String::new(),
            format!("{ID}/{ID}/{ID}"),
            format!("{ID}/{ID}/{ID}/"),
            format!("{ID}/{ID}/{ID}/."),
            format!("{ID}/{ID}/{ID}/.."),
            format!("{ID}/{ID}/{ID}/a/b"),
            format!("/{ID}/{ID}/{ID}/a"),
            format!("{ID}//{ID}/{ID}/a"),
            format!("{ID}/{ID}/{ID}//a"),
            format!("{ID}/{ID}/../{ID}/{ID}/a"),
            format!("{upper}/{ID}/{ID}/a"),
            format!("{ID}/{upper}/{ID}/a"),
            format!("{ID}/{ID}/{upper}/a"),
            format!("{ID}/{ID}/no-id/a"),
            format!("{ID}/{ID}/{ID}/%2e%2e"),
            format!("{ID}/{ID}/{ID}/a%2fb"),
            format!("{ID}/{ID}/{ID}/a\\b"),
            format!("{ID}/{ID}/{ID}/a\0"),
            format!("{ID}/{ID}/{ID}/a b"),
            format!("{ID}/{ID}/{ID}/a?b"),
            format!("{ID}/{ID}/{ID}/a#b"),
            format!("{ID}/{ID}/{ID}/é"),
            format!("{ID}/{ID}/{ID}/{}", "x".repeat(129)),
        ] {
            assert_eq!(ObjectPath::parse(&text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn an_accepted_path_needs_no_escape_and_leads_nowhere_else(
            ids in prop::collection::vec(any::<u128>(), 3),
            name in "[A-Za-z0-9._-]{0,12}|.{0,12}|\\.{1,4}",
        ) {
            let ids: Vec<_> = ids.iter().map(|id| Uuid::from_u128(*id).to_string()).collect();
            let text = format!("{}/{name}", ids.join("/"));
            if let Some(path) = ObjectPath::parse(&text) {
                prop_assert_eq!(path.to_string(), &*text);
                prop_assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte)));
                prop_assert!(text.split('/').all(|part| !["", ".", ".."].contains(&part)));
            }
        }
    }
}
