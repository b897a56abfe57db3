use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::*;

const SECRET: &str = "a-secret-of-at-least-32-characters";
const USER: &str = "0a5b7c9d-1e2f-4a3b-8c4d-5e6f7a8b9c0d";

fn sign(header: &str, claims: &str, secret: &str) -> String {
    let message = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(claims)
    );
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(message.as_bytes());
    format!(
        "{message}.{}",
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    )
}

fn now() -> u64 {
    jsonwebtoken::get_current_timestamp()
}

/// A valid token's claims with some replaced; `null` takes a claim away.
fn claims(changes: Value) -> String {
    let mut claims = json!({
        "iss": "https://project/auth/v1", "sub": USER, "aud": "authenticated",
        "exp": now() + 3600, "iat": now(), "role": "authenticated",
    });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        }
    }
    claims.to_string()
}

fn config(issuer: Option<&str>) -> TokenConfig {
    TokenConfig {
        jwt_secret: SECRET.to_owned(),
        issuer: issuer.map(str::to_owned),
    }
}

fn verify_claims(changes: Value, issuer: Option<&str>) -> Result<Claims, ErrorCode> {
    let token = sign(r#"{"alg":"HS256","typ":"JWT"}"#, &claims(changes), SECRET);
    verify(&token, &config(issuer)).map_err(|error| error.code)
}

#[test]
fn a_valid_token_tells_its_user() {
    let user = Claims {
        sub: ids::parse(USER).unwrap(),
    };
    assert_eq!(verify_claims(json!({}), None), Ok(user.clone()));
    assert_eq!(
        verify_claims(json!({}), Some("https://project/auth/v1")),
        Ok(user.clone())
    );
    assert_eq!(
        verify_claims(json!({ "exp": now() - 20, "nbf": now() + 20 }), None),
        Ok(user)
    );
}

#[test]
fn an_expired_token_is_told_apart() {
    let expired = Err(ErrorCode::TokenExpired);
    assert_eq!(verify_claims(json!({ "exp": now() - 32 }), None), expired);
    assert_eq!(verify_claims(json!({ "exp": 1 }), None), expired);
}

#[test]
fn each_broken_claim_is_refused() {
    for changes in [
        json!({ "exp": null }),
        json!({ "exp": "tomorrow" }),
        json!({ "exp": -1 }),
        json!({ "nbf": now() + 40 }),
        json!({ "nbf": "now" }),
        json!({ "aud": null }),
        json!({ "aud": "anon" }),
        json!({ "aud": ["other"] }),
        json!({ "aud": 1 }),
        json!({ "role": null }),
        json!({ "role": "anon" }),
        json!({ "role": "service_role" }),
        json!({ "role": "Authenticated" }),
        json!({ "role": ["authenticated"] }),
        json!({ "sub": null }),
        json!({ "sub": "" }),
        json!({ "sub": "me" }),
        json!({ "sub": 1 }),
    ] {
        assert_eq!(
            verify_claims(changes.clone(), None),
            Err(ErrorCode::InvalidToken),
            "{changes}"
        );
    }
}

#[test]
fn a_configured_issuer_must_be_the_tokens() {
    let invalid = Err(ErrorCode::InvalidToken);
    let issuer = Some("https://project/auth/v1");
    assert_eq!(verify_claims(json!({ "iss": null }), issuer), invalid);
    assert_eq!(
        verify_claims(json!({ "iss": "https://project/auth/v1/" }), issuer),
        invalid
    );
    assert_eq!(verify_claims(json!({ "iss": 1 }), issuer), invalid);
}

#[test]
fn only_hs256_by_the_secret_is_believed() {
    let claims = claims(json!({}));
    let refusal = |token: &str| {
        let error = verify(token, &config(None)).unwrap_err();
        (error.code, error.detail.unwrap_or_default())
    };
    let invalid = |reason: &str| (ErrorCode::InvalidToken, format!("token refused: {reason}"));

    let foreign = sign(r#"{"alg":"HS256"}"#, &claims, "another-secret");
    assert_eq!(refusal(&foreign), invalid("signature"));
    let own = sign(r#"{"alg":"HS256"}"#, &claims, SECRET);
    let (message, _) = own.rsplit_once('.').unwrap();
    assert_eq!(refusal(&format!("{message}.")), invalid("signature"));
    let (header, _) = message.split_once('.').unwrap();
    let forged = URL_SAFE_NO_PAD.encode(claims.replace("0a5b", "1a5b"));
    let (_, signature) = own.rsplit_once('.').unwrap();
    assert_eq!(
        refusal(&format!("{header}.{forged}.{signature}")),
        invalid("signature")
    );

    for algorithm in ["HS384", "HS512", "RS256", "ES256", "PS256", "EdDSA"] {
        let token = sign(&format!(r#"{{"alg":"{algorithm}"}}"#), &claims, SECRET);
        assert_eq!(refusal(&token), invalid("algorithm"), "{algorithm}");
    }
    for header in [r#"{"alg":"none"}"#, r#"{"alg":"hs256"}"#, "{}", "[]", "x"] {
        assert_eq!(
            refusal(&sign(header, &claims, SECRET)),
            invalid("malformed"),
            "{header}"
        );
    }
    let critical = sign(
        r#"{"alg":"HS256","crit":["b64"],"b64":false}"#,
        &claims,
        SECRET,
    );
    assert_eq!(refusal(&critical), invalid("critical header"));
    assert_eq!(
        refusal(&sign(r#"{"alg":"HS256"}"#, "{", SECRET)),
        invalid("malformed")
    );
}

#[test]
fn the_scheme_is_bearer_in_any_case() {
    assert_eq!(bearer_token(Some("Bearer a.b.c")), Ok("a.b.c"));
    assert_eq!(bearer_token(Some("bEARER   a.b.c ")), Ok("a.b.c"));
    for missing in [
        None,
        Some(""),
        Some("Bearer"),
        Some("Bearer "),
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
fn what_cannot_be_a_jwt_is_refused_unread() {
    for token in [
        "sb_publishable_abc",
        "sb_secret_abc",
        "a.b",
        "a.b.c.d",
        "a.b.c=",
        "a.b.c, Bearer a.b.c",
        "a. b.c",
        "a.b.c\u{e9}",
    ] {
        let error = bearer_token(Some(&format!("Bearer {token}")))
            .err()
            .map(|error| error.detail);
        assert_eq!(
            error,
            Some(Some("token refused: not a JWT".to_owned())),
            "{token}"
        );
    }
    let longest = format!("a.b.{}", "c".repeat(8 * 1024 - 4));
    assert_eq!(
        bearer_token(Some(&format!("Bearer {longest}"))),
        Ok(longest.as_str())
    );
    let error = bearer_token(Some(&format!("Bearer {longest}c"))).unwrap_err();
    assert_eq!(error.code, ErrorCode::InvalidToken);
    assert_eq!(
        error.detail.as_deref(),
        Some("token refused: longer than 8 KiB")
    );
}
