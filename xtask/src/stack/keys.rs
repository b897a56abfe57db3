//! The stack's secrets, random and kept per checkout, and the keys that are signed with them. Beside the legacy
//! secret there are two signing keys, ES256 and RS256, as in a project that is leaving the secret behind:
//! Auth here still signs with the secret, and the edge and PostgREST accept all three.

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use p256::pkcs8::EncodePrivateKey;
use rsa::RsaPrivateKey;
use rsa::pkcs1::EncodeRsaPrivateKey;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::env_file::{self, Vars};
use crate::paths::hex;

/// Ten years: a development key that expires only confuses.
const KEY_SECONDS: u64 = 10 * 365 * 24 * 60 * 60;
/// The private keys among the secrets: DER in base64, PKCS #8 and PKCS #1.
const ES256: &str = "SIGNING_KEY_ES256";
const RS256: &str = "SIGNING_KEY_RS256";
type Make = fn() -> Result<String>;
/// All secrets, and what makes each.
const SECRETS: [(&str, Make); 4] = [
    ("JWT_SECRET", random),
    ("DATABASE_PASSWORD", random),
    (ES256, new_es256),
    (RS256, new_rs256),
];

/// What the parts of the stack share.
#[derive(Clone)]
pub struct Keys {
    /// Signs the tokens of Auth and the two keys below (HS256).
    pub jwt_secret: String,
    /// Password of supabase_admin, postgres and authenticator.
    pub database_password: String,
    /// JWT with role anon, the `apikey` of clients.
    pub anon: String,
    /// JWT with role service_role; no function gets it.
    pub service_role: String,
    /// The private signing keys, as the secrets hold them; tests sign with these.
    pub private: Vars,
    /// The public ones, which the project publishes at `/auth/v1/.well-known/jwks.json`.
    pub published: Value,
}

impl Keys {
    /// Reads the secrets of a checkout, and makes them the first time.
    pub fn load_or_make(file: &Path) -> Result<Self> {
        let mut vars = env_file::read(file)?;
        let before = vars.len();
        for (name, make) in SECRETS {
            if !vars.contains_key(name) {
                vars.insert(name.to_owned(), make()?);
            }
        }
        if vars.len() != before {
            let head = "Random secrets of this checkout's stack, made by cargo xtask.";
            env_file::write(file, head, &vars)?;
        }
        let der = |name: &str| {
            let der = STANDARD.decode(&vars[name]);
            der.with_context(|| format!("the secret {name} is not base64"))
        };
        let published = [
            published(&EncodingKey::from_ec_der(&der(ES256)?), Algorithm::ES256)?,
            published(&EncodingKey::from_rsa_der(&der(RS256)?), Algorithm::RS256)?,
        ];
        let private = [ES256, RS256].map(|name| (name.to_owned(), vars[name].clone()));
        let jwt_secret = vars["JWT_SECRET"].clone();
        Ok(Self {
            anon: api_key(&jwt_secret, "anon")?,
            service_role: api_key(&jwt_secret, "service_role")?,
            database_password: vars["DATABASE_PASSWORD"].clone(),
            jwt_secret,
            private: Vars::from(private),
            published: json!({ "keys": published }),
        })
    }

    /// The key set of PostgREST: the public keys, and the secret beside them.
    pub fn accepted(&self) -> Value {
        let mut set = self.published.clone();
        let secret = URL_SAFE_NO_PAD.encode(&self.jwt_secret);
        if let Some(keys) = set["keys"].as_array_mut() {
            keys.push(json!({ "kty": "oct", "k": secret, "alg": "HS256" }));
        }
        set
    }
}

/// 32 random bytes in hexadecimal.
pub fn random() -> Result<String> {
    Ok(hex(&random_bytes()?))
}

fn random_bytes() -> Result<[u8; 32]> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| anyhow!("no randomness: {error}"))?;
    Ok(bytes)
}

fn new_es256() -> Result<String> {
    loop {
        // One number of four thousand million is no key.
        if let Ok(key) = p256::SecretKey::from_slice(&random_bytes()?) {
            return Ok(STANDARD.encode(key.to_pkcs8_der()?.as_bytes()));
        }
    }
}

fn new_rs256() -> Result<String> {
    let key = RsaPrivateKey::new(&mut rand_core::OsRng, 2048)?;
    Ok(STANDARD.encode(key.to_pkcs1_der()?.as_bytes()))
}

/// The public half, as Supabase publishes keys.
fn published(key: &EncodingKey, algorithm: Algorithm) -> Result<Value> {
    let mut key = serde_json::to_value(Jwk::from_encoding_key(key, algorithm)?)?;
    let kid = hex(&Sha256::digest(key.to_string()));
    key["kid"] = kid.get(..32).unwrap_or_default().into();
    key["use"] = "sig".into();
    key["key_ops"] = json!(["verify"]);
    Ok(key)
}

/// A key as Supabase makes them: a JWT that carries a role and no user.
fn api_key(secret: &str, role: &str) -> Result<String> {
    // A fixed time of issue keeps the key the same at each start.
    let issued: u64 = 1_750_000_000;
    let claims = json!({
        "iss": "supabase-chat-api", "role": role, "iat": issued, "exp": issued + KEY_SECONDS,
    });
    let key = EncodingKey::from_secret(secret.as_bytes());
    encode(&Header::new(Algorithm::HS256), &claims, &key)
        .with_context(|| format!("cannot sign the {role} key"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_made_once_and_only_their_public_halves_are_published() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("secrets.env");
        let made = Keys::load_or_make(&file).unwrap();
        let again = Keys::load_or_make(&file).unwrap();
        assert_eq!(made.accepted(), again.accepted());
        let keys = made.accepted()["keys"].as_array().unwrap().clone();
        let members = |key: &Value| key.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(
            members(&keys[0]),
            ["alg", "crv", "key_ops", "kid", "kty", "use", "x", "y"]
        );
        assert_eq!(
            members(&keys[1]),
            ["alg", "e", "key_ops", "kid", "kty", "n", "use"]
        );
        assert_eq!(keys[2]["k"], URL_SAFE_NO_PAD.encode(made.jwt_secret));
        assert_eq!(made.published["keys"], json!(keys[..2]));
    }
}
