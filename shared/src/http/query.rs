//! Query parameters.
//!
//! The values of most parameters consist of characters that need no percent-encoding, so they are not
//! decoded: a percent sign makes them invalid. Only [`text`] decodes. Names are never decoded.

use uuid::Uuid;

use crate::error::ApiError;
use crate::http::path;
use crate::input::ids;

/// The page size if the query has no `limit`.
pub const DEFAULT_LIMIT: u8 = 50;
pub const MAX_LIMIT: u8 = 100;

/// The value of a parameter; `None` if the query does not have it.
///
/// # Errors
/// `invalid_request` if the query has it twice: two programs could use different ones.
pub fn parameter<'q>(query: &'q str, name: &'static str) -> Result<Option<&'q str>, ApiError> {
    let mut values = query.split('&').filter_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (key == name).then_some(value)
    });
    match (values.next(), values.next()) {
        (_, Some(_)) => Err(ApiError::invalid_field(name, "must be given only once")),
        (value, None) => Ok(value),
    }
}

/// The value of a parameter that may be any text, decoded as forms are: a plus sign is a space.
///
/// # Errors
/// `invalid_request`, as [`parameter`], and if the value is not percent-encoded UTF-8.
pub fn text(query: &str, name: &'static str) -> Result<Option<String>, ApiError> {
    let Some(value) = parameter(query, name)? else {
        return Ok(None);
    };
    let decoded = path::decoded(&value.replace('+', " "));
    let issue = || ApiError::invalid_field(name, "must be percent-encoded UTF-8");
    decoded.map(Some).ok_or_else(issue)
}

/// Reads `limit`, the page size.
///
/// # Errors
/// `invalid_request` unless it is absent or a number from 1 to 100.
pub fn limit(query: &str) -> Result<u8, ApiError> {
    let Some(text) = parameter(query, "limit")? else {
        return Ok(DEFAULT_LIMIT);
    };
    whole_number(text, MAX_LIMIT.into())
        .and_then(|limit| u8::try_from(limit).ok())
        .filter(|limit| *limit > 0)
        .ok_or_else(|| ApiError::invalid_field("limit", "must be a whole number from 1 to 100"))
}

/// Reads an id.
///
/// # Errors
/// `invalid_request` unless it is absent or a UUID.
pub fn id(query: &str, name: &'static str) -> Result<Option<Uuid>, ApiError> {
    let wrong = || ApiError::invalid_field(name, "must be a UUID");
    parameter(query, name)?
        .map(|text| ids::parse(text).ok_or_else(wrong))
        .transpose()
}

/// Reads a number that consists of digits only and is at most `max`. (`parse` alone takes a plus sign
/// too, which means a space in a query.)
#[must_use]
pub fn whole_number(text: &str, max: u64) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| digits && *number <= max)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::error::ErrorCode;

    #[test]
    fn a_parameter_is_found_by_its_exact_name() {
        assert_eq!(parameter("", "limit"), Ok(None));
        assert_eq!(parameter("Limit=1&lim%69t=2&limits=3", "limit"), Ok(None));
        assert_eq!(parameter("a=b&cursor=x=y", "cursor"), Ok(Some("x=y")));
        assert_eq!(parameter("cursor", "cursor"), Ok(Some("")));
        assert_eq!(
            parameter("cursor=a&cursor=a", "cursor"),
            Err(ApiError::invalid_field("cursor", "must be given only once"))
        );
    }

    #[test]
    fn a_text_is_decoded_as_forms_are() {
        assert_eq!(text("limit=1", "q"), Ok(None));
        let decoded = text("q=a+b%2B%26=%F0%9F%91%8D", "q");
        assert_eq!(decoded, Ok(Some("a b+&=👍".to_owned())));
        for refused in ["%", "%f0", "%zz"] {
            assert_eq!(
                text(&format!("q={refused}"), "q"),
                Err(ApiError::invalid_field(
                    "q",
                    "must be percent-encoded UTF-8"
                )),
                "{refused}"
            );
        }
    }

    #[test]
    fn an_id_is_optional_and_a_uuid() {
        let text = "0a5b7c9d-1e2f-4a3b-8c4d-5e6f7a8b9c0d";
        assert_eq!(id("q=a", "chatId"), Ok(None));
        assert_eq!(
            id(&format!("chatId={text}"), "chatId"),
            Ok(ids::parse(text))
        );
        for refused in ["", "7", "0a5b7c9d1e2f4a3b8c4d5e6f7a8b9c0d"] {
            assert_eq!(
                id(&format!("chatId={refused}"), "chatId"),
                Err(ApiError::invalid_field("chatId", "must be a UUID")),
                "{refused}"
            );
        }
    }

    #[test]
    fn a_limit_is_1_to_100_and_50_when_absent() {
        assert_eq!(limit("cursor=x"), Ok(50));
        assert_eq!(limit("limit=1"), Ok(1));
        assert_eq!(limit("limit=100"), Ok(100));
        for refused in [
            "",
            "0",
            "101",
            "256",
            "-1",
            "+5",
            "5.0",
            "1e1",
            "ten",
            "%35",
            "5%00",
            "99999999999999999999",
        ] {
            assert_eq!(
                limit(&format!("limit={refused}")),
                Err(ApiError::invalid_field(
                    "limit",
                    "must be a whole number from 1 to 100"
                )),
                "{refused}"
            );
        }
    }

    proptest! {
        #[test]
        fn a_limit_of_any_kind_is_in_range_or_refused(query in "(limit=[0-9+%-]{0,4}&?){0,2}.{0,20}") {
            match limit(&query) {
                Ok(limit) => prop_assert!((1..=100).contains(&limit)),
                Err(error) => prop_assert_eq!(error.code, ErrorCode::InvalidRequest),
            }
        }
    }
}
