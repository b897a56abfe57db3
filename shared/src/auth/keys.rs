//! A project's signing keys, as its JWKS endpoint publishes them (RFC 7517).

use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

use crate::crypto;

/// A project has a handful of keys; more than this is no key set of Supabase's.
pub(super) const MAX_KEYS: usize = 32;
/// Above the size of that many RSA keys.
pub(super) const MAX_BYTES: usize = 64 * 1024;

/// A public key with the one algorithm that it may verify.
pub(super) struct Key {
    /// Its name in a token's header.
    pub kid: String,
    /// Given by the key's type, never by a token.
    pub algorithm: Algorithm,
    /// The key itself.
    pub decoding: DecodingKey,
}

/// The usable keys of a key set.
pub(super) struct KeySet(Vec<Key>);

#[derive(Deserialize)]
struct Published {
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct PublishedKey {
    kid: String,
    kty: String,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
}

impl KeySet {
    /// Reads a key set. Keys of other types or for other uses are left out; `None` for what is no
    /// key set at all.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > MAX_BYTES {
            return None;
        }
        let Published { keys } = serde_json::from_slice(bytes).ok()?;
        if keys.len() > MAX_KEYS {
            return None;
        }
        let mut usable: Vec<Key> = Vec::new();
        for key in keys.into_iter().filter_map(Key::read) {
            // Of two keys with one name the first counts, so that the order of trial is no question.
            if !usable.iter().any(|known| known.kid == key.kid) {
                usable.push(key);
            }
        }
        Some(KeySet(usable))
    }

    /// The key of this name.
    pub fn get(&self, kid: &str) -> Option<&Key> {
        self.0.iter().find(|key| key.kid == kid)
    }
}

impl Key {
    fn read(published: Value) -> Option<Self> {
        let key: PublishedKey = serde_json::from_value(published).ok()?;
        // `oct` is a secret, which nobody publishes and which would verify nothing if somebody did.
        let (algorithm, name, decoding) = match (&*key.kty, key.crv.as_deref()) {
            ("EC", Some("P-256")) => {
                let decoding = DecodingKey::from_ec_components(&key.x?, &key.y?);
                (Algorithm::ES256, "ES256", decoding)
            }
            ("RSA", None) => {
                let decoding = DecodingKey::from_rsa_components(&key.n?, &key.e?);
                (Algorithm::RS256, "RS256", decoding)
            }
            _ => return None,
        };
        let decoding = decoding.ok()?;
        let for_signatures = key.usage.as_deref().is_none_or(|usage| usage == "sig")
            && key
                .key_ops
                .is_none_or(|operations| operations.iter().any(|name| name == "verify"));
        let named_alike = key.alg.as_deref().is_none_or(|alg| alg == name);
        let usable = for_signatures && named_alike && crypto::fits(algorithm, &decoding);
        usable.then_some(Key {
            kid: key.kid,
            algorithm,
            decoding,
        })
    }
}
