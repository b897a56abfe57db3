//! Access tokens as Supabase Auth makes them, and the ways to get them wrong.

use crate::env::Env;
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use chrono::Utc;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use uuid::Uuid;

/// The claims of a signed-in user, good for an hour.
pub fn claims(user: Uuid) -> Value {
    let now = Utc::now().timestamp();
    json!({
        "sub": user,
        "aud": "authenticated",
        "role": "authenticated",
        "iat": now,
        "exp": now + 3600,
        "email": format!("{user}@example.test"),
        "app_metadata": { "provider": "email" },
        "user_metadata": {},
        "aal": "aal1",
        "session_id": Uuid::new_v4(),
        "is_anonymous": false,
    })
}

/// The claims of [`claims`] with some of them changed; `null` takes a claim out.
pub fn claims_with(user: Uuid, changes: &Value) -> Value {
    let mut claims = claims(user);
    if let (Some(claims), Some(changes)) = (claims.as_object_mut(), changes.as_object()) {
        for (name, value) in changes {
            if value.is_null() {
                claims.remove(name);
            } else {
                claims.insert(name.clone(), value.clone());
            }
        }
    }
    claims
}

/// Signs with the stack's secret.
pub fn sign(claims: &Value) -> String {
    sign_with(claims, &Env::get().jwt_secret)
}

/// Signs with another secret.
pub fn sign_with(claims: &Value, secret: &str) -> String {
    let key = EncodingKey::from_secret(secret.as_bytes());
    match jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &key) {
        Ok(token) => token,
        Err(error) => panic!("cannot sign {claims}: {error}"),
    }
}

/// Signs with the project's ES256 or RS256 key, whose name is `kid`.
pub fn sign_with_key(claims: &Value, algorithm: Algorithm, kid: &str) -> String {
    let key = signing_key(algorithm);
    let mut header = Header::new(algorithm);
    header.kid = Some(kid.to_owned());
    match jsonwebtoken::encode(&header, claims, &key) {
        Ok(token) => token,
        Err(error) => panic!("cannot sign {claims}: {error}"),
    }
}

fn signing_key(algorithm: Algorithm) -> EncodingKey {
    let env = Env::get();
    let der = |base64: &str| match STANDARD.decode(base64) {
        Ok(der) => der,
        Err(error) => panic!("the signing key is not base64: {error}"),
    };
    match algorithm {
        Algorithm::ES256 => EncodingKey::from_ec_der(&der(&env.signing_key_es256)),
        Algorithm::RS256 => EncodingKey::from_rsa_der(&der(&env.signing_key_rs256)),
        other => panic!("the project has no key for {other:?}"),
    }
}

/// An unsigned token: its header says `alg: none`, its signature is empty.
pub fn unsigned(claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let header = json!({ "alg": "none", "typ": "JWT" });
    format!("{}.{}.", part(&header), part(claims))
}

/// A token whose claims were changed after it was signed.
pub fn tampered(user: Uuid, victim: Uuid) -> String {
    let token = sign(&claims(user));
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    parts[1] = URL_SAFE_NO_PAD.encode(claims(victim).to_string());
    parts.join(".")
}

/// Every kind of bearer token that no function may accept, with its name and the code of the 401.
pub fn worthless(user: Uuid) -> Vec<(&'static str, String, &'static str)> {
    let env = Env::get();
    let now = Utc::now().timestamp();
    let with = |changes: Value| sign(&claims_with(user, &changes));
    let invalid = [
        ("the service_role key", env.service_role_key.clone()),
        ("the anon key", env.anon_key.clone()),
        ("role service_role", with(json!({ "role": "service_role" }))),
        ("role anon", with(json!({ "role": "anon" }))),
        ("role postgres", with(json!({ "role": "postgres" }))),
        ("no role", with(json!({ "role": null }))),
        (
            "a publishable key",
            "sb_publishable_0123456789abcdefghijkl".to_owned(),
        ),
        (
            "a secret key",
            "sb_secret_0123456789abcdefghijkl_mnopqrst".to_owned(),
        ),
        (
            "another secret",
            sign_with(&claims(user), "another secret of at least 32 bytes"),
        ),
        ("an empty secret", sign_with(&claims(user), "")),
        ("changed claims", tampered(user, Uuid::new_v4())),
        ("another aud", with(json!({ "aud": "somebody-else" }))),
        ("no aud", with(json!({ "aud": null }))),
        ("a sub that is no UUID", with(json!({ "sub": "alice" }))),
        ("no sub", with(json!({ "sub": null }))),
        ("no exp", with(json!({ "exp": null }))),
        ("an exp that is text", with(json!({ "exp": "tomorrow" }))),
        ("alg none", unsigned(&claims(user))),
        ("two of three parts", two_parts(&sign(&claims(user)))),
        ("no JWT at all", "not-a-token".to_owned()),
    ];
    let mut tokens: Vec<_> = invalid
        .into_iter()
        .map(|(name, token)| (name, token, "invalid_token"))
        .collect();
    let expired = with(json!({ "iat": now - 7200, "exp": now - 3600 }));
    tokens.push(("an expired token", expired, "token_expired"));
    let early = with(json!({ "nbf": now + 3600 }));
    tokens.push(("nbf in the future", early, "token_not_yet_valid"));
    let large = with(json!({ "user_metadata": { "more": "x".repeat(8 * 1024) } }));
    tokens.push(("a token over 8 KiB", large, "token_too_large"));
    tokens
}

fn two_parts(token: &str) -> String {
    token
        .rsplit_once('.')
        .map_or("", |(parts, _)| parts)
        .to_owned()
}
