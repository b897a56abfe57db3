//! The checks of a token's signature and claims, with the key that its header names.

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::Value;
use uuid::Uuid;

use crate::error::{ApiError, ErrorCode};
use crate::input::ids;
use crate::input::json::StrictObject;
use crate::runtime::config::TokenConfig;

/// How much the clocks of Auth, edge and database may differ, in seconds.
const LEEWAY_SECONDS: u64 = 30;
/// The audience and the role of a signed-in user's token.
const AUTHENTICATED: &str = "authenticated";

/// The claims of a verified token that the functions use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claims {
    pub sub: Uuid,
}

/// Which key has verified a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// The secret of the configuration.
    Secret,
    /// A key of the key set with this number.
    SigningKey(u32),
}

/// The result of a verification, as the token cache keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Verified {
    pub claims: Claims,
    /// `exp`, in seconds since 1970.
    pub expires: u64,
    pub proof: Proof,
}

/// Verifies the signature, and then the claims. No claim may occur twice.
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
        return Err(ApiError::invalid_token("role is not authenticated"));
    }
    let sub =
        ids::parse(text("sub")).ok_or_else(|| ApiError::invalid_token("sub is not a UUID"))?;
    // Anonymous users have the same role. Only this claim distinguishes them.
    let named = matches!(
        claims.get("is_anonymous"),
        None | Some(Value::Null | Value::Bool(false))
    );
    if !named && !config.allow_anonymous {
        // Not 401: a new token of the same user would be refused too.
        let detail = "anonymous users are not allowed";
        return Err(ApiError::with_detail(ErrorCode::Forbidden, detail));
    }
    Ok(Verified {
        claims: Claims { sub },
        // jsonwebtoken accepts other forms of `exp` too, such as fractions. Such a token is not kept in
        // the cache.
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

/// Gives the reason, but not the library's message, which may quote the token.
fn from_jwt_error(kind: &ErrorKind) -> ApiError {
    match kind {
        ErrorKind::ExpiredSignature => ErrorCode::TokenExpired.into(),
        ErrorKind::ImmatureSignature => ErrorCode::TokenNotYetValid.into(),
        ErrorKind::InvalidSignature => ApiError::invalid_token("signature"),
        ErrorKind::InvalidAlgorithm | ErrorKind::UnsupportedAlgorithm => {
            ApiError::invalid_token("algorithm")
        }
        ErrorKind::InvalidAudience => ApiError::invalid_token("aud"),
        ErrorKind::InvalidIssuer => ApiError::invalid_token("iss"),
        ErrorKind::MissingRequiredClaim(claim) | ErrorKind::InvalidClaimFormat(claim) => {
            ApiError::invalid_token(claim)
        }
        _ => ApiError::invalid_token("malformed"),
    }
}
