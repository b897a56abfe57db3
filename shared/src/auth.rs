//! Verifies access tokens: signature, time, audience, issuer, role and subject.
//!
//! PostgREST checks less than this (it takes tokens without `exp` or role, of any issuer and
//! audience, and `service_role` passes every policy), so a token that fails here goes nowhere.

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use uuid::Uuid;

use crate::config::TokenConfig;
use crate::error::{ApiError, ErrorCode};
use crate::{crypto, ids};

/// Supabase's tokens have about 1 KB; a custom claims hook may add to that.
const MAX_TOKEN_BYTES: usize = 8 * 1024;
/// How far the clocks of Auth, edge and database may be apart, in seconds.
const LEEWAY_SECONDS: u64 = 30;
/// The only audience and the only role that a signed-in person's token has.
const AUTHENTICATED: &str = "authenticated";

/// Who a verified token speaks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// The user's id.
    pub sub: Uuid,
}

/// The claims that jsonwebtoken's own validation leaves to us.
#[derive(Deserialize)]
struct RawClaims {
    sub: String,
    role: String,
}

/// Takes the token out of an `Authorization` header.
///
/// # Errors
/// `missing_token` where there is none, `invalid_token` for what cannot be a JWT.
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
        return Err(refused("longer than 8 KiB"));
    }
    // Three parts of base64url. Two headers arrive joined by a comma and fail here, as do
    // Supabase's `sb_...` keys, which are no JWTs.
    let base64url = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if !token.bytes().all(base64url) || token.bytes().filter(|byte| *byte == b'.').count() != 2 {
        return Err(refused("not a JWT"));
    }
    Ok(token)
}

/// Verifies a token.
///
/// # Errors
/// `token_expired` for one that was valid once, else `invalid_token`.
pub fn verify(token: &str, config: &TokenConfig) -> Result<Claims, ApiError> {
    crypto::install();
    // The algorithm comes from the key, never from the token's header.
    let key = DecodingKey::from_secret(config.jwt_secret.as_bytes());
    let validation = validation(Algorithm::HS256, config);
    let decoded = jsonwebtoken::decode::<RawClaims>(token, &key, &validation)
        .map_err(|error| from_jwt_error(error.kind()))?;
    // RFC 7515: whoever does not understand a critical header must refuse, and we understand none.
    if decoded.header.crit.is_some() {
        return Err(refused("critical header"));
    }
    if decoded.claims.role != AUTHENTICATED {
        return Err(refused("role is not authenticated"));
    }
    let sub = ids::parse(&decoded.claims.sub).ok_or_else(|| refused("sub is not a UUID"))?;
    Ok(Claims { sub })
}

fn validation(algorithm: Algorithm, config: &TokenConfig) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.leeway = LEEWAY_SECONDS;
    validation.validate_nbf = true;
    validation.set_audience(&[AUTHENTICATED]);
    validation.set_required_spec_claims(&["exp", "aud", "sub"]);
    if let Some(issuer) = &config.issuer {
        validation.set_issuer(&[issuer]);
        validation.required_spec_claims.insert("iss".to_owned());
    }
    validation
}

fn refused(reason: &str) -> ApiError {
    ApiError::with_detail(ErrorCode::InvalidToken, format!("token refused: {reason}"))
}

/// Names the reason without quoting the library's text, which may quote the token.
fn from_jwt_error(kind: &ErrorKind) -> ApiError {
    match kind {
        ErrorKind::ExpiredSignature => ErrorCode::TokenExpired.into(),
        ErrorKind::InvalidSignature => refused("signature"),
        ErrorKind::InvalidAlgorithm | ErrorKind::UnsupportedAlgorithm => refused("algorithm"),
        ErrorKind::InvalidAudience => refused("aud"),
        ErrorKind::InvalidIssuer => refused("iss"),
        ErrorKind::ImmatureSignature => refused("nbf"),
        ErrorKind::MissingRequiredClaim(claim) | ErrorKind::InvalidClaimFormat(claim) => {
            refused(claim)
        }
        _ => refused("malformed"),
    }
}

#[cfg(test)]
mod tests;
