//! What a token must say, once its key is found.

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::Value;

use crate::auth::verified::{Proof, Verified};
use crate::auth::{Claims, refused};
use crate::config::TokenConfig;
use crate::error::{ApiError, ErrorCode};
use crate::ids;
use crate::json::StrictObject;

/// How far the clocks of Auth, edge and database may be apart, in seconds.
const LEEWAY_SECONDS: u64 = 30;
/// The only audience and the only role that a signed-in person's token has.
const AUTHENTICATED: &str = "authenticated";

/// Verifies the signature and then the claims, which must not name one twice.
pub(super) fn verify(
    token: &str,
    key: &DecodingKey,
    algorithm: Algorithm,
    proof: Proof,
    config: &TokenConfig,
) -> Result<Verified, ApiError> {
    let validation = validation(algorithm, config);
    let decoded = jsonwebtoken::decode::<StrictObject>(token, key, &validation)
        .map_err(|error| from_jwt_error(error.kind()))?;
    let StrictObject(claims) = decoded.claims;
    let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
    if text("role") != AUTHENTICATED {
        return Err(refused("role is not authenticated"));
    }
    let sub = ids::parse(text("sub")).ok_or_else(|| refused("sub is not a UUID"))?;
    // Anonymous users have the same role; only this claim tells them.
    let named = matches!(
        claims.get("is_anonymous"),
        None | Some(Value::Null | Value::Bool(false))
    );
    if !named && !config.allow_anonymous {
        // Not a 401: another token of the same user would not help.
        let detail = "anonymous users are not allowed";
        return Err(ApiError::with_detail(ErrorCode::Forbidden, detail));
    }
    Ok(Verified {
        claims: Claims { sub },
        // One that jsonwebtoken reads otherwise, as a fraction, is verified every time.
        expires: claims
            .get("exp")
            .and_then(Value::as_u64)
            .unwrap_or_default(),
        proof,
    })
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

/// Names the reason without quoting the library's text, which may quote the token.
fn from_jwt_error(kind: &ErrorKind) -> ApiError {
    match kind {
        ErrorKind::ExpiredSignature => ErrorCode::TokenExpired.into(),
        ErrorKind::ImmatureSignature => ErrorCode::TokenNotYetValid.into(),
        ErrorKind::InvalidSignature => refused("signature"),
        ErrorKind::InvalidAlgorithm | ErrorKind::UnsupportedAlgorithm => refused("algorithm"),
        ErrorKind::InvalidAudience => refused("aud"),
        ErrorKind::InvalidIssuer => refused("iss"),
        ErrorKind::MissingRequiredClaim(claim) | ErrorKind::InvalidClaimFormat(claim) => {
            refused(claim)
        }
        _ => refused("malformed"),
    }
}
