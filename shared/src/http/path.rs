//! Splits URLs and paths. Nothing is decoded.

/// The segments of a path, still percent-encoded. `None` for a path that no route can have.
///
/// No route has an empty segment (`//`, or a slash at the end) or a dot segment: the next program that
/// reads such a path may take it for another path. An encoded slash stays part of its segment, where
/// no id can have one.
#[must_use]
pub fn segments(path: &str) -> Option<Vec<&str>> {
    let segments: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
    let plain = |segment: &&str| !matches!(*segment, "" | "." | "..");
    segments.iter().all(plain).then_some(segments)
}

/// Splits a URL, or only its path and query, into path and query, both still percent-encoded.
#[must_use]
pub fn split_url(url: &str) -> (&str, &str) {
    let url = url.split_once('#').map_or(url, |(before, _)| before);
    let (location, query) = url.split_once('?').unwrap_or((url, ""));
    let path = match location.split_once("://") {
        Some((_, rest)) => rest
            .find('/')
            .and_then(|start| rest.get(start..))
            .unwrap_or("/"),
        None => location,
    };
    (path, query)
}

/// Whether a text consists of `[A-Za-z0-9._-]` only. No URL, header or JSON string has to escape any
/// of these characters.
#[must_use]
pub fn needs_no_escape(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn segments_stay_as_they_were_written() {
        assert_eq!(segments("/chats"), Some(vec!["chats"]));
        assert_eq!(
            segments("/chats/a%2Fb/messages"),
            Some(vec!["chats", "a%2Fb", "messages"])
        );
    }

    #[test]
    fn a_path_that_could_mean_another_has_no_segments() {
        for path in [
            "",
            "/",
            "chats",
            "//chats",
            "/chats/",
            "/chats//x",
            "/chats/.",
            "/chats/../health",
        ] {
            assert_eq!(segments(path), None, "{path}");
        }
    }

    #[test]
    fn letters_digits_and_three_marks_need_no_escape() {
        for plain in ["", "azAZ09", "a.b-c_d", "..", "-"] {
            assert!(needs_no_escape(plain), "{plain}");
        }
        for other in [
            " ", "a b", "a/b", "a%20", "a+b", "a=", "a~", "é", "a\0", "\n",
        ] {
            assert!(!needs_no_escape(other), "{other:?}");
        }
    }

    #[test]
    fn a_url_is_split_without_being_interpreted() {
        for (url, path, query) in [
            ("https://edge/chats", "/chats", ""),
            (
                "https://edge/chats?limit=5&cursor=a%2Fb#x?y",
                "/chats",
                "limit=5&cursor=a%2Fb",
            ),
            (
                "http://edge:8787//evil.example/chats",
                "//evil.example/chats",
                "",
            ),
            ("http://edge/chats/%2f..%2f?", "/chats/%2f..%2f", ""),
            ("http://edge/a?b?c", "/a", "b?c"),
            ("http://edge", "/", ""),
            ("http://edge?limit=5", "/", "limit=5"),
            ("/chats?limit=5", "/chats", "limit=5"),
        ] {
            assert_eq!(split_url(url), (path, query), "{url}");
        }
    }

    proptest! {
        #[test]
        fn a_url_of_any_kind_is_split_into_parts_of_itself(url in "(https?://[a-z.:0-9@]{0,12})?.{0,40}") {
            let (path, query) = split_url(&url);
            prop_assert!(url.contains(path) || path == "/");
            prop_assert!(url.contains(query));
            prop_assert!(!path.contains('?') && !path.contains('#') && !query.contains('#'));
        }

        #[test]
        fn segments_make_up_the_path_and_mean_no_other(path in "(/|//|/\\.|/\\.\\.|%2f|[a-z]{1,3}|.){0,12}") {
            if let Some(segments) = segments(&path) {
                prop_assert_eq!(format!("/{}", segments.join("/")), &*path);
                prop_assert!(!segments.iter().any(|segment| ["", ".", ".."].contains(segment)));
            }
        }
    }
}
