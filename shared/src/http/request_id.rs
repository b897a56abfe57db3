//! What connects a request with its log lines and with the requests that it causes: the request id
//! and the trace context.

use std::fmt;

use uuid::Uuid;

use crate::http::path::needs_no_escape;

/// The id of a request. It is in the reply, in the log, and in the requests to Supabase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(String);

impl RequestId {
    pub const MAX_LENGTH: usize = 64;

    /// Takes the caller's id if it is safe to log and to forward: 1 to 64 characters of
    /// `[A-Za-z0-9._-]`. Makes a new id otherwise.
    #[must_use]
    pub fn accept(header: Option<&str>) -> Self {
        let well_formed =
            |id: &&str| (1..=Self::MAX_LENGTH).contains(&id.len()) && needs_no_escape(id);
        let id = header.filter(well_formed).map(str::to_owned);
        RequestId(id.unwrap_or_else(|| Uuid::new_v4().to_string()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The caller's span in a distributed trace (W3C Trace Context, version 00), forwarded unchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceParent(String);

impl TraceParent {
    /// Takes a header of exactly the specified form. Any other value is dropped.
    #[must_use]
    pub fn accept(header: Option<&str>) -> Option<Self> {
        let header = header?;
        let parts: Vec<&str> = header.split('-').collect();
        let [version, trace, parent, flags] = *parts.as_slice() else {
            return None;
        };
        let hex = |part: &str, length: usize| {
            part.len() == length
                && part
                    .bytes()
                    .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        let id =
            |part: &str, length: usize| hex(part, length) && part.bytes().any(|byte| byte != b'0');
        let sound = version == "00" && id(trace, 32) && id(parent, 16) && hex(flags, 2);
        sound.then(|| TraceParent(header.to_owned()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_safe_request_id_is_kept_and_any_other_replaced() {
        let longest = "a".repeat(64);
        for kept in ["a", "A.b_c-9", &longest] {
            assert_eq!(RequestId::accept(Some(kept)).as_str(), kept);
        }
        let too_long = "a".repeat(65);
        for replaced in [
            None,
            Some(""),
            Some("a b"),
            Some("a\nb"),
            Some("é"),
            Some("a,b"),
            Some(&*too_long),
        ] {
            let id = RequestId::accept(replaced);
            assert_eq!(
                Uuid::try_parse(id.as_str()).unwrap().get_version_num(),
                4,
                "{replaced:?}"
            );
        }
    }

    #[test]
    fn a_trace_is_forwarded_only_in_the_specified_form() {
        let sound = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let accepted = TraceParent::accept(Some(sound)).unwrap();
        assert_eq!(accepted.as_str(), sound);
        for other in [
            None,
            Some(""),
            Some("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
            Some("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01"),
            Some("00-00000000000000000000000000000000-00f067aa0ba902b7-01"),
            Some("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01"),
            Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x"),
            Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0"),
            Some("00-4bf92f3577b34da6a3ce929d0e0e4736\r\n-f067aa0ba902b7-01"),
        ] {
            assert_eq!(TraceParent::accept(other), None, "{other:?}");
        }
    }

    proptest! {
        #[test]
        fn ids_and_traces_of_any_kind_are_safe(header in ".{0,70}|[A-Za-z0-9._-]{0,70}") {
            let id = RequestId::accept(Some(&header));
            prop_assert!((1..=64).contains(&id.as_str().len()));
            let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
            prop_assert!(id.as_str().chars().all(plain));
            prop_assert_eq!(TraceParent::accept(Some(&header)), None);
        }
    }
}
