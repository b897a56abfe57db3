use serde_json::Value;
use shared::error::ApiError;
use shared::input::body::JsonObject;
use shared::input::cursor::Timestamp;

/// The body of `PATCH /chats/:id/me`: `{mutedUntil?, notify?, archived?, pinned?, markedUnread?}`. What is absent stays
/// as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChangeSettings {
    /// The inner `None` ends the muting.
    pub muted_until: Option<Option<Timestamp>>,
    pub notify: Option<&'static str>,
    pub archived: Option<bool>,
    pub pinned: Option<bool>,
    pub marked_unread: Option<bool>,
}

/// The values of `notify`.
pub const NOTIFY: [&str; 3] = ["all", "mentions", "none"];

impl ChangeSettings {
    /// Reads the body.
    ///
    /// # Errors
    /// `invalid_request` with all issues.
    pub fn parse(mut body: JsonObject) -> Result<Self, ApiError> {
        let muted_until = match body.take_nullable("mutedUntil") {
            Some(Some(time)) => body.keep("mutedUntil", as_time(&time)).map(Some),
            absent_or_null => absent_or_null.map(|_| None),
        };
        let notify = body
            .take("notify")
            .and_then(|value| body.keep("notify", as_notify(&value)));
        let settings = ChangeSettings {
            muted_until,
            notify,
            archived: body.optional_flag("archived"),
            pinned: body.optional_flag("pinned"),
            marked_unread: body.optional_flag("markedUnread"),
        };
        body.finish(Some(settings))
    }
}

fn as_time(value: &Value) -> Result<Timestamp, &'static str> {
    let time = value.as_str().and_then(Timestamp::from_client);
    time.ok_or("must be a timestamp of RFC 3339, or null")
}

fn as_notify(value: &Value) -> Result<&'static str, &'static str> {
    let mut known = NOTIFY.iter();
    let found = known.find(|name| value.as_str() == Some(**name));
    found
        .copied()
        .ok_or("must be \"all\", \"mentions\" or \"none\"")
}

#[cfg(test)]
mod tests {
    use shared::error::FieldIssue;

    use super::*;

    const NOTHING: ChangeSettings = ChangeSettings {
        muted_until: None,
        notify: None,
        archived: None,
        pinned: None,
        marked_unread: None,
    };

    fn parse(json: &str) -> Result<ChangeSettings, ApiError> {
        ChangeSettings::parse(JsonObject::parse(json.as_bytes()).unwrap())
    }

    #[test]
    fn what_is_absent_stays_as_it_is() {
        assert_eq!(parse("{}"), Ok(NOTHING));
        assert_eq!(
            parse(r#"{"other":1,"pinned":null,"notify":null}"#),
            Ok(NOTHING)
        );
        assert_eq!(
            parse(r#"{"notify":"mentions","archived":true,"pinned":false,"markedUnread":true}"#),
            Ok(ChangeSettings {
                notify: Some("mentions"),
                archived: Some(true),
                pinned: Some(false),
                marked_unread: Some(true),
                ..NOTHING
            })
        );
    }

    #[test]
    fn null_ends_the_muting() {
        let ended = ChangeSettings {
            muted_until: Some(None),
            ..NOTHING
        };
        assert_eq!(parse(r#"{"mutedUntil":null}"#), Ok(ended));
    }

    #[test]
    fn a_time_may_have_any_offset_and_any_fraction() {
        for (text, time) in [
            ("2026-04-01T13:30:00Z", "2026-04-01T13:30:00.000000Z"),
            ("2026-04-01T13:30:00.5Z", "2026-04-01T13:30:00.500000Z"),
            (
                "2026-04-01T13:30:00.123456789+02:00",
                "2026-04-01T11:30:00.123456Z",
            ),
            ("1000-01-01T00:00:00Z", "1000-01-01T00:00:00.000000Z"),
            ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
        ] {
            let settings = parse(&format!(r#"{{"mutedUntil":"{text}"}}"#)).unwrap();
            let read = settings.muted_until.flatten().map(|time| time.to_string());
            assert_eq!(read.as_deref(), Some(time), "{text}");
        }
    }

    #[test]
    fn each_wrong_value_has_its_own_issue() {
        let flag = "must be true or false";
        assert_eq!(
            parse(
                r#"{"mutedUntil":1,"notify":"some","archived":1,"pinned":"true","markedUnread":[]}"#
            ),
            Err(ApiError::invalid_fields(
                [
                    ("mutedUntil", "must be a timestamp of RFC 3339, or null"),
                    ("notify", "must be \"all\", \"mentions\" or \"none\""),
                    ("archived", flag),
                    ("pinned", flag),
                    ("markedUnread", flag),
                ]
                .map(|(path, issue)| FieldIssue { path, issue })
                .to_vec()
            ))
        );
        for time in [
            "",
            "tomorrow",
            "2026-04-01",
            "2026-04-01T13:30:00",
            "2026-04-01 13:30:00Z",
            "2026-04-01t13:30:00Z",
            "2026-04-01T13:30:00z",
            "2026-02-30T13:30:00Z",
            "0999-12-31T23:59:59Z",
            "9999-12-31T23:59:59-01:00",
            "infinity",
        ] {
            assert!(
                parse(&format!(r#"{{"mutedUntil":"{time}"}}"#)).is_err(),
                "{time}"
            );
        }
    }
}
