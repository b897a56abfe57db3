//! The header of a token: what it says before anything of it is believed.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use serde_json::Value;

use crate::auth::refused;
use crate::error::ApiError;
use crate::json::StrictObject;

/// Parameters that would change how the token is to be read, or that bring a key along. Supabase
/// uses none of them, and nothing that they name is ever fetched.
const REFUSED_PARAMETERS: [&str; 9] = [
    "crit", "b64", "zip", "enc", "jku", "jwk", "x5u", "x5c", "x5t#S256",
];
/// Supabase's are UUIDs.
const MAX_KID_LENGTH: usize = 128;

/// Which key a token claims to be signed by. Only a choice among keys that are known already: the
/// algorithm is that of the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// The algorithm that the key must have.
    pub algorithm: Algorithm,
    /// The key's id.
    pub kid: Option<String>,
}

impl Header {
    /// Reads the header of a token of three parts.
    pub fn read(token: &str) -> Result<Self, ApiError> {
        let encoded = token.split('.').next().unwrap_or_default();
        let StrictObject(mut members) = URL_SAFE_NO_PAD
            .decode(encoded)
            .ok()
            .and_then(|json| serde_json::from_slice(&json).ok())
            .ok_or_else(|| refused("header is no JSON object"))?;
        if let Some(name) = REFUSED_PARAMETERS
            .iter()
            .find(|name| members.contains_key(**name))
        {
            return Err(refused(&format!("header parameter {name}")));
        }
        // Another type of token of the same keys (RFC 8725, 3.11).
        if let Some(typ) = members.get("typ")
            && !typ
                .as_str()
                .is_some_and(|typ| typ.eq_ignore_ascii_case("JWT"))
        {
            return Err(refused("typ is not JWT"));
        }
        let algorithm = match members.get("alg").and_then(Value::as_str) {
            Some("HS256") => Algorithm::HS256,
            Some("ES256") => Algorithm::ES256,
            Some("RS256") => Algorithm::RS256,
            _ => return Err(refused("algorithm")),
        };
        let kid = match members.remove("kid") {
            None => None,
            Some(Value::String(kid)) if (1..=MAX_KID_LENGTH).contains(&kid.len()) => Some(kid),
            Some(_) => return Err(refused("kid")),
        };
        Ok(Header { algorithm, kid })
    }
}
