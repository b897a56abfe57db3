//! A project's signing keys, as its JWKS endpoint publishes them (RFC 7517).

use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

use crate::auth::signatures;

/// A project has a few keys. A key set with more than this is refused.
pub(super) const MAX_KEYS: usize = 32;
/// The size of a key set; that many RSA keys are smaller.
pub(super) const MAX_BYTES: usize = 64 * 1024;

/// A public key, and the one algorithm that it may be used with.
pub(super) struct Key {
    /// The key's name in the header of a token.
    pub kid: String,
    /// Depends on the type of the key, never on a token.
    pub algorithm: Algorithm,
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
    /// Reads a key set. Keys of other types or for other uses are left out. `None` if the bytes are not
    /// a key set.
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
            // Of two keys with the same name the first counts, so the result depends on no later order.
            if !usable.iter().any(|known| known.kid == key.kid) {
                usable.push(key);
            }
        }
        Some(KeySet(usable))
    }

    pub fn get(&self, kid: &str) -> Option<&Key> {
        self.0.iter().find(|key| key.kid == kid)
    }
}

impl Key {
    fn read(published: Value) -> Option<Self> {
        let key: PublishedKey = serde_json::from_value(published).ok()?;
        // `oct` is a secret. If somebody published one, it would not be used.
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
        let usable = for_signatures && named_alike && signatures::fits(algorithm, &decoding);
        usable.then_some(Key {
            kid: key.kid,
            algorithm,
            decoding,
        })
    }
}
