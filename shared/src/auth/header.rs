//! The `Authorization` header, and the header of the token in it. Nothing that they say is verified yet.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use serde_json::Value;

use crate::error::{ApiError, ErrorCode};
use crate::http::path::needs_no_escape;
use crate::input::json::StrictObject;

/// Supabase's tokens have about 1 KB. A custom access token hook may add claims.
pub const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// Parameters that change how a token is read, or that contain or name a key. Supabase uses none of
/// them.
const REFUSED_PARAMETERS: [&str; 9] = [
    "crit", "b64", "zip", "enc", "jku", "jwk", "x5u", "x5c", "x5t#S256",
];
/// The ids of Supabase's keys are UUIDs.
const MAX_KID_LENGTH: usize = 128;

/// Gives the token of an `Authorization` header.
///
/// # Errors
/// `missing_token`, `token_too_large`, or `invalid_token` if the token cannot be a JWT.
pub fn bearer_token(header: Option<&str>) -> Result<&str, ApiError> {
    let (scheme, rest) = header
        .unwrap_or_default()
        .trim()
        .split_once(' ')
        .unwrap_or_default();
    let token = rest.trim_start_matches(' ');
    if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() {
        return Err(ErrorCode::MissingToken.into());
    }
    if token.len() > MAX_TOKEN_BYTES {
        return Err(ErrorCode::TokenTooLarge.into());
    }
    // A JWT has three parts of base64url. Two headers arrive joined by a comma and are refused here, and
    // so are Supabase's `sb_...` keys.
    if !needs_no_escape(token) || token.bytes().filter(|byte| *byte == b'.').count() != 2 {
        return Err(ApiError::invalid_token("not a JWT"));
    }
    Ok(token)
}

/// The key that a token names. It must be one of the known keys, and the algorithm of that key must be
/// the one named here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub algorithm: Algorithm,
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
            .ok_or_else(|| ApiError::invalid_token("header is not a JSON object"))?;
        if let Some(name) = REFUSED_PARAMETERS
            .iter()
            .find(|name| members.contains_key(**name))
        {
            return Err(ApiError::invalid_token(&format!("header parameter {name}")));
        }
        // The same keys may sign tokens of another type (RFC 8725, 3.11).
        if let Some(typ) = members.get("typ")
            && !typ
                .as_str()
                .is_some_and(|typ| typ.eq_ignore_ascii_case("JWT"))
        {
            return Err(ApiError::invalid_token("typ is not JWT"));
        }
        let algorithm = match members.get("alg").and_then(Value::as_str) {
            Some("HS256") => Algorithm::HS256,
            Some("ES256") => Algorithm::ES256,
            Some("RS256") => Algorithm::RS256,
            _ => return Err(ApiError::invalid_token("algorithm")),
        };
        let kid = match members.remove("kid") {
            None => None,
            Some(Value::String(kid)) if (1..=MAX_KID_LENGTH).contains(&kid.len()) => Some(kid),
            Some(_) => return Err(ApiError::invalid_token("kid")),
        };
        Ok(Header { algorithm, kid })
    }
}
