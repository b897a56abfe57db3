//! Paths, taken apart for a route table.

/// The segments between the slashes, still encoded, or `None` for a path that no route can have.
///
/// An empty segment (`//`, a trailing slash) or a dot segment could mean another path to the next
/// program that reads it, so such a path is nobody's. Nothing is decoded: an encoded slash stays
/// part of a segment, and no id contains one.
#[must_use]
pub fn segments(path: &str) -> Option<Vec<&str>> {
    let segments: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
    let plain = |segment: &&str| !matches!(*segment, "" | "." | "..");
    segments.iter().all(plain).then_some(segments)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::segments;

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

    proptest! {
        #[test]
        fn segments_make_up_the_path_and_mean_no_other(path in "(/|//|/\\.|/\\.\\.|%2f|[a-z]{1,3}|.){0,12}") {
            if let Some(segments) = segments(&path) {
                prop_assert_eq!(format!("/{}", segments.join("/")), &*path);
                prop_assert!(!segments.iter().any(|segment| ["", ".", ".."].contains(segment)));
            }
        }
    }
}
