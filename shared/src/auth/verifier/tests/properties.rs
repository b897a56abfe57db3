//! Tokens, key sets and cache entries of any kind. `cargo xtask fuzz` runs these with many more cases.

use futures_util::FutureExt;
use proptest::prelude::*;
use tokio::runtime::{Builder, Runtime};

use super::*;
use crate::auth::key_cache::unpack;
use crate::auth::keys::{KeySet, MAX_KEYS};
use crate::input::json::tests::json_value;

/// A project with all three kinds of keys, the runtime that its clock needs, and a valid token of each
/// kind.
struct Project {
    runtime: Runtime,
    edge: Edge,
    tokens: [String; 3],
}

thread_local! {
    static PUBLISHED: String = key_set(&[&Pair::es256("e", 1)]);
    static PROJECT: Project = {
        let (es256, rs256) = (Pair::es256("e", 1), Pair::rs256("r"));
        let claims = claims(json!({}));
        let by_secret = sign_hs256(r#"{"alg":"HS256"}"#, &claims, SECRET.as_bytes());
        let runtime = Builder::new_current_thread().enable_time().build().unwrap();
        let edge = runtime.block_on(async { Edge::new(&[&es256, &rs256]) });
        let tokens = [by_secret, es256.sign(&claims), rs256.sign(&claims)];
        Project { runtime, edge, tokens }
    };
}

fn verify(token: &str) -> Result<Claims, ErrorCode> {
    PROJECT.with(|project| project.runtime.block_on(project.edge.verify(token)))
}

/// Verifies an HS256 token. This waits for no I/O.
fn verify_by_secret(header: &str, claims: &str) -> Result<Claims, ErrorCode> {
    let token = sign_hs256(header, claims, SECRET.as_bytes());
    let edge = Edge::new(&[]);
    edge.verify(&token).now_or_never().unwrap()
}

/// The contract's rules about claims, checked without the verifier.
fn are_a_users(claims: &Value) -> bool {
    let aud = &claims["aud"];
    let for_us = aud == "authenticated"
        || aud
            .as_array()
            .is_some_and(|all| all.contains(&json!("authenticated")));
    let unexpired = claims["exp"]
        .as_f64()
        .is_some_and(|exp| exp > now() as f64 - 31.0);
    claims["role"] == "authenticated"
        && claims["iss"] == ISSUER
        && claims["sub"].as_str().and_then(ids::parse).is_some()
        && for_us
        && unexpired
}

/// Each case verifies signatures, and takes as long as ten cases of the other tests.
fn a_tenth() -> ProptestConfig {
    let config = ProptestConfig::default();
    let cases = config.cases.div_ceil(10);
    ProptestConfig { cases, ..config }
}

proptest! {
    #![proptest_config(a_tenth())]

    #[test]
    fn a_changed_token_is_refused(
        which in 0..3_usize,
        position in any::<prop::sample::Index>(),
        to in "[A-Za-z0-9_-]",
    ) {
        let token = PROJECT.with(|project| project.tokens[which].clone());
        let position = position.index(token.len());
        let mut changed = token.clone();
        changed.replace_range(position..=position, &to);
        prop_assert_eq!(verify(&changed).is_ok(), changed == token);
    }

    #[test]
    fn a_shortened_or_lengthened_token_is_refused(
        which in 0..3_usize,
        cut in any::<prop::sample::Index>(),
        more in "[A-Za-z0-9_.=-]{1,8}",
    ) {
        let token = PROJECT.with(|project| project.tokens[which].clone());
        prop_assert!(verify(token.split_at(cut.index(token.len())).0).is_err());
        let longer = format!("{token}{more}");
        prop_assert!(verify(&longer).is_err());
    }
}

proptest! {
    #[test]
    fn a_header_of_any_kind_is_handled(header in json_value(), text in ".{0,64}") {
        let sound = claims(json!({}));
        for header in [header.to_string(), text] {
            prop_assert!(verify_by_secret(&header, &sound).is_err());
        }
    }

    #[test]
    fn a_member_of_any_kind_in_a_header_decides_for_itself(
        name in "alg|kid|typ|crit|b64|zip|enc|jku|jwk|x5u|x5c|cty|.{0,6}",
        value in prop_oneof![json_value(), Just(json!("JWT")), Just(json!("HS256")), Just(json!("none"))],
    ) {
        let mut header = json!({ "alg": "HS256" });
        header[&name] = value.clone();
        let harmless = match name.as_str() {
            "alg" => value == "HS256",
            "typ" => value.as_str().is_some_and(|typ| typ.eq_ignore_ascii_case("JWT")),
            "kid" => value.as_str().is_some_and(|kid| (1..=128).contains(&kid.len())),
            "cty" => value.is_string() || value.is_null(),
            "crit" | "b64" | "zip" | "enc" | "jku" | "jwk" | "x5u" | "x5c" => false,
            _ => true,
        };
        let verified = verify_by_secret(&header.to_string(), &claims(json!({})));
        prop_assert_eq!(verified.is_ok(), harmless, "{}", header);
    }

    #[test]
    fn claims_of_any_kind_are_a_users_or_refused(
        name in "iss|sub|aud|exp|nbf|role|is_anonymous|.{0,6}",
        value in prop_oneof![
            json_value(),
            Just(json!(now().saturating_add(60))),
            Just(json!(["authenticated"])),
            Just(json!("authenticated")),
            Just(json!(USER)),
        ],
        text in ".{0,64}",
    ) {
        let mut changed: Value = serde_json::from_str(&claims(json!({}))).unwrap();
        changed[&name] = value;
        if verify_by_secret(r#"{"alg":"HS256"}"#, &changed.to_string()).is_ok() {
            prop_assert!(are_a_users(&changed), "{}", changed);
        }
        let of_text = verify_by_secret(r#"{"alg":"HS256"}"#, &text);
        prop_assert_eq!(of_text, Err(ErrorCode::InvalidToken));
    }

    #[test]
    fn a_key_set_of_any_kind_has_usable_keys_or_none(
        name in "kid|kty|alg|use|key_ops|crv|x|y|n|e|keys",
        value in json_value(),
        bytes in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let _ = KeySet::parse(&bytes);
        let _ = KeySet::parse(value.to_string().as_bytes());
        let mut set: Value = PUBLISHED.with(|set| serde_json::from_str(set).unwrap());
        let of = if name == "keys" { &mut set } else { &mut set["keys"][0] };
        of[&name] = value;
        let text = set.to_string();
        if let Some(keys) = KeySet::parse(text.as_bytes()) {
            prop_assert!(set["keys"].as_array().is_some_and(|keys| keys.len() <= MAX_KEYS));
            let kid = set["keys"][0]["kid"].as_str();
            if let Some(key) = kid.and_then(|kid| keys.get(kid)) {
                prop_assert_eq!(key.algorithm, Algorithm::ES256);
                prop_assert_eq!(&set["keys"][0]["kty"], "EC");
            }
        }
    }

    #[test]
    fn a_shared_entry_of_any_kind_is_keys_or_nothing(stamp in "[0-9]{0,22}|.{0,8}", rest in prop::collection::vec(any::<u8>(), 0..60), now: u64, max_age: u64) {
        let _ = unpack(&rest, now, max_age);
        let entry = format!("{stamp}\n{}", key_set(&[])).into_bytes();
        if let Some(loaded) = unpack(&entry, now, max_age) {
            prop_assert!(stamp.parse::<u64>().is_ok());
            prop_assert!(loaded.age(now) < max_age);
        }
    }
}
