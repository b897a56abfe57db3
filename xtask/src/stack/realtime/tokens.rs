//! Whose token it is, and until when.

use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{DecodingKey, Validation, decode, decode_header, get_current_timestamp};
use serde_json::Value;

use crate::stack::keys::Keys;

/// The keys that tokens may be signed with; the shared secret is the last one.
pub struct Tokens(JwkSet);

/// Why the real server refuses: its code and its message.
pub struct Refusal(pub &'static str, pub String);

/// Whom a token speaks for.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Claims {
    /// The database's role.
    pub role: String,
    /// All claims, as policies read them.
    pub json: String,
    /// In seconds since 1970.
    pub ends: u64,
}

impl Claims {
    /// What the real server says of a token whose time is over.
    pub fn expired(&self) -> Option<String> {
        let ago = get_current_timestamp().checked_sub(self.ends)?;
        Some(format!("Token has expired {ago} seconds ago"))
    }
}

impl Tokens {
    pub fn new(keys: &Keys) -> Self {
        let set = serde_json::from_value(keys.accepted());
        Self(set.unwrap_or_else(|_| JwkSet { keys: Vec::new() }))
    }

    pub fn verify(&self, token: &str) -> Result<Claims, Refusal> {
        let claims = self.decode(token).map_err(|error| match error.kind() {
            ErrorKind::InvalidSignature | ErrorKind::InvalidAlgorithm => Refusal(
                "JwtSignatureError",
                "Failed to validate JWT signature".to_owned(),
            ),
            _ => Refusal(
                "MalformedJWT",
                "The token provided is not a valid JWT".to_owned(),
            ),
        })?;
        let (Some(role), Some(ends)) = (claims["role"].as_str(), claims["exp"].as_u64()) else {
            let message = "Fields `role` and `exp` are required in JWT".to_owned();
            return Err(Refusal("InvalidJWTToken", message));
        };
        let (role, json) = (role.to_owned(), claims.to_string());
        let claims = Claims { role, json, ends };
        match claims.expired() {
            Some(message) => Err(Refusal("InvalidJWTToken", message)),
            None => Ok(claims),
        }
    }

    fn decode(&self, token: &str) -> Result<Value, Error> {
        let header = decode_header(token)?;
        let named = header.kid.and_then(|kid| self.0.find(&kid));
        let key = named.or_else(|| self.0.keys.last());
        let key = DecodingKey::from_jwk(key.ok_or(ErrorKind::InvalidSignature)?)?;
        // A key of another family than the algorithm's is refused.
        let mut validation = Validation::new(header.alg);
        validation.required_spec_claims.clear();
        validation.validate_aud = false;
        // Checked above, without leeway.
        validation.validate_exp = false;
        Ok(decode(token, &key, &validation)?.claims)
    }
}
