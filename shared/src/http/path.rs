//! Splits URLs and paths. Only [`decoded`] decodes.

use percent_encoding::percent_decode_str;

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

/// A text without its percent-encoding. `None` if a percent sign has no two hex digits behind it, or if the
/// result is not UTF-8.
#[must_use]
pub fn decoded(text: &str) -> Option<String> {
    let is_whole = |code: &str| code.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
    let decoded = percent_decode_str(text).decode_utf8().ok()?;
    let all_whole = text.split('%').skip(1).all(is_whole);
    all_whole.then(|| decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
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

    #[test]
    fn a_text_is_decoded_once() {
        for (text, plain) in [
            ("", ""),
            ("a+b~!", "a+b~!"),
            ("%F0%9F%91%8d", "👍"),
            ("👍", "👍"),
            ("%2f%00", "/\0"),
            ("%252f", "%2f"),
        ] {
            assert_eq!(decoded(text).as_deref(), Some(plain), "{text}");
        }
        for text in [
            "%",
            "%4",
            "a%",
            "%zz",
            "%4g",
            "%%41",
            "%F0%9F%91",
            "%ff",
            "%ed%a0%80",
        ] {
            assert_eq!(decoded(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_text_is_decoded_as_it_was_encoded(text: String) {
            let encoded = utf8_percent_encode(&text, NON_ALPHANUMERIC).to_string();
            prop_assert_eq!(decoded(&encoded), Some(text));
        }

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
