//! The keys and tokens in the memory of an instance: how often the endpoint gets a request, and what
//! happens if the keys change or cannot be fetched.

use std::time::Duration;

use futures_util::future::join_all;

use super::*;

async fn wait(milliseconds: u64) {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
}

#[tokio::test(start_paused = true)]
async fn many_unknown_kids_cause_one_fetch_in_half_a_minute() {
    let pair = Pair::es256("e", 1);
    let edge = Edge::new(&[&pair]);
    edge.platform.answers_after.set(200);
    let claims = claims(json!({}));
    let flood = |round: u32| {
        let forged = |number| {
            let header = json!({ "alg": "ES256", "kid": format!("{round}-{number}") });
            pair.sign_with(&header.to_string(), &claims)
        };
        (0..1_000).map(forged).collect::<Vec<_>>()
    };
    for (round, asked) in [(0, 1), (1, 1), (2, 2)] {
        let tokens = flood(round);
        let answers = join_all(tokens.iter().map(|token| edge.verify(token))).await;
        let refused = |answer: &Result<_, _>| *answer == Err(ErrorCode::InvalidToken);
        assert!(answers.iter().all(refused));
        assert_eq!(edge.fetches(), asked, "round {round}");
        wait(16_000).await;
    }
    assert_eq!(edge.verify(&pair.sign(&claims)).await, Ok(user()));
    assert_eq!(edge.fetches(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_cold_instance_fetches_once_for_all_its_first_requests() {
    let pair = Pair::es256("e", 1);
    let edge = Edge::new(&[&pair]);
    edge.platform.answers_after.set(500);
    let token = pair.sign(&claims(json!({})));
    let answers = join_all((0..50).map(|_| edge.verify(&token))).await;
    assert!(answers.iter().all(|answer| *answer == Ok(user())));
    assert_eq!(edge.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_rotation_is_followed_without_a_refused_token() {
    let (old, new) = (Pair::es256("old", 1), Pair::rs256("new"));
    let claims = claims(json!({}));
    let (by_old, by_new) = (old.sign(&claims), new.sign(&claims));
    let edge = Edge::new(&[&old]);
    assert_eq!(edge.verify(&by_old).await, Ok(user()));
    // The new key is published, but not used yet.
    edge.publish(&[&old, &new]);
    wait(60_000).await;
    // The new key is used. It is found by its `kid` before the ten minutes are over.
    assert_eq!(edge.verify(&by_new).await, Ok(user()));
    assert_eq!(edge.verify(&by_old).await, Ok(user()));
    assert_eq!(edge.fetches(), 2);
    // The old key is revoked. After ten minutes its tokens are refused, also those in the cache.
    edge.publish(&[&new]);
    wait(599_000).await;
    assert_eq!(edge.verify(&by_old).await, Ok(user()));
    wait(2_000).await;
    assert_eq!(edge.verify(&by_old).await, Err(ErrorCode::InvalidToken));
    assert_eq!(edge.verify(&by_new).await, Ok(user()));
}

#[tokio::test(start_paused = true)]
async fn known_keys_still_work_while_their_endpoint_is_down() {
    let pair = Pair::es256("e", 1);
    let edge = Edge::new(&[&pair]);
    assert_eq!(
        edge.verify(&pair.sign(&claims(json!({})))).await,
        Ok(user())
    );
    edge.go_down();
    wait(3_600_000).await;
    for number in 0..20 {
        let token = pair.sign(&claims(json!({ "number": number })));
        assert_eq!(edge.verify(&token).await, Ok(user()));
    }
    assert_eq!(edge.fetches(), 2);
    // This may be a new key.
    let unknown = Pair::es256("u", 2).sign(&claims(json!({})));
    assert_eq!(edge.verify(&unknown).await, Err(ErrorCode::Unavailable));
    assert_eq!(edge.fetches(), 2);
    edge.publish(&[&pair]);
    wait(31_000).await;
    assert_eq!(edge.verify(&unknown).await, Err(ErrorCode::InvalidToken));
}

#[tokio::test(start_paused = true)]
async fn a_cold_start_without_keys_is_unavailable_and_recovers() {
    let pair = Pair::es256("e", 1);
    let edge = Edge::new(&[&pair]);
    let token = pair.sign(&claims(json!({})));
    edge.go_down();
    for _ in 0..20 {
        assert_eq!(edge.verify(&token).await, Err(ErrorCode::Unavailable));
    }
    assert_eq!(edge.fetches(), 1);
    // HS256 tokens need no signing key.
    let by_secret = sign_hs256(
        r#"{"alg":"HS256","kid":"s"}"#,
        &claims(json!({})),
        SECRET.as_bytes(),
    );
    assert_eq!(edge.verify(&by_secret).await, Ok(user()));
    edge.publish(&[&pair]);
    wait(2_000).await;
    assert_eq!(edge.verify(&token).await, Ok(user()));
}

#[tokio::test(start_paused = true)]
async fn a_fetch_without_an_answer_ends_after_a_while() {
    let pair = Pair::es256("e", 1);
    let edge = Edge::new(&[&pair]);
    edge.platform.answers_after.set(60_000);
    let token = pair.sign(&claims(json!({})));
    let begun = edge.platform.now();
    let answers = join_all((0..10).map(|_| edge.verify(&token))).await;
    let unavailable = |answer: &Result<_, _>| *answer == Err(ErrorCode::Unavailable);
    assert!(answers.iter().all(unavailable));
    assert!(edge.platform.now() - begun < 6_000);
    assert_eq!(edge.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_fetch_holds_up_no_other_request() {
    let pair = Pair::es256("e", 1);
    let edge = Edge::new(&[&pair]);
    edge.platform.answers_after.set(1_000);
    let token = pair.sign(&claims(json!({})));
    let begun = edge.platform.now();
    // The client hangs up after half a second, and its request is dropped.
    let hung_up = tokio::time::timeout(Duration::from_millis(500), edge.verify(&token));
    let (hung_up, answer) = tokio::join!(hung_up, edge.verify(&token));
    assert!(hung_up.is_err());
    assert_eq!(answer, Ok(user()));
    assert!(edge.platform.now().saturating_sub(begun) < 2_000);
}

#[tokio::test(start_paused = true)]
async fn any_other_answer_counts_as_a_failed_fetch() {
    let edge = Edge::new(&[]);
    let token = Pair::es256("e", 1).sign(&claims(json!({})));
    for answer in ["", "<html>", "[]", "{}", r#"{"keys":{}}"#] {
        *edge.platform.keys.borrow_mut() = Some(answer.to_owned());
        let verified = edge.verify(&token).await;
        assert_eq!(verified, Err(ErrorCode::Unavailable), "{answer}");
        wait(2_000).await;
    }
    // The answer for a project without signing keys.
    *edge.platform.keys.borrow_mut() = Some(r#"{"keys":[]}"#.to_owned());
    let verified = edge.verify(&token).await;
    assert_eq!(verified, Err(ErrorCode::InvalidToken));
}

#[tokio::test(start_paused = true)]
async fn instances_share_the_keys_that_one_has_fetched() {
    let pair = Pair::es256("e", 1);
    let first = Edge::new(&[&pair]);
    let token = pair.sign(&claims(json!({})));
    assert_eq!(first.verify(&token).await, Ok(user()));
    let second = Edge::new(&[]);
    let shared = first.platform.shared.borrow().clone();
    *second.platform.shared.borrow_mut() = shared.clone();
    assert_eq!(second.verify(&token).await, Ok(user()));
    assert_eq!(second.fetches(), 0);
    // For an unknown `kid` it fetches the keys, once the entry is half a minute old.
    let unknown = Pair::es256("u", 2).sign(&claims(json!({})));
    assert_eq!(second.verify(&unknown).await, Err(ErrorCode::InvalidToken));
    assert_eq!(second.fetches(), 0);
    wait(31_000).await;
    assert_eq!(second.verify(&unknown).await, Err(ErrorCode::InvalidToken));
    assert_eq!(second.fetches(), 1);
    // An old entry and a broken one are not used.
    for entry in [Some(b"x\n{}".to_vec()), Some(Vec::new()), shared] {
        let third = Edge::new(&[&pair]);
        wait(600_000).await;
        *third.platform.shared.borrow_mut() = entry;
        assert_eq!(third.verify(&token).await, Ok(user()));
        assert_eq!(third.fetches(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn without_an_answer_of_the_shared_cache_the_keys_are_fetched() {
    let pair = Pair::es256("e", 1);
    let edge = Edge::new(&[&pair]);
    edge.platform.shared_hangs.set(true);
    let begun = edge.platform.now();
    let token = pair.sign(&claims(json!({})));
    assert_eq!(edge.verify(&token).await, Ok(user()));
    assert!(edge.platform.now() - begun < 3_000);
    assert_eq!(edge.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_verified_token_is_cached_until_it_expires() {
    let edge = Edge::new(&[]);
    let exp = now() + 60;
    let token = sign_hs256(
        r#"{"alg":"HS256"}"#,
        &claims(json!({ "exp": exp })),
        SECRET.as_bytes(),
    );
    let cached = async |token: &str| {
        let scope = Scope::new(&edge.platform);
        let verified = edge.verifier.verify(token, &edge.config, &scope).await;
        assert_eq!(verified, Ok(user()));
        scope.trace.server_timing(scope.platform.now())
    };
    assert!(cached(&token).await.ends_with("desc=miss"));
    assert!(cached(&token).await.ends_with("desc=hit"));
    // The same claims, but another token.
    let (message, _) = token.rsplit_once('.').unwrap();
    let forged = format!("{message}.{}", encode([0; 32]));
    assert_eq!(edge.refusal(&forged).await, "signature");
    wait(61_000).await;
    assert!(cached(&token).await.ends_with("desc=miss"));
}

#[tokio::test]
async fn only_usable_keys_are_kept() {
    let sound = Pair::es256("e", 1).published();
    let token = Pair::es256("e", 1).sign(&claims(json!({})));
    let mut weak = Pair::rs256("r").published();
    weak["n"] = encode([0xff; 128]).into();
    for (change, usable) in [
        (json!({}), true),
        (json!({ "alg": null, "use": null, "key_ops": null }), true),
        (json!({ "alg": "ES384" }), false),
        (json!({ "use": "enc" }), false),
        (json!({ "key_ops": ["sign"] }), false),
        (json!({ "crv": "P-384" }), false),
        (json!({ "kty": "oct", "k": encode(SECRET) }), false),
        (json!({ "kty": "RSA" }), false),
        (json!({ "x": encode([1; 32]) }), false),
        (json!({ "x": "=" }), false),
        (json!({ "x": null }), false),
        (json!({ "kid": 7 }), false),
    ] {
        let edge = Edge::new(&[]);
        let mut key = sound.clone();
        for (name, value) in change.as_object().unwrap() {
            key[name] = value.clone();
        }
        let keys = json!({ "keys": [weak, "x", key] }).to_string();
        *edge.platform.keys.borrow_mut() = Some(keys);
        assert_eq!(edge.verify(&token).await.is_ok(), usable, "{change}");
    }
}
