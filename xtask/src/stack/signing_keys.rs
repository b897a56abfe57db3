//! The stack's signing keys, ES256 and RS256, as a project has them that is leaving its legacy secret
//! behind: Auth here still signs with the secret, while the edge and PostgREST take all three.

use anyhow::{Context, Result, anyhow};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey};
use p256::pkcs8::EncodePrivateKey;
use rsa::RsaPrivateKey;
use rsa::pkcs1::EncodeRsaPrivateKey;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::env_file::Vars;
use crate::paths::hex;

/// The names of the private keys among the secrets: DER in base64, PKCS #8 and PKCS #1.
const ES256: &str = "SIGNING_KEY_ES256";
const RS256: &str = "SIGNING_KEY_RS256";

/// Both keys.
#[derive(Clone)]
pub struct SigningKeys {
    /// As the secrets hold them; tests sign with these.
    pub private: Vars,
    /// What the project publishes at `/auth/v1/.well-known/jwks.json`.
    pub published: Value,
}

impl SigningKeys {
    /// Takes the keys from the secrets, and adds to these what is missing.
    pub fn load_or_make(secrets: &mut Vars) -> Result<Self> {
        if !secrets.contains_key(ES256) {
            secrets.insert(ES256.to_owned(), new_es256()?);
        }
        if !secrets.contains_key(RS256) {
            secrets.insert(RS256.to_owned(), new_rs256()?);
        }
        let der = |name: &str| {
            let der = STANDARD.decode(&secrets[name]);
            der.with_context(|| format!("the secret {name} is not base64"))
        };
        let keys = [
            published(&EncodingKey::from_ec_der(&der(ES256)?), Algorithm::ES256)?,
            published(&EncodingKey::from_rsa_der(&der(RS256)?), Algorithm::RS256)?,
        ];
        let private = [ES256, RS256].map(|name| (name.to_owned(), secrets[name].clone()));
        Ok(Self {
            private: Vars::from(private),
            published: json!({ "keys": keys }),
        })
    }

    /// The key set of PostgREST: the public keys, and the secret beside them.
    pub fn with_secret(&self, secret: &str) -> Value {
        let mut set = self.published.clone();
        if let Some(keys) = set["keys"].as_array_mut() {
            let key = URL_SAFE_NO_PAD.encode(secret);
            keys.push(json!({ "kty": "oct", "k": key, "alg": "HS256" }));
        }
        set
    }
}

fn new_es256() -> Result<String> {
    loop {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|error| anyhow!("no randomness: {error}"))?;
        // One number of four thousand million is none of the curve's.
        if let Ok(key) = p256::SecretKey::from_slice(&bytes) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_made_once_and_only_their_public_halves_are_published() {
        let mut secrets = Vars::new();
        let made = SigningKeys::load_or_make(&mut secrets).unwrap();
        let again = SigningKeys::load_or_make(&mut secrets).unwrap();
        assert_eq!(made.published, again.published);
        let members = |index: usize| {
            let key = made.published["keys"][index].as_object().unwrap();
            key.keys().map(String::as_str).collect::<Vec<_>>()
        };
        assert_eq!(
            members(0),
            ["alg", "crv", "key_ops", "kid", "kty", "use", "x", "y"]
        );
        assert_eq!(
            members(1),
            ["alg", "e", "key_ops", "kid", "kty", "n", "use"]
        );
        let all = made.with_secret("a secret");
        assert_eq!(all["keys"].as_array().unwrap().len(), 3);
        assert_eq!(all["keys"][2]["k"], "YSBzZWNyZXQ");
    }
}
