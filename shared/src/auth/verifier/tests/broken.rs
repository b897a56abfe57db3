//! Manipulated tokens. The algorithm belongs to the key, and no token can bring a key.

use super::*;

#[tokio::test]
async fn a_signature_by_another_key_is_refused() {
    let (es256, rs256) = (Pair::es256("e", 1), Pair::rs256("r"));
    let edge = Edge::new(&[&es256, &rs256]);
    let claims = claims(json!({}));
    let forged = Pair::es256("e", 2).sign(&claims);
    assert_eq!(edge.refusal(&forged).await, "signature");
    let foreign = sign_hs256(r#"{"alg":"HS256"}"#, &claims, b"another-secret");
    assert_eq!(edge.refusal(&foreign).await, "signature");
    let own = sign_hs256(r#"{"alg":"HS256"}"#, &claims, SECRET.as_bytes());
    for own in [own, es256.sign(&claims), rs256.sign(&claims)] {
        let (message, signature) = own.rsplit_once('.').unwrap();
        let (header, _) = message.split_once('.').unwrap();
        assert_eq!(edge.refusal(&format!("{message}.")).await, "signature");
        let (half, _) = signature.split_at(signature.len() / 2);
        assert_ne!(edge.refusal(&format!("{message}.{half}")).await, "");
        let other = encode(claims.replace("0a5b", "1a5b"));
        let changed = format!("{header}.{other}.{signature}");
        assert_eq!(edge.refusal(&changed).await, "signature");
        assert_eq!(edge.verify(&own).await, Ok(user()));
    }
}

#[tokio::test]
async fn an_ecdsa_signature_of_nothing_but_zeros_is_refused() {
    let pair = Pair::es256("e", 1);
    let edge = Edge::new(&[&pair]);
    let token = pair.sign(&claims(json!({})));
    let (message, _) = token.rsplit_once('.').unwrap();
    for signature in [[0; 64].as_slice(), &[0; 65], &[0xff; 64], &[]] {
        let token = format!("{message}.{}", encode(signature));
        assert_eq!(edge.refusal(&token).await, "signature");
    }
}

#[tokio::test]
async fn a_public_key_is_not_used_as_a_secret() {
    let (es256, rs256) = (Pair::es256("e", 1), Pair::rs256("r"));
    let edge = Edge::new(&[&es256, &rs256]);
    let claims = claims(json!({}));
    for pair in [&es256, &rs256] {
        let public = pair.published();
        for secret in [
            public.to_string(),
            public["x"].as_str().unwrap_or_default().to_owned(),
            public["n"].as_str().unwrap_or_default().to_owned(),
        ] {
            let header = json!({ "alg": "HS256" }).to_string();
            let token = sign_hs256(&header, &claims, secret.as_bytes());
            assert_eq!(edge.refusal(&token).await, "signature");
        }
    }
}

#[tokio::test]
async fn a_kid_of_another_keys_type_is_refused() {
    let (es256, rs256) = (Pair::es256("e", 1), Pair::rs256("r"));
    let edge = Edge::new(&[&es256, &rs256]);
    let claims = claims(json!({}));
    let refusal = "algorithm of another key";
    let token = es256.sign_with(r#"{"alg":"ES256","kid":"r"}"#, &claims);
    assert_eq!(edge.refusal(&token).await, refusal);
    let token = rs256.sign_with(r#"{"alg":"RS256","kid":"e"}"#, &claims);
    assert_eq!(edge.refusal(&token).await, refusal);
    let token = es256.sign_with(r#"{"alg":"RS256","kid":"e"}"#, &claims);
    assert_eq!(edge.refusal(&token).await, refusal);
    let token = sign_hs256(r#"{"alg":"HS256","kid":"e"}"#, &claims, SECRET.as_bytes());
    assert_eq!(edge.refusal(&token).await, refusal);
    // In projects that migrate from the secret, it has a `kid` too.
    let token = sign_hs256(r#"{"alg":"HS256","kid":"s"}"#, &claims, SECRET.as_bytes());
    assert_eq!(edge.verify(&token).await, Ok(user()));
}

#[tokio::test]
async fn without_a_secret_every_hs256_token_is_refused() {
    let pair = Pair::es256("e", 1);
    let mut edge = Edge::new(&[&pair]);
    edge.config.jwt_secret = None;
    let claims = claims(json!({}));
    for secret in ["", SECRET] {
        let token = sign_hs256(r#"{"alg":"HS256"}"#, &claims, secret.as_bytes());
        let refusal = edge.refusal(&token).await;
        assert_eq!(refusal, "HS256 without a configured secret");
    }
    assert_eq!(edge.verify(&pair.sign(&claims)).await, Ok(user()));
}

#[tokio::test]
async fn every_other_header_is_refused_without_a_fetch() {
    let edge = Edge::new(&[&Pair::es256("e", 1)]);
    let claims = claims(json!({}));
    for (header, reason) in [
        (r#"{"alg":"none"}"#, "algorithm"),
        (r#"{"alg":"None"}"#, "algorithm"),
        (r#"{"alg":"hs256"}"#, "algorithm"),
        (r#"{"alg":"HS384"}"#, "algorithm"),
        (r#"{"alg":"HS512"}"#, "algorithm"),
        (r#"{"alg":"ES384","kid":"e"}"#, "algorithm"),
        (r#"{"alg":"PS256","kid":"e"}"#, "algorithm"),
        (r#"{"alg":"EdDSA","kid":"e"}"#, "algorithm"),
        (r#"{"alg":["HS256"]}"#, "algorithm"),
        (r#"{"kid":"e"}"#, "algorithm"),
        ("{}", "algorithm"),
        (r#"{"alg":"ES256"}"#, "no kid"),
        (r#"{"alg":"ES256","kid":""}"#, "kid"),
        (r#"{"alg":"ES256","kid":7}"#, "kid"),
        (r#"{"alg":"ES256","kid":null}"#, "kid"),
        (r#"{"alg":"HS256","typ":"at+jwt"}"#, "typ is not JWT"),
        (r#"{"alg":"HS256","typ":1}"#, "typ is not JWT"),
        (r#"{"alg":"HS256","crit":["exp"]}"#, "header parameter crit"),
        (r#"{"alg":"HS256","crit":[]}"#, "header parameter crit"),
        (
            r#"{"alg":"HS256","crit":["b64"],"b64":false}"#,
            "header parameter crit",
        ),
        (r#"{"alg":"HS256","b64":false}"#, "header parameter b64"),
        (r#"{"alg":"HS256","zip":"DEF"}"#, "header parameter zip"),
        (
            r#"{"alg":"ES256","kid":"e","jku":"https://evil.example/keys"}"#,
            "header parameter jku",
        ),
        (
            r#"{"alg":"ES256","kid":"e","x5u":"https://evil.example/cert"}"#,
            "header parameter x5u",
        ),
        (
            r#"{"alg":"ES256","kid":"e","x5c":[]}"#,
            "header parameter x5c",
        ),
        (
            r#"{"alg":"ES256","kid":"e","jwk":{}}"#,
            "header parameter jwk",
        ),
        (
            r#"{"alg":"HS256","alg":"HS256"}"#,
            "header is not a JSON object",
        ),
        ("[]", "header is not a JSON object"),
        ("x", "header is not a JSON object"),
        ("", "header is not a JSON object"),
    ] {
        let token = sign_hs256(header, &claims, SECRET.as_bytes());
        assert_eq!(edge.refusal(&token).await, reason, "{header}");
    }
    let broken = sign_hs256(r#"{"alg":"HS256"}"#, "{", SECRET.as_bytes());
    assert_eq!(edge.refusal(&broken).await, "malformed");
    assert_eq!(edge.fetches(), 0);
}
