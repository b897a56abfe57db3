//! The `Authorization` header.

use proptest::prelude::*;

use super::*;

#[test]
fn the_scheme_is_bearer_in_any_case() {
    assert_eq!(bearer_token(Some("Bearer a.b.c")), Ok("a.b.c"));
    assert_eq!(bearer_token(Some("bEARER   a.b.c ")), Ok("a.b.c"));
    for missing in [
        None,
        Some(""),
        Some("Bearer"),
        Some("Bearer "),
        Some("Bearer\ta.b.c"),
        Some("Basic a.b.c"),
        Some("a.b.c"),
    ] {
        assert_eq!(
            bearer_token(missing),
            Err(ErrorCode::MissingToken.into()),
            "{missing:?}"
        );
    }
}

#[test]
fn a_text_that_cannot_be_a_jwt_is_refused() {
    for token in [
        "sb_publishable_abc",
        "sb_secret_abc",
        "a.b",
        "a.b.c.d",
        "a.b.c.d.e",
        "a.b.c=",
        "a.b+.c/",
        "a.b.c, Bearer a.b.c",
        "a. b.c",
        "a.b\t.c",
        "a.b.c\u{e9}",
    ] {
        let error = bearer_token(Some(&format!("Bearer {token}"))).unwrap_err();
        assert_eq!(
            error.detail.as_deref(),
            Some("token refused: not a JWT"),
            "{token}"
        );
    }
    let longest = format!("a.b.{}", "c".repeat(8 * 1024 - 4));
    assert_eq!(
        bearer_token(Some(&format!("Bearer {longest}"))),
        Ok(longest.as_str())
    );
    let error = bearer_token(Some(&format!("Bearer {longest}c"))).unwrap_err();
    assert_eq!(error, ErrorCode::TokenTooLarge.into());
}

proptest! {
    #[test]
    fn whatever_is_taken_has_three_parts_of_base64url(header in ".{0,64}|[Bb]earer +[A-Za-z0-9_.=-]{0,32}") {
        if let Ok(token) = bearer_token(Some(&header)) {
            prop_assert!(header.contains(token));
            prop_assert_eq!(token.split('.').count(), 3);
            let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            prop_assert!(token.chars().all(allowed));
        }
    }
}
