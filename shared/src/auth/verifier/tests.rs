mod broken;
mod caches;
mod claims;
mod header;
mod properties;

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use p256::ecdsa::signature::hazmat::PrehashSigner;
use rand_core::OsRng;
use rsa::traits::PublicKeyParts;
use rsa::{Pkcs1v15Sign, RsaPrivateKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::*;
use crate::auth::header::bearer_token;
use crate::error::ErrorCode;
use crate::input::ids;
use crate::testing::TestPlatform;

const SECRET: &str = "a-secret-of-at-least-32-characters";
const USER: &str = "0a5b7c9d-1e2f-4a3b-8c4d-5e6f7a8b9c0d";
const ISSUER: &str = "https://project/auth/v1";

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn sign_hs256(header: &str, claims: &str, secret: &[u8]) -> String {
    let message = format!("{}.{}", encode(header), encode(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
    mac.update(message.as_bytes());
    format!("{message}.{}", encode(mac.finalize().into_bytes()))
}

/// A key pair of the project.
struct Pair {
    kid: &'static str,
    secret: Secret,
}

enum Secret {
    Es256(Box<p256::ecdsa::SigningKey>),
    Rs256(Box<RsaPrivateKey>),
}

impl Pair {
    /// A pair on P-256; each `number` gives another one.
    fn es256(kid: &'static str, number: u8) -> Self {
        let key = p256::ecdsa::SigningKey::from_slice(&[number; 32]).unwrap();
        Pair {
            kid,
            secret: Secret::Es256(Box::new(key)),
        }
    }

    /// A pair of 2048 bits. It is made once in a run, because that takes long.
    fn rs256(kid: &'static str) -> Self {
        static KEY: LazyLock<RsaPrivateKey> =
            LazyLock::new(|| RsaPrivateKey::new(&mut OsRng, 2048).unwrap());
        Pair {
            kid,
            secret: Secret::Rs256(Box::new(KEY.clone())),
        }
    }

    fn alg(&self) -> &'static str {
        match self.secret {
            Secret::Es256(_) => "ES256",
            Secret::Rs256(_) => "RS256",
        }
    }

    /// The public key, as the endpoint publishes it.
    fn published(&self) -> Value {
        let mut key = match &self.secret {
            Secret::Es256(key) => {
                let point = key.verifying_key().to_sec1_point(false);
                let (x, y) = (encode(point.x().unwrap()), encode(point.y().unwrap()));
                json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y })
            }
            Secret::Rs256(key) => {
                let (n, e) = (key.n().to_bytes_be(), key.e().to_bytes_be());
                json!({ "kty": "RSA", "n": encode(n), "e": encode(e) })
            }
        };
        key["kid"] = self.kid.into();
        key["alg"] = self.alg().into();
        key["use"] = "sig".into();
        key["key_ops"] = json!(["verify"]);
        key
    }

    fn sign_with(&self, header: &str, claims: &str) -> String {
        let message = format!("{}.{}", encode(header), encode(claims));
        let hash = Sha256::digest(message.as_bytes());
        let signature = match &self.secret {
            Secret::Es256(key) => {
                let signature: p256::ecdsa::Signature = key.sign_prehash(&hash).unwrap();
                signature.to_bytes().to_vec()
            }
            Secret::Rs256(key) => {
                let scheme = Pkcs1v15Sign {
                    hash_len: Some(32),
                    prefix: hex("3031300d060960864801650304020105000420").into(),
                };
                key.sign(scheme, &hash).unwrap()
            }
        };
        format!("{message}.{}", encode(signature))
    }

    fn sign(&self, claims: &str) -> String {
        let header = json!({ "alg": self.alg(), "kid": self.kid, "typ": "JWT" });
        self.sign_with(&header.to_string(), claims)
    }
}

fn hex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks(2);
    digits
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn key_set(pairs: &[&Pair]) -> String {
    let keys: Vec<Value> = pairs.iter().map(|pair| pair.published()).collect();
    json!({ "keys": keys }).to_string()
}

fn now() -> u64 {
    jsonwebtoken::get_current_timestamp()
}

/// The claims of a valid token, with some replaced; `null` removes a claim.
fn claims(changes: Value) -> String {
    let mut claims = json!({
        "iss": ISSUER, "sub": USER, "aud": "authenticated",
        "exp": now().saturating_add(3_600), "iat": now(), "role": "authenticated",
    });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        }
    }
    claims.to_string()
}

fn user() -> Claims {
    Claims {
        sub: ids::parse(USER).unwrap(),
    }
}

/// An instance with its platform.
struct Edge {
    verifier: Verifier,
    platform: TestPlatform,
    config: TokenConfig,
}

impl Edge {
    /// An instance that has the secret, and whose project publishes these keys.
    fn new(pairs: &[&Pair]) -> Self {
        let platform = TestPlatform::default();
        *platform.keys.borrow_mut() = Some(key_set(pairs));
        Edge {
            verifier: Verifier::default(),
            platform,
            config: TokenConfig {
                jwt_secret: Some(SECRET.to_owned()),
                keys_url: "https://project/auth/v1/.well-known/jwks.json".to_owned(),
                issuer: Some(ISSUER.to_owned()),
                allow_anonymous: true,
            },
        }
    }

    fn publish(&self, pairs: &[&Pair]) {
        *self.platform.keys.borrow_mut() = Some(key_set(pairs));
    }

    fn go_down(&self) {
        *self.platform.keys.borrow_mut() = None;
    }

    async fn verify(&self, token: &str) -> Result<Claims, ErrorCode> {
        let verified = self.verify_in_detail(token).await;
        verified.map_err(|error| error.code)
    }

    async fn verify_in_detail(&self, token: &str) -> Result<Claims, ApiError> {
        let scope = Scope::new(&self.platform);
        self.verifier.verify(token, &self.config, &scope).await
    }

    /// The reason in the log why a token is refused.
    async fn refusal(&self, token: &str) -> String {
        let error = self.verify_in_detail(token).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::InvalidToken);
        let detail = error.detail.unwrap_or_default();
        detail.replace("token refused: ", "")
    }

    fn fetches(&self) -> u32 {
        self.platform.fetches.get()
    }
}
