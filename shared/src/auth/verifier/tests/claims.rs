//! The claims of a token, whichever key has signed it.

use super::*;

fn signed(changes: Value) -> String {
    sign_hs256(
        r#"{"alg":"HS256","typ":"JWT"}"#,
        &claims(changes),
        SECRET.as_bytes(),
    )
}

#[tokio::test]
async fn a_valid_token_tells_its_user_by_each_algorithm() {
    let (es256, rs256) = (Pair::es256("e", 1), Pair::rs256("r"));
    let edge = Edge::new(&[&es256, &rs256]);
    let claims = claims(json!({}));
    for token in [signed(json!({})), es256.sign(&claims), rs256.sign(&claims)] {
        assert_eq!(edge.verify(&token).await, Ok(user()), "{token}");
    }
    assert_eq!(edge.fetches(), 1);
}

#[tokio::test]
async fn clocks_may_differ_by_half_a_minute() {
    let edge = Edge::new(&[]);
    let late = signed(json!({ "exp": now() - 20, "nbf": now() + 20 }));
    assert_eq!(edge.verify(&late).await, Ok(user()));
    let expired = Err(ErrorCode::TokenExpired);
    for exp in [json!(now() - 32), json!(1), json!(0)] {
        assert_eq!(edge.verify(&signed(json!({ "exp": exp }))).await, expired);
    }
}

#[tokio::test]
async fn a_token_that_is_not_valid_yet_has_a_code_of_its_own() {
    let pair = Pair::es256("e", 1);
    let edge = Edge::new(&[&pair]);
    let early = Err(ErrorCode::TokenNotYetValid);
    for nbf in [json!(now() + 40), json!(now() + 86_400)] {
        let changes = json!({ "nbf": nbf });
        for token in [signed(changes.clone()), pair.sign(&claims(changes))] {
            assert_eq!(edge.verify(&token).await, early, "{nbf}");
        }
    }
    // The code is only for tokens that are signed by the project.
    let claims = claims(json!({ "nbf": now() + 40 }));
    let forged = sign_hs256(r#"{"alg":"HS256"}"#, &claims, b"another-secret");
    assert_eq!(edge.refusal(&forged).await, "signature");
    // `iat` is checked by PostgREST only.
    let issued = signed(json!({ "iat": now() + 86_400 }));
    assert_eq!(edge.verify(&issued).await, Ok(user()));
}

#[tokio::test]
async fn each_broken_claim_is_refused() {
    let pair = Pair::es256("e", 1);
    let edge = Edge::new(&[&pair]);
    for changes in [
        json!({ "exp": null }),
        json!({ "exp": "tomorrow" }),
        json!({ "exp": -1 }),
        json!({ "nbf": "now" }),
        json!({ "aud": null }),
        json!({ "aud": "anon" }),
        json!({ "aud": ["other"] }),
        json!({ "aud": 1 }),
        json!({ "iss": null }),
        json!({ "iss": "https://project/auth/v1/" }),
        json!({ "iss": "https://elsewhere/auth/v1" }),
        json!({ "iss": 1 }),
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
        for token in [signed(changes.clone()), pair.sign(&claims(changes.clone()))] {
            let refused = Err(ErrorCode::InvalidToken);
            assert_eq!(edge.verify(&token).await, refused, "{changes}");
        }
    }
}

#[tokio::test]
async fn a_claim_named_twice_is_refused() {
    let edge = Edge::new(&[]);
    let sound = claims(json!({}));
    for more in [
        r#""role":"authenticated""#,
        r#""more":1,"more":1"#,
        r#""app_metadata":{"role":"user","role":"moderator"}"#,
    ] {
        let twice = sound.replacen('{', &format!("{{{more},"), 1);
        let token = sign_hs256(r#"{"alg":"HS256"}"#, &twice, SECRET.as_bytes());
        assert_eq!(edge.refusal(&token).await, "malformed", "{more}");
    }
}

#[tokio::test]
async fn the_issuer_check_may_be_turned_off() {
    let mut edge = Edge::new(&[]);
    edge.config.issuer = None;
    for iss in [json!(null), json!("https://elsewhere")] {
        assert_eq!(
            edge.verify(&signed(json!({ "iss": iss }))).await,
            Ok(user())
        );
    }
}

#[tokio::test]
async fn anonymous_users_may_be_refused() {
    let mut edge = Edge::new(&[]);
    let anonymous = signed(json!({ "is_anonymous": true }));
    assert_eq!(edge.verify(&anonymous).await, Ok(user()));
    edge = Edge::new(&[]);
    edge.config.allow_anonymous = false;
    for claim in [json!(true), json!("true"), json!(1)] {
        let token = signed(json!({ "is_anonymous": claim }));
        assert_eq!(edge.verify(&token).await, Err(ErrorCode::Forbidden));
    }
    for claim in [json!(null), json!(false)] {
        let token = signed(json!({ "is_anonymous": claim }));
        assert_eq!(edge.verify(&token).await, Ok(user()));
    }
}
